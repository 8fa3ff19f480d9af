"""What a message shows of a page or a text: no code in any form, and no address."""

from __future__ import annotations

import base64
import binascii
import json
import re
from contextlib import suppress
from urllib.parse import quote

import pytest
from hypothesis import given, settings, strategies as st
from protocol.broken import error_object
from support.process import within_s
from support.reports import (
    CLIENT_ID,
    CLIENT_MD5,
    PROTOCOLS,
    XML_HEAD,
    Fault,
    Protocol,
    assert_discreet,
    decode,
    encode,
)

from airflow_provider_mailkit.protocol.excerpt import Redactor

REDACTOR = Redactor((CLIENT_ID, CLIENT_MD5))


@pytest.mark.parametrize(
    "text", ["Service unavailable", "Bad Gateway", "Too many requests.", "Not Found!", "No \ufffd"]
)
def test_the_short_answers_of_servers_are_shown_whole(text: str) -> None:
    assert REDACTOR.excerpt(text.encode()) == text


BODY = json.dumps({"function": "mailkit.report", "id": CLIENT_ID, "md5": CLIENT_MD5, "parameters": {"a": 1}})
FORMS = {
    "plain": BODY,
    "URL-quoted": quote(BODY),
    "URL-quoted as a whole": "".join(f"%{byte:02X}" for byte in BODY.encode()),
    "hex": BODY.encode().hex(),
    "hex in capitals": BODY.encode().hex().upper(),
    "a hex dump": BODY.encode().hex(" "),
    "escapes": "".join(f"\\x{byte:02x}" for byte in BODY.encode()),
    "JSON escapes": "".join(f"\\u{byte:04x}" for byte in BODY.encode()),
    "HTML numbers": "".join(f"&#{byte};" for byte in BODY.encode()),
    "quoted-printable": "".join(f"={byte:02X}" for byte in BODY.encode()),
    **{f"base64 after {n}": base64.b64encode((" " * n + BODY).encode()).decode() for n in range(3)},
    **{
        f"base64 in lines after {n}": base64.encodebytes((" " * n + BODY).encode()).decode()
        for n in range(30, 60, 4)
    },
    "base64 for URLs": base64.urlsafe_b64encode(BODY.encode()).decode(),
}  # fmt: skip


@pytest.mark.parametrize("form", FORMS)
def test_a_page_that_echoes_the_request_shows_no_code_in_any_form(form: str) -> None:
    text = FORMS[form]
    assert len(text) < 4096
    for begin in range(0, len(text), 97):
        shown = REDACTOR.excerpt(f"<html>{text[begin:]}</html>".encode())
        for secret in (CLIENT_MD5[:16], CLIENT_MD5[-16:]):
            for coded in (secret, secret.encode().hex(), quote(secret)):
                assert coded not in shown
    # Of what is shown nothing decodes to the code, wherever one begins.
    shown = REDACTOR.clean(text)
    assert CLIENT_ID not in _decoded(shown)
    assert CLIENT_MD5[4:12] not in _decoded(shown)


