"""From the fields of a connection to an account, however the connection was written down."""

from __future__ import annotations

import asyncio
import json
import traceback
from types import SimpleNamespace
from typing import Any
from urllib.parse import quote, urlencode
from zoneinfo import ZoneInfo

import pytest
from airflow.models.connection import Connection
from support.reports import CLIENT_ID, CLIENT_MD5

from airflow_provider_mailkit.account import Account, read_account
from airflow_provider_mailkit.exceptions import MailkitError
from airflow_provider_mailkit.hooks.mailkit import MailkitHook
from airflow_provider_mailkit.sandbox import Sandbox

SECRET = "p/ss w%rd+ž"


def account(extra: dict[str, Any] | None = None, **fields: Any) -> Account:
    return read_account("c", **({"login": CLIENT_ID, "password": CLIENT_MD5} | fields), extra=extra)


def test_defaults() -> None:
    endpoint = account().endpoint
    assert (endpoint.credentials.client_id, endpoint.credentials.client_md5) == (CLIENT_ID, CLIENT_MD5)
    assert endpoint.base_url == "https://api.mailkit.eu"
    assert endpoint.protocol == "json"
    assert (endpoint.connect_timeout_s, endpoint.read_timeout_s) == (10, 120)
    assert endpoint.retry.max_attempts == 5
    assert endpoint.max_concurrent_requests == 8
    assert endpoint.zone is None
    assert account().hash_secret == ""
    assert account().secrets == (CLIENT_MD5,)


SETTINGS: dict[str, tuple[Any, Any, Any]] = {
    "protocol": ("xmlrpc", "xmlrpc", lambda a: a.endpoint.protocol),
    "timezone": ("Europe/Prague", ZoneInfo("Europe/Prague"), lambda a: a.endpoint.zone),
    "connect_timeout": (3, 3.0, lambda a: a.endpoint.connect_timeout_s),
    "read_timeout": (7.5, 7.5, lambda a: a.endpoint.read_timeout_s),
    "max_attempts": (2, 2, lambda a: a.endpoint.retry.max_attempts),
    "max_concurrent_requests": (3, 3, lambda a: a.endpoint.max_concurrent_requests),
    "hash_secret": ("123", "123", lambda a: a.hash_secret),
}


@pytest.mark.parametrize("key", SETTINGS)
def test_an_extra_may_be_of_its_type_or_a_text(key: str) -> None:
    value, expected, read = SETTINGS[key]
    for written in (value, str(value), f" {value} "):
        assert read(account({key: written})) == expected


@pytest.mark.parametrize("key", ["max_attempts", "max_concurrent_requests"])
@pytest.mark.parametrize("three", [3, "3", " 3 ", 3.0, "3.0"], ids=repr)
def test_a_whole_number_in_every_dress(key: str, three: Any) -> None:
    assert account({key: three}) == account({key: 3}) != account()


@pytest.mark.parametrize("key", SETTINGS)
@pytest.mark.parametrize("empty", [None, "", "  "])
def test_an_empty_extra_is_as_good_as_none(key: str, empty: str | None) -> None:
    assert account({key: empty}) == account({}) == account()


def test_unknown_extras_are_ignored() -> None:
    assert (
        account({"nonsense": 5, "Protocol": "xmlrpc", "extra__mailkit__protocol": "x", "deep": {"a": [1]}})
        == account()
    )


def test_letter_case_of_the_protocol() -> None:
    assert account({"protocol": "XMLRPC"}).endpoint.protocol == "xmlrpc"


