"""Names and addresses of hosts."""

from __future__ import annotations

import ipaddress
import re

_NAME = re.compile(r"[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})*")


def ascii_host(host: str) -> str:
    """Return a host without brackets, as name servers know it.

    :raises ValueError: it is neither a name nor an address.
    """
    if ":" in host and "%" not in host:
        return str(ipaddress.IPv6Address(host))
    # UnicodeError, which is a ValueError: an empty part, or one that is too long.
    name = host.encode("idna").decode("ascii").lower()
    if len(name) > 253 or not _NAME.fullmatch(name.removesuffix(".")):
        raise ValueError("not a host name")
    # A name whose last part is a number can only be an address (RFC 1123, section 2.1).
    return str(ipaddress.IPv4Address(name)) if name.rpartition(".")[2].isdecimal() else name


def is_loopback(host: str) -> bool:
    """Tell whether a host is this machine, without asking a name server."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
