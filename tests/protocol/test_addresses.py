"""Addresses in texts, in any disguise, cut anywhere."""

from __future__ import annotations

import pytest

from airflow_provider_mailkit.protocol.excerpt import Redactor

REDACTOR = Redactor()
#: An address of which neither "john" nor "doe" may be shown.
DISGUISES = [
    "bounces+12-john.doe=example.com@lists.example.org", "john.doe=example.com@example.org",
    "SRS0=HHH=TT=example.com=john.doe@example.org", "prvs=0123=john.doe@example.com",
    "john.doe=40example.com", "john=2Edoe=40example=2Ecom", "john.=\r\ndoe=40example.com",
    "john.doe(at)example.com", "john.doe [at] example.com", "john.doe {AT} example.com",
    "john.doe<at>example.com",
    "john (dot) doe (at) example (dot) com", "john dot doe at example dot com", "john.doe at example.com",
    "john/doe@example.com", "john?doe@example.com", "john&doe@example.com", "john|doe@example.com",
    "{john}doe@example.com", "john=doe@example.com", "john!#$%doe@example.com", "john'doe@example.com",
    '"john doe"@example.com', "&quot;john doe&quot;@example.com", "%22john%20doe%22%40example.com",
    "john.doe%40example.com", "john.doe%2540example.com", "john.doe&#64;example.com",
    "john.doe&#x40;example.com",
    "john.doe&amp;#64;example.com", "john.doe&commat;example.com", "john&#46;doe&#64;example.com",
    "john.doe\\u0040example.com", "john.doe\\x40example.com", "john.doe\uff20example.com",
    "john.doe\ufe6bexample.com", "john.doe@[192.0.2.1]", "john.doe+AEA-example.com",
    "john.doe" * 100 + "@example.com",
]  # fmt: skip


@pytest.mark.parametrize("address", DISGUISES)
def test_no_disguise_of_an_address_is_shown(address: str) -> None:
    for text in (
        address,
        f"Invalid {address}",
        f"<p>{address}</p>",
        f'{{"a": "{address}"}}',
        f"to={address}; x",
    ):
        for shown in (REDACTOR.clean(text), REDACTOR.excerpt(text.encode())):
            assert "john" not in shown, (text, shown)
            assert "doe" not in shown, (text, shown)


@pytest.mark.parametrize(
    "text", ["Invalid value at parameters.ID_send", "width=40 READ=40", "look at it (at once)", "5 % at"]
)
def test_what_only_looks_like_a_disguise_is_shown(text: str) -> None:
    assert REDACTOR.clean(text) == text


CUT = [
    "john.doe",
    "john",
    "bounce+john",
    "'john",
    '"john doe',
    "john%4",
    "john&#6",
    "john=",
    "john.",
    "john@",
]
CUT += ["john.doe (at", "john.doe [", "john at", "john at exa", "john.doe (at) exa"]


@pytest.mark.parametrize("end", CUT)
@pytest.mark.parametrize("front", ["Unknown recipient ", "<p>", '{"a" "', "[1,", "No such user: ", "x;", ""])
def test_an_address_that_is_cut_before_its_at_sign_is_not_shown(front: str, end: str) -> None:
    assert "john" not in REDACTOR.excerpt((front + end).encode())


ENDS = ["john.doe@example.com", "john.doe (at) example.com", "john at example.com", '"john doe"@example.com']
ENDS += ["john.doe%40example.com", "john.doe&#64;example.com", "john=2Edoe=40example.com"]


@pytest.mark.parametrize("address", ENDS)
def test_an_address_at_the_end_of_what_is_looked_at_is_not_shown(address: str) -> None:
    for before in range(4096 - len(address) - 2, 4096 + 2):
        text = " " * before + address + " and more"
        for shown in (REDACTOR.clean(text), REDACTOR.excerpt(text.encode())):
            assert "john" not in shown, (before, shown)
            assert "doe" not in shown, (before, shown)
