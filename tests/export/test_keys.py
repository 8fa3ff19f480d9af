"""What counts as a duplicate: the same key in two rows."""

from __future__ import annotations

from dataclasses import replace

import pyarrow as pa
import pytest
from support.batches import batch_of
from support.declared import PARCELS

from airflow_provider_mailkit.catalogue.reports import REPORTS
from airflow_provider_mailkit.export.duplicates import DuplicateCounter
from airflow_provider_mailkit.export.keys import Keys

RECIPIENTS = REPORTS["mailkit.report.message.recipients"]
LINKS = REPORTS["mailkit.report.message.links"]
VISITORS = REPORTS["mailkit.report.message.links.visitors"]
MEMBERS = REPORTS["mailkit.mailinglist.getstatus"]
UNSUBSCRIBED = REPORTS["mailkit.mailinglist.unsubscribed"]


def count(report, *parts, constant=()):
    """Return how many duplicates there are in batches, given as columns."""
    with DuplicateCounter() as duplicates:
        keys = Keys(report, constant, duplicates)
        for part in parts:
            keys.add(batch_of(part))
        return duplicates.count()


def test_which_columns_tell_a_row_from_all_others():
    with DuplicateCounter() as duplicates:
        for report, constant, columns, is_one_number in (
            (RECIPIENTS, {"ID_SEND"}, ("ID_SEND_MESSAGE",), True),
            (MEMBERS, {"ID_USER_LIST"}, ("ID_EMAIL",), True),
            (MEMBERS, (), ("ID_USER_LIST", "ID_EMAIL"), False),
            (VISITORS, {"ID_SEND", "ID_URL"}, ("ID_EMAIL",), True),
            (LINKS, {"ID_SEND"}, ("ID_URL", "AB_VERSION"), False),
            (UNSUBSCRIBED, (), ("EMAIL", "DATE"), False),
            # If all of it is the same, all rows are.
            (REPORTS["mailkit.report.message"], {"ID_SEND"}, ("ID_SEND",), True),
        ):
            keys = Keys(report, constant, duplicates)
            assert (keys.columns, keys.is_one_number) == (columns, is_one_number), report.name


def test_a_number_and_rows_without_one():
    parts = [{"ID_SEND_MESSAGE": [1, 2, None]}, {"ID_SEND_MESSAGE": [None, 2, 1, 3]}]
    assert count(RECIPIENTS, *parts) == 2
    tables = [pa.table({"ID_SEND_MESSAGE": pa.chunked_array([part["ID_SEND_MESSAGE"][:2],
              part["ID_SEND_MESSAGE"][2:]], pa.int64())}) for part in parts]  # fmt: skip
    with DuplicateCounter() as duplicates:
        keys = Keys(RECIPIENTS, {"ID_SEND"}, duplicates)
        for table in tables:
            keys.add_table(table)
        assert duplicates.count() == 2


def test_a_text_and_rows_without_one():
    """An absent date may be an empty text; see the option as_is of a decoder."""
    part = {"EMAIL": ["anna@example.com"] * 5, "DATE": ["", None, "2026-03-01T08:00:00", "", None]}
    assert count(UNSUBSCRIBED, part, constant={"EMAIL"}) == 0
    assert count(UNSUBSCRIBED, part, part, constant={"EMAIL"}) == 1


def test_several_columns_are_one_key_together():
    links = {"ID_URL": [5, 5, 6, 5], "AB_VERSION": ["A", "B", "A", "A"]}
    assert count(LINKS, links, constant={"ID_SEND"}) == 1
    several = {"ID_SEND": [1, 1, 2, 2], **links}
    assert count(LINKS, several) == 0
    assert count(LINKS, several, several) == 4
    # Where one column ends and the next one begins makes a difference.
    dates = {"EMAIL": ["a", "a1", "a"], "DATE": ["12", "2", "12"]}
    assert count(UNSUBSCRIBED, dates) == 1


def test_texts_of_any_kind_and_absent_ones():
    texts = ["a@example.com", None, "", "žofie@example.cz", "\ud83d", "\0", "a@example.com"]
    dates = ["2026-03-01T08:00:00"] * 7
    assert count(UNSUBSCRIBED, {"EMAIL": texts, "DATE": dates}) == 1


@pytest.mark.parametrize("rows", [10, 100_000])
def test_many_keys_of_several_columns_are_told_apart(rows):
    part = {"ID_URL": [*range(rows)] * 2, "AB_VERSION": ["A"] * rows + ["B"] * rows}
    assert count(LINKS, part, constant={"ID_SEND"}) == 0
    assert count(LINKS, part, {"ID_URL": [3], "AB_VERSION": ["B"]}, constant={"ID_SEND"}) == 1


def test_what_is_set_aside_says_nothing_about_anybody():
    aside = []

    class Noted:
        def add(self, ids):
            aside.append(ids)

    for _ in range(2):
        Keys(UNSUBSCRIBED, (), Noted()).add(batch_of({"EMAIL": ["a@example.com"], "DATE": ["2026"]}))
    (first,), (second,) = aside
    assert first != second, "a digest without a secret could be looked up"
    assert all(-(2**63) <= id_ < 2**63 for id_ in (first, second))


def test_a_key_in_an_object_counts_once_if_the_record_has_a_list_elsewhere():
    """Two rows of one parcel are of one record; only a list of labels has a key for each."""
    with DuplicateCounter() as duplicates:
        keys = Keys(PARCELS, (), duplicates)
        batch = batch_of({"LABEL_NUMBER": [7, 7, 7, 8, 8]})
        keys.add(replace(batch, repeats=["", "CONTENT", "CONTENT", "", "LABEL"]))
        assert duplicates.count() == 1
