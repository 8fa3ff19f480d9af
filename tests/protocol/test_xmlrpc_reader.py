"""XML-RPC that is malformed or shaped differently gives the rows before the fault, then the right error."""

from __future__ import annotations

import pytest
from protocol.broken import (
    Case,
    X,
    assert_rows_then_the_error,
    each,
    only_xml,
    xml_document,
    xml_list,
    xml_string,
)
from support.reports import XML_HEAD, Protocol, Xml, recipient, recipients, xml_text, xml_value

from airflow_provider_mailkit.exceptions import (
    MailkitAccessError,
    MailkitApiError,
    MailkitError,
    MailkitResponseError,
)

CASES: dict[str, Case] = {
    "a string: missing": (xml_string("Missing ID_send"), 0, MailkitApiError),
    "a string: invalid": (xml_string("Invalid ID_send"), 0, MailkitApiError),
    "a string: anything": (xml_string("The kitchen is on fire"), 0, MailkitApiError),
    "a string: unauthorized": (xml_string("Unauthorized"), 0, MailkitAccessError),
    "a string: disallowed": (xml_string("Disallowed IP 192.0.2.7"), 0, MailkitAccessError),
    "a string without a type": (only_xml(xml_text(Xml("Missing ID_send"))), 0, MailkitApiError),
    "a string in CDATA": (
        only_xml(xml_text(Xml("<string><![CDATA[Unauthorized]]></string>"))),
        0,
        MailkitAccessError,
    ),
    "a string with white space": (
        only_xml(xml_text(Xml("\n<string>\n Missing ID_send\n</string> "))),
        0,
        MailkitApiError,
    ),
    "a fault with text for number": (
        only_xml(xml_document(f"<fault>{xml_value({'faultCode': '5', 'faultString': 'x'})}</fault>")),
        0,
        MailkitApiError,
    ),
    "a fault without a number": (
        only_xml(xml_document(f"<fault>{xml_value({'faultString': 'x'})}</fault>")),
        0,
        MailkitApiError,
    ),
    "a fault without text": (
        only_xml(xml_document(f"<fault>{xml_value({'faultCode': 5})}</fault>")),
        0,
        MailkitResponseError,
    ),
    "elements that do not match": (
        only_xml(xml_list(X[0], X[1]).replace("</data></array>", "</array></data>")),
        2,
        MailkitResponseError,
    ),
    "a member that does not match": (
        only_xml(xml_list(X[0], X[1], X[2].replace("</member>", "</menber>", 1))),
        2,
        MailkitResponseError,
    ),
    "a member without a name": (
        only_xml(xml_list(X[0], "<value><struct><member><value>1</value></member></struct></value>", X[1])),
        1,
        MailkitResponseError,
    ),
    "a member without a value": (
        only_xml(xml_list(X[0], "<value><struct><member><name>EMAIL</name></member></struct></value>", X[1])),
        1,
        MailkitResponseError,
    ),
    "a member with two values": (
        only_xml(xml_list(X[0], X[1].replace("</value></member>", "</value><value/></member>", 1))),
        1,
        MailkitResponseError,
    ),
    "text in a struct": (
        only_xml(xml_list(X[0], X[1].replace("<member>", "oops<member>", 1))),
        1,
        MailkitResponseError,
    ),
    "text in the list": (only_xml(xml_list(X[0], X[1], "oops", X[2])), 2, MailkitResponseError),
    "a type that is unknown": (
        only_xml(xml_list(X[0], xml_value(recipient(1, READ_COUNT=Xml("<i16>5</i16>"))), X[2])),
        1,
        MailkitResponseError,
    ),
    "an int that is a text": (
        only_xml(xml_list(X[0], xml_value(recipient(1, READ_COUNT=Xml("<int>five</int>"))), X[2])),
        1,
        MailkitResponseError,
    ),
    "two types": (
        only_xml(xml_list(X[0], xml_value(recipient(1, READ_COUNT=Xml("<int>5</int><int>6</int>"))), X[2])),
        1,
        MailkitResponseError,
    ),
    "an entity that is unknown": (
        only_xml(xml_list(X[0], X[1].replace("person", "&nbsp;"), X[2])),
        1,
        MailkitResponseError,
    ),
    "a bare ampersand": (
        only_xml(xml_list(X[0], X[1].replace("person", "a & b"), X[2])),
        1,
        MailkitResponseError,
    ),
    "a character that XML forbids": (
        only_xml(xml_list(X[0], X[1].replace("person", "\x01"), X[2])),
        1,
        MailkitResponseError,
    ),
    "a character number that XML forbids": (
        only_xml(xml_list(X[0], X[1].replace("person", "&#1;"), X[2])),
        1,
        MailkitResponseError,
    ),
    "the end of CDATA in a text": (
        only_xml(xml_list(X[0], X[1].replace("person", "]]>"), X[2])),
        1,
        MailkitResponseError,
    ),
    "no array": (only_xml(xml_text(Xml("<data></data>"))), 0, MailkitResponseError),
    "two arrays": (
        only_xml(xml_text(Xml("<array><data/></array><array><data/></array>"))),
        0,
        MailkitResponseError,
    ),
    "no value": (only_xml(xml_document("<params><param/></params>")), 0, MailkitResponseError),
    "no parameter": (only_xml(xml_document("<params/>")), 0, MailkitResponseError),
    "two parameters": (
        only_xml(
            xml_document(f"<params><param>{xml_value([])}</param><param>{xml_value([])}</param></params>")
        ),
        0,
        MailkitResponseError,
    ),
    "two parameters with records": (
        only_xml(
            xml_document(f"<params><param>{xml_value(recipients(3))}</param><param>{X[0]}</param></params>")
        ),
        3,
        MailkitResponseError,
    ),
    "nothing in the response": (only_xml(xml_document("")), 0, MailkitResponseError),
    "a call for a response": (
        only_xml(f"{XML_HEAD}<methodCall><methodName>x</methodName></methodCall>"),
        0,
        MailkitResponseError,
    ),
    "another encoding": (
        only_xml(xml_text(recipients(3), head='<?xml version="1.0" encoding="windows-1250"?>')),
        0,
        MailkitResponseError,
    ),
    "another encoding of an error": (
        only_xml(xml_text("Unauthorized", head='<?xml version="1.0" encoding="UTF-16"?>')),
        0,
        MailkitResponseError,
    ),
    "an encoding that is unknown": (
        only_xml(xml_text("Unauthorized", head='<?xml version="1.0" encoding="utf-8-mb4"?>')),
        0,
        MailkitResponseError,
    ),
    "an encoding that is unknown, with records": (
        only_xml(xml_text(recipients(3), head='<?xml version="1.0" encoding="utf8mb4"?>')),
        0,
        MailkitResponseError,
    ),
    "a DTD": (
        only_xml(xml_text(recipients(3), head=f"{XML_HEAD}<!DOCTYPE methodResponse>")),
        0,
        MailkitResponseError,
    ),
    "a billion laughs": (
        only_xml(
            xml_text(
                Xml("<string>&j;</string>"),
                head=f'{XML_HEAD}<!DOCTYPE a [<!ENTITY a "haha">'
                + "".join(
                    f'<!ENTITY {b} "{f"&{a};" * 10}">' for a, b in zip("abcdefghi", "bcdefghij", strict=True)
                )
                + "]>",
            )
        ),
        0,
        MailkitResponseError,
    ),
    "a billion laughs in UTF-16": (
        only_xml(
            xml_text(
                Xml("<string>&b;</string>"),
                head='<?xml version="1.0" encoding="UTF-16"?>'
                '<!DOCTYPE a [<!ENTITY a "haha"><!ENTITY b "&a;&a;">]>',
            ).encode("utf-16")
        ),
        0,
        MailkitResponseError,
    ),
    "a foreign file": (
        only_xml(
            xml_text(
                Xml("<string>&f;</string>"),
                head=f'{XML_HEAD}<!DOCTYPE a [<!ENTITY f SYSTEM "file:///etc/passwd">]>',
            )
        ),
        0,
        MailkitResponseError,
    ),
    "a DTD after records": (
        only_xml(xml_list(X[0], X[1], '<!DOCTYPE a [<!ENTITY a "b">]>', X[2])),
        2,
        MailkitResponseError,
    ),
}


@pytest.mark.parametrize(("protocol", "body", "rows", "kind"), each(CASES))
def test_rows_before_the_fault_then_the_error(
    protocol: Protocol, body: bytes, rows: int, kind: type[MailkitError]
) -> None:
    assert_rows_then_the_error(protocol, body, rows, kind)
