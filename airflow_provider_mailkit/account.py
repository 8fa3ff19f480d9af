"""Turns the fields of a connection into an account that can be called. Knows nothing of Airflow."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, cast
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from airflow_provider_mailkit._arguments import number, whole_number
from airflow_provider_mailkit.exceptions import MailkitConnectionError, MailkitError
from airflow_provider_mailkit.protocol.request import Credentials, Protocol
from airflow_provider_mailkit.protocol.retry import RetryPolicy
from airflow_provider_mailkit.transport.endpoint import DEFAULT_BASE_URL, Endpoint
from airflow_provider_mailkit.transport.hosts import ascii_host, is_loopback

# The longest wait of an operating system, which counts in milliseconds.
_LONGEST_S = 1_000_000.0
# A name or an address, then maybe a port; no login.
_HOST = re.compile(r"(?:[\w.-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]+)?")


# The made-up client ID and MD5 code of the sandbox. It does no harm if somebody reads them, so only they may
# go over plain http to another machine, such as between containers.
_MADE_UP = ("1000001", "0123456789abcdef0123456789abcdef")

# What Airflow shows in place of a secret. If somebody copies it, or a form saves it, the secret is lost.
_MASKS = ("***", "RATHER_LONG_SENSITIVE_FIELD_PLACEHOLDER")
_IS_MASKED = "is only the mask that Airflow shows: type it again"


@dataclass(frozen=True, slots=True)
class Account:
    """A Mailkit account.

    :param hash_secret: the secret key for hashing addresses; empty if there is none.
    """

    endpoint: Endpoint
    hash_secret: str = field(default="", repr=False)

    @property
    def secrets(self) -> tuple[str, ...]:
        """What must be masked in logs."""
        return tuple(filter(None, (self.endpoint.credentials.client_md5, self.hash_secret)))


def read_account(
    conn_id: str,
    *,
    login: str | None,
    password: str | None,
    host: str | None = None,
    schema: str | None = None,
    port: int | None = None,
    extra: Mapping[str, Any] | None = None,
    on_retry: Callable[[str | None, str], None] | None = None,
) -> Account:
    """Read the fields of a connection. Empty fields count as absent, and unknown extras are ignored.

    :param on_retry: passed to the endpoint.
    :raises MailkitError: a field is missing or unusable. The message names it, but never shows its value.
    """
    reader = _Extra(conn_id, extra or {})
    protocol = reader.protocol()
    credentials = _credentials(conn_id, login, password, protocol)
    base_url = _base_url(conn_id, host, schema, port)
    is_secret = (credentials.client_id, credentials.client_md5) != _MADE_UP
    if is_secret and base_url.startswith("http://") and not is_loopback(urlsplit(base_url).hostname or ""):
        raise _unusable(conn_id, "host must begin with https://, since plain http would show the credentials")
    endpoint = Endpoint(
        credentials=credentials,
        base_url=base_url,
        protocol=protocol,
        connect_timeout_s=reader.seconds("connect_timeout", 10.0),
        read_timeout_s=reader.seconds("read_timeout", 120.0),
        retry=RetryPolicy(max_attempts=reader.count("max_attempts", 5)),
        max_concurrent_requests=reader.count("max_concurrent_requests", 8),
        zone=reader.zone("timezone"),
        connection=conn_id,
        on_retry=on_retry,
    )
    return Account(endpoint, reader.text("hash_secret"))


def check_extra(conn_id: str, extra: str | None) -> None:
    """Check the text of a connection's extra, because Airflow treats an unreadable one as empty.

    :raises MailkitError: it is neither empty nor a JSON object.
    """
    try:
        value = json.loads(extra) if extra and not extra.isspace() else None
    except (ValueError, RecursionError):
        value = extra
    if not (value is None or isinstance(value, dict)):
        raise _unusable(conn_id, 'extra must be a JSON object, such as {"timezone": "Europe/Prague"}')


def _credentials(conn_id: str, login: str | None, password: str | None, protocol: Protocol) -> Credentials:
    """Return client ID and MD5 code, both of which must be there and usable."""
    login, password = (login or "").strip(), (password or "").strip()
    missing = [
        name for name, value in (("login (client ID)", login), ("password (MD5 code)", password)) if not value
    ]
    if missing:
        raise _unusable(conn_id, f"{' and '.join(missing)} missing")
    if password in _MASKS:
        raise _unusable(conn_id, f"password (MD5 code) {_IS_MASKED}")
    if protocol == "xmlrpc" and not re.fullmatch(r"[0-9]{1,18}", login):
        raise _unusable(conn_id, "login (client ID) must be a whole number, since extra 'protocol' is xmlrpc")
    return Credentials(login, password)


def _base_url(conn_id: str, host: str | None, schema: str | None, port: int | None) -> str:
    """Return scheme, host and port. A connection URI has them in separate fields, the form in one."""
    text = (host or "").strip().rstrip("/")
    if not text:
        return DEFAULT_BASE_URL
    if "://" not in text:
        text = f"{schema if schema in ('http', 'https') else 'https'}://{text}"
    scheme, name = "", ""
    # ValueError: the port or the host is invalid.
    with suppress(ValueError):
        url = urlsplit(text)
        if port and not url.port:
            url = urlsplit(f"{text}:{port}")
        if _HOST.fullmatch(url.netloc) and url.port != 0 and not (url.path or url.query or url.fragment):
            scheme, name = url.scheme, ascii_host(url.hostname or "")
    if not name or scheme not in ("http", "https"):
        raise _unusable(
            conn_id,
            "host must be a base URL such as https://api.mailkit.eu: name or address of a host, without path,"
            " query or login",
        )
    name = f"[{name}]" if ":" in name else name
    return f"{scheme}://{name}:{url.port}" if url.port else f"{scheme}://{name}"


class _Extra:
    """Typed reading of a connection's extra, whose values are often strings."""

    def __init__(self, conn_id: str, extra: Mapping[str, Any]) -> None:
        self._conn_id = conn_id
        self._extra = extra

    def text(self, key: str) -> str:
        value = self._extra.get(key)
        if value is None:
            return ""
        if not isinstance(value, str | int | float) or isinstance(value, bool):
            raise _unusable(self._conn_id, f"extra '{key}' must be a text")
        text = str(value).strip()
        if text in _MASKS:
            raise _unusable(self._conn_id, f"extra '{key}' {_IS_MASKED}")
        return text

    def protocol(self) -> Protocol:
        found = self.text("protocol").lower() or "json"
        if found not in ("json", "xmlrpc"):
            raise _unusable(self._conn_id, "extra 'protocol' must be json or xmlrpc")
        return cast("Protocol", found)

    def seconds(self, key: str, default: float) -> float:
        text = self.text(key)
        try:
            value = number(text) if text else default
        except ValueError:
            value = 0.0
        if not 0 < value <= _LONGEST_S:
            raise _unusable(
                self._conn_id,
                f"extra '{key}' must be a number of seconds above 0, and {_LONGEST_S:,.0f} at most",
            )
        return value

    def count(self, key: str, default: int) -> int:
        text = self.text(key)
        try:
            value = whole_number(text) if text else default
        except ValueError:
            value = 0
        if value < 1:
            raise _unusable(self._conn_id, f"extra '{key}' must be a whole number above 0")
        return value

    def zone(self, key: str) -> ZoneInfo | None:
        text = self.text(key)
        try:
            return ZoneInfo(text) if text else None
        except (KeyError, ValueError, OSError):
            raise _unusable(
                self._conn_id, f"extra '{key}' must be the IANA name of a time zone, such as Europe/Prague"
            ) from None


def _unusable(conn_id: str, why: str) -> MailkitError:
    return MailkitConnectionError(f"Connection '{conn_id}' cannot be used: {why}.")
