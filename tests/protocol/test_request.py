"""What is posted for a call, in both protocols, and what cannot be."""

from __future__ import annotations

import json
import math
import xmlrpc.client
from typing import Any

import pytest
from support.reports import CLIENT_ID, CLIENT_MD5, PROTOCOLS, Protocol

from airflow_provider_mailkit.exceptions import MailkitError
from airflow_provider_mailkit.protocol.request import Credentials, make_request, parse_id_send

RECIPIENTS = "mailkit.report.message.recipients"
CREDENTIALS = Credentials(CLIENT_ID, CLIENT_MD5)


def test_a_json_request() -> None:
    request = make_request("json", CREDENTIALS, RECIPIENTS, {"ID_send": 5001, "text": 'ž"😀\n'})
    assert request.path == "/json.fcgi"
    assert json.loads(request.body) == {
        "function": RECIPIENTS,
        "id": CLIENT_ID,
        "md5": CLIENT_MD5,
        "parameters": {"ID_send": 5001, "text": 'ž"😀\n'},
    }


def test_json_parameters_that_stand_beside_the_function() -> None:
    body = json.loads(make_request("json", CREDENTIALS, "mailkit.campaigns.list", {"ID_message": 7}).body)
    assert body == {"function": "mailkit.campaigns.list", "id": CLIENT_ID, "md5": CLIENT_MD5, "ID_message": 7}


@pytest.mark.parametrize("parameters", [None, {}])
def test_a_json_request_without_parameters(parameters: dict[str, Any] | None) -> None:
    body = json.loads(make_request("json", CREDENTIALS, "mailkit.report", parameters).body)
    assert body == {"function": "mailkit.report", "id": CLIENT_ID, "md5": CLIENT_MD5}


XML_TEXT = "ž<&>\"'😀 ]]>"
XML_LIST = ["a", 2, []]
XML_STRUCT = {"b": {"ž&": "c"}, "d": [True]}
XML_VALUES: list[Any] = [
    5001,
    2**31 - 1,
    -(2**31),
    True,
    False,
    1.5,
    "",
    XML_TEXT,
    None,
    XML_LIST,
    XML_STRUCT,
]


def test_an_xmlrpc_request_is_read_by_the_standard_library() -> None:
    parameters = {f"p{n}": value for n, value in enumerate(XML_VALUES)}
    request = make_request("xmlrpc", CREDENTIALS, RECIPIENTS, parameters)
    values, method = xmlrpc.client.loads(request.body)
    assert request.path == "/rpc.fcgi"
    assert method == RECIPIENTS
    assert list(values) == [int(CLIENT_ID), CLIENT_MD5, *XML_VALUES]


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (2**31 - 1, "<i4>2147483647</i4>"),
        (2**31, "<i8>2147483648</i8>"),
        (-(2**31) - 1, "<i8>-2147483649</i8>"),
        (-(2**63), "<i8>-9223372036854775808</i8>"),
        (b"\0x", "<base64>AHg=</base64>"),
        ("a\r\n&", "<string>a&#13;\n&amp;</string>"),
        (("a",), "<array><data><value><string>a</string></value></data></array>"),
    ],
)
def test_xmlrpc_values(value: Any, written: str) -> None:
    body = make_request("xmlrpc", CREDENTIALS, RECIPIENTS, {"a": value}).body.decode()
    assert f"<value>{written}</value>" in body


def test_xmlrpc_values_go_in_the_order_of_the_mapping() -> None:
    values, _ = xmlrpc.client.loads(make_request("xmlrpc", CREDENTIALS, "f", {"z": 1, "a": 2, "m": 3}).body)
    assert values[2:] == (1, 2, 3)


@pytest.mark.parametrize(
    "value", [2**63, math.nan, math.inf, "a\0b", "\ud83d", "\ufffe", object(), {1}, [object()]]
)
def test_xmlrpc_values_that_cannot_be_sent(value: Any) -> None:
    with pytest.raises(ValueError, match="XML-RPC") as caught:
        make_request("xmlrpc", CREDENTIALS, RECIPIENTS, {"a": value})
    assert CLIENT_MD5 not in str(caught.value)


def test_xmlrpc_needs_a_number_for_client_id() -> None:
    with pytest.raises(ValueError, match="whole number"):
        make_request("xmlrpc", Credentials("me", CLIENT_MD5), RECIPIENTS)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_nothing_shows_the_credentials(protocol: Protocol) -> None:
    shown = repr(CREDENTIALS) + repr(make_request(protocol, CREDENTIALS, RECIPIENTS))
    assert CLIENT_MD5 not in shown
    assert CLIENT_ID not in shown


@pytest.mark.parametrize(
    ("value", "number"),
    [(5001, 5001), ("5001", 5001), (" 5001\n", 5001), ("0005", 5), (2**63 - 1, 2**63 - 1)],
)
def test_an_id_of_a_delivery(value: Any, number: int) -> None:
    assert parse_id_send(value) == number


@pytest.mark.parametrize(
    "value",
    [
        0,
        -1,
        "0",
        "-5",
        "",
        " ",
        "None",
        None,
        True,
        5.0,
        "5.0",
        "5 001",
        "\u0665",
        "{{ id }}",
        [5],
        2**63,
        "9" * 19,
        "9" * 5000,
    ],
)
def test_what_is_no_id_of_a_delivery(value: Any) -> None:
    with pytest.raises(MailkitError, match="id_send") as caught:
        parse_id_send(value)
    assert not caught.value.retryable
