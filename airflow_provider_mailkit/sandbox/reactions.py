"""What happens after sending, ordered by time: reads, clicks, unsubscriptions, complaints and bounces.

They agree with the states of the recipients at every moment. The IDs of raw logs grow with time within a
delivery, so new rows come after known ones.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple

from airflow_provider_mailkit.sandbox.deliveries import PATTERN, Delivery, mix
from airflow_provider_mailkit.sandbox.people import person, state_of

READ, CLICK, UNSUBSCRIBE, SPAM_REPORT = "read", "click", "unsubscribe", "spam_report"
LINKS = 5
REVENUE = 12.5
# More than any recipient's reactions, so that each delivery has its own IDs.
_ROOM = 16
FIRST_LOG = 700_000_001
FIRST_UNDELIVERED_LOG = 90_000_001
#: How many deliveries have cached reactions. Those of one take some megabytes and a tenth of a second.
_KEPT = 8


class Event(NamedTuple):
    """A reaction of one recipient, or a bounce.

    :param who: the recipient, one of the pattern.
    :param nth: 1 for the first read or click of the recipient.
    :param link: which link was clicked, from 0.
    """

    time: float
    who: int
    kind: str = ""
    nth: int = 1
    link: int = 0
    converts: bool = False


class Logged(NamedTuple):
    """One row of a raw log.

    :param who: the recipient, any.
    """

    id_log: int
    who: int
    event: Event


@lru_cache(_KEPT)
def reactions(delivery: Delivery) -> list[Event]:
    """Return all reactions to a delivery for the recipients of one pattern."""
    return sorted(
        event for index in range(min(delivery.recipients, PATTERN)) for event in _reactions(delivery, index)
    )


def _reactions(delivery: Delivery, index: int) -> Iterator[Event]:
    fate = delivery.fate(index)
    for nth in range(1, fate.reads + 1):
        yield Event(fate.moment + nth / fate.reads, index, READ, nth)
    for nth in range(1, fate.clicks + 1):
        bits = mix(fate.bits + nth)
        converts = nth == 1 and bits >> 8 & 7 == 0
        yield Event(fate.moment + nth / fate.clicks, index, CLICK, nth, bits % LINKS, converts)
    if fate.reads:
        bits = person(delivery.seed, index).bits
        # People who are unsubscribed in the end have left by one of four deliveries, or elsewhere.
        if state_of(bits) == "unsubscribe" and bits >> 21 & 3 == delivery.position % 4:
            yield Event(fate.moment + 1, index, UNSUBSCRIBE)
        if fate.bits >> 47 & 0x3F == 0:
            yield Event(fate.moment + 1 / fate.reads, index, SPAM_REPORT)


@lru_cache(_KEPT)
def bounces(delivery: Delivery) -> list[Event]:
    """Return all bounces of a delivery for the recipients of one pattern."""
    fates = ((delivery.fate(index), index) for index in range(min(delivery.recipients, PATTERN)))
    return sorted(Event(fate.moment, index) for fate, index in fates if fate.fails)


def until(events: list[Event], progress: float) -> list[Event]:
    """Return what has happened so far."""
    return events[: bisect_right(events, progress, key=lambda event: event.time)]


def logged(delivery: Delivery, events: list[Event], first_log: int, start: int) -> Iterator[Logged]:
    """Yield the rows of a raw log, those of every recipient, from an ID on.

    :param events: for the recipients of one pattern, as of :func:`until`.
    :param first_log: where the IDs of the log begin.
    """
    copies = delivery.copies(0) if delivery.recipients else 0
    base = first_log + delivery.position * copies * min(delivery.recipients, PATTERN) * _ROOM
    skipped = max(0, start - base)
    for number in range(skipped, len(events) * copies):
        event = events[number // copies]
        index = event.who + number % copies * PATTERN
        if index < delivery.recipients:
            yield Logged(base + number, index, event)


@dataclass
class LinkTotals:
    """The counts of one link in one version."""

    clicks: int = 0
    conversions: int = 0
    visitors: set[int] = field(default_factory=set)


@dataclass
class Reactions:
    """Sums over the reactions to a delivery so far, and over its links."""

    unsubscribed: int = 0
    complaints: int = 0
    conversions: int = 0
    converters: int = 0
    links: dict[tuple[int, str], LinkTotals] = field(default_factory=dict)


def total_reactions(delivery: Delivery, progress: float) -> Reactions:
    """Add up the reactions so far, at the cost of one pattern for a delivery of any size."""
    totals = Reactions()
    converters: Counter[int] = Counter()
    for event in until(reactions(delivery), progress):
        alike = delivery.copies(event.who)
        if event.kind == UNSUBSCRIBE:
            totals.unsubscribed += alike
        elif event.kind == SPAM_REPORT:
            totals.complaints += alike
        elif event.kind == CLICK:
            version = delivery.fate(event.who).version
            link = totals.links.setdefault((event.link, version), LinkTotals())
            link.clicks += alike
            link.visitors.add(event.who)
            link.conversions += event.converts * alike
            converters[event.who] += event.converts
            totals.conversions += event.converts * alike
    totals.converters = sum(delivery.copies(index) for index, times in converters.items() if times)
    return totals


def visits(delivery: Delivery, link: LinkTotals) -> int:
    """Return how many recipients have clicked a link."""
    return sum(map(delivery.copies, link.visitors))


def clicks_of(delivery: Delivery, link: int, progress: float) -> Iterator[tuple[int, int, float]]:
    """Yield those who have clicked a link, how often, and when last, in the order of the recipients."""
    counts: Counter[int] = Counter()
    last: dict[int, float] = {}
    for event in until(reactions(delivery), progress):
        if event.kind == CLICK and event.link == link:
            counts[event.who] += 1
            last[event.who] = event.time
    people = sorted(counts)
    for first in range(0, delivery.recipients, PATTERN):
        for index in people:
            if first + index < delivery.recipients:
                yield first + index, counts[index], last[index]
