"""What Airflow itself makes of each outcome: the state of the task, whether it is run again, what is kept.

Connections come from every place that Airflow knows. Afterwards its database and all logs are searched.
"""

from __future__ import annotations

import html
import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from faults.bodies import REPORT, WAITING
from faults.witness import assert_never_said
from support.reports import CLIENT_ID, CLIENT_MD5, PROTOCOLS, encode, recipient
from support.server import FaultServer, Received, Step, close_delimited, plain

pytestmark = pytest.mark.trust

DAGS = Path(__file__).parent / "dags"
ROOT = DAGS.parent.parent.parent
COLUMNS = ("file", "xcom", "poke", "reschedule", "deferrable")
SENSORS = COLUMNS[2:]
#: A task that failed at once ran once; one that Airflow runs again has a second run, its last one.
ONCE, AGAIN, DONE = ["failed", 1], ["failed", 2], ["success", 1]


SAVE = """
import json, sys
from airflow.models import Connection
from airflow.utils.session import create_session
with create_session() as session:
    session.add_all(Connection(**fields) for fields in json.load(open(sys.argv[1])))
"""


def page(number: int, request: Received) -> list[Step]:
    """A page that repeats the request."""
    said = html.escape(f"{request.body.decode()} person1@example.com")
    return plain(f"<html>{said}</html>".encode(), 403)


#: What the server says to each try, and what happens to the tasks in each column.
CASES: dict[str, tuple[Any, dict[str, list[Any]]]] = {
    "unavailable": ([plain(b"", 503)], dict.fromkeys(COLUMNS, AGAIN)),
    "cut": ([close_delimited(b"")], dict.fromkeys(COLUMNS, AGAIN)),
    "asks_much": ([plain(b"", 429, retry_after="86400")], dict.fromkeys(("file", "poke"), AGAIN)),
    "access": (page, dict.fromkeys(COLUMNS, ONCE)),
    "api": ("Invalid ID_send", dict.fromkeys(COLUMNS, ONCE)),
    "shape": ([plain(b"<html>")], dict.fromkeys(COLUMNS, ONCE)),
    "status": ([*REPORT, recipient(9, STATUS="person9@example.com")], dict.fromkeys(SENSORS, ONCE)),
    # Rows in XCom are what was asked for, so that column is left out of the search.
    "whole": (REPORT, dict.fromkeys(("file", *SENSORS), DONE)),
    # In the triggerer: somebody waits at first. A second run of the task begins on a worker again.
    "later_unavailable": ([WAITING, plain(b"", 503)], {"deferrable": AGAIN, "reschedule": AGAIN}),
    "later_access": ([WAITING, plain(b"", 401)], {"deferrable": ONCE, "reschedule": ONCE}),
    "later_whole": ([WAITING, REPORT], dict.fromkeys(SENSORS, DONE)),
}


def script_of(case: str, protocol: Any) -> Any:
    said, _ = CASES[case]
    if callable(said):
        return said
    if isinstance(said, str):
        error = {"error_status": 1, "error": said} if protocol == "json" else said
        return [plain(encode(protocol, error))]
    answers = [said] if isinstance(said[0], dict) else said
    return [plain(encode(protocol, answer)) if isinstance(answer[0], dict) else answer for answer in answers]


