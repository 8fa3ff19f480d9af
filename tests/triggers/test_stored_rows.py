"""Waits under way survive an upgrade: rows that a release has stored are taken up by this one.

Each file in stored/ has the rows of one release. They are never changed; a release adds its own.
"""

from __future__ import annotations

import json
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from airflow_provider_mailkit import __version__
from airflow_provider_mailkit._compat import IS_AIRFLOW_2
from airflow_provider_mailkit.exceptions import MailkitArgumentError
from airflow_provider_mailkit.triggers.mailkit import MailkitCampaignTrigger, MailkitRecipientsTrigger

STORED = Path(__file__).with_name("stored")
ROWS = [
    pytest.param(row, id=f"{path.stem} {row['classpath'].rpartition('.')[2]}")
    for path in sorted(STORED.glob("*.json"))
    for row in json.loads(path.read_text())
    if not (IS_AIRFLOW_2 and "Campaign" in row["classpath"])
]


def thaw(row: dict[str, Any]) -> Any:
    """Make a trigger of a row as Airflow does: through its model, which encrypts, and the class path."""
    from airflow.models.trigger import Trigger

    stored = Trigger(classpath=row["classpath"], kwargs=row["kwargs"])
    module, _, name = stored.classpath.rpartition(".")
    return getattr(import_module(module), name)(**stored.kwargs)


@pytest.mark.parametrize("row", ROWS)
def test_a_stored_row_is_taken_up_with_all_that_it_says(row):
    path, arguments = thaw(row).serialize()
    assert path == row["classpath"]
    assert {name: arguments[name] for name in row["kwargs"]} == row["kwargs"]


def test_this_release_has_stored_what_it_stores_now():
    """Adding an argument to a trigger means adding it to the rows of the version that will have it."""
    rows = json.loads((STORED / f"{__version__}.json").read_text())
    named = {row["classpath"].rpartition(".")[2]: set(row["kwargs"]) for row in rows}
    assert named["MailkitRecipientsTrigger"] == set(MailkitRecipientsTrigger(id_send=1).serialize()[1])
    if not IS_AIRFLOW_2:
        assert named["MailkitCampaignTrigger"] == set(MailkitCampaignTrigger(id_message=1).serialize()[1])


def test_arguments_that_this_release_does_not_have_are_left_out_and_named(caplog, task_log):
    (row,) = [
        row.values[0] for row in ROWS if "Recipients" in row.values[0]["classpath"] and "0.1.0" in row.id
    ]
    trigger = thaw(row | {"kwargs": row["kwargs"] | {"older": 1, "newer": [2]}})
    assert trigger.serialize()[1] == row["kwargs"]
    assert "began this wait; it goes on without newer, older." in task_log()


def test_arguments_that_an_older_release_did_not_have_get_their_defaults():
    (row,) = [
        row.values[0] for row in ROWS if "Recipients" in row.values[0]["classpath"] and "0.1.0" in row.id
    ]
    id_send = row["kwargs"]["id_send"]
    trigger = thaw(row | {"kwargs": {"id_send": id_send}})
    assert trigger.serialize()[1] == MailkitRecipientsTrigger(id_send=id_send).serialize()[1]


@pytest.mark.skipif(IS_AIRFLOW_2, reason="assets have watchers from Airflow 3 on")
def test_a_watcher_is_written_by_hand_so_a_misspelt_argument_is_refused():
    with pytest.raises((TypeError, MailkitArgumentError), match="look_bak_days"):
        MailkitCampaignTrigger(id_message=12, look_bak_days=3)
