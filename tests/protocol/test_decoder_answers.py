"""What reports look like in real life gives the right rows, in both protocols and however it arrives."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest
from support.reports import (
    PROTOCOLS,
    RECIPIENT_COLUMNS,
    Protocol,
    Xml,
    cuttings,
    decode,
    encode,
    json_text,
    oracle,
    recipient,
    recipients,
    xml_text,
    xml_value,
)

SHUFFLED = [dict(random.Random(seed).sample(list(recipient(seed).items()), 8)) for seed in range(11)]
LETTER_CASES = [
    {change(name): value for name, value in recipient(number).items()}
    for number, change in enumerate(
        (str.lower, str.upper, str.title, str.swapcase, str.lower, str.capitalize, str.lower)
    )
]
HALVES = [
    {
        name: value
        for i, (name, value) in enumerate(recipient(number).items())
        if (number >> i) & 1 or name == "STATUS"
    }
    for number in range(1, 60)
]
NESTED = {"list": [1, {"a": "}", "b": []}, "]"], "empty": {}, "text": "</struct>", "none": None}

#: Answers as Python values; the rows must be those that the standard library reads.
SAME: dict[str, Any] = {
    "an empty list": [],
    "an empty object": {},
    "one record in a list": [recipient(1)],
    "one record as an object": recipient(1),
    "one record as an object with a success around it": recipient(1) | {"error_status": "0", "error": "OK"},
    "some records": recipients(11),
    "more than a piece": recipients(2100),
    "counters as text": [recipient(1, READ_COUNT="2", CLICK_COUNT="0")],
    "counters as numbers": [
        recipient(1, READ_COUNT=2, CLICK_COUNT=0, ID_EMAIL=5_000_000_001, ID_SEND_MESSAGE=7)
    ],
    "counters empty": [recipient(1, READ_COUNT="", CLICK_COUNT="")],
    "counters null": [recipient(1, READ_COUNT=None, CLICK_COUNT=None)],
    "counters of all kinds": [
        recipient(1, READ_COUNT="2", CLICK_COUNT=None),
        recipient(2, READ_COUNT=3, CLICK_COUNT=""),
        recipient(3, READ_COUNT="", CLICK_COUNT=4),
        recipient(4, READ_COUNT=None, CLICK_COUNT="5"),
        recipient(5, READ_COUNT=0, CLICK_COUNT="0", ID_EMAIL=9),
    ],
    "IDs of 64 bits": [
        recipient(1, ID_EMAIL=2**63 - 1, ID_SEND_MESSAGE=str(2**63 - 1)),
        recipient(2, ID_EMAIL=2**31),
    ],
    "a negative ID": [recipient(1), recipient(2, ID_EMAIL=-(2**63), READ_COUNT="-1")],
    "an ID that is missing, empty, null": [
        {name: value for name, value in recipient(1).items() if name != "ID_SEND_MESSAGE"},
        recipient(2, ID_SEND_MESSAGE=""),
        recipient(3, ID_SEND_MESSAGE=None),
        recipient(4),
    ],
    "dates empty, null, zero": [
        recipient(1, DATE=""),
        recipient(2, DATE=None),
        recipient(3, DATE="0000-00-00 00:00:00"),
        recipient(4),
        recipient(5, DATE="0000-00-00"),
    ],
    "texts null": [recipient(1), recipient(2, EMAIL=None, STATUS=None, AB_VERSION=None)],
    "members in any order": SHUFFLED,
    "members in any letter case": LETTER_CASES,
    "another letter case in each record": [LETTER_CASES[number % 7] for number in range(300)],
    "members missing": HALVES,
    "only one member": [{"EMAIL": "a@example.com"}, {"STATUS": "sent"}, {"ID_SEND_MESSAGE": 5}],
    "only one member in an object": {"STATUS": "wait"},
    "unknown members": [recipient(1, PHONE="1"), recipient(2), recipient(3, PHONE=None, COUNTRY="cz")],
    "unknown members with members of their own": [
        recipient(1, X=NESTED),
        recipient(2, X=[NESTED, NESTED]),
        recipient(3),
    ],
    "one record as an object with an unknown member": recipient(1, X=NESTED),
    "unknown members in lower case": [recipient(1, error_text="x"), recipient(2)],
    "a success in every record": [
        recipient(1, error_status=0, error=""),
        recipient(2, error_status="0", error="OK"),
    ],
    "braces in texts": [
        recipient(1, EMAIL='}"{]}[,@example.com'),
        recipient(2, STATUS="}"),
        recipient(3, EMAIL="},{"),
    ],
    "markup in texts": [
        recipient(1, EMAIL="</struct></value><value>"),
        recipient(2, EMAIL="a&b<c>]]>'\""),
        recipient(3),
    ],
    "quotes and backslashes": [
        recipient(1, EMAIL='"j\\"@example.com\\'),
        recipient(2, EMAIL="\\"),
        recipient(3),
    ],
    "control characters": [recipient(1, EMAIL="a\tb\nc"), recipient(2)],
    "other scripts": [
        recipient(1, EMAIL="žluťoučký@example.cz"),
        recipient(2, EMAIL="😀日本\u0301@example.org"),
        recipient(3),
    ],
    "a status that is unknown": [recipient(1, STATUS="paused"), recipient(2, STATUS="Sent ")],
    "the same record twice": [recipient(1), recipient(1), recipient(2)],
    "statuses in a foreign form": [recipient(1), recipient(2, AB_VERSION="C"), recipient(3, AB_VERSION="")],
}

JSON_TEXTS: dict[str, str] = {
    "white space inside": json_text(recipients(5))
    .replace('",', '" ,\r\n\t ')
    .replace('":', '" :\n')
    .replace("{", "{ \t"),
    "white space in the empty list": " [ \r\n\t ] ",
    "white space in the empty object": "\n{\n}\n",
    "white space around": " \r\n\t" + json_text(recipients(3)) + "\n \r\n",
    "much white space around": " " * 9000 + json_text(recipients(3)) + "\n" * 9000,
    "indented": json.dumps(recipients(5), indent=4),
    "a byte order mark": "\ufeff" + json_text(recipients(3)),
    "a byte order mark before the empty list": "\ufeff[]",
    "a byte order mark before an object": "\ufeff" + json_text(recipient(1)),
    "a byte order mark and white space": "\ufeff \n" + json_text(recipients(2)),
    "escapes": json.dumps([recipient(1, EMAIL="žluť\u2028/😀@example.cz"), recipient(2)]),
    "escaped everything": r'[{"\u0045MAIL":"\u0061\u002fb\/\b\f\n\r\t\"\\@example.com",'
    r'"\u0053TATUS":"sent","ID_SEND_MESSAGE":"7"}]',
    "whole numbers in other forms": '[{"ID_SEND_MESSAGE":1,"READ_COUNT":2.0,"CLICK_COUNT":1e2,'
    '"ID_EMAIL":-0}]',
    "a number in an unknown member": '[{"ID_SEND_MESSAGE":1,"X":1.5e300},{"ID_SEND_MESSAGE":2,"X":-0.0}]',
}

_RECORD = xml_value(recipient(4))


def _xml_records(*records: str) -> str:
    return xml_text(Xml(f"<array><data>{''.join(records)}</data></array>"))


XML_TEXTS: dict[str, str] = {
    "no declaration": xml_text(recipients(3), head=""),
    "a declaration without encoding": xml_text(recipients(3), head='<?xml version="1.0"?>'),
    "a declaration in single quotes": xml_text(
        recipients(3), head="<?xml version='1.0' encoding='utf-8'?>\n"
    ),
    "a declaration with standalone": xml_text(
        recipients(3), head='<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\r\n'
    ),
    "a declaration of ASCII": xml_text(recipients(3), head='<?xml version="1.0" encoding="us-ascii"?>'),
    "a byte order mark": "\ufeff" + xml_text(recipients(3)),
    "a byte order mark before nothing": "\ufeff" + xml_text([]),
    "a byte order mark before a struct": "\ufeff" + xml_text(recipient(1)),
    "a byte order mark, no declaration": "\ufeff" + xml_text(recipients(3), head=""),
    "indented": xml_text(recipients(5))
    .replace("><", ">\n    <")
    .replace("<string>\n    </string>", "<string></string>"),
    "white space after": xml_text(recipients(5)) + "\n \r\n",
    "much white space after": xml_text(recipients(5)) + "\n" * 9000,
    "much white space in front": xml_text(recipients(5), head="<?xml version='1.0'?>" + " " * 9000),
    "line ends of DOS": xml_text([recipient(1, EMAIL="a\nb"), recipient(2)])
    .replace("><", ">\r\n<")
    .replace("\nb", "\r\nb")
    .replace("<string>\r\n</string>", "<string></string>"),
    "texts without a type": xml_text(recipients(7)).replace("<string>", "").replace("</string>", ""),
    "empty elements": xml_text(recipients(7)).replace("<string></string>", "<string/>"),
    "empty values": xml_text(recipients(7)).replace("<value><string></string></value>", "<value/>"),
    "int": xml_text([recipient(1, READ_COUNT=4), recipient(2, READ_COUNT=5)]).replace("i4>", "int>"),
    "i8": xml_text([recipient(1, READ_COUNT=4), recipient(2, READ_COUNT=5)]).replace("i4>", "i8>"),
    "i4 and i8 for the same member": _xml_records(
        *(
            xml_value(recipient(n, READ_COUNT=Xml(f"<{tag}>{n}</{tag}>")))
            for n, tag in enumerate(("i4", "i8", "int", "i4"))
        )
    ),
    "characters as numbers": xml_text(recipients(3))
    .replace("@", "&#64;")
    .replace("example", "ex&#x61;mple&#233;"),
    "entities": xml_text(
        [recipient(1, EMAIL="<a>&'\"@example.com"), recipient(2, EMAIL="&amp;&lt;@example.com")]
    ).replace("'\"", "&apos;&quot;"),
    "CDATA": xml_text(recipients(3)).replace("<string>person", "<string><![CDATA[</struct>&]]>person"),
    "CDATA that ends a record": xml_text(recipients(3)).replace(
        "<string>person", "<string><![CDATA[</struct></value><value>]]>"
    ),
    "an empty data element": xml_text(Xml("<array><data/></array>")),
    "an empty data element with space": xml_text(Xml("<array> <data> \n </data> </array>")),
    "an empty struct element": xml_text(Xml("<struct/>")),
    "one struct": xml_text(recipient(1)),
    "comments around the document": xml_text(recipients(3), head="<?xml version='1.0'?><!-- a -->")
    + "<!-- b -->",
    "a comment in a text": _xml_records(
        _RECORD, _RECORD.replace("person", "per<!-- </struct> -->son"), _RECORD
    ),
    "names as numbers": _xml_records(_RECORD, _RECORD.replace("<name>EMAIL", "<name>&#69;MAIL"), _RECORD),
    "dates of XML-RPC": _xml_records(
        xml_value(recipient(1, DATE=Xml("<dateTime.iso8601>20260301T08:00:05</dateTime.iso8601>"))), _RECORD
    ),
    "markup that looks like a tail": _xml_records(
        _RECORD, xml_value(recipient(2, EMAIL="</value></data></array>"))
    ),
}

CASES = [
    *((protocol, name, encode(protocol, answer)) for name, answer in SAME.items() for protocol in PROTOCOLS),
    *(("json", name, text.encode()) for name, text in JSON_TEXTS.items()),
    *(("xmlrpc", name, text.encode()) for name, text in XML_TEXTS.items()),
]
IDS = [f"{protocol}: {name}" for protocol, name, _ in CASES]


def expected_rows(protocol: Protocol, name: str, body: bytes) -> list[dict[str, Any]]:
    if name == "dates of XML-RPC":
        body = body.replace(b"dateTime.iso8601", b"string")
    rows = oracle(protocol, body)
    return [row for row in rows if any(value is not None for value in row.values())]


@pytest.mark.parametrize(("protocol", "name", "body"), CASES, ids=IDS)
def test_rows_are_those_of_the_standard_library(protocol: Protocol, name: str, body: bytes) -> None:
    expected = expected_rows(protocol, name, body)
    for how, pieces in cuttings(body):
        outcome = decode(protocol, pieces)
        assert (outcome.error, how) == (None, how)
        assert outcome.rows == expected, how


@pytest.mark.parametrize(("protocol", "name", "body"), CASES, ids=IDS)
def test_counting_sees_the_same_statuses(protocol: Protocol, name: str, body: bytes) -> None:
    expected = [row["STATUS"] for row in expected_rows(protocol, name, body)]
    for how, pieces in cuttings(body):
        outcome = decode(protocol, pieces, columns=("STATUS",))
        assert (outcome.error, how) == (None, how)
        assert [row["STATUS"] for row in outcome.rows] == expected, how
        assert outcome.rows == [{"STATUS": status} for status in expected]


@pytest.mark.parametrize("name", SAME)
def test_both_protocols_give_the_same(name: str) -> None:
    json_outcome, xml_outcome = (decode(protocol, encode(protocol, SAME[name])) for protocol in PROTOCOLS)
    assert json_outcome.rows == xml_outcome.rows
    assert json_outcome.unknown == xml_outcome.unknown


def test_columns_come_in_the_documented_order() -> None:
    (row,) = decode("json", encode("json", [SHUFFLED[3]])).rows
    assert (
        tuple(row)
        == RECIPIENT_COLUMNS
        == (
            "ID_SEND_MESSAGE",
            "ID_EMAIL",
            "EMAIL",
            "STATUS",
            "AB_VERSION",
            "DATE",
            "READ_COUNT",
            "CLICK_COUNT",
        )
    )


def test_a_row_is_what_the_reference_shows() -> None:
    """Nothing computed: the example of Mailkit's reference and what must come of it."""
    text = (
        '[{"DATE": "2026-03-01 08:00:00", "READ_COUNT": "2", "STATUS": "sent", "ID_EMAIL": "123456789", '
        '"EMAIL": "example@example.cz", "CLICK_COUNT": "2", '
        '"ID_SEND_MESSAGE": "123456798", "AB_VERSION": ""}]'
    )
    assert decode("json", text.encode()).rows == [
        {
            "ID_SEND_MESSAGE": 123456798,
            "ID_EMAIL": 123456789,
            "EMAIL": "example@example.cz",
            "STATUS": "sent",
            "AB_VERSION": None,
            "DATE": "2026-03-01T08:00:00",
            "READ_COUNT": 2,
            "CLICK_COUNT": 2,
        }
    ]


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_unknown_members_stay_with_their_recipient(protocol: Protocol) -> None:
    answer = [
        recipient(1),
        recipient(2, X=NESTED, phone=None),
        recipient(3),
        recipient(4, phone="7"),
        recipient(5),
    ]
    expected: list[dict[str, Any]] = [{}, {"X": NESTED, "phone": None}, {}, {"phone": "7"}, {}]
    for how, pieces in cuttings(encode(protocol, answer)):
        assert decode(protocol, pieces).unknown == expected, how


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_unknown_members_stay_with_their_recipient_in_a_large_report(protocol: Protocol) -> None:
    answer = [recipient(n, **({"PHONE": str(n)} if n % 7 == 0 else {})) for n in range(3001)]
    outcome = decode(protocol, encode(protocol, answer))
    assert outcome.error is None
    assert outcome.unknown == [{"PHONE": str(n)} if n % 7 == 0 else {} for n in range(3001)]


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("odd", [0, 1, 1500, 3000], ids=["first", "second", "middle", "last"])
def test_one_odd_record_among_many_changes_no_other(protocol: Protocol, odd: int) -> None:
    answer = recipients(3001)
    answer[odd] = {name.lower(): value for name, value in reversed(answer[odd].items())} | {
        "read_count": None
    }
    body = encode(protocol, answer)
    for how, pieces in cuttings(body):
        outcome = decode(protocol, pieces)
        assert (outcome.error, how) == (None, how)
        assert outcome.rows == oracle(protocol, body), how
