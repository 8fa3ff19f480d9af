"""Whatever XML allows around the records of an XML-RPC report leaves its rows as they are."""

from __future__ import annotations

import pytest
from support.reports import (
    Xml,
    cuttings,
    decode,
    encode,
    oracle,
    random_pieces,
    recipient,
    recipients,
    xml_text,
)

from airflow_provider_mailkit.exceptions import MailkitResponseError, MailkitTransportError

EXTENSIONS = 'xmlns:ex="http://ws.apache.org/xmlrpc/namespaces/extensions"'
GAPS = {
    "comment": "<!-- </struct></value> a -->",
    "comment of a DTD": "<!-- <!DOCTYPE a> -->",
    "instruction": "<?php </struct> > echo ?>",
    "several": " <!----> <?a?>\n<!-- b - c -->\t",
}
TAGS = ("<methodResponse>", "<params>", "<param>", "<value><array>", "<array>", "<data>", "<value><struct>",
        "<struct>", "</struct>", "</value><value>", "</data>", "</array>", "</params>",
        "</methodResponse>")  # fmt: skip


def changed(change: str, count: int = 3) -> dict[str, str]:
    text = xml_text(recipients(count))
    return {tag: text.replace(tag, change + tag) for tag in TAGS} | {"end": text + change}


@pytest.mark.parametrize("gap", GAPS)
def test_comments_and_instructions_anywhere(gap: str) -> None:
    for where, text in changed(GAPS[gap]).items():
        body = text.encode()
        for how, pieces in cuttings(body):
            outcome = decode("xmlrpc", pieces)
            assert (outcome.error, where, how) == (None, where, how)
            assert outcome.rows == oracle("xmlrpc", encode("xmlrpc", recipients(3)))


TAGS_WITH_MORE = {
    "attributes": (">", " a=\"1\" b='>'>"),
    "spaces": (">", " \n>"),
    "attribute of a struct": ("<struct>", '<struct a=">">'),
}


@pytest.mark.parametrize("what", TAGS_WITH_MORE)
def test_attributes_and_spaces_in_tags(what: str) -> None:
    old, new = TAGS_WITH_MORE[what]
    head, body = '<?xml version="1.0"?>', xml_text(recipients(3), head="")
    if what == "attributes":
        for name in (
            "methodResponse",
            "params",
            "param",
            "value",
            "array",
            "data",
            "struct",
            "member",
            "name",
            "string",
        ):
            body = body.replace(f"<{name}>", f"<{name}{new}")
    else:
        body = body.replace(old, new)
    for how, pieces in cuttings((head + body).encode()):
        outcome = decode("xmlrpc", pieces)
        assert (outcome.error, how) == (None, how)
        assert outcome.rows == oracle("xmlrpc", encode("xmlrpc", recipients(3)))


@pytest.mark.parametrize("gap", [*GAPS.values(), "<!--" + "x" * 60_000 + "-->"])
@pytest.mark.parametrize("tag", ["<methodResponse>", "<data>", "</data>"])
def test_a_large_report_streams_all_the_same(gap: str, tag: str) -> None:
    body = xml_text(recipients(3000)).replace(tag, gap + tag).encode()
    outcome = decode("xmlrpc", random_pieces(body, 1))
    assert (outcome.error, len(outcome.rows)) == (None, 3000)


@pytest.mark.parametrize("place", ["root", "element"])
@pytest.mark.parametrize("count", [1, 1500])
def test_types_of_the_extensions_with_their_namespace(place: str, count: int) -> None:
    scope, here = (EXTENSIONS, "") if place == "root" else ("", f" {EXTENSIONS}")
    nil = Xml(f"<ex:nil{here}/>")
    answer = [
        recipient(number, READ_COUNT=Xml(f"<ex:i8{here}>{number}</ex:i8>"), DATE=nil)
        for number in range(count)
    ]
    for body in (xml_text(answer), xml_text(answer[0]) if count == 1 else xml_text(answer)):
        body = body.replace("<methodResponse>", f"<methodResponse {scope}>".replace(" >", ">"))
        outcome = decode("xmlrpc", random_pieces(body.encode(), 2))
        assert outcome.error is None
        assert [(row["READ_COUNT"], row["DATE"]) for row in outcome.rows] == [(n, None) for n in range(count)]


MALFORMED = {
    "two hyphens in a comment": "<!-- a -- b -->",
    "a declaration": '<?xml version="1.0"?>',
    "a control character in a comment": "<!-- \x01 -->",
    "a DTD": '<!DOCTYPE a [<!ENTITY b "c">]>',
    "a text": "oops",
    "an element": "<nil/>",
}


@pytest.mark.parametrize("what", MALFORMED)
@pytest.mark.parametrize("tag", ["<params>", "<data>", "</value><value>", "</data>", "</methodResponse>"])
def test_what_xml_does_not_allow_there_is_still_refused(what: str, tag: str) -> None:
    body = xml_text(recipients(3)).replace(tag, MALFORMED[what] + tag).encode()
    for how, pieces in cuttings(body):
        assert decode("xmlrpc", pieces).kind is MailkitResponseError, how


@pytest.mark.parametrize("tag", ['<value a="1" a="2">', "<value a=1>", "<value <>", "<value a='1'b='2'>"])
def test_tags_that_are_not_well_formed_are_refused(tag: str) -> None:
    for body in (
        xml_text(recipients(3)).replace("<value>", tag, 1),
        xml_text(recipients(3)).replace("<value>", tag),
    ):
        assert decode("xmlrpc", body.encode()).kind is MailkitResponseError


def test_a_cut_within_markup_is_a_cut() -> None:
    text = xml_text(recipients(2), head='<?xml version="1.0"?><!-- a --><?b c?>')
    text = text.replace("</value><value>", "<!-- d --></value ><?e?><value f='g'><!---->").replace(
        "</params>", "<!--h--></params >"
    )
    body = text.replace("<methodResponse>", f"<methodResponse {EXTENSIONS}>").encode()
    assert decode("xmlrpc", body).error is None
    for end in range(len(body)):
        assert decode("xmlrpc", body[:end]).kind is MailkitTransportError, body[:end][-40:]


def test_a_dtd_is_only_a_text_in_cdata() -> None:
    body = xml_text([recipient(1, EMAIL=Xml("<string><![CDATA[<!DOCTYPE a>]]></string>"))]).encode()
    assert [row["EMAIL"] for row in decode("xmlrpc", body).rows] == ["<!DOCTYPE a>"]


@pytest.mark.parametrize(
    ("encoding", "fits"), [("ascii", True), ("ASCII", True), ("ANSI_X3.4-1968", True), ("latin-1", False)]
)
def test_encodings_that_utf_8_includes(encoding: str, fits: bool) -> None:
    body = xml_text(recipients(3), head=f'<?xml version="1.0" encoding="{encoding}"?>').encode()
    outcome = decode("xmlrpc", body)
    assert (outcome.error is None, len(outcome.rows)) == (fits, 3 if fits else 0)
