"""The changes of callers: imported, unsubscribed, and wiped recipients."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

# Nobody has seen how Mailkit checks an address.
_ADDRESS = re.compile(r"[^\s@]+@(?:[\w-]+\.)+\w{2,}|\"[^\"]+\"@(?:[\w-]+\.)+\w{2,}")
#: The known columns, under the names of imports and of reports.
COLUMNS = {
    name: name.upper()
    for name in (
        "first_name", "last_name", "company", "prefix", "vocative", "reply_to", "nick_name", "gender",
        "phone", "mobile", "fax", "street", "city", "state", "country", "zip",
    )
} | {f"custom{number}": f"CUSTOM_{number}" for number in range(1, 26)}  # fmt: skip


class Action(NamedTuple):
    """A change that a caller has made or attempted.

    :param function: the full name.
    :param subject: the ID of the mailing list, or the address.
    :param rows: the number of recipients in the call.
    :param sends_mail: whether Mailkit would send an e-mail because of it.
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
    """The changes of one mailing list. Addresses are in lower case."""

    #: New addresses in the order of arrival, with their numbers.
    added: dict[str, int] = field(default_factory=dict)
    #: The imported values by address, under the names of reports.
    values: dict[str, dict[str, str]] = field(default_factory=dict)
    #: The original spelling of the added addresses.
    spelling: list[str] = field(default_factory=list)
    #: States that were imported.
    states: dict[str, str] = field(default_factory=dict)

    def write(self, address: str, values: Mapping[str, object], *, is_there: bool) -> None:
        """Add a recipient, or update one. Empty and unknown values are ignored.

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
    """All changes of an account. A list keeps all changes."""

    lists: dict[int, ListChanges] = field(default_factory=dict)
    #: Addresses that are unsubscribed from everything, in lower case. They stay unsubscribed.
    unsubscribed: set[str] = field(default_factory=set)
    #: Addresses that are queued for erasure, in lower case.
    wiped: set[str] = field(default_factory=set)
    actions: list[Action] = field(default_factory=list)

    def of(self, id_user_list: int) -> ListChanges:
        """Return the changes of one list."""
        return self.lists.setdefault(id_user_list, ListChanges())
