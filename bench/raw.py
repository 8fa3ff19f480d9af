"""A raw report in pages, to Parquet, beside requests and pandas: ``python -m bench.raw [--all-columns]``.

Prints processor time and peak memory of each, their ratio, and the provider's memory for a quarter of the
rows: after about ten pages it hardly depends on their number.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import re
import socketserver
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path
from typing import ClassVar

from bench.job import CLIENT_ID, CLIENT_MD5
from bench.report import recipient
from bench.verdict import MB, at_least, at_most
from bench.worker import measured

FUNCTION = "mailkit.report.raw.responses"
PAGE = 25_000
_FIRST = 7_000_000_000
_START = re.compile(rb'"ID_log"\s*:\s*"?(\d+)')
_TYPES = ("read", "read", "read", "click", "unsubscribe")
# What rows have with --all-columns besides the usual ones.
_MORE = (
    ',"AB_version":"A","link_text":"To the offer","link_title":"","unsubscribe_answer":"","ip_orig":"",'
    '"code3":"CZE","region_code":"","org":"Example","browser_minor":"0","browser_type":"browser",'
    '"os_version":"6.1"}'
)
_WARM_UP = 10
_AT_LEAST = 2.5
_MEMORY_GROWTH = 1.1


def _row(number: int) -> str:
    r = recipient(number)
    kind = _TYPES[number % len(_TYPES)]
    return (
        f'{{"ID_log":"{_FIRST + number}","ID_email":"{r.id_email}","ID_user_list":"41001",'
        f'"ID_message":"3001","ID_send":"5001","ID_send_message":"{r.id_message}",'
        f'"ID_url":"{number % 10 if kind == "click" else ""}",'
        f'"date":"{r.date or "2026-03-01 08:00:00"}","type":"{kind}","email":"{r.email}",'
        f'"domain":"{r.email.partition("@")[2]}","tld":"cz","link_type":"",'
        f'"link_url":"https://www.example.com/offer/{number % 10}?utm_source=mailkit","referer":"",'
        f'"ip":"192.0.2.{number % 250}","continent":"europe","country":"Czech Republic","code":"CZ",'
        '"region":"","city":"Praha",'
        '"user_agent":"Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",'
        '"browser":"Firefox","browser_major":"128","os":"Linux","device":"desktop"}'
    )


class _Handler(socketserver.StreamRequestHandler):
    folder: ClassVar[Path]
    rows: ClassVar[int]
    end: ClassVar[str]

    def handle(self) -> None:
        length = 0
        self.rfile.readline()
        while (line := self.rfile.readline()) not in (b"\r\n", b""):
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
        body = self.rfile.read(length)
        start = _START.search(body)
        page = self._page(max(int(start[1]) - _FIRST, 0) if start else 0)
        size = page.stat().st_size
        self.connection.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % size)
        with page.open("rb") as file:
            sent = 0
            while sent < size:
                sent += os.sendfile(self.connection.fileno(), file.fileno(), sent, size - sent)

    def _page(self, first: int) -> Path:
        """Return the file with a page. It is made once, so that only the first call is disturbed."""
        path = self.folder / f"{self.rows}-{first}.json"
        if not path.exists():
            rows = (f"{_row(n)[:-1]}{self.end}" for n in range(first, min(first + PAGE, self.rows)))
            path.write_text(f"[{','.join(rows)}]")
        return path


def _serve(folder: Path, rows: int, end: str, port: Connection) -> None:
    _Handler.folder, _Handler.rows, _Handler.end = folder, rows, end
    with socketserver.TCPServer(("127.0.0.1", 0), _Handler) as server:
        port.send(server.server_address[1])
        server.serve_forever()


def ours(url: str, output: str) -> None:
    """Export with the provider."""
    from airflow_provider_mailkit.operators.mailkit import MailkitExportOperator

    connection = {"conn_type": "mailkit", "login": str(CLIENT_ID), "password": CLIENT_MD5, "host": url}
    os.environ["AIRFLOW_CONN_MAILKIT_DEFAULT"] = json.dumps(connection)
    MailkitExportOperator(task_id="export", function=FUNCTION, output_path=output).execute({})


def peer(url: str, output: str) -> None:
    """Do the same as one would write it without the provider."""
    import pandas as pd
    import requests

    frames = []
    start = 0
    while True:
        asked = {"ID_log": start, "limit": PAGE}
        body = {"function": FUNCTION, "id": CLIENT_ID, "md5": CLIENT_MD5, "parameters": asked}
        page = requests.post(f"{url}/json.fcgi", json=body, timeout=600).json()
        frames.append(pd.DataFrame(page[1:] if start else page))
        if len(page) < PAGE:
            break
        start = int(page[-1]["ID_log"])
    pd.concat(frames).to_parquet(output, index=False)


@contextmanager
def _served(rows: int, folder: Path, end: str) -> Iterator[str]:
    """Have a log with these rows served, at the address that this yields.

    :param end: the end of each row.
    """
    context = multiprocessing.get_context("spawn")
    port, says_port = context.Pipe(duplex=False)
    server = context.Process(target=_serve, args=(folder, rows, end, says_port), daemon=True)
    server.start()
    try:
        yield f"http://127.0.0.1:{port.recv()}"
    finally:
        server.kill()


def _measure(work: Callable[[str, str], None], rows: int, folder: Path, end: str = "}") -> dict[str, float]:
    """Do a work in a process of its own, after a tiny one, which does all lazy imports."""
    context = multiprocessing.get_context("spawn")
    cost, says_cost = context.Pipe(duplex=False)
    with _served(_WARM_UP, folder, end) as tiny, _served(rows, folder, end) as url:
        output = str(folder / f"{work.__name__}.parquet")
        process = context.Process(target=_child, args=(work, tiny, url, output, says_cost))
        process.start()
        # Held by that process alone, it ends with it: one that fails is not waited for.
        says_cost.close()
        found: dict[str, float] = cost.recv()
        process.join()
    return found


def _child(work: Callable[[str, str], None], tiny: str, url: str, output: str, answers: Connection) -> None:
    work(tiny, output)
    answers.send(measured(lambda: work(url, output)))


def main() -> int:
    """Measure; return how many budgets were missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--all-columns", action="store_true", help="37 columns instead of the usual 26")
    asked = parser.parse_args()
    rows, end = asked.rows, _MORE if asked.all_columns else "}"
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        # The first call also makes the pages.
        _measure(ours, rows, folder, end)
        few = _measure(ours, rows // 4, folder, end)
        pairs = [(_measure(ours, rows, folder, end), _measure(peer, rows, folder, end)) for _ in range(3)]
    our_cpu, peer_cpu = (min(pair[who]["cpu"] for pair in pairs) for who in (0, 1))
    our_peak, peer_peak = (max(pair[who]["peak"] for pair in pairs) for who in (0, 1))
    detail = f" ({our_cpu:.1f} s against {peer_cpu:.1f} s of requests and pandas)"
    verdicts = [
        at_least(f"raw.responses, {rows:,} rows: processor time", peer_cpu / our_cpu, _AT_LEAST, detail),
        at_most("memory against a quarter of the rows", our_peak / few["peak"], _MEMORY_GROWTH, "x"),
    ]
    print(*verdicts, sep="\n")
    print(f"peak: {our_peak / MB:.0f} MB, peer {peer_peak / MB:.0f} MB")
    return sum(verdict.margin < 1 for verdict in verdicts)


if __name__ == "__main__":
    raise SystemExit(main())
