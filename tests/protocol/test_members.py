"""A member that comes twice in a record."""

from __future__ import annotations

import json
from typing import Any

import pytest
from support.reports import (
    PROTOCOLS,
    Protocol,
    Xml,
    decode,
    recipient,
    xml_text,
    xml_value,
)

from airflow_provider_mailkit.exceptions import MailkitResponseError


def written(protocol: Protocol, *members: tuple[str, Any]) -> str:
    """Return a record that may have a member twice."""
    pairs = [*recipient(1, EMAIL=None).items(), *members]
    pairs = [(name, value) for name, value in pairs if (name, value) != ("EMAIL", None) or not members]
    if protocol == "json":
        return "{" + ",".join(f"{json.dumps(name)}:{json.dumps(value)}" for name, value in pairs) + "}"
    inner = "".join(f"<member><name>{name}</name>{xml_value(value)}</member>" for name, value in pairs)
    return f"<value><struct>{inner}</struct></value>"


def answer_of(protocol: Protocol, *records: str) -> bytes:
    if protocol == "json":
        return f"[{','.join(records)}]".encode()
    return xml_text(Xml(f"<array><data>{''.join(records)}</data></array>")).encode()


ADDRESS = "a@example.com"


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("other", ["EMAIL", "Email", "email"])
@pytest.mark.parametrize("single", [False, True])
def test_a_member_that_comes_twice_loses_no_address(protocol: Protocol, other: str, single: bool) -> None:
    normal, fine = written(protocol, ("EMAIL", "b@example.com")), []
    for first, second in ((ADDRESS, None), (None, ADDRESS), (ADDRESS, ADDRESS)):
        twice = written(protocol, ("EMAIL", first), (other, second))
        fine.append(twice)
        body = answer_of(protocol, normal, twice, normal)
        if single:
            body = twice.encode() if protocol == "json" else xml_text(Xml(twice[7:-8])).encode()
        outcome = decode(protocol, body)
        assert outcome.error is None
        expected = [ADDRESS] if single else ["b@example.com", ADDRESS, "b@example.com"]
        assert [row["EMAIL"] for row in outcome.rows] == expected
    different = written(protocol, ("EMAIL", ADDRESS), (other, "c@example.com"))
    outcome = decode(protocol, answer_of(protocol, normal, fine[0], different, normal))
    assert (outcome.kind, len(outcome.rows)) == (MailkitResponseError, 2)
    assert "twice" in str(outcome.error)


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("other", ["STATUS", "Status"])
def test_a_poll_sees_a_status_that_comes_twice_as_an_export_does(protocol: Protocol, other: str) -> None:
    record = "{" if protocol == "json" else "<value>"
    assert written(protocol).startswith(record)
    body = answer_of(protocol, written(protocol), written(protocol, (other, "wait")))
    for columns in ((), ("STATUS",)):
        outcome = decode(protocol, body, *([columns] if columns else []))
        assert (outcome.kind, len(outcome.rows)) == (MailkitResponseError, 1)
