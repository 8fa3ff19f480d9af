"""XML that is refused, and encodings that it may have."""

from __future__ import annotations

import pytest
from support.reports import encode

from airflow_provider_mailkit.exceptions import MailkitResponseError
from airflow_provider_mailkit.protocol.answers import decode_answer
from airflow_provider_mailkit.protocol.excerpt import Redactor


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_a_dtd_is_refused_in_any_encoding(encoding: str) -> None:
    """The parser finds out some encodings by itself, and would read a DTD that nobody else sees."""
    dtd = '<!DOCTYPE a [<!ENTITY b "boo">]>'
    value = "<methodResponse><params><param><value>&b;</value></param></params></methodResponse>"
    for declaration in ("", '<?xml version="1.0"?>', f'<?xml version="1.0" encoding="{encoding}"?>'):
        body = f"{declaration}{dtd}{value}".encode(encoding)
        with pytest.raises(MailkitResponseError):
            decode_answer("xmlrpc", "mailkit.sendsms", body, Redactor())


@pytest.mark.parametrize("encoding", ["utf8", "UTF8", "utf-8", "us-ascii", "US-ASCII"])
def test_encodings_that_are_utf_8(encoding: str) -> None:
    body = encode("xmlrpc", ["žluť"]).replace(b"UTF-8", encoding.encode())
    assert decode_answer("xmlrpc", "mailkit.sendsms", body, Redactor()) == ["žluť"]


@pytest.mark.parametrize(
    "encoding", ["utf8mb4", "utf-8-sig", "windows-1250", "iso-8859-2", "rot13", "", "x y"]
)
def test_encodings_that_are_not(encoding: str) -> None:
    body = encode("xmlrpc", "zlut").replace(b"UTF-8", encoding.encode())
    with pytest.raises(MailkitResponseError):
        decode_answer("xmlrpc", "mailkit.sendsms", body, Redactor())
