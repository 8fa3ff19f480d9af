"""The numbers as they leave a process: real tasks, Airflow's own client, a real UDP socket."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest
from support.raw_log import bounce
from support.reports import encode, recipient
from support.server import FaultServer, plain
from support.statsd import StatsD, numbers

from airflow_provider_mailkit import _metrics

CLIENT_ID, CLIENT_MD5 = "1000001", "0123456789abcdef0123456789abcdef"
BUSY = plain(b"Busy", status=503)
WAITING = encode("json", [recipient(number, STATUS="wait") for number in range(2)] + [recipient(7)])
DONE = encode("json", [recipient(number) for number in range(3)])
EXPORTED = encode("json", [recipient(number) for number in range(17)])
BOUNCED = encode("json", [bounce(number) for number in range(1, 10)])
LISTS = encode("json", [{"ID_USER_LIST": "7", "NAME": "A", "STATUS": "enabled", "DESCRIPTION": ""}])
COUNTED = encode("json", {"count_all": 7, "count_new": 5, "count_updated": 0, "count_bad": 2})
ANSWERS = {
    "export": [BUSY, plain(EXPORTED)],
    "increment": [plain(BOUNCED)],
    "bring": [plain(LISTS), plain(COUNTED)],
    "poke": [plain(WAITING), plain(DONE)],
    "defer": [plain(WAITING), plain(DONE)],
    "tolerate": [BUSY, BUSY, plain(DONE)],
}

# As a task's process begins: Airflow 3.2 and later have to be told there what metrics go to.
SCRIPT = """
import asyncio, socket, sys
from airflow_provider_mailkit import _compat

if _compat.AIRFLOW_VERSION >= (3, 2):
    import airflow.sdk.serde

from airflow_provider_mailkit.operators.mailkit import (
    MailkitImportOperator, MailkitIncrementalExportOperator, MailkitRecipientsOperator
)
from airflow_provider_mailkit.sensors.mailkit import MailkitRecipientsSensor
from airflow_provider_mailkit.triggers.mailkit import MailkitRecipientsTrigger

wait = {"id_send": 5001, "totals_first": False, "poke_interval": 0.01}

async def first(trigger):
    async for event in trigger.run():
        return event

def export():
    MailkitRecipientsOperator(task_id="export", id_send=5001, output_path=sys.argv[1]).execute({})

def increment():
    MailkitIncrementalExportOperator(
        task_id="new", function="mailkit.report.raw.bounces", output_path=sys.argv[1] + ".d",
        rows_per_file=4, file_format="jsonl",
    ).execute({})

def bring():
    rows = [{"email": f"p{number}@example.com"} for number in range(7)] + [{"email": "nobody"}]
    MailkitImportOperator(task_id="import", id_user_list=7, rows=rows, max_invalid=0.9).execute({})

def poke():
    MailkitRecipientsSensor(task_id="wait", **wait).execute({})

def defer():
    asyncio.run(first(MailkitRecipientsTrigger(**wait)))

tolerate = defer
statsd = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for name in sys.argv[3:]:
    statsd.sendto(f"=={name}".encode(), ("127.0.0.1", int(sys.argv[2])))
    globals()[name]()
"""


class Came(NamedTuple):
    """What StatsD was told in each step, and the sizes of the exported files."""

    lines: dict[str, list[str]]
    size: int
    size_of_new: int

    def numbers(self, step: str, name: str, kind: str) -> list[float]:
        return numbers(self.lines[step], f"mailkit.{name}", kind)


@pytest.fixture(scope="module")
def came(tmp_path_factory: pytest.TempPathFactory) -> Came:
    path = tmp_path_factory.mktemp("metrics") / "rows.csv"
    with (
        FaultServer([answer for answers in ANSWERS.values() for answer in answers]) as server,
        StatsD() as told,
    ):
        connection = {"conn_type": "mailkit", "login": CLIENT_ID, "password": CLIENT_MD5}
        settings = {"AIRFLOW_CONN_MAILKIT_DEFAULT": json.dumps(connection | {"host": server.base_url})}
        command = [sys.executable, "-c", SCRIPT, str(path), str(told.port), *ANSWERS]
        environment = os.environ | settings | told.settings
        ended = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=180)
    assert ended.returncode == 0, ended.stderr
    lines: dict[str, list[str]] = {}
    step = ""
    for line in told.lines:
        step = line if line.startswith("==") else step
        lines.setdefault(step.removeprefix("=="), []).append(line)
    new = list(Path(f"{path}.d").glob("part-*"))
    assert len(new) == 3
    return Came(lines, path.stat().st_size, sum(file.stat().st_size for file in new))


def test_an_export_tells_rows_bytes_time_and_retries(came):
    assert came.numbers("export", "export.rows", "c") == [17]
    assert came.numbers("export", "export.bytes", "c") == [came.size]
    (duration_ms,) = came.numbers("export", "export.duration", "ms")
    # The pause before the second try is a second, or half of it.
    assert 500 < duration_ms < 60_000
    assert came.numbers("export", "retries", "c") == [1]
    assert not came.numbers("export", "poll.bytes", "c")


def test_an_incremental_export_tells_what_all_its_files_have(came):
    assert came.numbers("increment", "export.rows", "c") == [9]
    assert came.numbers("increment", "export.bytes", "c") == [came.size_of_new]
    assert len(came.numbers("increment", "export.duration", "ms")) == 1


def test_an_import_tells_recipients_rejected_rows_and_time(came):
    assert came.numbers("bring", "import.recipients", "c") == [5]
    assert came.numbers("bring", "import.rejected", "c") == [3]
    assert len(came.numbers("bring", "import.duration", "ms")) == 1
    assert not came.numbers("bring", "export.rows", "c")


@pytest.mark.parametrize("mode", ["poke", "defer"])
def test_each_poll_tells_bytes_and_time(came, mode):
    assert came.numbers(mode, "poll.bytes", "c") == [len(WAITING), len(DONE)]
    assert len(came.numbers(mode, "poll.duration", "ms")) == 2
    assert not came.numbers(mode, "retries", "c")
    assert not came.numbers(mode, "export.rows", "c")


def test_a_tolerated_failure_of_a_wait_is_a_retry(came):
    # One poll is one try in the triggerer.
    assert came.numbers("tolerate", "retries", "c") == [1, 1]
    assert len(came.numbers("tolerate", "poll.duration", "ms")) == 3
    assert came.numbers("tolerate", "poll.bytes", "c") == [len(DONE)]


def test_metrics_that_fail_are_logged_and_fail_nothing(monkeypatch, task_log):
    class Broken:
        def incr(self, *_: object, **__: object) -> None:
            raise OSError("no address@example.com")

    monkeypatch.setattr("airflow_provider_mailkit._compat._load", lambda name: Broken())
    _metrics.received(5, "mailkit_default")
    log = task_log()
    assert "A metric could not be sent: OSError" in log
    assert "example.com" not in log
