"""What fuzzing has found, and that the inputs it starts from keep its rules."""

from __future__ import annotations

import pytest
from support.reports import PROTOCOLS, Protocol, encode, recipients

from fuzz.check import check
from fuzz.seeds import seeds

XML = encode("xmlrpc", recipients(2))

FINDINGS: dict[str, tuple[Protocol, bytes]] = {
    "rubbish in the XML declaration": ("xmlrpc", XML.replace(b" encoding", b" en\xe3oding", 1)),
    "unknown attribute in the XML declaration": ("xmlrpc", XML.replace(b" encoding", b" ember", 1)),
    "bad record before an error in one piece": (
        "json",
        b'[{"DATE": "2026-03-0` 08:01:00", "READ_COUNT": "1", "AGE": "700001", "AB_VERSION": "A"}, '
        b'{"error_status": 1, "error": "Invalid ID_send"}]',
    ),
}


@pytest.mark.parametrize("finding", FINDINGS)
def test_a_finding_does_not_come_back(finding: str) -> None:
    check(*FINDINGS[finding])


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_the_inputs_that_fuzzing_starts_from_keep_its_rules(protocol: Protocol) -> None:
    for seed in seeds(protocol):
        check(protocol, seed)
