from __future__ import annotations

import pytest

from airflow_provider_mailkit.pages.bounce_kinds import kinds_of
from airflow_provider_mailkit.pages.figures import Bounce


@pytest.mark.parametrize(
    ("code", "bounce"),
    [
        ("5.1.1", Bounce("No such mailbox", "5.1.1", "permanent", 3)),
        (" 4.2.2 ", Bounce("Mailbox is full", "4.2.2", "temporary", 3)),
        ("5.7.26", Bounce("Refused by a rule or a spam filter", "5.7.26", "permanent", 3)),
        ("4.9.9", Bounce("For another reason", "4.9.9", "temporary", 3)),
        ("2.0.0", Bounce("For another reason", "2.0.0", "unknown", 3)),
        ("550", Bounce("Without a status code", "", "unknown", 3)),
        ("", Bounce("Without a status code", "", "unknown", 3)),
        ("5.1.1 nobody@example.com", Bounce("Without a status code", "", "unknown", 3)),
    ],
)
def test_a_code_is_a_kind(code, bounce):
    assert kinds_of({code: 3}) == [bounce]


def test_the_most_frequent_come_first_and_rare_ones_together():
    codes = {f"5.1.{detail}": 100 - detail for detail in range(15)}
    kinds = kinds_of({"": 2, "x": 5, **codes})
    assert [kind.times for kind in kinds] == [*range(100, 88, -1), sum(range(86, 89)) + 7]
    assert kinds[-1].kind == "Other kinds"
    assert kinds_of({"": 2, "x": 5}) == [Bounce("Without a status code", "", "unknown", 7)]
    assert kinds_of({}) == []