@dataclass
class Airflow:
    """An Airflow of its own, with a connection for each task."""

    home: Path

    def __post_init__(self) -> None:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("AIRFLOW")}
        self.environment = kept | {
            "AIRFLOW_HOME": str(self.home),
            "AIRFLOW__CORE__DAGS_FOLDER": str(DAGS),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW__SECRETS__BACKEND": "vault.Vault",
            "MAILKIT_STATES": str(self.home / "order.json"),
            "MAILKIT_VAULT": str(self.home / "vault.json"),
            "PYTHONPATH": os.pathsep.join([str(DAGS), str(ROOT)]),
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        self.vault: dict[str, Any] = {}
        self.saved: list[dict[str, Any]] = []
        self.printed = ""

    def run(self, *arguments: str) -> None:
        ended = subprocess.run(
            [sys.executable, *arguments], env=self.environment, text=True, check=False, timeout=500,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        assert ended.returncode == 0, ended.stdout[-5000:]
        self.printed += ended.stdout

    def define(self, form: str, conn_id: str, base_url: str, protocol: str) -> None:
        """Define a connection in one of the forms that Airflow knows."""
        extra = {"protocol": protocol, "max_attempts": 1}
        fields = {"conn_type": "mailkit", "login": CLIENT_ID, "password": CLIENT_MD5, "host": base_url}
        match form:
            case "JSON":
                self.environment[f"AIRFLOW_CONN_{conn_id.upper()}"] = json.dumps(fields | {"extra": extra})
            case "URI":
                self.environment[f"AIRFLOW_CONN_{conn_id.upper()}"] = (
                    f"mailkit://{CLIENT_ID}:{CLIENT_MD5}@{quote(base_url, safe='')}"
                    f"/?protocol={protocol}&max_attempts=1"
                )
            case "secrets back end":
                self.vault[conn_id] = fields | {"extra": extra}
            case "database":
                # As the form saves it: a row, with the extra as text. The command for it would keep a record
                # of what was typed.
                self.saved.append({"conn_id": conn_id, **fields, "extra": json.dumps(extra)})

    def save(self) -> None:
        """Write what was defined to where it belongs."""
        (self.home / "vault.json").write_text(json.dumps(self.vault))
        (self.home / "saved.json").write_text(json.dumps(self.saved))
        self.run("-c", SAVE, str(self.home / "saved.json"))

    def rows(self) -> Iterator[str]:
        """Yield all that the database keeps, but for the connections themselves."""
        with closing(sqlite3.connect(f"file:{self.home / 'airflow.db'}?mode=ro", uri=True)) as connection:
            names = [
                name for (name,) in connection.execute("select name from sqlite_master where type = 'table'")
            ]
            assert {"connection", "xcom", "rendered_task_instance_fields"} <= set(names)
            for name in names:
                if name != "connection":
                    yield from (f"{name}: {row!r}" for row in connection.execute(f'select * from "{name}"'))  # noqa: S608

    def logs(self) -> str:
        return "".join(path.read_text() for path in (self.home / "logs").rglob("*") if path.is_file())


FORMS = ("JSON", "URI", "secrets back end", "database")
TASKS = [(case, column) for case, (_, expected) in CASES.items() for column in expected]


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> tuple[Airflow, dict[str, list[Any]]]:
    airflow = Airflow(tmp_path_factory.mktemp("states"))
    order = {"folder": str(airflow.home / "files"), "tasks": []}
    with ExitStack() as stack:
        airflow.run("-m", "airflow", "db", "migrate")
        for number, (case, column) in enumerate(TASKS):
            form = FORMS[number % len(FORMS)]
            if column == "deferrable" and form == "database":
                # In this process a trigger asks nobody for connections; a triggerer does.
                form = "secrets back end"
            protocol = PROTOCOLS[number // 2 % 2]
            server = stack.enter_context(FaultServer(script_of(case, protocol)))
            conn_id = f"mailkit_{number}"
            airflow.define(form, conn_id, server.base_url, protocol)
            order["tasks"].append({"task_id": f"{case}__{column}", "column": column, "conn_id": conn_id})
        (airflow.home / "order.json").write_text(json.dumps(order))
        airflow.save()
        airflow.run("-m", "airflow", "dags", "reserialize")
        answer = airflow.home / "answer.json"
        airflow.run(str(DAGS / "states.py"), str(answer))
    return airflow, json.loads(answer.read_text())


@pytest.mark.parametrize(("case", "column"), TASKS)
def test_the_state_of_the_task(ran: Any, case: str, column: str, count_combinations: Any) -> None:
    _, ended = ran
    assert ended[f"{case}__{column}"] == CASES[case][1][column]
    count_combinations("states in a real Airflow")


def test_only_what_succeeded_has_left_a_file(ran: Any) -> None:
    airflow, _ = ran
    assert [path.name for path in (airflow.home / "files").iterdir()] == ["whole__file.jsonl"]


def test_no_secret_and_no_address_is_in_the_database(ran: Any) -> None:
    airflow, _ = ran
    rows = list(airflow.rows())
    assert any(row.startswith("rendered_task_instance_fields") and "5001" in row for row in rows)
    assert any(row.startswith("xcom") and "status_counts" in row for row in rows)
    assert any(row.startswith(("asset_event", "dataset_event")) and "sha256" in row for row in rows)
    for row in rows:
        assert_never_said(row)


def test_no_secret_and_no_address_is_in_a_log(ran: Any) -> None:
    airflow, _ = ran
    logs = airflow.logs()
    assert "recipients waiting" in logs + airflow.printed
    assert "HTTP status 503" in logs + airflow.printed
    # The excerpt of a page may show what is around the secrets.
    assert_never_said(logs, but=('"md5"', "methodCall"))
    assert_never_said(airflow.printed, but=('"md5"', "methodCall"))
