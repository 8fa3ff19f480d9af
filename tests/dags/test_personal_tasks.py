"""What Airflow's database and log hold about the people that tasks are about, after real runs."""

from __future__ import annotations

import base64
import json
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from airflow_provider_mailkit.sandbox import Sandbox
from airflow_provider_mailkit.sandbox.people import person

HERE = Path(__file__).parent / "personal"
PERSON = person(1, 77).address
#: Parts of what a task is about: an address, the same in Base64, and a phone number.
NEEDLES = (PERSON.partition("@")[0], base64.b64encode(PERSON.encode()).decode()[:16], "777 123")
#: The tasks whose result is the address: their authors have asked for it.
ASKED = {"people", "lists_of_people"}


class Ran(NamedTuple):
    ended: dict[str, str]
    #: The text of each row of the database, by its table.
    stored: dict[str, list[str]]
    #: The rendered fields, by the task and its map index.
    rendered: dict[str, dict[str, Any]]
    printed: str
    files: Path


@pytest.fixture(scope="module")
def ran(
    environment: dict[str, str],
    unused_database: Path,
    run_python: Any,
    tmp_path_factory: pytest.TempPathFactory,
) -> Ran:
    home = tmp_path_factory.mktemp("personal")
    shutil.copy(unused_database, home / "airflow.db")
    answer = home / "answer.json"
    with Sandbox(recipients=100, seconds=0) as sandbox:
        here = environment | {
            "AIRFLOW_HOME": str(home),
            "AIRFLOW__CORE__DAGS_FOLDER": str(HERE),
            "AIRFLOW_CONN_MAILKIT_DEFAULT": json.dumps(sandbox.connection),
            "MAILKIT_FOLDER": str(home / "files"),
            "THE_PERSON": PERSON,
            "THE_PHONE": "+420 777 123 456",
        }
        run_python(here, "-m", "airflow", "dags", "reserialize", timeout=120)
        printed = run_python(here, str(HERE / "personal_tasks.py"), str(answer), timeout=300)
    with closing(sqlite3.connect(home / "airflow.db")) as connection:
        connection.row_factory = sqlite3.Row
        rows = {
            name: [dict(row) for row in connection.execute(f'SELECT * FROM "{name}"')]  # noqa: S608
            for (name,) in connection.execute(
                "SELECT name FROM sqlite_master WHERE type = 'table'"
            ).fetchall()
        }
    stored = {
        name: [str(row) for row in kept if name != "xcom" or row["task_id"] not in ASKED]
        for name, kept in rows.items()
    }
    rendered = {
        f"{row['task_id']} {row['map_index']}": json.loads(row["rendered_fields"])
        for row in rows["rendered_task_instance_fields"]
    }
    return Ran(json.loads(answer.read_text()), stored, rendered, printed, home / "files")


def test_the_database_has_nothing_of_the_person(ran: Ran) -> None:
    assert len(ran.stored["xcom"]) > 10
    found = {
        name: [row for row in rows if any(needle in row for needle in NEEDLES)]
        for name, rows in ran.stored.items()
    }
    assert not {name: rows for name, rows in found.items() if rows}


def test_the_log_has_nothing_of_the_person(ran: Ran) -> None:
    assert "mailkit.email.getstatus.history" in ran.printed
    # At its most talkative, Airflow 3.0 logs what tasks store, also those that say whom it is about.
    ours = [
        line for line in ran.printed.splitlines() if not any(f"task_id='{task}'" in line for task in ASKED)
    ]
    assert not [line for line in ours if any(needle in line for needle in NEEDLES)]


def test_the_tasks_were_about_the_person(ran: Ran) -> None:
    failed = {name for name, state in ran.ended.items() if state != "success"}
    wrong = {name for name in ran.ended if name.startswith("wrong_")}
    assert len(wrong) == 5
    by_person = {f"{kind}_by_person {index}" for kind in ("export", "call") for index in (0, 1)}
    assert failed == {"misplaced -1", "increments -1"} | by_person | wrong
    assert len(ran.rendered) == len(ran.ended)


@pytest.mark.parametrize("task", ["export -1", "mapped_export 0", "handed_export 0", "call -1"])
def test_a_parameter_that_is_a_person_is_stars(ran: Ran, task: str) -> None:
    assert ran.rendered[task]["parameters"] == {"email": "***"}


@pytest.mark.parametrize("kind", ["export", "call"])
def test_a_path_that_hides_what_it_differs_in_is_refused(ran: Ran, kind: str) -> None:
    assert "by_person/***.json" in ran.rendered[f"{kind}_by_person 0"]["output_path"]
    assert "{{ ti.map_index }}" in ran.printed
    assert not (ran.files / "by_person").exists()


WRONG = {
    "delivery 0": {"id_send"}, "campaign -1": {"id_message", "date_from"}, "time -1": {"send_date"},
    "list -1": {"id_user_list"},
}  # fmt: skip


@pytest.mark.parametrize("task", WRONG)
def test_a_wrong_argument_is_stars(ran: Ran, task: str) -> None:
    fields = ran.rendered[f"wrong_{task}"]
    assert {name for name, value in fields.items() if value == "***"} == WRONG[task]
    assert ran.rendered["wrong_id -1"]["parameters"] == {"ID_send": "***"}
