"""Answers that XCom or a file cannot keep."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from operators.calling import CREATE, LISTS, call
from support.reports import Protocol, encode
from support.server import FaultServer, plain

from airflow_provider_mailkit._compat import AirflowFailException
from airflow_provider_mailkit.exceptions import MailkitError

Define = Callable[..., str]


@pytest.mark.parametrize("acts", [True, False])
def test_an_answer_that_cannot_be_kept(
    mailkit: Callable[..., FaultServer],
    protocol: Protocol,
    acts: bool,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from airflow_provider_mailkit.storage.publication import Publication

    server = mailkit([{"NAME": "x" * 100}], protocol=protocol)
    function, given, effect = (CREATE, {"name": "x"}, "write") if acts else (LISTS, None, "read")
    operator = call(function, given, allow=[effect], max_xcom_bytes=50)
    with pytest.raises(MailkitError, match="larger than the 50 bytes") as caught:
        operator.execute({})
    assert isinstance(caught.value, AirflowFailException)
    assert ("Mailkit has acted" in str(caught.value)) is acts

    def refuse(self: Publication) -> None:
        raise OSError(28, "No space left")

    monkeypatch.setattr(Publication, "commit", refuse)
    operator.output_path = str(tmp_path / "x.json")
    operator._place_as_written = {"output_path": operator.output_path, "output_conn_id": None}
    with pytest.raises(MailkitError if acts else OSError) as failed:
        operator.execute({})
    assert isinstance(failed.value, AirflowFailException) is acts
    assert len(server.requests) == 2


@pytest.mark.parametrize("text", ["\0", "a\\\\\0", "x\\u0000\0"])
def test_what_the_database_does_not_store(text: str, mailkit_connection: Define) -> None:
    with FaultServer([plain(encode("json", [{"NAME": text}]))], totals=None) as server:
        mailkit_connection(server.base_url)
        with pytest.raises(MailkitError, match="character that XCom's database"):
            call().execute({})
        operator = call()
        operator.do_xcom_push = False
        assert operator.execute({}) == [{"NAME": text}]


def test_what_the_database_stores(mailkit_connection: Define) -> None:
    rows = [{"NAME": text} for text in ("\\u0000", "\\\\ud800", "\U0001f600 Ž", "\\ \x01")]
    with FaultServer([plain(encode("json", rows))], totals=None) as server:
        mailkit_connection(server.base_url)
        assert call().execute({}) == rows
