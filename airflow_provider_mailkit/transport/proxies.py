"""Chooses the proxy of a connection from the environment: one rule for both clients."""

from __future__ import annotations

import ipaddress
import re
from base64 import b64encode
from contextlib import suppress
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit
from urllib.request import getproxies, getproxies_environment, proxy_bypass

from airflow_provider_mailkit.exceptions import MailkitEnvironmentError, MailkitError
from airflow_provider_mailkit.transport.hosts import ascii_host

_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Proxy:
    """A proxy that makes a tunnel (CONNECT).

    :param is_tls: whether the connection to the proxy uses TLS, besides the TLS with the host.
    :param authorization: the value of the header with its login; empty for none.
    """

    host: str
    port: int
    is_tls: bool = False
    authorization: str = field(default="", repr=False)

    @property
    def url(self) -> str:
        """Its address, without the login."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'https' if self.is_tls else 'http'}://{host}:{self.port}"

    @property
    def headers(self) -> dict[str, str]:
        """Headers for the proxy alone."""
        return {"Proxy-Authorization": self.authorization} if self.authorization else {}


def proxy_for(function: str, host: str, port: int) -> Proxy | None:
    """Return the environment's proxy for a host that is called over https; None without a proxy.

    :raises MailkitError: the proxy is not supported, or its URL cannot be read. The message does not show it,
        since it may hold a login.
    """
    environment = getproxies_environment()
    if is_excluded(host, port, environment.get("no", "")):
        return None
    # Without variables these are the settings of the machine, if it has any.
    if not environment and proxy_bypass(host):
        return None
    proxies = getproxies()
    for name in ("https", "all"):
        if address := proxies.get(name, "").strip():
            return _parse(function, f"{name}_proxy", address)
    return None


def is_excluded(host: str, port: int, no_proxy: str) -> bool:
    """Tell whether a list such as ``no_proxy`` names a host.

    Its entries are names (which include all names below them), addresses, networks (``10.0.0.0/8``), or
    ``*``. All but networks may have a port. Commas or white space separate them.
    """
    host = host.lower().strip("[]").rstrip(".")
    address = _address(host)
    return any(_names(entry, host, address, port) for entry in re.split(r"[\s,]+", no_proxy.lower()) if entry)


_Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def _names(entry: str, host: str, address: _Address | None, port: int) -> bool:
    if "/" in entry:
        try:
            return address is not None and address in ipaddress.ip_network(
                entry.replace("[", "").replace("]", ""), strict=False
            )
        except ValueError:
            return False
    # An address with colons has its port after brackets.
    parts = re.fullmatch(r"\[(.+)\](?::([0-9]+))?|([^:]+)(?::([0-9]+))?|(.+)", entry)
    if parts is None:
        return False
    if (wanted := parts[2] or parts[4]) and int(wanted) != port:
        return False
    name = (parts[1] or parts[3] or parts[5]).rstrip(".")
    if name == "*":
        return True
    if address is not None:
        return address == _address(name)
    name = name.removeprefix("*").lstrip(".")
    return bool(name) and (host == name or host.endswith(f".{name}"))


def _address(text: str) -> _Address | None:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None


def _parse(function: str, variable: str, address: str) -> Proxy:
    # A proxy is often written without its scheme.
    address = address if "://" in address else f"http://{address}"
    scheme = address.partition("://")[0].lower()
    if scheme.startswith("socks"):
        raise _unusable(function, variable, "is a SOCKS proxy, which is not supported")
    if scheme not in _PORTS:
        raise _unusable(function, variable, "does not begin with http:// or https://")
    host = ""
    # ValueError: the address, the name or the port is invalid.
    with suppress(ValueError):
        url = urlsplit(address)
        if url.port != 0 and not (url.path.strip("/") or url.query or url.fragment):
            host = ascii_host(url.hostname or "")
    if not host:
        raise _unusable(function, variable, "is not an address such as http://proxy.example.com:3128")
    login = f"{unquote(url.username or '')}:{unquote(url.password or '')}"
    authorization = f"Basic {b64encode(login.encode()).decode()}" if login != ":" else ""
    return Proxy(host, url.port or _PORTS[scheme], scheme == "https", authorization)


def _unusable(function: str, variable: str, why: str) -> MailkitError:
    return MailkitEnvironmentError(
        f"{function}: the proxy of the environment ({variable}) {why}. Set {variable} to an HTTP proxy, "
        "or name the host of the connection in no_proxy.",
        function=function,
    )
