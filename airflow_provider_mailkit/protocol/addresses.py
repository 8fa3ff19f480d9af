"""Finds addresses in texts, even in disguise, to hide or hash them."""

from __future__ import annotations

import binascii
import html
import quopri
import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import unquote

_DOT_WORD = r"(?:\s{0,2}[(\[{]\s{0,2}dot\s{0,2}[)\]}]\s{0,2}|\s{1,2}dot\s{1,2})"
_DOT = re.compile(_DOT_WORD, re.IGNORECASE)
# The form of a domain; needed only where the sign before it may not be an @.
_DOMAIN_FOLLOWS = rf"(?=[\w-]{{1,63}}(?:\.|=2E|{_DOT_WORD})[a-z]{{2,}}(?!\w))"
# An at sign as it appears raw, in URLs, in mail, in JSON, in Python, in XML or HTML, and in words.
_AT = re.compile(
    r"[@\uff20\ufe6b]|%(?:25)*40|%u0040|\\u0040|\\u\{40\}|\\x40|\+AEA-|&(?:amp;)*#0*64;?|&(?:amp;)*#x0*40;?"
    rf"|&(?:amp;)*commat;|=40{_DOMAIN_FOLLOWS}|\s{{0,2}}(?:\(\s{{0,2}}at\s{{0,2}}\)|\[\s{{0,2}}at\s{{0,2}}\]"
    rf"|\{{\s{{0,2}}at\s{{0,2}}\}}|<\s{{0,2}}at\s{{0,2}}>)\s{{0,2}}|\s{{1,2}}at\s{{1,2}}{_DOMAIN_FOLLOWS}",
    re.IGNORECASE,
)
# A character as HTML writes it, unless it stands around an address rather than in it; and read backwards.
_ENTITY = r"&(?:amp;)*(?!(?:lt|gt|quot|amp|nbsp|apos);)#?\w{1,8};"
_ENTITY_BACKWARDS = r";(?!(?:tl|tg|touq|pma|psbn|sopa)&)\w{1,8}#?(?:;pma)*&"
_DOT_WORD_BACKWARDS = r"(?:\s{0,2}[)\]}]\s{0,2}tod\s{0,2}[(\[{]\s{0,2}|\s{1,2}tod\s{1,2})"
# All characters of an address without quotes, and their escapes; rather too many than too few.
_LOCAL_SIGN = r"[^\s\"<>(),;:@\[\]]"
# From an at sign to the left, read backwards: it may be quoted, with anything inside.
_BEFORE = re.compile(
    rf"\"[^\"]{{0,128}}\"|;touq&.{{0,128}}?;touq&|22%.{{0,128}}?22%|2200u\\.{{0,128}}?2200u\\"
    rf"|(?:{_ENTITY_BACKWARDS}|{_DOT_WORD_BACKWARDS}|{_LOCAL_SIGN})+",
    re.DOTALL | re.IGNORECASE,
)
_AFTER = re.compile(
    rf"\[[^\]\s]{{0,64}}\]|(?:{_ENTITY}|{_DOT_WORD}(?=\w)|[^\s\"'<>(),;:=\[\]{{}}\\/?&|@]|=2E|\\u002e)*",
    re.IGNORECASE,
)
# In a URL the address begins after the last slash or the name of a parameter; elsewhere after a name only if
# that means an address. Any other name before an equals sign is probably that of a person, as in VERP.
_URL = re.compile(r"//.*(?:/|[?&][\w.-]*=)", re.DOTALL)
_LABEL = re.compile(
    r"(?:.*[?&{|])?'?(?:\w*(?:mail|addr|address|recipient|user|login)|to|from|cc|bcc)'?=",
    re.IGNORECASE | re.DOTALL,
)
# A word in Base64, in either alphabet. Without slashes: they separate the parts of a URL, and in Base64 of
# plain text they only come from question marks.
_CODED = re.compile(r"([A-Za-z0-9+_-]{8,})={0,2}")
# Matches what an at sign becomes, and a little more. That is Q and one of A to P, one of four and one of A
# to D, or one of sixteen and A. The others are what %40 becomes.
_CODED_AT = re.compile(r"[QEUk0BFJNRVZdhlptx159][A-P]|JTQw|U0M|lND")
_DECODED = re.compile(r"[\w.+%'-]{1,64}(?:@|%40)(?:[\w-]{1,63}\.){1,8}[^\W\d_]{2,24}", re.IGNORECASE)
_URL_ALPHABET = str.maketrans("-_", "+/")
_NO_BEGINNING = re.compile(r"(?:['`{}|*?=/.\s]|&(?!#?\w{1,8};))*")
_PLAIN_AT = "@\uff20\ufe6b"
_BLANKS_AND_DOMAIN = re.compile(rf"\s{{0,2}}{_DOMAIN_FOLLOWS}", re.IGNORECASE)
_ESCAPE = re.compile(r"\\(?:u00|x)([0-9a-fA-F]{2})")


