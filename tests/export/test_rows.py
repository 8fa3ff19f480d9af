"""Columns, privacy and unknown members."""

from __future__ import annotations

import hashlib
import hmac
import json
import logging

import pytest
from support.batches import batch_of, columns_of

from airflow_provider_mailkit.catalogue.reports.deliveries import RECIPIENTS
from airflow_provider_mailkit.exceptions import MailkitError, MailkitResponseError
from airflow_provider_mailkit.export.rows import RowBuilder, RowOptions, all_columns
from airflow_provider_mailkit.writers.parquet import ParquetWriter

COLUMNS = tuple(column.name for column in all_columns(RECIPIENTS, with_extra=False))
EXPORTED_AT = "2026-11-23T13:00:00.000+00:00"


def batch(unknown=None, email=(" Anna@Example.com", None, "jan@example.cz")):
    values = {
        "ID_SEND": [5001] * 3,
        "ID_SEND_MESSAGE": [1, 2, 3],
        "ID_EMAIL": [11, 12, None],
        "EMAIL": email,
        "STATUS": ["sent", "failed", "wait"],
        "AB_VERSION": ["A", None, "B"],
        "DATE": ["2026-03-01T08:00:00", None, None],
        "READ_COUNT": [2, 0, None],
        "CLICK_COUNT": [1, 0, 0],
    }
    values["EXPORTED_AT"] = [EXPORTED_AT] * 3
    assert tuple(values) == COLUMNS
    return batch_of(values, unknown)


def build(options, data=None):
    return columns_of(RowBuilder(RECIPIENTS, options).build(data or batch()))


def test_all_columns_come_in_their_order_with_delivery_and_instant_on_every_row():
    columns = build(RowOptions())
    assert tuple(columns) == COLUMNS
    assert COLUMNS == (
        "ID_SEND", "ID_SEND_MESSAGE", "ID_EMAIL", "EMAIL", "STATUS", "AB_VERSION", "DATE", "READ_COUNT",
        "CLICK_COUNT", "EXPORTED_AT",
    )  # fmt: skip
    assert columns["ID_SEND"] == [5001] * 3
    assert columns["EXPORTED_AT"] == [EXPORTED_AT] * 3
    assert columns["EMAIL"] == [" Anna@Example.com", None, "jan@example.cz"]


def test_an_absent_address_has_no_hash():
    """It may be None or, where a format takes texts as they come, empty."""
    columns = build(
        RowOptions(addresses="hash", hash_secret="key"), batch(email=["", None, "jan@example.cz"])
    )
    assert columns["EMAIL"][:2] == [None, None]
    assert len(columns["EMAIL"][2]) == 64


def test_chosen_columns_come_in_the_chosen_order():
    assert list(build(RowOptions(columns=["STATUS", "ID_SEND"]))) == ["STATUS", "ID_SEND"]


@pytest.mark.parametrize(
    "options",
    [
        RowOptions(columns=["STATUS", "status"]),
        RowOptions(columns=[]),
        RowOptions(columns=["STATUS", "STATUS"]),
        RowOptions(columns=["EXTRA"]),
        RowOptions(columns=["EMAIL"], addresses="drop"),
    ],
)
def test_impossible_columns_are_refused(options):
    with pytest.raises(MailkitError, match="columns must name"):
        options.output_columns(RECIPIENTS)


@pytest.mark.parametrize("options", [RowOptions(addresses="plain"), RowOptions(unknown_fields="ignore")])
def test_other_words_are_refused_with_the_possible_ones(options):
    with pytest.raises(MailkitError, match="must be one of"):
        options.output_columns(RECIPIENTS)


def test_hash_is_keyed_over_the_trimmed_lower_cased_address():
    columns = build(RowOptions(addresses="hash", hash_secret="klíč"))
    expected = hmac.new("klíč".encode(), b"anna@example.com", hashlib.sha256).hexdigest()
    assert columns["EMAIL"][0] == expected
    assert columns["EMAIL"][1] is None


def test_hash_without_a_key_names_the_extra():
    with pytest.raises(MailkitError, match="hash_secret"):
        RowOptions(addresses="hash").output_columns(RECIPIENTS)


def test_drop_leaves_the_column_out():
    columns = build(RowOptions(addresses="drop"))
    assert tuple(columns) == tuple(name for name in COLUMNS if name != "EMAIL")


UNKNOWN = [{}, {"REPLY_TO": "Eva@example.org", "N": 5}, {"TAGS": ["a", "b"]}]


