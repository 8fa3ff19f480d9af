"""What an error answer advises to do: the IDs that were asked for, the connection, and nobody's data."""

from __future__ import annotations

from typing import Any

import pytest

from airflow_provider_mailkit.protocol.advice import advise


@pytest.mark.parametrize(
    ("text", "parameters", "advice"),
    [
        ("Invalid ID_send", {"ID_send": 5001}, "Check that delivery 5001 exists in {account}."),
        ("invalid id_send", {"ID_send": "5001"}, "Check that delivery 5001 exists in {account}."),
        (
            "Invalid ID_url",
            {"ID_send": 5001, "ID_url": 7},
            "Check that link 7 exists in {account}.",
        ),
        ("Invalid ID_message", {"ID_message": 31}, "Check that campaign 31 exists in {account}."),
        ("Invalid ID_user_list", {"ID_user_list": 4}, "Check that mailing list 4 exists in {account}."),
        ("Missing ID_send", {}, "Add the parameter ID_send to the call{over}."),
        (
            "Invalid range_from",
            {"ID_message": 31, "range_from": "yesterday"},
            "Check the parameter range_from of the call for campaign 31{over}.",
        ),
        ("Invalid ID_send", {"ID_send": "jana@example.cz"}, "Check the parameter ID_send of the call{over}."),
        ("Invalid ID_email", {"ID_email": 815}, "Check the parameter ID_email of the call{over}."),
        (
            "Missing ID email",
            {"ID_user_list": 4},
            "Add the parameter ID_email to the call for mailing list 4{over}.",
        ),
        ("", {"email": "jana@example.cz"}, "Check the parameters of the call{over}."),
        (
            "Too many requests",
            {"ID_send": 5001, "ID_url": 7},
            "Check the parameters of the call for delivery 5001 and link 7{over}.",
        ),
        (
            "Unauthorized",
            {"ID_send": 5001},
            "Check the client ID (login) and the MD5 code (password) of {it}.",
        ),
        (
            "Disallowed IP 192.0.2.7",
            {},
            "Add the address to the allowed IPs of {account} (Profile / Integration).",
        ),
    ],
)
@pytest.mark.parametrize("connection", ["", "mailkit_shop"])
def test_each_error_text(text: str, parameters: dict[str, Any], advice: str, connection: str) -> None:
    it = f"the connection '{connection}'" if connection else "the connection"
    expected = advice.format(
        it=it,
        account=f"the Mailkit account of {it}" if connection else "the Mailkit account",
        over=f" over {it}" if connection else "",
    )
    assert advise(text, parameters, connection) == expected
