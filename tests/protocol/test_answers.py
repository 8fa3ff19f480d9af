"""Errors whose text is broken, and what a cut answer says."""

from __future__ import annotations

import pytest
from support.reports import cuttings, decode

from airflow_provider_mailkit.exceptions import MailkitApiError, MailkitResponseError, MailkitTransportError
from airflow_provider_mailkit.protocol.answers import decode_answer
from airflow_provider_mailkit.protocol.excerpt import Redactor

TEXTS = [r"a\ud83d", r"\ud83d", r"a\ud83d b", r"\ude00", r"\ud83d\ud83d", r"\ud83d" + " " * 20]


@pytest.mark.parametrize("text", TEXTS)
def test_an_error_with_half_a_surrogate_pair_is_an_error(text: str) -> None:
    error = f'{{"error_status":5,"error":"{text}"}}'
    for body in (error, f"[{error}]", f'[{{"STATUS":"sent"}},{error}]'):
        for how, pieces in cuttings(body.encode()):
            outcome = decode("json", pieces)
            assert outcome.kind is MailkitApiError, (how, outcome.error)
            assert isinstance(outcome.error, MailkitApiError)
            assert outcome.error.error_status == 5
            str(outcome.error).encode()
    with pytest.raises(MailkitApiError):
        decode_answer("json", "mailkit.report", error.encode(), Redactor())


@pytest.mark.parametrize("text", TEXTS)
def test_half_a_surrogate_pair_is_not_data(text: str) -> None:
    for body in (
        f'{{"STATUS":"{text}"}}',
        f'[{{"STATUS":"{text}"}}]',
        f'[{{"STATUS":"x"}},{{"STATUS":"{text}"}}]',
    ):
        assert decode("json", body.encode()).kind is MailkitResponseError
    with pytest.raises(MailkitResponseError):
        decode_answer("json", "mailkit.report", f'["{text}"]'.encode(), Redactor())


def test_an_error_that_is_cut_within_a_surrogate_pair_is_cut() -> None:
    body = rb'{"error_status":5,"error":"a\ud83d\ude00"}'
    for end in range(len(body)):
        assert decode("json", body[:end]).kind is MailkitTransportError, body[:end]
