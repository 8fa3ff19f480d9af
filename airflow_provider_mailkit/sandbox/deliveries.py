"""The made-up deliveries: the state of every recipient at any moment, without clock and I/O."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import NamedTuple

from airflow_provider_mailkit.sandbox.clock import shown

# A power of ten, so that all numbers of a block share their leading digits. A block is rendered once, and
# only these digits are replaced for the next block. This is what makes millions of recipients fast.
BLOCK = 1000
# Fates repeat after this many recipients: enough to look random, and few enough to keep them rendered in
# memory.
PATTERN = 16 * BLOCK
# Keeps plain numbers below 2**31, so that they fit an i4 in XML-RPC.
MAX_RECIPIENTS_IN_ALL = 1_000_000_000

NAMES = ("anna", "boris", "dana", "emil", "hana", "ivan", "jana", "karel")
DOMAINS = ("example.com", "example.org", "example.cz", "example.com")
READS = (0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 3, 5)
CLICKS = (0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 4)

TEST_ENDS = 0.4
WINNER_CHOSEN = 0.5
HOUR = 3600
# How long reads and clicks come in after the last message was sent.
READING_S = 3 * 24 * HOUR
# As a prefix it makes a message ID too large for 32 bits.
WIDE_PREFIX = "500"

_MASK = 2**64 - 1


def mix(value: int) -> int:
    """Return 64 well mixed bits for an integer (the finaliser of splitmix64)."""
    value = (value + 0x9E3779B97F4A7C15) & _MASK
    value = (value ^ value >> 30) * 0xBF58476D1CE4E5B9 & _MASK
    value = (value ^ value >> 27) * 0x94D049BB133111EB & _MASK
    return value ^ value >> 31


def is_wide(index: int) -> bool:
    """Tell whether a message ID needs 64 bits: every fourth, so that small deliveries have both kinds."""
    return index % 4 == 3


def happened(times: int, moment: float, progress: float) -> int:
    """Return how many reads or clicks have happened. They are spread evenly after the sending."""
    if progress >= moment + 1:
        return times
    return sum(moment + nth / times <= progress for nth in range(1, times + 1))


class Fate(NamedTuple):
    """The fate of one recipient. Times are counted as the delivery's progress.

    `is_tested` is true for those who get a version of the A/B test before the winner is chosen. `moment` is
    when the message has been sent or has failed. `bits` decide everything else.
    """

    version: str
    is_tested: bool
    moment: float
    fails: bool
    reads: int
    clicks: int
    bits: int


class State(NamedTuple):
    """The state of one recipient at one moment.

    `status` is sent, failed, wait or wait_ab; `ab_version` A, B or empty; `date` is
    `YYYY-MM-DD HH:MM:SS` and empty while the recipient waits.
    """

    status: str
    ab_version: str
    date: str
    reads: int
    clicks: int


class Totals(NamedTuple):
    """Sums over the recipients of one delivery at one moment. `readers` and `clickers` count people."""

    statuses: Counter[str]
    reads: int
    readers: int
    clicks: int
    clickers: int


@dataclass(frozen=True)
class Delivery:
    """One delivery of a campaign.

    :param id_send: its ID, as clients give it.
    :param id_message: the campaign's ID.
    :param position: 0 for the first delivery of the sandbox, 1 for the next, over all campaigns.
    :param issue: 1 for the first delivery of its campaign, 2 for the next.
    :param recipients: how many.
    :param start: when it began. The recipients' dates are within the hour after it.
    :param seed: any integer. The same seed gives the same fates.
    :param ab_test: whether an A/B test precedes the bulk of the delivery.

    `progress` (in the methods) is the share of the delivery's time that has passed: 0 at its beginning, 1
    when nobody waits any more, 2 when the last read has come in.
    """

    id_send: int
    id_message: int
    position: int
    issue: int
    recipients: int
    start: datetime
    seed: int
    ab_test: bool

    @cached_property
    def _key(self) -> int:
        return mix(mix(self.seed & _MASK) ^ self.id_send)

    @property
    def winner(self) -> str:
        """The version that wins the A/B test: A or B."""
        return "AB"[self._key & 1]

    def fate(self, index: int) -> Fate:
        """Return the fate of recipient `index` (from 0)."""
        bits = mix(self._key + index % PATTERN)
        moment = ((bits & 0xFFFF) + 1) / 0x10000
        version, is_tested = "", True
        if self.ab_test:
            group = bits >> 26 & 0xFF
            is_tested = group < 51
            version = "AB"[group & 1] if is_tested else self.winner
            moment = moment * TEST_ENDS if is_tested else WINNER_CHOSEN + moment * (1 - WINNER_CHOSEN)
        if bits >> 16 & 0x3FF < 31:
            return Fate(version, is_tested, moment, True, 0, 0, bits)
        reads = READS[bits >> 34 & 0xF]
        clicks = min(reads, CLICKS[bits >> 38 & 0xF])
        return Fate(version, is_tested, moment, False, reads, clicks, bits)

    def state(self, index: int, progress: float) -> State:
        """Return the state of recipient `index` (from 0). It never moves backwards as progress grows."""
        fate = self.fate(index)
        if not fate.is_tested and progress < WINNER_CHOSEN:
            return State("wait_ab", "", "", 0, 0)
        if progress < fate.moment:
            return State("wait", fate.version, "", 0, 0)
        date = str(self.instant(fate.moment))
        if fate.fails:
            return State("failed", fate.version, date, 0, 0)
        reads = happened(fate.reads, fate.moment, progress)
        return State("sent", fate.version, date, reads, happened(fate.clicks, fate.moment, progress))

    def instant(self, time: float) -> datetime:
        """Return the date that belongs to a progress: an hour of sending, then three days of reading."""
        late = max(0.0, time - 1)
        return shown(self.start + timedelta(seconds=int(min(time, 1.0) * HOUR + late**3 * READING_S)))

    def person(self, index: int) -> tuple[str, str]:
        """Return name and domain of recipient `index`: the same people in every delivery of the account."""
        bits = mix((self.seed + index % PATTERN) & _MASK)
        return NAMES[bits & 7], DOMAINS[bits >> 3 & 3]

    def leading_digits(self, block: int) -> tuple[str, str]:
        """Return the digits before the last three, which the message IDs and address IDs of a block share."""
        blocks_before = self.position * -(-self.recipients // BLOCK)
        return str(100_000 + blocks_before + block), str(200_000 + block)

    def message_id(self, index: int) -> int:
        """Return the ID of the message to recipient `index`. `is_wide` chooses one of two kinds."""
        return self.message_id_of_kind(index, is_wide(index))

    def message_id_of_kind(self, index: int, wide: bool) -> int:
        """Return the ID that a recipient would have in this kind. It grows with the index."""
        lead, _ = self.leading_digits(index // BLOCK)
        return int(f"{WIDE_PREFIX if wide else ''}{lead}{index % BLOCK:03d}")

    def copies(self, index: int) -> int:
        """Return how many recipients share the fate of recipient `index` of the pattern."""
        return -(-(self.recipients - index) // PATTERN)

    def totals(self, progress: float) -> Totals:
        """Add up all recipients, at the cost of one pattern for a delivery of any size."""
        statuses: Counter[str] = Counter()
        reads = readers = clicks = clickers = 0
        for index in range(min(self.recipients, PATTERN)):
            state = self.state(index, progress)
            alike = self.copies(index)
            statuses[state.status] += alike
            reads += state.reads * alike
            readers += (state.reads > 0) * alike
            clicks += state.clicks * alike
            clickers += (state.clicks > 0) * alike
        return Totals(statuses, reads, readers, clicks, clickers)
