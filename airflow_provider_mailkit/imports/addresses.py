"""Which texts can be the address of a recipient, and which of them are the same address."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable
from hashlib import blake2b

from airflow_provider_mailkit.imports.last_ones import KEY_BYTES

#: By RFC 5321, sections 4.5.3.1 and 2.3.5: the maximum length of an address, and of the part before the @.
MAX_CHARACTERS = 254
_MAX_LOCAL = 64
# A quoted part may hold anything but an end of line.
_LOCAL = re.compile(r'[^\s"(),:;<>@\[\]\\\x00-\x1f\x7f]+|"(?:[^"\\\r\n]|\\[^\r\n])*"')
# Labels of letters and digits of any script, of which the last one has a letter.
_LABEL = r"(?!-)[^\W_](?:[^\W_]|-){0,62}(?<!-)"
_DOMAIN = re.compile(rf"(?:{_LABEL}\.)+(?![0-9]+\Z){_LABEL}")
_PHONE = re.compile(r"\+[1-9][0-9]{6,14}")
# Zero-width spaces, a byte order mark, marks for right-to-left writing: they come with addresses that were
# copied from a page or a table.
_INVISIBLE = "\u200b\u200c\u200d\u2060\ufeff\u200e\u200f\xad"


def trimmed(text: str) -> str:
    """Return an address without surrounding blanks and invisible characters."""
    return text.strip().strip(_INVISIBLE).strip()


def is_possible(address: str) -> bool:
    """Tell whether a trimmed text can be an address.

    It has one @, a domain with a dot, and no blanks outside quotes. Domains may be in any script. Only an
    e-mail shows whether the address exists.
    """
    local, sign, domain = address.rpartition("@")
    return bool(
        sign
        and len(address) <= MAX_CHARACTERS
        and len(local) <= _MAX_LOCAL
        and _LOCAL.fullmatch(local)
        and _DOMAIN.fullmatch(domain)
    )


def is_phone(text: str) -> bool:
    """Tell whether a trimmed text is a phone number in international form, without blanks."""
    return _PHONE.fullmatch(text) is not None


def make_key() -> Callable[[str], bytes]:
    """Return a function that maps equal addresses to the same key, whatever their letter case.

    Keys are digests with a random secret, so a temporary file says nothing about anybody.
    """
    secret = secrets.token_bytes(16)

    def key(address: str) -> bytes:
        text = address.lower().encode("utf-8", "surrogatepass")
        return blake2b(text, digest_size=KEY_BYTES, key=secret).digest()

    return key
