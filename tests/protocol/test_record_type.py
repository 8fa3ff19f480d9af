"""The text "null" is easily mistaken for an absent value."""

from __future__ import annotations

import pytest
from support.reports import (
    PROTOCOLS,
    Protocol,
    cuttings,
    decode,
    encode,
    recipient,
    recipients,
)

NULLS = ["null", "NULL", "Null", "None"]


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("column", ["STATUS", "AB_VERSION", "EMAIL"])
@pytest.mark.parametrize("text", NULLS)
def test_the_text_null_is_a_text_whatever_stands_beside_it(
    protocol: Protocol, column: str, text: str
) -> None:
    values = [text, None, text, "", "x", text, None]
    for part in (values[:1], values[1:3], values):
        answer = [recipient(number, **{column: value}) for number, value in enumerate(part)]
        for how, pieces in cuttings(encode(protocol, [*recipients(3), *answer, *recipients(2)])):
            rows = decode(protocol, pieces).rows
            assert [row[column] for row in rows[3:-2]] == [value or None for value in part], how
        counted = decode(protocol, encode(protocol, answer), columns=("STATUS",))
        if column == "STATUS":
            assert [row["STATUS"] or None for row in counted.rows] == [value or None for value in part]


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_many_nulls_among_texts(protocol: Protocol) -> None:
    answer = [recipient(n, STATUS=("sent", None, "null")[n % 3], AB_VERSION=("A", "null", None, "")[n % 4])
              for n in range(2501)]  # fmt: skip
    outcome = decode(protocol, encode(protocol, answer))
    assert [(row["STATUS"], row["AB_VERSION"]) for row in outcome.rows] == [
        (record["STATUS"], record["AB_VERSION"] or None) for record in answer
    ]