def _decoded(shown: str) -> str:
    """Return what the words of a text are in base64, wherever that begins."""
    told = []
    for word in re.findall(r"[\w+/-]+", shown):
        for part in (word[skip:] for skip in range(4)):
            with suppress(binascii.Error):
                told.append(base64.b64decode(part[: len(part) // 4 * 4], altchars=b"-_").decode("latin-1"))
    return " ".join(told)


NAME = "Zdislava O'Neill"
HIDDEN = REDACTOR.hiding(["FIRST_NAME", "DATA"])
MEMBERS = {
    "JSON": json.dumps([{"ID": 1, "first_name": NAME, "STATUS": "sent"}]),
    "JSON in JSON": json.dumps(json.dumps({"STATUS": "sent", "FIRST_NAME": NAME})),
    "an escaped quote": '{"FIRST_NAME": "Zdislava \\"O\'Neill\\"", "STATUS": "sent"}',
    "a bare quote": '{"FIRST_NAME": "Zdislava "the" O\'Neill", "STATUS": "sent"}',
    "no colon": f'{{"FIRST_NAME" "{NAME}", "STATUS": "sent"}}',
    "no quote before": '{"FIRST_NAME": Zdislava O, "STATUS": "sent"}',
    "single quotes": "{'FIRST_NAME': 'Zdislava', 'STATUS': 'sent'}",
    "two colons": f'{{"STATUS": "sent", "FIRST_NAME":: "{NAME}", "ID": 1}}',
    "an arrow": f'{{"STATUS" => "sent", "FIRST_NAME" => "{NAME}"}}',
    "a comma first": f'{{"STATUS": "sent", "FIRST_NAME":, "{NAME}", "ID": 1}}',
    "another sign": f'{{"STATUS": "sent", "FIRST_NAME"< "{NAME}", "ID": 1}}',
    "no quote after the name": f'{{"STATUS": "sent", "FIRST_NAME: "{NAME}", "ID": 1}}',
    "no quote before the name": f'{{"STATUS": "sent", FIRST_NAME": "{NAME}", "ID": 1}}',
    "no quotes around the name": f'{{STATUS: "sent", FIRST_NAME: "{NAME}", ID: 1}}',
    "a letter before the value": f'{{"STATUS": "sent", "FIRST_NAME": Z"{NAME}", "ID": 1}}',
    "PHP": f"[STATUS] => sent\n[FIRST_NAME] => {NAME}\n[ID] => 1",
    "CSV": f"STATUS;FIRST_NAME;ID\nsent;{NAME};1".replace("STATUS;", "sent;STATUS;"),
    "elements": f"<STATUS>sent</STATUS><FIRST_NAME>{NAME}</FIRST_NAME><ID>1</ID>",
    "nested": json.dumps({"STATUS": "sent", "DATA": [{"x": NAME}, NAME]}),
    "UTF-16": json.dumps({"FIRST_NAME": NAME, "STATUS": "sent"}).encode("utf-16-le").decode("latin-1"),
    "XML": f"<name>FIRST_NAME</name>\n<value><string>{NAME}</string></value></member>sent later",
    "XML with CDATA": f"<name>FIRST_NAME</name><value><![CDATA[<b>{NAME}]]></value></member>sent later",
    "XML without an end": f"<name> first_name </nam><value>{NAME}</value></member>sent later",
    "XML, nested": f"sent<name>DATA</name><value><array><data><value>{NAME}</value><name>x</name>{NAME}",
}


@pytest.mark.parametrize("form", MEMBERS)
def test_members_that_are_named_are_shown_without_their_values(form: str) -> None:
    text = MEMBERS[form].encode("latin-1")
    shown = HIDDEN.excerpt(text)
    # What was cut may be left out as a whole.
    assert "<hidden>" in shown or shown.endswith("…")
    assert "sent" in shown
    for part in ("Zdislava", "O'Neill"):
        assert part not in shown
    assert "Zdislava" in REDACTOR.excerpt(text)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Invalid ID_send", "Invalid ID_send"),
        ("for person@example.com.", "for <address>"),
        ("person%40example.com", "<address>"),
        ('"EMAIL":"person\\u0040example.com","X"', '"EMAIL":"<address>","X"'),
        ("person&#64;example.com", "<address>"),
        ("person&#x40;example.com", "<address>"),
        (f"id {CLIENT_ID}, md5 {CLIENT_MD5}", "id <secret>, md5 <code>"),
        (f"id_{CLIENT_ID}_x", "id_<secret>_x"),
        (f"x{CLIENT_MD5}y", "x<code>y"),
        ("ffffffffffffffffffffffffffffffff", "<code>"),
        ("another number 10000017", "another number <secret>7"),
        ("line\nends\tand\0more", "line ends and more"),
        ("", ""),
    ],
)
def test_texts_are_cleaned(text: str, shown: str) -> None:
    assert Redactor((CLIENT_ID, CLIENT_MD5)).clean(text) == shown


def test_short_secrets_do_not_blank_everything() -> None:
    assert Redactor(("1", "")).clean("1 of 11 and 21") == "<secret> of 11 and 21"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ('"Zdislava", "STATUS": "sent"}', '<hidden>, "STATUS": "sent"}'),
        (': "Zdislava", "STATUS": "sent"}', '<hidden>, "STATUS": "sent"}'),
        ('slava", "STATUS": "sent"}', '<hidden>, "STATUS": "sent"}'),
        ('777123456, "STATUS": "sent"}', '<hidden>, "STATUS": "sent"}'),
        ('slava"}, {"STATUS": "sent"}', '<hidden>}, {"STATUS": "sent"}'),
        ("<value><string>Zdislava</string></value>", "<hidden></string></value>"),
        ("slava</string></value></member>", "<hidden></string></value></member>"),
        ('NAME": "Zdislava", "STATUS": "sent"}', '<hidden>, "STATUS": "sent"}'),
        ("e><string>Zdislava</string></value>", "<hidden></string></value>"),
        ("Unauthorized", "Unauthorized"),
        ('{"error": "Invalid ID_send"}', '{"error": "Invalid ID_send"}'),
        ("<html>Bad Gateway</html>", "<html>Bad Gateway</html>"),
    ],
)
def test_a_value_without_its_name_is_not_shown(text: str, shown: str) -> None:
    assert HIDDEN.excerpt(text.encode()) == shown


