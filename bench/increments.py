"""What incremental exports cost: a first load of many rows, a run without news, and many earlier files.

Run ``python -m bench.increments``; ``--rows 10000000`` for the size of docs/how-to/land-the-logs.md.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

_SERVER = """
import json, sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

rows = int(sys.argv[1])
template = json.dumps({
    "ID_log": "%d", "date": "2026-03-01 08:00:00", "type": "read", "email": "recipient%d@example.com",
    "ID_email": "%d", "ID_user_list": "41001", "ID_message": "3001", "ID_send": "5001",
    "ID_send_message": "%d", "ab_version": "", "domain": "example.com", "tld": "com", "ID_url": "",
    "ip": "192.0.2.%d", "user_agent": "Mozilla/5.0", "browser": "Firefox", "os": "Linux", "city": "Brno",
})

class Log(BaseHTTPRequestHandler):
    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["parameters"]
        first = max(1, int(asked.get("ID_log", 1)))
        ids = range(first, min(rows, first + int(asked["limit"]) - 1) + 1)
        records = (template % (id_, id_ % 90000, id_ % 90000, id_ // 3, id_ % 250) for id_ in ids)
        body = ("[" + ",".join(records) + "]").encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass

server = ThreadingHTTPServer(("127.0.0.1", 0), Log)
print(server.server_address[1], flush=True)
server.serve_forever()
"""


def run(folder: Path, **arguments: Any) -> dict[str, Any]:
    """Make one run; return its result with the processor time that it took."""
    from airflow_provider_mailkit.operators.mailkit import MailkitIncrementalExportOperator

    operator = MailkitIncrementalExportOperator(
        task_id="load", function="mailkit.report.raw.responses", output_path=folder, **arguments
    )
    began, used = time.monotonic(), time.process_time()
    result: dict[str, Any] = operator.execute({})
    return {**result, "wall_s": time.monotonic() - began, "cpu_s": time.process_time() - used}


def peak_mb() -> float:
    """Return the peak memory of this process."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def add_earlier(folder: Path, files: int) -> None:
    """Make a folder look as if it had more files, by raising the number of the last claim."""
    claims = sorted((folder / "_mailkit").glob("*.json"))
    last = json.loads(claims[-1].read_bytes())
    for number in range(last["number"] + 1, files + 1):
        (folder / f"_mailkit/{number:06d}.json").write_text(json.dumps({**last, "number": number}))
        (folder / f"_mailkit/{number:06d}.done").write_text("{}\n")


def tell(what: str, result: dict[str, Any]) -> None:
    """Print the cost of a run."""
    print(
        f"{what}: {result['pages']} page, {result['cpu_s']:.2f} s of processor time, "
        f"{result['wall_s']:.2f} s by the clock"
    )


def main() -> None:
    """Print a line per measurement."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    rows = parser.parse_args().rows
    os.environ.setdefault("AIRFLOW_HOME", tempfile.mkdtemp(prefix="mailkit-bench-"))
    server = subprocess.Popen([sys.executable, "-c", _SERVER, str(rows)], stdout=subprocess.PIPE, text=True)
    assert server.stdout is not None
    try:
        host = f"http://127.0.0.1:{server.stdout.readline().strip()}"
        connection = {"conn_type": "mailkit", "login": "1000001", "password": "0" * 32, "host": host}
        os.environ["AIRFLOW_CONN_MAILKIT_DEFAULT"] = json.dumps(connection)
        with tempfile.TemporaryDirectory() as temporary:
            folder = Path(temporary, "lake")
            first = run(folder, max_rows=min(rows, 50_000))
            base = peak_mb()
            done = first["rows"]
            while done < rows:
                part = run(folder)
                done += part["rows"]
                print(
                    f"{done} rows: {part['pages']} pages, {len(part['files'])} files, "
                    f"{part['cpu_s']:.1f} s of processor time, {peak_mb() - base:+.0f} MB",
                    flush=True,
                )
            tell("no news", run(folder))
            for files in (10, 1_000):
                add_earlier(folder, files)
                tell(f"no news after {files} files", run(folder))
    finally:
        server.kill()
        server.wait()


if __name__ == "__main__":
    main()
