"""The parameters of a call, read as Mailkit seems to: numbers may be texts, unknown names are ignored."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from datetime import date, datetime


class Refusal(Exception):
    """The answer is an error with this text."""


class Asked:
    """The parameters of one call."""

    def __init__(self, parameters: Mapping[str, object]) -> None:
        self._parameters = parameters

    def has(self, name: str) -> bool:
        """Tell whether a parameter was given: XML-RPC fills the unused positions with 0 and empty texts."""
        return self._parameters.get(name) not in (None, "", 0, "0")

    def text(self, name: str) -> str:
        """Return a parameter as a text, empty if there is none."""
        value = self._parameters.get(name)
        return str(value).strip() if isinstance(value, str | int) else ""

    def id(self, name: str) -> int | None:
        """Return an ID that may be missing."""
        return self.required_id(name) if self.has(name) else None

    def required_id(self, name: str) -> int:
        """Return an ID, or refuse."""
        value = self._parameters.get(name)
        if value is None or value == "":
            raise Refusal(f"Missing {name}")
        if isinstance(value, str | int):
            with contextlib.suppress(ValueError):
                return int(value)
        raise Refusal(f"Invalid {name}")

    def flag(self, name: str, *, default: bool) -> bool:
        """Return a boolean, which JSON has as a text."""
        value = self._parameters.get(name)
        return default if value in (None, "") else value is True or str(value).upper() == "TRUE"

    def records(self, name: str) -> list[Mapping[str, object]]:
        """Return a list of objects, or refuse."""
        value = self._parameters.get(name)
        if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
            raise Refusal(f"Missing {name}")
        return value

    def limit(self, most: int) -> int:
        """Return how many rows a page has: `most` unless fewer were asked for."""
        wanted = self.id("limit")
        return most if wanted is None else max(1, min(wanted, most))

    def day(self, name: str) -> date | None:
        """Return a day, or None if there is none."""
        if not self.has(name):
            return None
        with contextlib.suppress(ValueError):
            return date.fromisoformat(self.text(name))
        raise Refusal(f"Invalid {name}")

    def instant(self, name: str) -> datetime | None:
        """Return a date with a time, or None if there is none."""
        if not self.has(name):
            return None
        with contextlib.suppress(ValueError):
            return datetime.fromisoformat(self.text(name))
        raise Refusal(f"Invalid {name}")

    def days(self) -> tuple[date, date]:
        """Return the first and the last day of a range; Mailkit ignores an end without a beginning."""
        first = self.day("range_from")
        last = self.day("range_to") if first else None
        return first or date.min, last or date.max