@pytest.mark.parametrize(
    ("key", "value"),
    [
        *(("protocol", value) for value in ("soap-5544", 5544, True, ["json"], {"a": 5544})),
        *(
            ("timezone", value)
            for value in ("Mars/5544", "../../etc/5544", "/etc/5544", "Europe", "5544", ["a"], True, "\0")
        ),
        *(
            (key, value)
            for key in ("connect_timeout", "read_timeout")
            for value in (
                5544e9,
                "1_5544",
                "fast-5544",
                0,
                "0",
                -5544,
                "-5544",
                "nan",
                "inf",
                True,
                [5544],
                "1 5544",
                "5544s",
            )
        ),
        *(
            (key, value)
            for key in ("max_attempts", "max_concurrent_requests")
            for value in ("many-5544", 0, "-5544", "2.5544", 2.5544, True, [5544], "1e5544", "+5544")
        ),
        *(("hash_secret", value) for value in (["s-5544"], {"a": "s-5544"}, True)),
    ],
)
def test_a_bad_extra_is_named_and_not_shown(key: str, value: Any) -> None:
    with pytest.raises(MailkitError) as caught:
        account({key: value})
    error = caught.value
    assert f"'{key}'" in str(error)
    assert "Connection 'c'" in str(error)
    assert "5544" not in str(error) + repr(error)
    assert CLIENT_MD5 not in str(error)
    assert error.__cause__ is None
    assert not error.retryable


def test_both_credentials_are_reported_at_once() -> None:
    for missing in (None, "", " "):
        with pytest.raises(MailkitError, match=r"login \(client ID\) and password \(MD5 code\) missing"):
            account(login=missing, password=missing)
    with pytest.raises(MailkitError, match=r": login \(client ID\) missing"):
        account(login=None)
    with pytest.raises(MailkitError, match=r": password \(MD5 code\) missing") as caught:
        account(password="")
    assert CLIENT_ID not in str(caught.value)


def test_white_space_around_the_credentials_is_removed() -> None:
    """They are pasted from a page."""
    assert account(login=f" {CLIENT_ID}\n", password=f"\t{CLIENT_MD5} ") == account()


def test_xmlrpc_needs_a_number_for_client_id() -> None:
    assert account(login="me").endpoint.credentials.client_id == "me"
    with pytest.raises(MailkitError, match=r"login.*whole number.*xmlrpc") as caught:
        account({"protocol": "xmlrpc"}, login="me-5544")
    assert "5544" not in str(caught.value)


@pytest.mark.parametrize(
    ("fields", "base_url"),
    [
        ({"host": None}, "https://api.mailkit.eu"),
        ({"host": "  "}, "https://api.mailkit.eu"),
        ({"host": "", "schema": "http", "port": 80}, "https://api.mailkit.eu"),
        ({"host": "https://api.mailkit.eu"}, "https://api.mailkit.eu"),
        ({"host": "https://api.mailkit.eu/"}, "https://api.mailkit.eu"),
        ({"host": " https://api.mailkit.eu// "}, "https://api.mailkit.eu"),
        ({"host": "HTTPS://api.example.com"}, "https://api.example.com"),
        ({"host": "api.example.com"}, "https://api.example.com"),
        ({"host": "api.example.com:8443"}, "https://api.example.com:8443"),
        ({"host": "api.example.com", "port": 8443}, "https://api.example.com:8443"),
        ({"host": "https://api.example.com", "port": 8443}, "https://api.example.com:8443"),
        ({"host": "https://api.example.com:1", "port": 2}, "https://api.example.com:1"),
        ({"host": "api.example.com", "schema": "https"}, "https://api.example.com"),
        ({"host": "api.example.com", "schema": "mailkit"}, "https://api.example.com"),
        ({"host": "http://127.0.0.1:8080"}, "http://127.0.0.1:8080"),
        ({"host": "http://127.8.9.10:8080"}, "http://127.8.9.10:8080"),
        ({"host": "http://localhost:8080"}, "http://localhost:8080"),
        ({"host": "http://[::1]:8080"}, "http://[::1]:8080"),
        ({"host": "127.0.0.1", "schema": "http", "port": 8080}, "http://127.0.0.1:8080"),
        ({"host": "127.0.0.1", "port": 8080}, "https://127.0.0.1:8080"),
    ],
)
def test_hosts(fields: dict[str, Any], base_url: str) -> None:
    assert account(**fields).endpoint.base_url == base_url


