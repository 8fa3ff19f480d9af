"""The members of a mailing list: the made-up people, then imported ones, with all changes."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from datetime import datetime, time

from airflow_provider_mailkit.sandbox.encoding import Value, number
from airflow_provider_mailkit.sandbox.people import MailingList, index_of, person
from airflow_provider_mailkit.sandbox.world import World

_WITHOUT_DATA = ("NICK_NAME", "PREFIX", "VOCATIVE", "REPLY_TO", "COMPANY", "PHONE", "FAX", "STATE")
_DATA = ("FIRST_NAME", "LAST_NAME", "GENDER", "MOBILE", "STREET", "CITY", "COUNTRY", "ZIP")
_CUSTOM = tuple(f"CUSTOM_{position}" for position in range(1, 26))


class Members:
    """The present state of one list. Members have numbers from 0."""

    def __init__(self, world: World, people: MailingList) -> None:
        self.people = people
        self._unsubscribed = world.changes.unsubscribed
        self._changes = world.changes.of(people.id_user_list)
        self._last_morning = datetime.combine(people.last_day, time(6, 0))

    @property
    def size(self) -> int:
        """How many members there are."""
        return self.people.members + len(self._changes.spelling)

    def is_added(self, index: int) -> bool:
        """Tell whether a member was imported."""
        return index >= self.people.members

    def address(self, index: int) -> str:
        """Return a member's address."""
        if self.is_added(index):
            return self._changes.spelling[index - self.people.members]
        return person(self.people.seed, index).address

    def first_from(self, id_email: int) -> int:
        """Return the first member whose ID is this one or greater."""
        return bisect_left(range(self.size), id_email, key=self.people.id_email)

    def find(self, id_email: int) -> int | None:
        """Return the member with this ID, or None if there is none."""
        index = self.first_from(id_email)
        return index if index < self.size and self.people.id_email(index) == id_email else None

    def find_address(self, address: str) -> int | None:
        """Return the member with this address, or None if there is none."""
        added = self._changes.added.get(address.lower())
        if added is not None:
            return self.people.members + added
        index = index_of(self.people.seed, address)
        return index if index is not None and index < self.people.members else None

    def state(self, index: int) -> str:
        """Return a member's state. Unsubscribed members stay unsubscribed. Imported ones begin as unknown."""
        original = "unknown" if self.is_added(index) else self.people.state(index)
        if not (self._unsubscribed or self._changes.states) or original == "unsubscribe":
            return original
        key = self.address(index).lower()
        return "unsubscribe" if key in self._unsubscribed else self._changes.states.get(key, original)

    def changed(self, index: int) -> datetime:
        """Return when a member has changed last."""
        if self._unsubscribed or self._changes.values:
            key = self.address(index).lower()
            if key in self._unsubscribed or key in self._changes.values:
                return self._last_morning
        return self.people.changed(index)

    def unsubscribed(self) -> Iterator[int]:
        """Yield the members who do not want any messages."""
        return (index for index in range(self.size) if self.state(index) == "unsubscribe")

    def record(self, index: int) -> dict[str, Value]:
        """Return a member's data, under the names of the reports."""
        imported = self._changes.values.get(self.address(index).lower(), {}) if self._changes.values else {}
        return {
            "ID_EMAIL": number(self.people.id_email(index)),
            "EMAIL": self.address(index),
            "STATUS": self.state(index),
            "DATE": str(self._last_morning if self.is_added(index) else self.people.joined(index)),
            "CHANGE_DATE": str(self.changed(index)),
            **(dict.fromkeys(_DATA, "") if self.is_added(index) else self._made_up(index)),
            **dict.fromkeys(_WITHOUT_DATA, ""),
            **dict.fromkeys(_CUSTOM, ""),
            **({} if self.is_added(index) else {"CUSTOM_1": f"tier {index % 3}"}),
            **imported,
        }

    def _made_up(self, index: int) -> dict[str, Value]:
        somebody = person(self.people.seed, index)
        return {
            "FIRST_NAME": somebody.first_name,
            "LAST_NAME": somebody.last_name,
            "GENDER": somebody.gender if index % 5 else "",
            "MOBILE": somebody.mobile,
            "STREET": f"Dlouhá {index % 90 + 1}",
            "CITY": somebody.city,
            "COUNTRY": "Czechia",
            "ZIP": f"{10_000 + index % 60_000:05d}",
        }
