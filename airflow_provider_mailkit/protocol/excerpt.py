"""Make text from outside fit to be shown: no credentials, no addresses, at most 200 characters."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from operator import itemgetter

MAX_CHARACTERS = 200
#: Stands for texts that are too many to be shown.
OTHERS = "(others)"
_MAX_TEXTS = 20
_MAX_COUNTED = 1000

# Wide enough that an address which straddles the end of the excerpt is still seen whole.
_WINDOW = 4096

# An at sign as it appears raw, in URLs, in JSON, in Python and in XML or HTML.
AT_SIGN = r"(?:[@\uff20]|%(?:25)*40|\\u0040|\\x40|&#0*64;|&#x0*40;|&commat;)"
# The part before it may be quoted, with anything inside, and may have apostrophes inside.
_WORD = r"[^\s\"'<>(),;:=\[\]{}]"
_ADDRESS = re.compile(
    rf"(?:\"[^\"]{{0,128}}\"|(?:{_WORD}+(?:'{_WORD}+)*)?){AT_SIGN}[^\s\"'<>(),;\[\]{{}}]*", re.IGNORECASE
)
_EMAIL_MEMBER = re.compile(
    r"(EMAIL[\"']?\s*[:=]\s*[\"']?|<name>\s*EMAIL\s*</name>\s*<value>(?:\s*<string>)?)[^\"'<]*", re.I
)
_HEX_CODE = re.compile(r"[0-9a-fA-F]{32,}")
# A shorter secret inside a longer word or number is somebody else's text: "1" would blank every digit.
_LONG_SECRET = 5
# The word at the very end may be the first half of an address that was cut off.
_LAST_WORD = re.compile(r"[^\s\"'<>:,;{}\[\]]+\Z")


class TextCounter(Counter[str]):
    """Counts texts of a report, such as statuses; beyond a thousand different ones all under :data:`OTHERS`.

    A text that is longer than any that is shown is one of the others, too.
    """

    def count(self, text: str, times: int) -> None:
        """Count a text that was found this many times."""
        is_kept = text in self or (len(self) < _MAX_COUNTED and len(text) <= MAX_CHARACTERS)
        self[text if is_kept else OTHERS] += times


class Redactor:
    """Removes what must not be shown from texts that came from outside.

    :param secrets: strings never to be shown, such as the client ID and the MD5 code.
    """

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        words = [_pattern(secret) for secret in sorted(set(secrets), key=len, reverse=True) if secret]
        self._secrets = re.compile("|".join(words)) if words else None

    def clean(self, text: str) -> str:
        """Return a text without addresses and secrets, shortened to 200 characters."""
        text = _narrow(text)
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
        text = _narrow(text)
        text = _EMAIL_MEMBER.sub(r"\1<address>", text)
        # A text without markup is shown whole: it is rather a sentence than the half of a report.
        is_sentence = text.lstrip("\ufeff \t\r\n")[:1].isalnum() and len(data) <= _WINDOW
        return self.clean(text if is_sentence else _LAST_WORD.sub("…", text))


def _narrow(text: str) -> str:
    """Take the zeros out of a text in UTF-16, between which nothing would be recognised."""
    return text.replace("\0", "") if 4 * text.count("\0") > len(text) else text


def _pattern(secret: str) -> str:
    alone = re.escape(secret)
    return alone if len(secret) >= _LONG_SECRET else rf"(?<![^\W_]){alone}(?![^\W_])"


def shown_counts(counts: Mapping[str, int] | Mapping[str | None, int]) -> dict[str, int]:
    """Return counts by a text of a report, such as a status, with the texts made fit to be shown.

    Where no address belongs there may be one all the same, and there may be as many texts as recipients.

    :return: sorted; at most 20 texts, and what remains under :data:`OTHERS`. None counts as empty.
    """
    shown: Counter[str] = Counter()
    redactor = Redactor()
    for text, count in sorted(counts.items(), key=itemgetter(1), reverse=True)[:_MAX_TEXTS]:
        shown[redactor.clean(text or "")] += count
    if rest := sum(counts.values()) - shown.total():
        shown[OTHERS] += rest
    return dict(sorted(shown.items()))