ELSEWHERE = pytest.mark.parametrize(
    "host",
    [
        "http://api.mailkit.eu",
        "http://localhost.example.com",
        "http://127.0.0.1.example.com",
        "http://0.0.0.0:8080",
        "http://10.0.0.1",
        "http://[2001:db8::1]",
        "http://localhost.:80",
    ],
)


@ELSEWHERE
@pytest.mark.parametrize(
    "credentials",
    [
        {"login": "1000002"},
        {"password": "f" * 32},
        {"password": CLIENT_MD5.upper()},
        {"login": "1000002", "password": "f" * 32},
    ],
    ids=["another ID", "another code", "the code in capitals", "both"],
)
def test_plain_http_is_refused_except_for_this_machine(host: str, credentials: dict[str, str]) -> None:
    with pytest.raises(MailkitError, match="https://") as caught:
        account(host=host, **credentials)
    assert not any(value in str(caught.value) for value in credentials.values())


@ELSEWHERE
def test_what_the_sandbox_makes_up_may_go_over_plain_http(host: str) -> None:
    made_up = {"login": Sandbox.client_id, "password": Sandbox.client_md5}
    assert account(host=host, **made_up).endpoint.base_url == host
    assert account(host=host, login=f" {Sandbox.client_id} ", password=f"{Sandbox.client_md5}\n")


@pytest.mark.parametrize(
    "host",
    [
        "http://2130706433",
        "http://127.1",
        "https://api..example.com",
        "https://api.example.com/json.fcgi",
        "https://api.example.com?x=5544",
        "https://api.example.com#5544",
        "https://me:5544@api.example.com",
        "https://me@api.example.com",
        "https://:5544@api.example.com",
        "http://localhost:5544@api.example.com",
        "https://api.example.com:port5544",
        "https://api.example.com:155440",
        "https://api.example.com:0",
        "https://api example.com",
        "https://api.example.com\\@5544.example.org",
        "https://",
        "https://:5544",
        "https://[::1",
        "https://[5544]",
        "ftp://5544.example.com",
        "file:///etc/5544",
        "//5544.example.com",
        "api.example.com, api5544.example.com",
    ],
)
def test_what_is_no_base_url(host: str) -> None:
    with pytest.raises(MailkitError, match="host must be a base URL") as caught:
        account(host=host)
    assert "5544" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_a_host_with_a_port_of_its_own_that_is_none() -> None:
    with pytest.raises(MailkitError, match="host must be"):
        account(host="api.example.com", port=123456)


def test_nothing_shows_the_secrets() -> None:
    secret = account({"hash_secret": "my-hash-key"})
    assert secret.secrets == (CLIENT_MD5, "my-hash-key")
    for shown in (repr(secret), str(secret), repr(secret.endpoint), repr(secret.endpoint.credentials)):
        for hidden in (CLIENT_MD5, CLIENT_ID, "my-hash-key"):
            assert hidden not in shown


# -- The forms in which Airflow keeps a connection ---------------------------------------------------

EXTRA = {
    "protocol": "xmlrpc",
    "timezone": "Europe/Prague",
    "connect_timeout": 3,
    "read_timeout": 7,
    "max_attempts": 2,
}
ALL_EXTRA = EXTRA | {"hash_secret": SECRET}
HOST = "http://127.0.0.1:8080"


def _uri() -> str:
    texts = urlencode({key: str(value) for key, value in ALL_EXTRA.items()})
    return f"mailkit://{CLIENT_ID}:{quote(SECRET, safe='')}@{quote(HOST, safe='')}/?{texts}"


def _uri_in_parts() -> str:
    texts = urlencode({key: str(value) for key, value in ALL_EXTRA.items()})
    return f"mailkit://{CLIENT_ID}:{quote(SECRET, safe='')}@127.0.0.1:8080/http?{texts}"


