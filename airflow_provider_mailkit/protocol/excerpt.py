"""Make text from outside fit to be shown: no credentials, no addresses, at most 200 characters."""

from __future__ import annotations

import re
from collections.abc import Iterable

MAX_CHARACTERS = 200

# Wide enough that an address which straddles the end of the excerpt is still seen whole.
_WINDOW = 4096

# An at sign as it appears raw, in URLs, in JSON and in XML.
_AT = r"(?:@|%40|\\u0040|&#0*64;|&#[xX]0*40;)"
_ADDRESS = re.compile(rf"[^\s\"'<>(),;:=\[\]{{}}]*{_AT}[^\s\"'<>(),;\[\]{{}}]*", re.IGNORECASE)
_EMAIL_MEMBER = re.compile(
    r"(EMAIL[\"']?\s*[:=]\s*[\"']?|<name>\s*EMAIL\s*</name>\s*<value>(?:\s*<string>)?)[^\"'<]*", re.I
)
_HEX_CODE = re.compile(r"[0-9a-fA-F]{32,}")
# The word at the very end may be the first half of an address that was cut off.
_LAST_WORD = re.compile(r"[^\s\"'<>:,;{}\[\]]+\Z")


class Redactor:
    """Removes what must not be shown from texts that came from outside.

    :param secrets: strings never to be shown, such as the client ID and the MD5 code.
    """

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        # A secret inside a longer word or number is somebody else's text: "1" would blank every digit.
        words = sorted({re.escape(secret) for secret in secrets if secret}, key=len, reverse=True)
        self._secrets = re.compile(rf"(?<![^\W_])(?:{'|'.join(words)})(?![^\W_])") if words else None

    def clean(self, text: str) -> str:
        """Return a text without addresses and secrets, shortened to 200 characters."""
        if len(text) > _WINDOW:
            text = _LAST_WORD.sub("…", text[:_WINDOW])
        text = _ADDRESS.sub("<address>", text)
        text = _HEX_CODE.sub("<code>", text)
        if self._secrets is not None:
            text = self._secrets.sub("<secret>", text)
        text = " ".join("".join(c if c.isprintable() else " " for c in text).split())
        return text if len(text) <= MAX_CHARACTERS else text[: MAX_CHARACTERS - 1] + "…"

    def excerpt(self, data: bytes | bytearray) -> str:
        """Return the beginning of a body, fit to be shown; data may end anywhere."""
        text = bytes(data[:_WINDOW]).decode("utf-8", "replace")
        text = _EMAIL_MEMBER.sub(r"\1<address>", text)
        # A text without markup is shown whole: it is rather a sentence than the half of a report.
        is_sentence = text.lstrip("\ufeff \t\r\n")[:1].isalnum() and len(data) <= _WINDOW
        return self.clean(text if is_sentence else _LAST_WORD.sub("…", text))
