"""When totals are enough for a poll: they have to prove themselves, and decide nothing."""

from __future__ import annotations

import json
import math
from collections import Counter

import pytest
from hypothesis import given, settings
from support.courses import Course, courses

from airflow_provider_mailkit.exceptions import MailkitError, MailkitTransportError
from airflow_provider_mailkit.waiting.rule import WaitRule, result_of
from airflow_provider_mailkit.waiting.totals import (
    POLLS_PER_REPORT,
    REPORT_S,
    Question,
    Totals,
    TotalsFirst,
    read_totals,
)

AWAY = MailkitTransportError("away")


class Wait:
    """Polls of one wait, on a clock of its own.

    :param answers: gives the totals, and the counts of the report.
    """

    def __init__(self, totals, report, rule=None, deadline=math.inf, interval=300, **options):
        self.said = []
        self.rule = rule or WaitRule()
        self.first = TotalsFirst(self.rule, self.said.append, **options)
        self.now, self.deadline, self.interval = 1000.0, deadline, interval
        self.totals, self.report = totals, report
        self.questions = []

    def poll(self):
        """Return what a poll has seen, and note what it has asked: T for totals, R for the report."""
        asked, answer = "", None
        steps = self.first.poll(lambda: self.now, self.deadline)
        try:
            while True:
                question = steps.send(answer)
                asked += "R" if question is Question.REPORT else "T"
                answer = self.report() if question is Question.REPORT else self.totals()
        except StopIteration as end:
            return end.value
        finally:
            self.questions.append(asked)
            self.now += self.interval

    def polls(self, count):
        for _ in range(count):
            self.poll()
        return self.questions[-count:]


def waits(waiting=7, sent=10, totals=None, **arguments):
    """Return a wait whose report and totals stay as they are."""
    counts = Counter({"wait": waiting, "sent": sent - waiting})
    return Wait(lambda: totals or Totals(sent, sent - waiting, 0), lambda: counts, **arguments)


def test_totals_that_agree_with_the_report_spare_eleven_of_twelve():
    wait = waits(interval=60)
    assert wait.polls(25) == (["TRT"] + ["T"] * (POLLS_PER_REPORT - 1)) * 2 + ["TRT"]
    assert wait.said == []


def test_after_an_hour_the_report_is_read_however_few_the_polls_were():
    wait = waits(interval=REPORT_S / 3)
    assert wait.polls(8) == ["TRT", "T", "T", "TRT", "T", "T", "TRT", "T"]


@pytest.mark.parametrize("set_by", [-REPORT_S * 2, REPORT_S * 2])
def test_a_clock_that_is_set_makes_the_report_due(set_by):
    wait = waits()
    wait.polls(2)
    wait.now += set_by
    assert wait.polls(2) == ["TRT", "T"]


def test_the_report_is_read_when_nobody_is_waiting_by_the_totals():
    given_totals = [Totals(10, 3, 0)] * 3 + [Totals(10, 9, 1)]
    wait = Wait(lambda: given_totals.pop(0), lambda: Counter({"sent": 9, "failed": 1} if not given_totals else
                                                             {"wait": 7, "sent": 3}))  # fmt: skip
    assert wait.polls(3) == ["TRT", "T", "TR"]


@pytest.mark.parametrize(
    ("before", "after", "is_proven"),
    [(7, 7, True), (9, 5, True), (5, 9, True), (7, 2, True), (9, 7, True), (9, 8, False), (6, 0, False)],
)
def test_the_report_must_lie_between_the_totals(before, after, is_proven):
    given_totals = [Totals(10, 10 - before, 0), Totals(10, 10 - after, 0), Totals(10, 3, 0)]
    wait = Wait(lambda: given_totals.pop(0), lambda: Counter(wait=7, sent=3))
    assert wait.polls(2) == ["TRT", "T" if is_proven else "R"]
    assert len(wait.said) == (not is_proven)


