"""Addresses in places that are not made for them: hashed or removed, whatever they are disguised as."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

from airflow_provider_mailkit.protocol.excerpt import AT_SIGN

_AT = re.compile(AT_SIGN, re.IGNORECASE)
_WORD = r"[^\s\"'<>(),;:=\[\]{}\\/?&|]"
# From an at sign to the left, read backwards: it may be quoted, or have apostrophes inside.
_BEFORE = re.compile(rf"\"[^\"]{{0,128}}\"|{_WORD}+(?:'{_WORD}+)*")
_BEHIND = re.compile(r"[^\s\"'<>(),;:=\[\]{}\\/?&|]*")
# Longer than any address may be. Bounded, or a long text without a space would cost the square of its length.
_MAX_CHARACTERS = 320


class AddressHider:
    """Replaces addresses in texts, and in anything that holds texts.

    :param replace: makes what stands for an address, out of the address.
    """

    def __init__(self, replace: Callable[[str], str]) -> None:
        self._replace = replace

    def hide(self, value: Any) -> Any:
        """Return a value as it came out of an answer, without addresses in its texts, names and bytes."""
        match value:
            case str():
                return self._hide_in_text(value) if _AT.search(value) else value
            case bytes():
                return self.hide(value.decode("latin-1")).encode("latin-1")
            case dict():
                return {self.hide(name): self.hide(item) for name, item in value.items()}
            case list():
                return [self.hide(item) for item in value]
        return value

    def _hide_in_text(self, text: str) -> str:
        parts: list[str] = []
        done = 0
        while at := _AT.search(text, done):
            window = text[max(done, at.start() - _MAX_CHARACTERS) : at.start()]
            before = _BEFORE.match(window[::-1])
            local = before[0][::-1] if before else ""
            behind = _BEHIND.match(text, at.end())
            domain = behind[0].rstrip(".") if behind else ""
            parts += [text[done : at.start() - len(local)], self._replace(_plain(local, at[0], domain))]
            done = at.end() + len(domain)
        return "".join([*parts, text[done:]])


def _plain(local: str, at_sign: str, domain: str) -> str:
    """Return an address without its disguise, so that its hash is that of the address."""
    if at_sign.startswith("%"):
        local, domain = unquote(local), unquote(domain)
    elif at_sign.startswith("&"):
        local, domain = html.unescape(local), html.unescape(domain)
    return f"{local}@{domain}"
