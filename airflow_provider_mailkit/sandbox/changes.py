"""What callers have changed: recipients imported, unsubscribed, or queued for erasure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

# What Mailkit's own check of an address is, nobody has seen.
_ADDRESS = re.compile(r"[^\s@]+@(?:[\w-]+\.)+\w{2,}|\"[^\"]+\"@(?:[\w-]+\.)+\w{2,}")
#: The columns that are known, as the imports call them and as the reports do.
COLUMNS = {
    name: name.upper()
    for name in (
        "first_name", "last_name", "company", "prefix", "vocative", "reply_to", "nick_name", "gender",
        "phone", "mobile", "fax", "street", "city", "state", "country", "zip",
    )
} | {f"custom{number}": f"CUSTOM_{number}" for number in range(1, 26)}  # fmt: skip


class Action(NamedTuple):
    """Something that a caller has changed, or wanted to.

    :param function: the full name.
    :param subject: the ID of a mailing list, or the address that it was about.
    :param rows: how many recipients were sent along.
    :param sends_mail: whether Mailkit would have sent an e-mail because of it.
    """

    function: str
    subject: str
    rows: int = 0
    sends_mail: bool = False


def is_address(text: str) -> bool:
    """Tell whether the sandbox treats a text as an address."""
    return _ADDRESS.fullmatch(text) is not None


@dataclass
class ListChanges:
    """What has changed in one mailing list; addresses are in lower case."""

    #: Addresses that were not there, in the order in which they came, with their numbers.
    added: dict[str, int] = field(default_factory=dict)
    #: What was imported, by address, under the names of the reports.
    values: dict[str, dict[str, str]] = field(default_factory=dict)
    #: How the added addresses were written.
    spelling: list[str] = field(default_factory=list)
    #: States that were imported.
    states: dict[str, str] = field(default_factory=dict)

    def write(self, address: str, values: Mapping[str, object], *, is_there: bool) -> None:
        """Add a recipient, or update one; what is empty or unknown is ignored.

        :param is_there: whether the made-up people have the address.
        """
        key = address.lower()
        if not is_there and key not in self.added:
            self.added[key] = len(self.spelling)
            self.spelling.append(address)
        kept = self.values.setdefault(key, {})
        for name, value in values.items():
            if name in COLUMNS and value not in (None, ""):
                kept[COLUMNS[name]] = str(value)
        if values.get("status"):
            self.states[key] = str(values["status"])


@dataclass
class Changes:
    """All changes of an account. A list keeps what is written to it; nothing is ever taken away."""

    lists: dict[int, ListChanges] = field(default_factory=dict)
    #: Addresses that are unsubscribed from everything, in lower case; they stay so.
    unsubscribed: set[str] = field(default_factory=set)
    #: Addresses that wait for their erasure, in lower case.
    wiped: set[str] = field(default_factory=set)
    actions: list[Action] = field(default_factory=list)

    def of(self, id_user_list: int) -> ListChanges:
        """Return the changes of one list."""
        return self.lists.setdefault(id_user_list, ListChanges())