@dataclass(frozen=True, slots=True)
class Found:
    """An address in a text, from ``begin`` to ``end``. ``address`` is the plain form."""

    begin: int
    end: int
    address: str


def holds_address(text: str) -> bool:
    """Tell whether there is an at sign in a text, in any of its forms, or an address in Base64."""
    # Most texts have neither, and need only these two searches.
    return _AT.search(text) is not None or (_CODED_AT.search(text) is not None and any(_coded(text)))


def addresses_in(text: str) -> Iterator[Found]:
    """Yield the addresses in a text, from its beginning to its end."""
    coded, done = [*_coded(text)], 0
    if not coded:
        yield from _written(text)
        return
    for found in sorted([*_written(text), *coded], key=lambda each: (each.begin, -each.end)):
        if found.begin >= done:
            yield found
            done = found.end


def _coded(text: str) -> Iterator[Found]:
    """Yield the words in Base64 in which there is an address."""
    for word in _CODED.finditer(text):
        if not _CODED_AT.search(word[1]):
            continue
        coded = word[1].translate(_URL_ALPHABET)
        # Other signs of the alphabet may stand before it.
        for skipped in range(4):
            part = coded[skipped:]
            whole = part[:-1] if len(part) % 4 == 1 else part
            # Its ends may be those of other characters.
            decoded = binascii.a2b_base64(whole + "===").decode(errors="replace")
            if address := _DECODED.search(decoded):
                local, at_sign, domain = re.split("(@|%40)", address[0], maxsplit=1)
                yield Found(word.start(), word.end(), _plain(local, at_sign, domain))
                break


def _written(text: str) -> Iterator[Found]:
    done = 0
    while at := _AT.search(text, done):
        begin, end = _with_blanks(text, at)
        before = _BEFORE.match(text[done:begin][::-1])
        local = _without_label(before[0][::-1]) if before else ""
        after = _AFTER.match(text, end)
        domain = after[0].rstrip(".") if after else ""
        done = end + len(domain)
        yield Found(begin - len(local), done, _plain(local, at[0], domain))


def _without_label(local: str) -> str:
    """Return the part of an address before the sign without what stands before that part."""
    if label := _URL.match(local) or _LABEL.match(local):
        local = local[label.end() :]
    return local[_NO_BEGINNING.match(local).end() :]  # type: ignore[union-attr]


def _with_blanks(text: str, at: re.Match[str]) -> tuple[int, int]:
    """Return where an at sign begins and ends, with blanks around it if a domain follows."""
    begin, end = at.span()
    if not (text[begin - 1 : begin].isspace() or text[end : end + 1].isspace()) or at[0] not in _PLAIN_AT:
        return begin, end
    before = text[max(0, begin - 2) : begin]
    around = _BLANKS_AND_DOMAIN.match(text, end)
    return (begin - len(before) + len(before.rstrip()), around.end()) if around else (begin, end)


def _plain(local: str, at_sign: str, domain: str) -> str:
    """Return an address without its disguise, so that its hash is that of the address."""
    domain = _DOT.sub(".", domain)
    local, domain = html.unescape(local), html.unescape(domain)
    if at_sign.startswith("%"):
        local, domain = unquote(local), unquote(domain)
    elif at_sign.startswith("="):
        local, domain = (_from_quoted_printable(part) for part in (local, domain))
    elif at_sign.startswith("\\"):
        local, domain = (_ESCAPE.sub(lambda code: chr(int(code[1], 16)), part) for part in (local, domain))
    elif at_sign != "@":
        local = _DOT.sub(".", local)
    return f"{local}@{domain}"


def _from_quoted_printable(text: str) -> str:
    return quopri.decodestring(text.encode("utf-8", "surrogatepass")).decode("utf-8", "replace")
