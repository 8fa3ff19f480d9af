"""Counts the rows of the reports while they arrive. Memory does not grow with them."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from itertools import count
from operator import attrgetter
from typing import Any, Final
from urllib.parse import urlsplit

from airflow_provider_mailkit.export.privacy import AddressHider
from airflow_provider_mailkit.pages.figures import VERSIONS, Course, Group, Link, Links, Reactions
from airflow_provider_mailkit.protocol.excerpt import TextCounter
from airflow_provider_mailkit.protocol.records import Batch

#: How many links are kept: those with the most clicks.
MOST_LINKS: Final = 500
#: How many bars a chart may have.
MOST_HOURS: Final = 96
MOST_DAYS: Final = 62
_TEXT_LENGTH = 300
# A week has 168 hours. A wrong answer with more must not fill the memory.
_MOST_BEGINS = 10_000

_hider = AddressHider(lambda address: "[address]")


def clean(text: str | None) -> str:
    """Return a text in one line, without addresses, and not longer than 300 characters."""
    words = " ".join((_hider.hide(text) if text else "").split())
    return words if len(words) <= _TEXT_LENGTH else f"{words[: _TEXT_LENGTH - 1]}…"


class Recipients:
    """Counts the recipients of a delivery, and of each version of its A/B test."""

    COLUMNS: Final = ("STATUS", "AB_VERSION", "READ_COUNT", "CLICK_COUNT")

    def __init__(self) -> None:
        self.everybody = Group()
        self.versions: dict[str, Group] = {}
        self.reads = 0
        self.clicks = 0

    def add(self, batch: Batch) -> None:
        """Count the rows of a batch."""
        alike = Counter(map(attrgetter(*self.COLUMNS), batch.records))
        for (status, version, reads, clicks), times in alike.items():
            self.reads += (reads or 0) * times
            self.clicks += (clicks or 0) * times
            groups = [self.everybody]
            if version in VERSIONS:
                groups.append(self.versions.setdefault(version, Group()))
            for group in groups:
                _add(group, status, has_read=bool(reads), has_clicked=bool(clicks), times=times)


def _add(group: Group, status: str | None, *, has_read: bool, has_clicked: bool, times: int) -> None:
    group.recipients += times
    group.bounced += times * (status == "failed")
    if status == "sent":
        group.delivered += times
        group.readers += times * has_read
        group.clickers += times * has_clicked


class Bounced:
    """Counts bounces by the status code of the mail server."""

    COLUMNS: Final = ("STATUS",)

    def __init__(self) -> None:
        self.codes = TextCounter()

    def add(self, batch: Batch) -> None:
        """Count the rows of a batch."""
        for code, times in Counter(batch.column("STATUS")).items():
            self.codes.count(code or "", times)


class Clicked:
    """Keeps the links with the most clicks."""

    COLUMNS: Final = ("ID_URL", "URL", "TITLE", "ANCHOR", "AB_VERSION", "CLICK", "VISIT")

    def __init__(self) -> None:
        self._heap: list[tuple[int, int, int | None, Link]] = []
        # The number breaks ties, so that links are never compared with each other.
        self._order = count(0, -1)
        self._clicks = 0
        self._rows = 0

    def add(self, batch: Batch) -> None:
        """Process the rows of a batch."""
        for id_url, url, title, anchor, version, clicks, visits in map(
            attrgetter(*self.COLUMNS), batch.records
        ):
            self._rows += 1
            self._clicks += clicks or 0
            place = place_of(url)
            text = clean(title) or clean(anchor) or place or "Without a name"
            link = Link(text, place, clicks or 0, visits or 0, version if version in VERSIONS else "")
            put = heapq.heappush if len(self._heap) < MOST_LINKS else heapq.heappushpop
            put(self._heap, (link.clicks, next(self._order), id_url, link))

    def links(self) -> Links:
        """Return the links by their clicks, most first. A link in both versions counts as one."""
        merged: dict[Any, Link] = {}
        for _, order, id_url, link in sorted(self._heap, key=_order, reverse=True):
            known = merged.setdefault(order if id_url is None else f"id {id_url}", link)
            if known is not link:
                known.clicks += link.clicks
                known.visitors += link.visitors
                known.version = "".join(sorted({*known.version, *link.version}))
        top = sorted(merged.values(), key=lambda link: -link.clicks)
        return Links(top, self._rows - len(self._heap), self._clicks)


def _order(kept: tuple[int, int, int | None, Link]) -> tuple[int, int]:
    return kept[0], kept[1]


def place_of(url: str | None) -> str:
    """Return host and path of a URL, without the query, which may say who has clicked."""
    try:
        parts = urlsplit(url or "")
    except ValueError:
        return ""
    place = f"//{parts.netloc.rpartition('@')[2]}{parts.path}" if parts.netloc else parts.path
    return clean(f"{place.rstrip('/')}{'?…' if parts.query else ''}").removeprefix("//")


class Reacted:
    """Adds up reads and clicks by Mailkit's hours or days."""

    COLUMNS: Final = ("DATE", "READ", "CLICK", "UNSUBSCRIBE", "SPAM_REPORT")

    def __init__(self) -> None:
        self.unsubscribed = 0
        self.complaints = 0
        self._by_begin: dict[datetime, tuple[int, int]] = {}

    def add(self, batch: Batch) -> None:
        """Count the rows of a batch."""
        for begins, reads, clicks, gone, complaints in map(attrgetter(*self.COLUMNS), batch.records):
            self.unsubscribed += gone or 0
            self.complaints += complaints or 0
            if begins and len(self._by_begin) < _MOST_BEGINS:
                instant = datetime.fromisoformat(begins)
                before = self._by_begin.get(instant, (0, 0))
                self._by_begin[instant] = (before[0] + (reads or 0), before[1] + (clicks or 0))

    @property
    def total(self) -> int:
        """How many reads and clicks there are."""
        return sum(map(sum, self._by_begin.values()))

    def hours(self, zone: tzinfo | None) -> Course | None:
        """Return the course by hours; None if it has none, or too many.

        :param zone: the zone of the account's dates.
        """
        happened = {begins: sums for begins, sums in self._by_begin.items() if any(sums)}
        if not any(begins.hour or begins.minute for begins in happened):
            return None
        first, last = (_hour(pick(happened, key=_hour)) for pick in (min, max))
        if last - first >= timedelta(hours=MOST_HOURS):
            return None
        return Course("hour", _filled(happened, _hour, _steps(first, last, timedelta(hours=1)), zone))

    def days(self) -> Course:
        """Return the course by days, from the first one, as far as a chart can show it."""
        happened = {begins: sums for begins, sums in self._by_begin.items() if any(sums)}
        if not happened:
            return Course()
        first, last = min(map(_day, happened)), max(map(_day, happened))
        last = min(last, first + timedelta(days=MOST_DAYS - 1))
        return Course("day", _filled(happened, _day, _steps(first, last, timedelta(days=1)), None))


def _hour(begins: datetime) -> datetime:
    # In UTC, without summer time, so that each hour exists once.
    return (begins.astimezone(UTC) if begins.tzinfo else begins).replace(minute=0, second=0, microsecond=0)


def _day(begins: datetime) -> date:
    return begins.date()


def _steps(first: Any, last: Any, step: timedelta) -> list[Any]:
    steps = [first]
    while steps[-1] < last:
        steps.append(steps[-1] + step)
    return steps


def _filled(
    happened: dict[datetime, tuple[int, int]],
    key: Callable[[datetime], Any],
    steps: list[Any],
    zone: tzinfo | None,
) -> list[Reactions]:
    """Return the sums of each step, 0 where nothing happened."""
    sums = {step: [0, 0] for step in steps}
    for begins, (reads, clicks) in happened.items():
        if (step := sums.get(key(begins))) is not None:
            step[0] += reads
            step[1] += clicks
    return [Reactions(_begin(step, zone), *both) for step, both in sums.items()]


def _begin(step: Any, zone: tzinfo | None) -> datetime:
    if not isinstance(step, datetime):
        return datetime.combine(step, time())
    return step.astimezone(zone) if step.tzinfo else step