@pytest.mark.parametrize(
    ("data", "shown"),
    [
        (b"", ""),
        (b"Service unavailable", "Service unavailable"),
        (b"<html>Bad Gateway</html>", "<html>Bad Gateway</html>"),
        (b'[{"EMAIL":"person', '[{"EMAIL":"<address>'),
        (b'[{"NAME":"person', '[{"NAME":"…'),
        (b',{"a" "x"},{"NAME":"person', ',{"a" "x"},{"NAME":"…'),
        (b"</value><value><string>person", "</value><value><string>…"),
        (
            b"<name>EMAIL</name><value><string>a b</string>",
            "<name>EMAIL</name><value><string><address></string>",
        ),
        (b"No \xff\xfe", "No \ufffd\ufffd"),
    ],
)
def test_excerpts(data: bytes, shown: str) -> None:
    assert Redactor().excerpt(data) == shown


@settings(max_examples=300, derandomize=True, deadline=None, database=None)
@given(st.text("ab.@%40\\u&#;x \"'<>{}:,", max_size=60), st.integers(0, 6000))
def test_any_excerpt_is_short_and_shows_no_address(noise: str, padding: int) -> None:
    secrets = Redactor((CLIENT_ID, CLIENT_MD5))
    text = f"{noise} {'x ' * (padding // 2)}person@example.com {CLIENT_ID} {CLIENT_MD5}"
    for shown in (secrets.clean(text), secrets.excerpt(text.encode())):
        assert len(shown) <= 200
        for hidden in ("person", "example.com", "@", CLIENT_ID, CLIENT_MD5):
            assert hidden not in shown


def test_a_long_run_of_any_sign_is_cleaned_soon() -> None:
    with within_s(3):
        for sign in ("@", "%", "\\", "a", " ", "<", "&#"):
            Redactor((CLIENT_ID,)).excerpt(sign.encode() * 100_000)


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize(
    "text",
    [
        "Invalid ID_send for person@example.com",
        "Invalid %22person%22%40example.com",
        f"Unauthorized {CLIENT_ID}/{CLIENT_MD5}",
        f"Unauthorized id={CLIENT_ID}&md5={CLIENT_MD5}",
        f"client_{CLIENT_ID}_{CLIENT_MD5}_x",
        f"x{CLIENT_MD5}x",
        CLIENT_MD5.upper(),
        "a@example.com," * 500,
        "x" * 5000 + "@example.com",
        "person\u0040example.com is žluť",
    ],
)
def test_error_texts_are_redacted(protocol: Protocol, text: str) -> None:
    for answer in (error_object(text), [error_object(text)], Fault(3, text)):
        error = decode(protocol, encode(protocol, answer)).error
        assert error is not None
        assert_discreet(error, CLIENT_MD5.upper(), "person", "example")
        assert len(str(error)) < 420


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("size", [1, 30, 150, 199, 3000])
def test_excerpts_never_show_where_an_address_was_cut(protocol: Protocol, size: int) -> None:
    """A malformed answer that ends within an address shows no part of it."""
    local = "person" * size
    for text in (
        f'["x",{{"EMAIL":"{local}',
        f'[1,{{"NAME":"{local}',
        f"<html>{local}",
        f"<html> {local}@example.com",
        f"[1,\\u0022{local}\\u0040example.com",
        f"{XML_HEAD}<x><y>{local}&#64;example.com",
        f'{{"a" "{local}%40example.com"}}',
        f"{XML_HEAD}<methodResponse><param><name>EMAIL</name><value><string>{local}",
    ):
        outcome = decode(protocol, text.encode())
        assert outcome.error is not None
        assert_discreet(outcome.error, "person")
