"""Mailkit's answers to calls that act, and how far they are reliable."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any, Final

from airflow_provider_mailkit.catalogue.function import ENVELOPE, Function
from airflow_provider_mailkit.exceptions import MailkitUnclearError
from airflow_provider_mailkit.imports.addresses import trimmed

#: The counts of an answer, by Mailkit's names.
COUNTS: Final = ("count_all", "count_new", "count_updated", "count_bad")


def check_acknowledged(function: Function, answer: Any) -> None:
    """Raise an error if an answer does not look like a documented success.

    :param answer: an answer that is not an error.
    :raises MailkitUnclearError: the answer is empty, or something else.
    """
    documented = {name.lower() for name in (*function.answer.members, *ENVELOPE)}
    if isinstance(answer, dict):
        is_documented = any(name.lower() in documented for name in answer)
    else:
        is_number = str(answer).isdecimal() and not isinstance(answer, bool)
        is_documented = is_number and function.answer.xmlrpc == "number"
    if not is_documented:
        raise MailkitUnclearError(
            f"{function.name}: Mailkit's answer does not look like a documented success. It "
            "is unclear whether it has acted.",
            function=function.name,
        )


@dataclass
class Answers:
    """The sums over all batches.

    Successes with counts of 0 were seen at Mailkit, so counts alone prove nothing. They are reliable only if
    those of every batch add up to what was sent.
    """

    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(COUNTS, 0))
    acknowledged: int = 0
    refused: int = 0
    batches: int = 0
    is_reliable: bool = True

    def add(self, sent: int, answer: Any) -> set[str]:
        """Add the answer of a batch; return the refused addresses, in lower case.

        :param sent: how many recipients were in the batch.
        """
        counts = {name: _count(answer, name) for name in COUNTS}
        for name, count in counts.items():
            self.counts[name] += count or 0
        refused = _refused_addresses(answer)
        of_batch = [counts[name] or 0 for name in COUNTS]
        self.is_reliable &= None not in counts.values() and of_batch[0] == sum(of_batch[1:]) == sent
        self.refused += min(sent, max(counts["count_bad"] or 0, len(refused)))
        self.acknowledged += sent
        self.batches += 1
        return refused

    def as_dict(self) -> dict[str, Any]:
        """Return what goes into the summary."""
        return {
            "acknowledged": self.acknowledged,
            "refused": self.refused,
            "batches": self.batches,
            **self.counts,
            "counts_reliable": self.is_reliable and self.batches > 0,
        }


def _count(answer: Any, name: str) -> int | None:
    value = _member(answer, name)
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def _member(answer: Any, name: str) -> Any:
    if not isinstance(answer, dict):
        return None
    return next((value for key, value in answer.items() if key.lower() == name), None)


def _refused_addresses(answer: Any) -> set[str]:
    listed = _member(answer, "invalid_emails")
    several: Collection[Any] = listed if isinstance(listed, list) else [listed]
    # Nobody has seen the form of this list.
    texts = (
        text
        for item in several
        for text in (item.values() if isinstance(item, dict) else [item])
        if isinstance(text, str) and (item is text or "@" in text)
    )
    return {address for text in texts for part in text.split(",") if (address := trimmed(part).lower())}