def test_unknown_members_are_warned_of_once_by_name_only(caplog):
    builder = RowBuilder(RECIPIENTS, RowOptions())
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            assert "EXTRA" not in columns_of(builder.build(batch(UNKNOWN)))
    assert len(caplog.records) == 1
    assert "REPLY_TO" in caplog.text
    assert "example.org" not in caplog.text


def test_unknown_members_are_kept_as_json():
    extra = build(RowOptions(unknown_fields="keep"), batch(UNKNOWN))["EXTRA"]
    assert [text and json.loads(text) for text in extra] == [None, UNKNOWN[1], UNKNOWN[2]]
    assert build(RowOptions(unknown_fields="keep"))["EXTRA"] == [None] * 3


@pytest.mark.parametrize("mode", ["hash", "drop"])
def test_no_address_slips_through_among_unknown_members(mode):
    extra = build(RowOptions(unknown_fields="keep", addresses=mode, hash_secret="k"), batch(UNKNOWN))["EXTRA"]
    assert "example.org" not in str(extra)
    assert json.loads(extra[1])["N"] == 5
    hashed = hmac.new(b"k", b"eva@example.org", hashlib.sha256).hexdigest()
    assert json.loads(extra[1])["REPLY_TO"] == (hashed if mode == "hash" else "")


def test_unknown_members_can_fail_and_the_message_names_the_ways_out():
    with pytest.raises(MailkitResponseError, match="N, REPLY_TO, TAGS") as caught:
        build(RowOptions(unknown_fields="fail"), batch(UNKNOWN))
    assert "'warn'" in str(caught.value)
    assert "example.org" not in str(caught.value)


def test_the_hash_key_does_not_show():
    assert "geheim" not in repr(RowOptions(hash_secret="geheim"))


def test_names_without_end_are_neither_kept_nor_logged(caplog):
    builder = RowBuilder(RECIPIENTS, RowOptions())
    with caplog.at_level(logging.WARNING):
        for number in range(50):
            builder.build(batch([{f"N{number}_{i}": 1 for i in range(40)}, {}, {}]))
    assert len(caplog.records) == 1
    assert caplog.text.count("N0_") == 20
    kept = [value for value in vars(builder).values() if isinstance(value, (set, list, dict)) and value]
    assert [len(value) for value in kept] == [20]


def test_a_name_that_comes_later_is_warned_of_too(caplog):
    builder = RowBuilder(RECIPIENTS, RowOptions())
    with caplog.at_level(logging.WARNING):
        for name in ("NEW", "NEW", "NEWER"):
            builder.build(batch([{}, {name: 1}, {}]))
    assert [record.getMessage().rpartition(": ")[2] for record in caplog.records] == ["NEW.", "NEWER."]


def test_rows_that_were_dropped_leave_no_unknown_members():
    rest = batch([{"NEW": 1}, {}, {}]).rest()
    assert len(rest) == 2
    assert "EXTRA" not in build(RowOptions(unknown_fields="fail"), rest)


def test_a_writer_that_fills_columns_takes_records_that_lack_some():
    builder = RowBuilder(RECIPIENTS, RowOptions(), ParquetWriter)
    lacking = batch_of({"begin": [0], "ID_SEND_MESSAGE": [1], "EMAIL": ["anna@example.com"], "end": [0]})
    assert builder.build(lacking) is lacking.records
    disordered = batch_of({"begin": [0], "EMAIL": ["anna@example.com"], "ID_SEND_MESSAGE": [1], "end": [0]})
    for record in disordered.records:
        # What a decoder leaves out is None in the class.
        for name in {*COLUMNS} - {"EMAIL", "ID_SEND_MESSAGE"}:
            setattr(type(record), name, None)
    rows = columns_of(builder.build(disordered))
    assert tuple(rows) == ("begin", *COLUMNS, "end")
    assert rows["EMAIL"] == ["anna@example.com"]


def test_unknown_members_are_kept_in_records_that_lack_columns():
    builder = RowBuilder(RECIPIENTS, RowOptions(unknown_fields="keep"), ParquetWriter)
    members = {"begin": [0], **{name: [1] for name in COLUMNS}, "end": [0]}
    plain = batch_of(members)
    assert builder.build(plain) is plain.records
    rows = columns_of(builder.build(batch_of(members, [{"NEW": 2}])))
    assert rows["EXTRA"] == ['{"NEW":2}']