def test_a_contradiction_later_ends_the_use_of_totals_with_one_line():
    """They said that nobody is waiting: the report is read, and knows better."""
    given_totals = [Totals(10, 3, 0)] * 3 + [Totals(10, 10, 0)] * 2
    wait = Wait(lambda: given_totals.pop(0), lambda: Counter(wait=7, sent=3))
    assert wait.polls(5) == ["TRT", "T", "TRT", "R", "R"]
    assert wait.said == [
        "The totals are not used any more: The report has 7 waiting recipients, but the totals have 0. "
        "Every poll of this wait reads the report."
    ]


@pytest.mark.parametrize("failing", [0, 1, 2, 5])
def test_a_failure_ends_the_use_of_totals_and_no_poll(failing):
    given_totals = [Totals(10, 3, 0)] * failing + [AWAY]
    wait = Wait(lambda: given_totals.pop(0), lambda: Counter(wait=7, sent=3))
    wait.polls(8)
    assert not given_totals
    assert all("R" in asked for asked in wait.questions[max(0, failing - 1) :])
    assert wait.questions[-1] == "R"
    assert len(wait.said) == 1


@pytest.mark.parametrize("sent", [9, 11, 1000])
def test_the_number_of_recipients_may_not_change(sent):
    given_totals = [Totals(10, 3, 0)] * 3 + [Totals(sent, sent - 7, 0)]
    wait = Wait(lambda: given_totals.pop(0), lambda: Counter(wait=7, sent=3))
    assert wait.polls(4) == ["TRT", "T", "TR", "R"]
    assert wait.said[0].startswith(
        f"The totals are not used any more: SEND_COUNT has changed from 10 to {sent}"
    )


def test_a_report_that_cannot_be_read_stays_due():
    wait = waits(interval=60)
    wait.polls(12)
    report, wait.report = wait.report, lambda: (_ for _ in ()).throw(AWAY)
    for _ in range(2):
        with pytest.raises(MailkitTransportError):
            wait.poll()
    wait.report = report
    assert wait.polls(2) == ["TRT", "T"]


def test_a_poll_that_may_be_the_last_one_reads_the_report():
    wait = waits(deadline=1000 + 3 * 300 + 1)
    assert wait.polls(5) == ["TRT", "T", "T", "R", "R"]


def test_totals_that_come_when_the_time_is_nearly_up_are_not_enough():
    wait = waits(deadline=1000 + 300 + 20)
    wait.poll()
    totals = wait.totals

    def slow():
        wait.now += 19
        return totals()

    wait.totals = slow
    assert wait.polls(1) == ["TR"]


@pytest.mark.parametrize(
    "rule",
    [
        WaitRule(stop_at_first_waiting=True),
        WaitRule(waiting_statuses=("wait",), final_statuses=("sent", "failed", "wait_ab")),
    ],
    ids=["no counts", "other statuses"],
)
def test_where_there_is_nothing_to_compare_totals_are_not_asked_for(rule):
    assert waits(rule=rule).polls(3) == ["R"] * 3
    assert waits(rule=rule).said == []


def test_totals_are_used_where_a_wait_knows_more_statuses():
    rule = WaitRule(waiting_statuses=("queued", "wait_ab", "wait"))
    assert waits(rule=rule).polls(2) == ["TRT", "T"]


def test_totals_that_are_not_wanted_are_not_asked_for():
    assert waits(wanted=False).polls(3) == ["R"] * 3


def test_an_empty_report_proves_nothing_and_ends_nothing():
    counts = Counter()
    wait = Wait(lambda: Totals(counts.total(), 0, 0), lambda: counts)
    assert wait.polls(2) == ["TR", "TR"]
    assert wait.said == []


def test_what_was_learnt_survives_json_and_goes_on_in_another_process():
    questions, known = [], {}
    for number in range(26):
        wait = waits(interval=60)
        wait.now += 60 * number
        wait.first.go_on_from(json.loads(json.dumps(known)))
        questions += wait.polls(1)
        known = wait.first.known
    assert questions == waits(interval=60).polls(26)


