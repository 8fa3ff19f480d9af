"""Whoever tests a DAG may stand in for Mailkit with requests-mock, which takes the place of the network."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import pytest
import requests_mock
from support.reports import PROTOCOLS, Protocol, encode, recipients

from airflow_provider_mailkit.exceptions import MailkitResponseError, MailkitTransportError
from airflow_provider_mailkit.hooks.mailkit import MailkitHook
from airflow_provider_mailkit.operators.mailkit import MailkitRecipientsOperator

BASE_URL = "https://mailkit.example.com"
PATHS = {"json": "/json.fcgi", "xmlrpc": "/rpc.fcgi"}


@pytest.fixture(params=PROTOCOLS)
def url(request: pytest.FixtureRequest, mailkit_connection: Callable[..., str]) -> str:
    mailkit_connection(BASE_URL, request.param, max_attempts=1)
    return BASE_URL + PATHS[request.param]


def protocol_of(url: str) -> Protocol:
    return "json" if url.endswith("json.fcgi") else "xmlrpc"


def test_a_call(url: str) -> None:
    lists = [{"ID_USER_LIST": 7, "NAME": "News"}, {"ID_USER_LIST": 8, "NAME": "Ž"}]
    with requests_mock.Mocker() as mock:
        mock.post(url, content=encode(protocol_of(url), lists))
        got = MailkitHook().call("mailkit.mailinglist.list")
    assert [(int(row["ID_USER_LIST"]), row["NAME"]) for row in got] == [(7, "News"), (8, "Ž")]
    assert [sent.method for sent in mock.request_history] == ["POST"]
    assert b"mailkit.mailinglist.list" in mock.request_history[0].body


def test_an_export(url: str, tmp_path: Path) -> None:
    operator = MailkitRecipientsOperator(
        task_id="export", id_send=5001, output_path=f"{tmp_path}/5001.csv", columns=["EMAIL", "STATUS"]
    )
    with requests_mock.Mocker() as mock:
        mock.post(url, content=encode(protocol_of(url), recipients(3)))
        summary = operator.execute({})
    rows = list(csv.reader((tmp_path / "5001.csv").read_text(encoding="utf-8").splitlines()))
    assert summary["rows"] == 3
    assert [len(row) for row in rows] == [2, 2, 2, 2]
    assert rows[1][0] == "person0@example.com"


@pytest.mark.parametrize("status", [500, 404])
def test_an_error(url: str, status: int) -> None:
    expected = MailkitTransportError if status == 500 else MailkitResponseError
    with requests_mock.Mocker() as mock:
        mock.post(url, status_code=status, text="Sorry")
        with pytest.raises(expected, match=f"status {status}"):
            MailkitHook().call("mailkit.mailinglist.list")


def test_headers_are_judged_as_those_of_the_network(url: str) -> None:
    with requests_mock.Mocker() as mock:
        mock.post(url, content=b"[]", headers={"Content-Encoding": "br"})
        with pytest.raises(MailkitResponseError, match="content coding"):
            MailkitHook().call("mailkit.mailinglist.list")
