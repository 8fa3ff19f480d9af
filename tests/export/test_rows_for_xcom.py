"""Rows for XCom: what Airflow's database would refuse after the export is refused before."""

from __future__ import annotations

import json

import pytest
from support.reports import recipients
from support.server import FaultServer, plain

from airflow_provider_mailkit.catalogue.reports.deliveries import RECIPIENTS
from airflow_provider_mailkit.exceptions import MailkitError, MailkitResponseError
from airflow_provider_mailkit.export.pipeline import Export
from airflow_provider_mailkit.export.rows import RowOptions
from airflow_provider_mailkit.hooks.mailkit import MailkitHook
from airflow_provider_mailkit.operators.mailkit import MailkitRecipientsOperator

REPORT = recipients(5)


@pytest.fixture
def answering(mailkit_connection):
    servers = []

    def answer(report):
        server = FaultServer([plain(json.dumps(report).encode())] * 2).__enter__()
        servers.append(server)
        mailkit_connection(server.base_url, max_attempts=2)
        return server

    yield answer
    for server in servers:
        server.__exit__(None, None, None)


def rows(max_bytes=10_000, **options):
    return Export(MailkitHook().get_conn(), RECIPIENTS, {"ID_send": 5001}, RowOptions(**options)).to_rows(
        max_bytes
    )[0]


@pytest.mark.parametrize("place", [0, 3, 4])
@pytest.mark.parametrize("text", ["\0", "a\0b", "\0\0"])
@pytest.mark.parametrize("column", ["EMAIL", "STATUS", "AB_VERSION"])
def test_a_zero_character_is_refused_before_the_push(answering, column, text, place):
    report = [dict(recipient) for recipient in REPORT]
    report[place][column] = text
    server = answering(report)
    with pytest.raises(
        MailkitError, match=rf"delivery 5001: {column} has .*U\+0000.* output_path .* columns"
    ) as caught:
        rows()
    assert not caught.value.retryable
    assert "\0" not in str(caught.value)
    assert len(server.requests) == 1
    wanted = [name for name in ("ID_SEND_MESSAGE", "EMAIL", "STATUS", "AB_VERSION") if name != column]
    assert len(rows(columns=wanted)) == 5


def test_nothing_is_pushed(answering):
    answering([*REPORT, REPORT[0] | {"EMAIL": "a\0@example.com"}])
    pushed = {}
    ti = type("Ti", (), {"xcom_push": lambda self, key, value: pushed.update({key: value})})()
    operator = MailkitRecipientsOperator(task_id="export", id_send=5001)
    with pytest.raises(MailkitError, match="EMAIL"):
        operator.execute({"ti": ti})
    assert pushed == {}


@pytest.mark.parametrize("text", ["\\u0000", "\\", "\x01", "\x7f", "\u2028", "\ufffe", "\U0001f4e7", "žluť"])
def test_what_databases_store_is_not_refused(answering, text):
    answering([REPORT[0] | {"AB_VERSION": text}, *REPORT[1:]])
    assert rows()[0]["AB_VERSION"] == text


def test_a_zero_character_in_unknown_members_is_escaped_already(answering):
    answering([REPORT[0] | {"NEW": "a\0b"}, *REPORT[1:]])
    assert rows(unknown_fields="keep")[0]["EXTRA"] == '{"NEW":"a\\u0000b"}'


@pytest.mark.parametrize("half", ["\ud83d", "x\udce7y"])
def test_half_of_a_surrogate_pair_never_gets_into_a_row(answering, half):
    report = [*REPORT, REPORT[0] | {"EMAIL": f"{half}@example.com"}]
    answering(report)
    with pytest.raises(MailkitResponseError):
        rows()


def test_half_of_a_surrogate_pair_would_be_refused(answering):
    answering(REPORT)
    export = Export(MailkitHook().get_conn(), RECIPIENTS, {"ID_send": 5001}, RowOptions())
    for half in map(chr, (0xD800, 0xDBFF, 0xDC00, 0xDFFF)):
        with pytest.raises(MailkitError, match="surrogate"):
            export._check_for_xcom({"ID_SEND": 5001, "STATUS": half})
