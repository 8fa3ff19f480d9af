"""Whether two shares differ: against published numbers, and against what chance really does."""

from __future__ import annotations

import random

import pytest

from airflow_provider_mailkit.pages.comparison import (
    LEVEL,
    Share,
    caution,
    difference_interval,
    judge,
    p_value,
)


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        # Fisher's lady tasting tea: four cups of each kind, three of four named right.
        (Share(3, 4), Share(1, 4), 0.4857),
        # Johnston's and Fisher's criminals: 10 of 13 monozygotic twins, 2 of 17 others.
        (Share(10, 13), Share(2, 17), 0.0005367),
        (Share(0, 10), Share(10, 10), 1.0825e-05),
        # The pooled z-test: z = 2.0, and z = 1.0.
        (Share(520, 1000), Share(500 - 25, 1000), 0.04417),
        (Share(1000, 2000), Share(1000, 2000), 1.0),
    ],
)
def test_p_values_are_those_of_textbooks(a, b, expected):
    assert p_value(a, b) == pytest.approx(expected, rel=1e-3)
    assert p_value(b, a) == pytest.approx(expected, rel=1e-3)


@pytest.mark.parametrize(
    ("a", "b"), [(Share(0, 0), Share(3, 4)), (Share(4, 4), Share(9, 9)), (Share(0, 4), Share(0, 9))]
)
def test_where_nothing_can_differ_chance_explains_all(a, b):
    assert p_value(a, b) == 1.0


def test_the_interval_of_a_share_is_wilsons():
    # Newcombe 1998 has 81 of 263 with 95 %: 0.2553 to 0.3662. Ours is wider, as it is of 97.5 %.
    low, high = Share(81, 263).interval()
    assert (low, high) == pytest.approx((0.2484, 0.3751), abs=0.0005)
    assert Share(0, 0).interval() == (0.0, 1.0)
    assert Share(0, 20).interval()[0] == 0.0
    assert Share(20, 20).interval()[1] == pytest.approx(1.0)


def test_the_interval_of_a_difference_surrounds_it():
    low, high = difference_interval(Share(56, 70), Share(48, 80))
    # Newcombe 1998 has 0.0524 to 0.3339 with 95 %.
    assert low == pytest.approx(0.030, abs=0.003)
    assert high == pytest.approx(0.351, abs=0.003)
    assert difference_interval(Share(5, 5), Share(0, 5))[1] == 1.0


@pytest.mark.parametrize(("people", "rate"), [(12, 0.4), (150, 0.02), (2000, 0.3)])
def test_two_equal_versions_seldom_count_as_different(people, rate):
    chance = random.Random(7)

    def sample() -> Share:
        return Share(sum(chance.random() < rate for _ in range(people)), people)

    times = 400
    alarms = sum(p_value(sample(), sample()) < LEVEL for _ in range(times))
    # 2.5 in 100 are expected, and this is more than four times their standard deviation away.
    assert alarms / times < LEVEL + 0.035


def test_a_real_difference_is_said_with_its_size():
    verdict = judge("read", ("A", Share(4000, 10_000)), ("B", Share(3500, 10_000)))
    assert verdict.is_real
    assert verdict.headline == "Version A was read more often"
    assert "A 40.0\u202f%, B 35.0\u202f%. Two equally good versions" in verdict.explanation
    assert "in fewer than 1 of 1\u202f000 deliveries" in verdict.explanation
    assert "A is plausibly ahead by 3.5 to 6.5 percentage points" in verdict.explanation


def test_no_difference_is_not_called_one():
    verdict = judge("clicked", ("A", Share(1000, 10_000)), ("B", Share(1020, 10_000)))
    assert not verdict.is_real
    assert verdict.headline == "No proven difference: A and B were clicked about equally often"
    assert "from 0.8 percentage points in favour of A to 1.2 in favour of B" in verdict.explanation


def test_two_questions_share_the_five_per_cent():
    # About 3.6 of 100: proven if there were one question, and not if there are two.
    a, b = Share(1055, 10_000), Share(965, 10_000)
    assert 0.03 < p_value(a, b) < 0.05
    assert not judge("read", ("A", a), ("B", b)).is_real


def test_few_people_are_called_few():
    verdict = judge("read", ("A", Share(7, 12)), ("B", Share(4, 12)))
    assert not verdict.is_real
    assert verdict.headline == "Too few people to tell which version is read more"
    assert "in about 41 of 100 deliveries" in verdict.explanation


def test_few_people_may_be_enough():
    assert (
        judge("read", ("A", Share(0, 12)), ("B", Share(12, 12))).headline == "Version B was read more often"
    )


@pytest.mark.parametrize(
    ("a", "b", "nobody"), [(Share(0, 0), Share(1, 2), "A"), (Share(1, 2), Share(0, 0), "B")]
)
def test_nobody_is_compared_with_nobody(a, b, nobody):
    verdict = judge("read", ("A", a), ("B", b))
    assert (verdict.headline, verdict.is_real) == ("Nothing to compare", False)
    assert f"Version {nobody} has been delivered to nobody" in verdict.explanation


def test_the_winner_of_a_test_is_told_apart_from_a_test():
    told = caution(("A", Share(1, 1000)), ("B", Share(1, 9000)))
    assert "Version B reached 9\u202f000 people, and the other one 1\u202f000. If B won the test" in told
    assert "Version A reached" in caution(("A", Share(1, 1501)), ("B", Share(1, 1000)))
    assert caution(("A", Share(1, 1000)), ("B", Share(1, 1499))) is None
    assert caution(("A", Share(0, 0)), ("B", Share(1, 1499))) is None
