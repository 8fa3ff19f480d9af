"""JSON that is malformed or shaped differently gives the rows before the fault, then the right error."""

from __future__ import annotations

import pytest
from protocol.broken import Case, R, assert_rows_then_the_error, each, only_json
from support.reports import Protocol

from airflow_provider_mailkit.exceptions import MailkitError, MailkitResponseError, MailkitTransportError

CASES: dict[str, Case] = {
    "a string": (only_json('"Unauthorized"'), 0, MailkitResponseError),
    "a comma at the end": (only_json(f"[{R[0]},{R[1]},{R[2]},]"), 3, MailkitResponseError),
    "two commas": (only_json(f"[{R[0]},{R[1]},,{R[2]}]"), 2, MailkitResponseError),
    "a comma at the beginning": (only_json(f"[,{R[0]}]"), 0, MailkitResponseError),
    "a colon is missing": (only_json(f'[{R[0]},{{"STATUS" "sent"}},{R[1]}]'), 1, MailkitResponseError),
    "quotes are missing": (only_json(f"[{R[0]},{{STATUS:1}},{R[1]}]"), 1, MailkitResponseError),
    "a comma in an object": (only_json(f'[{R[0]},{{"STATUS":"sent",}},{R[1]}]'), 1, MailkitResponseError),
    "single quotes": (only_json(f"[{R[0]},{{'STATUS':'sent'}},{R[1]}]"), 1, MailkitResponseError),
    "NaN": (only_json(f'[{R[0]},{{"READ_COUNT":NaN}},{R[1]}]'), 1, MailkitResponseError),
    "infinity": (only_json(f'[{R[0]},{{"X":-Infinity,"STATUS":"x"}},{R[1]}]'), 1, MailkitResponseError),
    "a leading zero": (only_json(f'[{R[0]},{{"READ_COUNT":012}},{R[1]}]'), 1, MailkitResponseError),
    "a raw control character": (only_json(f'[{R[0]},{{"EMAIL":"a\x01b"}},{R[1]}]'), 1, MailkitResponseError),
    "a raw line end in a text": (only_json(f'[{R[0]},{{"EMAIL":"a\nb"}},{R[1]}]'), 1, MailkitResponseError),
    "an unknown escape": (only_json(f'[{R[0]},{{"EMAIL":"a\\qb"}},{R[1]}]'), 1, MailkitResponseError),
    "half an escape": (only_json(f'[{R[0]},{{"EMAIL":"a\\u00g1"}},{R[1]}]'), 1, MailkitResponseError),
    "half a surrogate pair": (only_json(f'[{R[0]},{{"EMAIL":"\\ud83d"}},{R[1]}]'), 1, MailkitResponseError),
    "the second half of a surrogate pair": (
        only_json(f'[{R[0]},{{"EMAIL":"\\ude00"}},{R[1]}]'),
        1,
        MailkitResponseError,
    ),
    "half a surrogate pair in an unknown member": (
        only_json(f'[{R[0]},{{"STATUS":"x","X":"\\ud83d"}},{R[1]}]'),
        1,
        MailkitResponseError,
    ),
    "a second bracket": (only_json(f"[{R[0]},{R[1]}]]"), 2, MailkitResponseError),
    "brackets that do not match": (only_json(f"[{R[0]},{R[1]}}}"), 2, MailkitResponseError),
    "an object that ends like a list": (only_json(R[0][:-1] + "]"), 0, MailkitResponseError),
    "a bracket": (only_json("["), 0, MailkitTransportError),
}


@pytest.mark.parametrize(("protocol", "body", "rows", "kind"), each(CASES))
def test_rows_before_the_fault_then_the_error(
    protocol: Protocol, body: bytes, rows: int, kind: type[MailkitError]
) -> None:
    assert_rows_then_the_error(protocol, body, rows, kind)
