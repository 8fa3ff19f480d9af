"""The made-up people: their mailing lists, states and data."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import NamedTuple

from airflow_provider_mailkit.sandbox.deliveries import DOMAINS, NAMES, PATTERN, mix

SURNAMES = ("Novák", "Svobodová", "O'Neill", "Dvořák", "Černá", "Procházka", "Kučerová", "Veselý")
CITIES = ("Praha", "Brno", "Ostrava", "Plzeň")
# Out of 32 people. The others are enabled.
STATES = ("disabled", "temporary", "permanent", "permanent", "unsubscribe", "unsubscribe", *("unknown",) * 6)
FIRST_ADDRESS = 200_000_000

_MASK = 2**64 - 1
_ADDRESS = re.compile(r"[a-z]+\.([0-9]{9,12})@example\.(?:com|org|cz)", re.IGNORECASE)


class Person(NamedTuple):
    """A person, the same in every delivery and on every list. `bits` decide everything else."""

    address: str
    domain: str
    first_name: str
    last_name: str
    gender: str
    city: str
    mobile: str
    bits: int


def person(seed: int, index: int) -> Person:
    """Return person number `index`, from 0."""
    bits = mix((seed + index % PATTERN) & _MASK)
    name, domain = NAMES[bits & 7], DOMAINS[bits >> 3 & 3]
    return Person(
        address=f"{name}.{FIRST_ADDRESS + index}@{domain}",
        domain=domain,
        first_name=name.capitalize(),
        last_name=SURNAMES[bits >> 10 & 7],
        gender="F" if name.endswith("a") else "M",
        city=CITIES[bits >> 13 & 3],
        # Phone numbers with this beginning are not assigned.
        mobile=f"+420900{index % 1_000_000:06d}",
        bits=bits,
    )


def state_of(bits: int) -> str:
    """Return the state of a person on a mailing list. On the first list the person's bits decide it."""
    number = bits >> 16 & 0x1F
    return STATES[number] if number < len(STATES) else "enabled"


def index_of(seed: int, address: str) -> int | None:
    """Return the person with this address, or None."""
    found = _ADDRESS.fullmatch(address)
    index = int(found[1]) - FIRST_ADDRESS if found else -1
    return index if index >= 0 and person(seed, index).address == address.lower() else None


@dataclass(frozen=True, kw_only=True)
class MailingList:
    """A mailing list: people number 0 to `members`, with its own address IDs.

    :param number: 0 for the list that all campaigns are sent to.
    :param prefix: digits before the IDs of the addresses.
    :param last_day: no member has changed after it.
    """

    number: int
    id_user_list: int
    name: str
    status: str
    description: str
    members: int
    prefix: str
    seed: int
    last_day: date

    def id_email(self, index: int) -> int:
        """Return the ID of a member's address. It grows with the index."""
        return int(f"{self.prefix}{FIRST_ADDRESS + index}")

    def first_from(self, id_email: int) -> int:
        """Return the first member whose ID is this one or greater."""
        return bisect_left(range(self.members), id_email, key=self.id_email)

    def find(self, id_email: int) -> int | None:
        """Return the member with this ID, or None if there is none."""
        index = self.first_from(id_email)
        return index if index < self.members and self.id_email(index) == id_email else None

    def state(self, index: int) -> str:
        """Return a member's state, one of six."""
        return state_of(mix((self.seed + 31 * self.number + index % PATTERN) & _MASK))

    def joined(self, index: int) -> datetime:
        """Return when a member was entered."""
        return self._last_morning - timedelta(days=40 + index % 900)

    def changed(self, index: int) -> datetime:
        """Return when a member has changed last."""
        # After three o'clock, as the clock leaves out the hour before that in spring.
        return self._last_morning - timedelta(days=index % 28, minutes=index % 120)

    def unsubscribed(self) -> Iterator[int]:
        """Yield the members who do not want any messages."""
        return (index for index in range(self.members) if self.state(index) == "unsubscribe")

    @property
    def _last_morning(self) -> datetime:
        return datetime.combine(self.last_day, time(5, 0))


def make_lists(*, recipients: int, seed: int, last_day: date) -> list[MailingList]:
    """Return the mailing lists. Their names have accents and an ampersand to test UTF-8 and XML entities."""
    described = [
        (41001, "Customers", "enabled", "Café & shop", recipients, ""),
        (41002, "Příklad", "disabled", "", 0, "600"),
        (41003, "VIP", "enabled", "Those who buy most", -(-recipients // 10), "700"),
    ]
    return [
        MailingList(
            number=number,
            id_user_list=id_user_list,
            name=name,
            status=status,
            description=description,
            members=members,
            prefix=prefix,
            seed=seed,
            last_day=last_day,
        )
        for number, (id_user_list, name, status, description, members, prefix) in enumerate(described)
    ]