def _json(**changes: Any) -> str:
    fields = {"conn_type": "mailkit", "login": CLIENT_ID, "password": SECRET, "host": HOST}
    return json.dumps(fields | {"extra": ALL_EXTRA} | changes)


FORMS = {
    "URI": _uri,
    "URI in parts": _uri_in_parts,
    "URI that Airflow made": lambda: Connection(
        conn_id="c",
        conn_type="mailkit",
        login=CLIENT_ID,
        password=SECRET,
        host=HOST,
        extra=json.dumps(ALL_EXTRA),
    ).get_uri(),
    "JSON": _json,
    "JSON with texts": lambda: _json(extra={key: str(value) for key, value in ALL_EXTRA.items()}),
    "JSON with extra as text": lambda: _json(extra=json.dumps(ALL_EXTRA)),
    "JSON with parts": lambda: _json(host="127.0.0.1", schema="http", port=8080),
    "JSON of the form": lambda: _json(schema="", port=None, description=None),
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_of_a_connection_gives_the_same_account(
    form: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_MAILKIT_DEFAULT", FORMS[form]())
    expected = account(ALL_EXTRA, password=SECRET, host=HOST)
    assert MailkitHook().account == expected
    assert expected.hash_secret == SECRET


def test_a_form_left_as_it_is_gives_the_defaults(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the UI sends for fields that nobody has touched: empty texts or nulls."""
    for nothing in ("", None):
        extra = dict.fromkeys((*EXTRA, "hash_secret"), nothing)
        monkeypatch.setenv(
            "AIRFLOW_CONN_MAILKIT_DEFAULT", _json(host=nothing, password=CLIENT_MD5, extra=extra)
        )
        assert MailkitHook().account == account()


@pytest.mark.parametrize("mask", ["***", "RATHER_LONG_SENSITIVE_FIELD_PLACEHOLDER"])
def test_a_mask_of_airflow_is_no_secret(mask: str) -> None:
    """Addresses hashed with such a key would be open to anybody."""
    with pytest.raises(MailkitError, match="extra 'hash_secret' is only the mask") as caught:
        account({"hash_secret": mask})
    assert mask not in str(caught.value)
    with pytest.raises(MailkitError, match=r"password \(MD5 code\) is only the mask"):
        account({}, password=mask)


def _keep(monkeypatch: pytest.MonkeyPatch, extra: str | None) -> None:
    """Keep a connection with any extra: some versions of Airflow refuse to make one, and yet hand it out."""
    fields = {"login": CLIENT_ID, "password": CLIENT_MD5, "host": None, "schema": None, "port": None}
    kept = SimpleNamespace(**fields, extra=extra, extra_dejson={})

    async def look_up(*_: object, **__: object) -> object:
        return kept

    monkeypatch.setattr(MailkitHook, "get_connection", lambda *_, **__: kept)
    monkeypatch.setattr(MailkitHook, "aget_connection", look_up, raising=False)


@pytest.mark.parametrize(
    "extra", ["[5544]", "5544", "true", '"5544"', '{"hash_secret": 5544', "hash_secret=5544", '{"a": 5544}{}']
)
def test_an_extra_that_is_no_json_object_is_refused_and_not_shown(
    extra: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Were the defaults taken instead, protocol, time zone and hash key would be lost without a word."""
    _keep(monkeypatch, extra)
    for look_up in (lambda: MailkitHook().account, lambda: asyncio.run(MailkitHook().aaccount())):
        with pytest.raises(MailkitError, match=r"'mailkit_default'.* extra must be a JSON object") as caught:
            look_up()
        assert not caught.value.retryable
        shown = "".join(traceback.format_exception(caught.value))
        assert "5544" not in shown
        assert CLIENT_MD5 not in shown


@pytest.mark.parametrize("extra", [None, "", " ", "{}", "null", " {}\n"])
def test_a_connection_without_extra_gives_the_defaults(
    extra: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    _keep(monkeypatch, extra)
    assert MailkitHook().account == account()
    assert asyncio.run(MailkitHook().aaccount()) == account()
