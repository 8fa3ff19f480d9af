"""The log of the sandbox: one entry for each call, in the order of arrival."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import NamedTuple

LONGEST = 100_000


class Entry(NamedTuple):
    """One call.

    :param function: the name that was called.
    :param parameters: the parameters as the client gave them, but only the length of each list.
    :param refusal: the error text of the answer; None if there was no error.
    """

    function: str
    parameters: Mapping[str, object]
    refusal: str | None = None


class Log:
    """The calls. All successful ones are counted, and the first 100,000 of all calls are kept."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self.done: Counter[str] = Counter()

    def add(self, entry: Entry) -> None:
        """Note a call."""
        if len(self.entries) < LONGEST:
            # The recipients of an import would stay in memory.
            short = {
                name: f"({len(value)})" if isinstance(value, list) else value
                for name, value in entry.parameters.items()
                if name not in ("function", "id", "md5")
            }
            self.entries.append(entry._replace(parameters=short))
        if entry.refusal is None:
            self.done[entry.function] += 1
