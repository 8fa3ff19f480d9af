"""What single arguments may be, and what an error says about the others."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace

import pytest

from airflow_provider_mailkit._arguments import (
    CENTURY_S,
    any_text,
    bounded,
    check_statuses,
    choice,
    day,
    flag,
    identifier,
    is_known,
    known_end,
    optional,
    seconds,
    statuses,
    text,
    texts,
    whole,
)
from airflow_provider_mailkit.exceptions import MailkitError

mode = choice("keep", "hash", "drop")
FILLED_IN_LATER = SimpleNamespace(resolve=lambda context: 5)


class Index:
    """A whole number of a library."""

    def __index__(self):
        return 5


class Several:
    """Numbers of a library, which look like one until they are read."""

    def __index__(self):
        raise TypeError("only one of them can be an index")

    def __float__(self):
        raise TypeError("only one of them can be a number")


@pytest.mark.parametrize("kind", [whole(1), identifier("delivery"), seconds, bounded])
def test_several_numbers_are_not_one(kind):
    with pytest.raises(MailkitError, match="argument must be"):
        kind("argument", Several())


@pytest.mark.parametrize(
    ("kind", "value", "read"),
    [
        (mode, "hash", "hash"),
        (optional(mode), None, None),
        (whole(1), 5, 5),
        (whole(1), "5", 5),
        (whole(1), " 5 ", 5),
        (whole(1), 5.0, 5),
        (whole(1), "5.0", 5),
        (whole(1), Index(), 5),
        (whole(0), 0, 0),
        (identifier("delivery"), " 5001\n", 5001),
        (identifier("delivery"), 2**63 - 1, 2**63 - 1),
        (seconds, 5, 5.0),
        (seconds, 0.01, 0.01),
        (seconds, "0.5", 0.5),
        (seconds, timedelta(minutes=2), 120.0),
        (seconds, Decimal("1.5"), 1.5),
        (bounded, 0, 0.0),
        (bounded, timedelta(minutes=2), 120.0),
        (bounded, math.inf, CENTURY_S),
        (bounded, timedelta.max, CENTURY_S),
        (bounded, 10**20, CENTURY_S),
        (flag, True, True),
        (flag, False, False),
        (text, "mailkit_default", "mailkit_default"),
        (any_text, "", ""),
        (texts, ["b", "a"], ("b", "a")),
        (texts, [], ()),
        (statuses, ("wait", ""), ("wait", "")),
        (statuses, {"wait_ab", "held", "wait"}, ("held", "wait", "wait_ab")),
        (statuses, frozenset({"wait_ab", "wait"}), ("wait", "wait_ab")),
        (day, None, None),
        (day, " ", None),
        (day, 20260301, datetime(2026, 3, 1)),
        (day, "20260301", datetime(2026, 3, 1)),
        (day, "2026-03-01", datetime(2026, 3, 1)),
        (day, "2026-03-01T23:30:00Z", datetime(2026, 3, 1, 23, 30, tzinfo=UTC)),
        (day, "20260301T233000", datetime(2026, 3, 1, 23, 30)),
        (day, date(2026, 3, 1), date(2026, 3, 1)),
    ],
)
def test_what_is_taken(kind, value, read):
    assert kind("argument", value) == read
    assert type(kind("argument", value)) is type(read)


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        (mode, [None, "", "Hash", ["hash"], ("hash",), True, 5, "{{ params.mode }}"]),
        (
            whole(1),
            [0, -1, 1.5, "1.5", "-1", "", "many", True, None, [5], math.nan, math.inf, "5" * 30, "\u0665"],
        ),
        (
            identifier("delivery"),
            [
                0,
                -5,
                "",
                " ",
                "None",
                None,
                True,
                5001.0,
                "5001.0",
                [5001],
                "5 001",
                "\u0665",
                "{{ id }}",
                2**63,
                "9" * 19,
            ],
        ),
        (
            seconds,
            [
                0,
                -1,
                "",
                "fast",
                True,
                None,
                math.nan,
                math.inf,
                CENTURY_S * 2,
                timedelta(0),
                [5],
                "1_000",
                "nan",
                "inf",
                "1e999",
                "\u0665",
            ],
        ),
        (bounded, [-1, "fast", True, None, math.nan, timedelta(-1)]),
        (flag, ["False", "True", "", 0, 1, None, []]),
        (text, [None, "", "  ", 5, True, ["x"]]),
        (any_text, [None, 5, ["x"]]),
        (
            texts,
            ["STATUS", None, {"STATUS"}, {"STATUS": 1}, iter(["STATUS"]), [5], ["STATUS", None], b"STATUS"],
        ),
        (statuses, ["sent", None, {"sent": 1}, iter(["sent"]), {"sent", None}, [True]]),
        (
            day,
            [
                "None",
                "soon",
                "2026-W10",
                "2026-W10-1",
                "2026-02-30",
                "2026-3-1",
                "2026",
                5,
                202603011,
                -20260301,
                True,
                20260301.0,
                [2026, 3, 1],
                "{{ ds }}",
            ],
        ),
    ],
)
def test_what_is_refused_is_named_and_what_is_allowed_is_said(kind, values):
    for value in values:
        with pytest.raises(MailkitError, match=r"^argument must be .*, not .*\.") as caught:
            kind("argument", value)
        assert not caught.value.retryable
        assert len(str(caught.value)) < 250


@pytest.mark.parametrize(
    ("kind", "value", "words"),
    [
        (mode, "hahs", "must be one of keep, hash, drop, not 'hahs'. Did you mean 'hash'?"),
        (mode, "DROP", "Did you mean 'drop'?"),
        (flag, "False", "must be True or False, not 'False'."),
        (flag, "{{ params.x }}", "not '{{ params.x }}'. No template is rendered here."),
        (flag, FILLED_IN_LATER, "No template is rendered here."),
        (texts, "STATUS", "must be a list of texts, not 'STATUS'. Write ['STATUS']."),
        (identifier("delivery"), "None", "a whole number above 0, not 'None'. Check its template."),
        (identifier("delivery"), 5001.0, "not 5001.0."),
    ],
)
def test_the_next_step_is_said(kind, value, words):
    with pytest.raises(MailkitError) as caught:
        kind("argument", value)
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("value", "known"),
    [
        (5, True), (None, True), ("a {b} c", True), (["a", "b"], True), (Path("{{ ds }}.csv"), True),
        ("{{ ds }}", False), ("{% if x %}", False), ("{# x #}", False), (["a", "{{ b }}"], False),
        (FILLED_IN_LATER, False), (("a", FILLED_IN_LATER), False),
    ],
)  # fmt: skip
def test_what_is_known_before_a_run(value, known):
    assert is_known(value) is known


@pytest.mark.parametrize(
    ("value", "end"), [("a.csv", "a.csv"), ("{{ a }}/b.csv", "/b.csv"), ("a{% if b %}.gz{% endif %}", "")]
)
def test_what_follows_the_last_template(value, end):
    assert known_end(value) == end


def test_statuses_contradict_each_other():
    check_statuses([], ["sent"])
    with pytest.raises(MailkitError, match=r"'wait' must be in waiting_statuses or in final_statuses"):
        check_statuses(["wait", "wait_ab"], ["sent", "wait"])
    with pytest.raises(MailkitError, match="final_statuses must name at least one"):
        check_statuses(["wait"], [])
