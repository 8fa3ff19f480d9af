"""No two map indexes of a task share a file, in runs of a real Airflow."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from support.reports import recipients
from support.server import FaultServer, plain

MAPPED = Path(__file__).parent / "mapped"
REFUSED = {
    "same": 2, "same_object": 2, "same_of_xcom": 2, "same_by_kwargs": 2, "default_arguments": 2, "product": 4,
    "group.same": 2, "same_in_a_run": 2, "same_task": 2, "same_day": 2, "same_twice": 2, "same_path_twice": 2,
}  # fmt: skip
OWN = {
    "group": 2, "group_of_places": 2, "by_delivery": 2, "by_index": 2, "by_macro": 2, "by_path": 2,
    "by_object": 2,
    "by_kwargs": 2, "kwargs_of_xcom": 2, "overridden": 2, "product_with_templates": 2, "computing": 2,
    "placing": 2, "placing_anew": 2, "in_a_loop": 2, "own_name": 2, "any_report": 2,
    # A finished path that another task hands over is not judged.
    "not_mapped": 1, "argument_of_xcom": 1,
}  # fmt: skip


class Ran(NamedTuple):
    ended: dict[str, str]
    names: dict[str, str | None]
    errors: dict[str, str]
    printed: str
    folder: Path
    asked: int


@pytest.fixture(scope="module")
def ran(
    environment: dict[str, str],
    unused_database: Path,
    run_python: Any,
    tmp_path_factory: pytest.TempPathFactory,
) -> Ran:
    home = tmp_path_factory.mktemp("mapped")
    shutil.copy(unused_database, home / "airflow.db")
    folder, answer = home / "files", home / "answer.json"
    with FaultServer([plain(json.dumps(recipients(3)).encode())]) as server:
        connection = {"conn_type": "mailkit", "login": "1", "password": "2", "host": server.base_url}
        here = environment | {
            "AIRFLOW_HOME": str(home),
            "AIRFLOW__CORE__DAGS_FOLDER": str(MAPPED),
            "AIRFLOW_CONN_MAILKIT_DEFAULT": json.dumps(connection),
            "MAILKIT_FOLDER": str(folder),
        }
        run_python(here, "-m", "airflow", "dags", "reserialize", timeout=120)
        printed = run_python(here, str(MAPPED / "mapped_exports.py"), str(answer), timeout=300)
    return Ran(**json.loads(answer.read_text()), printed=printed, folder=folder, asked=len(server.requests))


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_certain_fails_before_mailkit_is_called(ran: Ran, case: str) -> None:
    for index in range(REFUSED[case]):
        assert ran.ended[f"{case} {index}"] == "failed"
        assert "would write the same file" in ran.errors[f"{case} {index}"]
        assert "expand_kwargs()" in ran.errors[f"{case} {index}"]
    assert not (ran.folder / case).exists()


@pytest.mark.parametrize("case", OWN)
def test_files_of_their_own_pass(ran: Ran, case: str) -> None:
    assert len(list((ran.folder / case).iterdir())) == OWN[case]


def test_what_is_impossible_fails_without_retries(ran: Ran) -> None:
    assert ran.ended["impossible 0"] == "failed"
    assert "Did you mean 'STATUS'?" in ran.printed
    assert not (ran.folder / "impossible").exists()


def test_a_connection_of_its_own_is_a_place_of_its_own(ran: Ran) -> None:
    assert "lake_2" in ran.errors["by_connection 1"]
    assert "not defined" in ran.errors["by_connection 1"]


NAMED = {
    "by_delivery": ["1", "2"],
    "by_kwargs": ["1", "2"],
    "kwargs_of_xcom": ["1", "2"],
    "group.own": ["1", "2"],
    # A failed one needs its name the most.
    "same": ["1", "2"],
    "wait": ["1", "2"],
    "any_report": ["1", "2, 3"],
    "own_name": ["mine 1", "mine 2"],
}
# Mapped over something that is not a part of a name, which would be the same for several.
NAMELESS = ["by_path", "argument_of_xcom", "product"]


@pytest.mark.parametrize("case", NAMED)
def test_map_indexes_are_named_after_their_deliveries(ran: Ran, case: str) -> None:
    assert [ran.names[f"{case} {index}"] for index in (0, 1)] == NAMED[case]


@pytest.mark.parametrize("case", NAMELESS)
def test_a_name_that_would_not_tell_them_apart_is_none(ran: Ran, case: str) -> None:
    # From Airflow 3 on, an index without a name is called by its number.
    assert ran.names[f"{case} 0"] in (None, "0")
    assert ran.names[f"{case} 1"] in (None, "1")


def test_a_task_that_is_not_mapped_has_no_name(ran: Ran) -> None:
    assert ran.names["not_mapped -1"] is None


def test_nothing_else_failed(ran: Ran) -> None:
    failed = {name.partition(" ")[0] for name, state in ran.ended.items() if state != "success"}
    assert failed == {*REFUSED, "by_connection", "impossible"}
    asks_nothing, asks_twice = ("ids", "ids", "ids", "places", "one_place"), ("any_report 1",)
    succeeded = sum(state == "success" for state in ran.ended.values())
    assert ran.asked == succeeded - len(asks_nothing) + len(asks_twice)