def test_what_was_learnt_does_not_bring_back_totals_that_are_not_wanted():
    proven = waits()
    proven.poll()
    wait = waits(wanted=False)
    wait.first.go_on_from(proven.first.known)
    assert wait.polls(2) == ["R", "R"]


@pytest.mark.parametrize(
    "known", [None, [], "x", {"is_used": "yes"}, {"sent": 0.5}, {"report_read_at": "noon"}]
)
def test_what_cannot_be_read_of_it_is_left(known):
    wait = waits()
    wait.first.go_on_from(known)
    assert wait.polls(2) == ["TRT", "T"]


# -- Reading the answer ------------------------------------------------------------------------------


@pytest.mark.parametrize("failed", [30, "", 0])
def test_totals_are_read_with_names_in_any_case(failed):
    answer = {"Send_Count": 1000, "delivered_count": 900, "FAILED_COUNT": failed, "SUBJECT": "News"}
    assert read_totals(answer) == Totals(1000, 900, failed or 0)
    assert read_totals(answer).waiting == 100 - (failed or 0)


GOOD = {"SEND_COUNT": 1000, "DELIVERED_COUNT": 900, "FAILED_COUNT": 30}


@pytest.mark.parametrize("name", GOOD)
@pytest.mark.parametrize("value", [None, "12", "many", -1, True, 1.0, float("nan"), [5], {}, 2**63])
def test_a_number_that_is_odd_is_told_without_its_value(name, value):
    with pytest.raises(MailkitError, match=f"mailkit.report.message: {name} is missing or is not a number"):
        read_totals(GOOD | {name: value})


@pytest.mark.parametrize("answer", [None, [], [GOOD], "", "OK", 5, {}])
def test_an_answer_that_is_no_object_with_totals_is_an_error(answer):
    with pytest.raises(MailkitError, match="SEND_COUNT is missing"):
        read_totals(answer)


@pytest.mark.parametrize("name", ["SEND_COUNT", "DELIVERED_COUNT", "FAILED_COUNT"])
def test_a_missing_number_is_an_error(name):
    with pytest.raises(MailkitError, match=name):
        read_totals({other: value for other, value in GOOD.items() if other != name})


def test_more_than_all_is_an_error():
    with pytest.raises(MailkitError, match="more recipients are delivered and failed than exist"):
        read_totals(GOOD | {"FAILED_COUNT": 101})


def test_the_line_of_a_poll_by_totals_alone():
    line = Totals(1_000_000, 987_000, 655).describe(5001, -3.0)
    assert line == "Delivery 5001: 12345 of 1000000 recipients waiting according to the totals; 0 s elapsed."


# -- Courses -----------------------------------------------------------------------------------------


def outcome(course, *, wanted):
    """Return how a wait ends, and after how many polls."""

    def totals():
        answer = course.totals()
        try:
            assert isinstance(answer, dict)
            numbers = {
                name: int(text) if str(text).strip("-").isdigit() else text for name, text in answer.items()
            }
            return read_totals(numbers)
        except (AssertionError, MailkitError) as error:
            return error if isinstance(error, MailkitError) else AWAY

    wait = Wait(totals, lambda: Counter(course.report()), interval=60, wanted=wanted)
    for polls in range(1, 2000):
        seen = wait.poll()
        assert len(wait.said) <= 1
        if isinstance(seen, Totals):
            continue
        try:
            if wait.rule.is_done(seen):
                return result_of(5001, seen), polls, wait
        except MailkitError as error:
            return str(error), polls, wait
    raise AssertionError("the wait does not end")


@settings(deadline=None, max_examples=400)
@given(courses())
def test_every_course_ends_the_same_with_totals_and_without(drawn):
    reports, lies = drawn
    with_totals, polls, wait = outcome(Course(reports, lies), wanted=True)
    without, polls_without, _ = outcome(Course(reports), wanted=False)
    assert with_totals == without
    # Each report that is left unread is asked for within eleven polls.
    assert polls <= polls_without + POLLS_PER_REPORT - 1
    assert all(set(asked) <= {"T", "R"} and asked.count("R") <= 1 for asked in wait.questions)
