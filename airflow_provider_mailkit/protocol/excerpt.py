"""Makes texts from outside fit to be shown: without credentials and addresses, at most 200 characters."""

from __future__ import annotations

import re
from base64 import b64encode
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from copy import copy
from operator import itemgetter

from airflow_provider_mailkit.protocol.addresses import addresses_in

MAX_CHARACTERS = 200
#: Stands for texts that are too many to be shown.
OTHERS = "(others)"
_MAX_TEXTS = 20
_MAX_COUNTED = 1000

# Wide enough that an address which straddles the end of the excerpt is still seen whole.
_WINDOW = 4096

_EMAIL_MEMBER = re.compile(
    r"(EMAIL[\"']?\s*[:=]\s*[\"']?|<name>\s*EMAIL\s*</name>\s*<value>(?:\s*<string>)?)[^\"'<]*", re.I
)
# A member and its value in JSON, be it quoted in another JSON text, and in XML; what is shown is often
# malformed: a quote in a text may lack its backslash, a tag its end. What is nested goes to the end. So does
# all that follows a name, if nothing there tells where its value ends.
_JSON_MEMBER = (
    r"((?:(?<=[\"'\[])(?:%(names)s)(?!\w)|(?<!\w)(?:%(names)s)(?=\\*[\"'])|(?<!\w)(?:%(unusual)s)(?!\w))"
    r"(?:\\*[\"']\s*[:=]?\s*)?+)"
    r"(?:(?<=[\"':=\s])"
    r"(?:\\*\"(?:[^\"\\]|\\.|\"(?!\s*(?:[}\]]|,\s*[\"}]|\Z)))*+\"?|\\*'(?:[^'\\]|\\.)*+'?|[\[{].*"
    r"|[^\s,:={}\[\]\"'<][^,{}\[\]\"']*)(?=\s*(?:[,}\]]|\Z))|.*)"
)
_XML_MEMBER = (
    r"(>\s*(?:%(names)s)\s*)"
    r"(?:(?:<(?!member|/member|name|struct|array)[^<]*)*<(?:struct|array).*|<.*?(?=<name|</member|\Z))"
)
# A value whose name is lost, or a part of it, since the answer begins later: what follows shows what it is.
_LOST_MEMBER = re.compile(
    r"\A\s*(?:\w*\"?\s*:)?\s*(?:\"(?:[^\"\\]|\\.)*\"|[^\"{}\[\]<>]*\"?)(?=\s*(?:,\s*\"\w+\"\s*:|\}))"
    r"|\A\s*(?:\w*>\s*)?(?:<(?:value|string|int|i4|i8|double)>\s*)*[^<]+"
    r"(?=</(?:value|string|int|i4|i8|double)>)"
)
_HEX_CODE = re.compile(r"[0-9a-fA-F]{32,}")
# A short secret within a longer word or number is not the secret: "1" would blank every digit.
_LONG_SECRET = 5
# The word at the very end may be the first half of an address that was cut, and so may all after a quote.
_LAST_WORD = re.compile(
    r"(?:\"[^\"]{0,128}\"|[^\s\"<>:,;{}\[\]]+)"
    r"(?:\s{0,2}[(\[{]\s{0,2}(?:at?)?|\s{1,2}at?(?:\s{1,2}[\w.-]*)?|\s{1,2})?\Z",
    re.IGNORECASE,
)
_LAST_TEXT = re.compile(r"(?<=\")[^\"]*\Z")
_BEGUN_TEXT = re.compile(r"\"\w[^\"]*\Z")
# How the short answers of servers end, which are worth showing as a whole.
_LAST_WORDS_OF_SENTENCES = frozenset(
    (
        "again",
        "allowed",
        "denied",
        "disallowed",
        "error",
        "exceeded",
        "expired",
        "failed",
        "failure",
        "forbidden",
        "found",
        "gateway",
        "id_send",
        "invalid",
        "later",
        "limit",
        "maintenance",
        "missing",
        "ok",
        "overloaded",
        "refused",
        "request",
        "requests",
        "required",
        "reset",
        "response",
        "server",
        "service",
        "timeout",
        "unauthorized",
        "unavailable",
    )
)
_SOFT_LINE_BREAK = re.compile(r"=\r?\n")


class TextCounter(Counter[str]):
    """Counts texts of a report, such as statuses; beyond a thousand different ones all under :data:`OTHERS`.

    A text that is longer than any that is shown is one of the others, too.
    """

    def count(self, text: str, times: int) -> None:
        """Count a text that was found this many times."""
        is_kept = text in self or (len(self) < _MAX_COUNTED and len(text) <= MAX_CHARACTERS)
        self[text if is_kept else OTHERS] += times


