"""All that a running Airflow of these tests talks to: the sandbox, a Mailkit with faults, and S3."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from support import still_sandbox
from support.days import lasting_day
from support.ports import free_port
from support.reports import encode, recipient
from support.server import Answer, FaultServer, Received, plain

# Unlike anything else, so that they can be looked for. The sandbox takes them as its account.
CLIENT_ID = "7305926418"
CLIENT_MD5 = "5ec4e7c0de5ec4e7c0de5ec4e7c0de77"
WRONG_MD5 = "0badc0de0badc0de0badc0de0badc0de"
HASH_KEY = "hash-key-4d1f9a"
SECRETS = (CLIENT_ID, CLIENT_MD5, WRONG_MD5, HASH_KEY)
BUCKET = "my-bucket"
DELIVERIES = 12
#: The zone of the account's days and dates.
ZONE = "Europe/Prague"
RECIPIENTS = 500
DELIVERY_S = 20

_WAITING = {9001, 9006, 9007}
_INVALID_LATER = {9002, 9005}
_BUSY_LATER = {9003}


class Faults:
    """Answers by delivery: see the DAG of the failures."""

    def __init__(self) -> None:
        self._asked: Counter[int] = Counter()
        self._lock = threading.Lock()

    def __call__(self, _number: int, request: Received) -> Answer:
        id_send = int(json.loads(request.body)["parameters"]["ID_send"])
        with self._lock:
            self._asked[id_send] += 1
            first = self._asked[id_send] == 1
        later = _INVALID_LATER | _BUSY_LATER
        if id_send in _WAITING or (first and id_send in later):
            return plain(encode("json", [recipient(0, STATUS="wait")]))
        if id_send in _INVALID_LATER:
            return plain(encode("json", {"error_status": 1, "error": "Invalid ID_send"}))
        return plain(b"Busy", status=503)


@contextmanager
def sandbox() -> Iterator[str]:
    """Run the sandbox as its users do, but for a pause before each delivery; yields its base URL."""
    options: dict[str, Any] = {"port": 0, "seconds": DELIVERY_S, "recipients": RECIPIENTS}
    # In the account's zone it is another day than on this machine for some hours.
    options |= {"deliveries": DELIVERIES, "last-day": lasting_day(ZoneInfo(ZONE))}
    options |= {"client-id": CLIENT_ID, "client-md5": CLIENT_MD5}
    words = [word for name, value in options.items() for word in (f"--{name}", str(value))]
    command = [sys.executable, still_sandbox.__file__, "--quiet", *words]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            found = re.match(r"Mailkit sandbox ready: (\S+) ", line)
            assert found, line
            yield found[1]
        finally:
            process.terminate()
            process.wait(10)


@contextmanager
def s3() -> Iterator[str]:
    """Run an S3 with the bucket; yields its URL."""
    import boto3
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        url = f"http://{host}:{port}"
        key = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing"}
        client = boto3.client("s3", endpoint_url=url, region_name="us-east-1", **key)
        client.create_bucket(Bucket=BUCKET)
        client.close()
        yield url
    finally:
        server.stop()


def connections(sandbox_url: str, faulty_url: str, s3_url: str) -> dict[str, dict[str, Any]]:
    """Return all Airflow connections but the one that only the workers have."""
    extra = {"hash_secret": HASH_KEY, "timezone": ZONE}
    mailkit = {"conn_type": "mailkit", "login": CLIENT_ID, "password": CLIENT_MD5}
    quick = {"host": faulty_url, "extra": {"max_attempts": 1}}
    aws = {"region_name": "us-east-1", "endpoint_url": s3_url}
    return {
        "mailkit_default": mailkit | {"host": sandbox_url, "extra": extra},
        "mailkit_xmlrpc": mailkit | {"host": sandbox_url, "extra": extra | {"protocol": "xmlrpc"}},
        "mailkit_wrong": mailkit | {"host": sandbox_url, "password": WRONG_MD5},
        "mailkit_faulty": mailkit | quick,
        "mailkit_down": mailkit | quick | {"host": f"http://127.0.0.1:{free_port()}"},
        "aws_default": {"conn_type": "aws", "login": "testing", "password": "testing", "extra": aws},
    }


def settings(folder: Path, events: Path) -> dict[str, str]:
    """Return the variables that these tests need beside the usual ones."""
    transport = {"type": "file", "log_file_path": str(events), "append": True}
    return {
        "E2E_FOLDER": str(folder),
        "AIRFLOW__CORE__PARALLELISM": "6",
        "AIRFLOW__LOGGING__LOGGING_LEVEL": "DEBUG",
        "AIRFLOW__OPENLINEAGE__TRANSPORT": json.dumps(transport),
        "AIRFLOW__OPENLINEAGE__SELECTIVE_ENABLE": "True",
    }


def workers_only(faulty_url: str) -> dict[str, str]:
    """Return the variable with the connection that only the workers have."""
    connection = connections("", faulty_url, "")["mailkit_faulty"]
    return {"AIRFLOW_CONN_MAILKIT_WORKERS_ONLY": json.dumps(connection)}


def copy_dags(folder: Path, output: Path) -> Path:
    """Return a DAG folder with the DAGs of these tests and the examples, set up as they ask for."""
    here = Path(__file__).parent
    shutil.copytree(here / "dags", folder)
    setup = {"file:///tmp/mailkit": output.as_uri(), '"days": Param(7,': '"days": Param(1,'}
    for file in (here.parents[1] / "dags_examples").glob("*.py"):
        text = file.read_text()
        for default, ours in setup.items():
            text = text.replace(default, ours)
        (folder / file.name).write_text(text)
    return folder


def add_deadline(dags: Path, plugins: Path, told: Path) -> None:
    """Write the recipe of the pages, with a deadline of a second, and a callback that writes to a file."""
    page = (Path(__file__).parents[2] / "docs" / "how-to" / "recipes.md").read_text()
    callback, dag = re.findall(
        r"```python\n((?:(?!```).)*DeadlineAlert.*?|# plugins/.*?)```", page, re.DOTALL
    )
    ours = {
        "logging.getLogger(__name__).warning(text)  # or write to whoever is on call": (
            f"open({str(told)!r}, 'a').write(text)"
        ),
        "timedelta(hours=6)": "timedelta(seconds=1)",
        "poke_interval=300": "poke_interval=2",
        "id_send=5001": "id_send=5009",
    }
    for file, text in ((plugins / "mailkit_deadline.py", callback), (dags / "deadline.py", dag)):
        for written, replacement in ours.items():
            text = text.replace(written, replacement)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)


def faulty_mailkit() -> FaultServer:
    return FaultServer(Faults())
