"""What an import refuses: when the DAG is parsed, and before anything is sent."""

from __future__ import annotations

from typing import Any

import pytest
from support.importing import DISABLED, MISSING, importing, imports, people, run

from airflow_provider_mailkit._compat import AirflowFailException
from airflow_provider_mailkit.exceptions import MailkitError
from airflow_provider_mailkit.sandbox import Sandbox

GUARDS: dict[str, tuple[dict[str, Any], str]] = {
    "empty": ({"rows": []}, r"0 recipients, fewer than min_rows \(1\)"),
    "too few": ({"rows": [*people(4), people(1)[0]], "min_rows": 5}, "4 recipients, fewer than min_rows"),
    "too many": ({"rows": people(4), "max_rows": 3}, "more than 3 rows"),
    "too many invalid": (
        {"rows": [*people(9), {"email": "x"}], "max_invalid": 0.09},
        r"1 of 10 rows cannot be sent \(not an address: 1\), more than max_invalid",
    ),
    "one invalid": ({"rows": [*people(90), {"email": ""}], "on_invalid": "fail"}, "on_invalid is fail"),
    "a column that Mailkit does not know": (
        {"rows": [{"email": "a@example.com", "frist_name": "A"}]},
        "'frist_name'.*nearest is first_name",
    ),
    "no column with addresses": (
        {"rows": [{"first_name": "A"}], "columns": {"mail": "email"}},
        "No row of rows has a value named 'mail'",
    ),
    "status": ({"rows": [{"email": "a@example.com", "status": "enabled"}]}, "allow_status"),
    "disabled list": ({"rows": people(1), "id_user_list": DISABLED}, "not enabled but 'disabled'"),
    "unknown list": ({"rows": people(1), "id_user_list": MISSING}, "no mailing list 5"),
    "two columns for one": ({"rows": [{"Email ": "a@example.com", "email": "b@example.com"}]}, "two columns"),
}


@pytest.mark.parametrize("case", GUARDS)
def test_guards_fail_before_anything_is_sent(changing_json: Sandbox, case: str) -> None:
    arguments, message = GUARDS[case]
    with pytest.raises(AirflowFailException, match=message):
        run(**arguments)
    assert changing_json.actions == []


def test_what_is_just_allowed_passes(changing_json: Sandbox) -> None:
    rows = [*people(9), {"email": "x"}]
    assert run(rows=rows, max_invalid=0.1, min_rows=9, max_rows=10)["acknowledged"] == 9
    assert run(rows=[], min_rows=0)["batches"] == 0
    assert run(rows=[{"email": "a@example.com", "status": "enabled"}], allow_status=True)["batches"] == 1
    assert imports(changing_json) == [9, 1]


BROKEN: dict[str, tuple[dict[str, Any], str]] = {
    "neither": ({}, "Give either source or rows"),
    "both": ({"source": "a.csv", "rows": []}, "not both"),
    "no list": ({"rows": [], "id_user_list": None}, "id_user_list must be"),
    "no target": ({"rows": [], "columns": {"mail": "e-mail"}}, "nearest is email"),
    "no address": ({"rows": [], "columns": {"name": "first_name"}}, "which column of the source is email"),
    "twice": ({"rows": [], "columns": {"a": "email", "b": "email"}}, "two columns would become email"),
    "status": ({"rows": [], "columns": {"a": "email", "b": "status"}}, "allow_status"),
    "constant status": ({"rows": [], "constants": {"status": "enabled"}}, "allow_status"),
    "constant and column": (
        {"rows": [], "columns": {"a": "email", "b": "city"}, "constants": {"city": "Brno"}},
        "in constants as well",
    ),
    "constant address": ({"rows": [], "constants": {"email": "a@example.com"}}, "same for all"),
    "constant list": ({"rows": [], "constants": {"city": ["a"]}}, "must be a text"),
    "part": ({"rows": [], "max_invalid": 5}, "number from 0 to 1"),
    "batch": ({"rows": [], "batch_rows": 0}, "batch_rows must be"),
    "delimiter": ({"source": "a.csv", "delimiter": ";;"}, "delimiter must be one character"),
    "rejected": ({"rows": [], "rejected_path": "a.txt"}, "rejected_path must end with"),
    "receipts": ({"rows": [], "receipts_path": "{{ ds }}/a.txt"}, "receipts_path must end with"),
    "verify": ({"rows": [], "verify": "all"}, "verify must be one of count"),
    "row of another type": ({"rows": ["Anna"]}, "rows must be a list of dicts.*not this list"),
}  # fmt: skip


@pytest.mark.parametrize("case", BROKEN)
def test_a_wrong_argument_does_not_parse(case: str) -> None:
    arguments, message = BROKEN[case]
    with pytest.raises(MailkitError, match=message) as caught:
        importing(**arguments)
    assert "Anna" not in str(caught.value)
