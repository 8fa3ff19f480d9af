"""XML as it comes: what may stand between two elements, and tags with all that XML allows in them.

Regular expressions find where a piece of markup ends; whether it is well-formed, the XML parser decides.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

#: The longest piece of markup around the records: a comment, a processing instruction, a tag.
MAX_MARKUP_BYTES = 2**16

# White space is what XML has as such; what \s stands for is more.
ATTRIBUTES = rb"(?:[ \t\r\n](?:[^<>\"'/]|/(?!>)|\"[^\"<]*\"|'[^'<]*'){0,%d}+)?" % MAX_MARKUP_BYTES
_COMMENT = rb"<!--(?:(?!-->).){0,%d}+-->" % MAX_MARKUP_BYTES
_INSTRUCTION = rb"<\?(?:(?!\?>).){0,%d}+\?>" % MAX_MARKUP_BYTES

#: What may stand between two elements and means nothing.
GAP = re.compile(rb"(?:[ \t\r\n]++|%b|%b)*+" % (_COMMENT, _INSTRUCTION), re.DOTALL)
#: A comment or a processing instruction.
MARKUP = re.compile(rb"%b|%b" % (_COMMENT, _INSTRUCTION), re.DOTALL)
#: What may be the beginning of a gap that has not come as a whole.
_BEGINNINGS = (b"<!--", b"<?")
#: Text in which tags are none.
OPAQUE = rb"<!\[CDATA\[.*?(?:\]\]>|\Z)|<!--.*?(?:-->|\Z)|<\?.*?(?:\?>|\Z)"
# Where structs begin and end; not in what only looks like tags.
_STRUCT = re.compile(rb"%b|<(?P<closing>/?)struct%b(?P<empty>/?)>" % (OPAQUE, ATTRIBUTES), re.DOTALL)
_SPACE_BETWEEN_TAGS = re.compile(rb"(%b)|(?<=>)[ \t\r\n]++(?=<|\Z)" % OPAQUE, re.DOTALL)


@cache
def opening_tag(name: str) -> re.Pattern[bytes]:
    """Return the expression of an element's opening tag."""
    return re.compile(rb"<%b%b>" % (name.encode(), ATTRIBUTES), re.DOTALL)


@cache
def closing_tag(name: str) -> re.Pattern[bytes]:
    """Return the expression of an element's closing tag."""
    return re.compile(rb"</%b[ \t\r\n]*+>" % name.encode())


def may_become(text: bytes | bytearray, *tags: bytes) -> bool:
    """Tell whether a text that ends too early may be the beginning of a gap, or of one of these tags.

    :param tags: the tags up to the name, such as ``</value``.
    """
    if len(text) > MAX_MARKUP_BYTES:
        return False
    if any(start.startswith(text) for start in (*_BEGINNINGS, *tags)) or text.startswith(_BEGINNINGS):
        return True
    # After the name comes white space, a slash or the end of the tag.
    return any(text.startswith(tag) and text[len(tag) : len(tag) + 1] in b" \t\r\n/>" for tag in tags)


def structs(text: bytes | bytearray) -> Iterator[tuple[int, int]]:
    """Yield where the outermost structs begin and end."""
    depth = start = 0
    for mark in _STRUCT.finditer(text):
        if mark["closing"] is None:
            continue
        if depth == 0:
            start = mark.start()
        depth += (mark["closing"] == b"") - (mark["closing"] == b"/" or mark["empty"] == b"/")
        if depth < 0:
            return
        if depth == 0:
            yield start, mark.end()


def without_space(text: bytes | bytearray) -> bytearray:
    """Return XML, which may be incomplete, without white space between tags."""
    return bytearray(_SPACE_BETWEEN_TAGS.sub(lambda match: match[1] or b"", text))