class Redactor:
    """Removes secrets and addresses from texts that came from outside.

    :param secrets: strings never to be shown, such as the client ID and the MD5 code.
    """

    _members: re.Pattern[str] | None = None

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        words = [_pattern(secret) for secret in sorted(set(secrets), key=len, reverse=True) if secret]
        self._secrets = re.compile("|".join(words)) if words else None

    def hiding(self, members: Iterable[str]) -> Redactor:
        """Return a redactor that also removes the values of these members from excerpts of answers."""
        names = sorted(members)
        hiding = copy(self)
        if names:
            # The lookahead never matches: no name is unusual.
            unusual = [re.escape(name) for name in names if "_" in name] or ["(?!)"]
            parts = {"names": "|".join(map(re.escape, names)), "unusual": "|".join(unusual)}
            pattern = f"{_JSON_MEMBER % parts}|{_XML_MEMBER % parts}"
            hiding._members = re.compile(pattern, re.IGNORECASE | re.DOTALL)
        return hiding

    def clean(self, text: str) -> str:
        """Return a text without addresses and secrets, cut to 200 characters."""
        return self._clean(_narrow(text), is_cut=False)

    def _clean(self, text: str, *, is_cut: bool) -> str:
        is_cut = is_cut or len(text) > _WINDOW
        # Codes first, as what is taken for an address may end within one of them.
        text = _HEX_CODE.sub("<code>", text[:_WINDOW])
        if self._secrets is not None:
            text = self._secrets.sub("<secret>", text)
        text = _without_addresses(text)
        if is_cut:
            text = _without_end(text)
        text = " ".join("".join(c if c.isprintable() else " " for c in text).split())
        return text if len(text) <= MAX_CHARACTERS else text[: MAX_CHARACTERS - 1] + "…"

    def excerpt(self, data: bytes | bytearray) -> str:
        """Return the beginning of a body, fit to be shown. The data may end anywhere."""
        text = bytes(data[:_WINDOW]).decode("utf-8", "replace")
        text = _EMAIL_MEMBER.sub(r"\1<address>", _narrow(text))
        if self._members is not None:
            text = self._members.sub(lambda member: f"{member[1] or member[2]}<hidden>", text)
            text = _LOST_MEMBER.sub("<hidden>", text)
        return self._clean(text, is_cut=True)


def _narrow(text: str) -> str:
    """Remove what would split an address: the zeros of UTF-16, and the soft line breaks of mail."""
    return _SOFT_LINE_BREAK.sub("", text.replace("\0", "") if 4 * text.count("\0") > len(text) else text)


def _without_end(text: str) -> str:
    """Remove what may be the first half of an address from the end of a text that may have been cut."""
    if text.endswith("<address>"):
        return text
    if text.count('"') % 2 or _BEGUN_TEXT.search(text):
        return _LAST_TEXT.sub("…", text)
    last = _LAST_WORD.search(text)
    word = last[0].strip(".! \r\n").lower() if last else ""
    is_harmless = word in _LAST_WORDS_OF_SENTENCES or not any(map(str.isalnum, word))
    return text if is_harmless else _LAST_WORD.sub("…", text)


def _without_addresses(text: str) -> str:
    parts, done = [], 0
    for found in addresses_in(text):
        parts += [text[done : found.begin], "<address>"]
        done = found.end
        # A dot at the end may belong to an address that continues.
        done += len(text) - done - len(text[done:].lstrip("."))
    return "".join([*parts, text[done:]])


def _pattern(secret: str) -> str:
    """Return the expression of a secret in the forms in which a page may show the request."""
    if len(secret) < _LONG_SECRET:
        return rf"(?<![^\W_]){re.escape(secret)}(?![^\W_])"
    in_base64 = (r"\s*".join(map(re.escape, core)) for core in _in_base64(secret.encode()))
    return "|".join(["".join(map(_any_form, secret)), *in_base64])


def _any_form(character: str) -> str:
    """Return the expression of a character as it is, or as URLs, mail, programs, HTML or dumps write it."""
    if not character.isascii():
        return re.escape(character)
    code = f"{ord(character):02x}"
    number = rf"&(?:amp;)*#(?:0*{ord(character)}|x0*{code});"
    escaped = rf"(?:%(?:25)*|=|\\+x|\\+u00|0x)?{code}[\s,:;]{{0,2}}|{number}"
    return rf"(?:{re.escape(character)}|(?i:{escaped}))"


def _in_base64(secret: bytes) -> Iterator[str]:
    """Yield what a secret becomes in base64 inside of other text; only its ends depend on that."""
    for before in range(3):
        coded = b64encode(b"\0" * before + secret).decode().rstrip("=")
        begin = (0, 2, 3)[before]
        yield coded[begin : len(coded) - ((before + len(secret)) % 3 > 0)]


def shown_counts(counts: Mapping[str, int] | Mapping[str | None, int]) -> dict[str, int]:
    """Return counts by a text of a report, such as a status, with the texts made fit to be shown.

    A status may contain an address, and there may be as many texts as recipients.

    :return: sorted; at most 20 texts, and what remains under :data:`OTHERS`. None counts as empty.
    """
    shown: Counter[str] = Counter()
    redactor = Redactor()
    for text, count in sorted(counts.items(), key=itemgetter(1), reverse=True)[:_MAX_TEXTS]:
        shown[redactor.clean(text or "")] += count
    if rest := sum(counts.values()) - shown.total():
        shown[OTHERS] += rest
    return dict(sorted(shown.items()))


def describe_counts(counts: Mapping[str, int]) -> str:
    """Return counts per status for a message: ``failed 30, sent 970``."""
    by_status = (f"{status or '(none)'} {count}" for status, count in sorted(counts.items()))
    return ", ".join(by_status) or "the report is empty"
