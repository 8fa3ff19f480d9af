"""From batches to the columns that are written: which ones, and what of addresses and unknown members."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import repeat
from operator import eq
from typing import Any, Literal

from airflow_provider_mailkit._arguments import choice, nearest, texts
from airflow_provider_mailkit._shown import shown
from airflow_provider_mailkit.catalogue.columns import ADDRESS, NESTED, OTHER, UTC_INSTANT, Column
from airflow_provider_mailkit.catalogue.report import EXPORTED_AT, EXTRA, Report
from airflow_provider_mailkit.exceptions import MailkitArgumentError, MailkitResponseError
from airflow_provider_mailkit.export.privacy import check_hash_secret, hash_with, hider_of
from airflow_provider_mailkit.protocol import fields
from airflow_provider_mailkit.protocol.excerpt import Redactor
from airflow_provider_mailkit.protocol.records import Batch
from airflow_provider_mailkit.writers.base import Writer

AddressMode = Literal["keep", "hash", "drop"]
PersonalMode = Literal["keep", "drop"]
UnknownFields = Literal["warn", "keep", "fail"]

#: Follows the columns of every report.
EXPORTED_AT_COLUMN = Column(EXPORTED_AT, UTC_INSTANT)
#: Comes last, if members that are not declared are kept.
EXTRA_COLUMN = Column(EXTRA, NESTED, unique=True)

#: What the arguments may be.
ADDRESSES = choice("keep", "hash", "drop")
PERSONAL = choice("keep", "drop")
UNKNOWN_FIELDS = choice("warn", "keep", "fail")

# Of how many unknown members an export warns.
_MOST_WARNED_OF = 20

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class RowOptions:
    """What an export's rows are made of.

    :param columns: the columns and their order; None for all.
    :param addresses: whether addresses are kept, hashed or left out.
    :param personal: whether other personal data is kept or left out.
    :param unknown_fields: what happens to members that are not declared.
    :param hash_secret: the key for hashing addresses.
    """

    columns: Sequence[str] | None = None
    addresses: AddressMode = "keep"
    unknown_fields: UnknownFields = "warn"
    hash_secret: str = field(default="", repr=False)
    personal: PersonalMode = "keep"

    def output_columns(self, report: Report) -> tuple[Column, ...]:
        """Return the columns that are written.

        :raises MailkitError: the options are not possible, or not together.
        """
        columns = self.check_columns(report)
        check_hash_secret(self.addresses, self.hash_secret)
        return columns

    def check_columns(self, report: Report) -> tuple[Column, ...]:
        """Return the columns that are written, whether or not there is a key.

        :raises MailkitError: the options are not possible, or not together.
        """
        ADDRESSES("addresses", self.addresses)
        PERSONAL("personal", self.personal)
        UNKNOWN_FIELDS("unknown_fields", self.unknown_fields)
        dropped = {
            kind for kind, mode in ((ADDRESS, self.addresses), (OTHER, self.personal)) if mode == "drop"
        }
        possible = {
            column.name: column
            for column in all_columns(report, with_extra=self.unknown_fields == "keep")
            if column.personal not in dropped
        }
        chosen = tuple(possible) if self.columns is None else _chosen(self.columns, tuple(possible))
        return tuple(possible[name] for name in chosen)


def all_columns(report: Report, *, with_extra: bool = True) -> tuple[Column, ...]:
    """Return all columns of an export, in their order."""
    return (*report.all_columns, EXPORTED_AT_COLUMN, *((EXTRA_COLUMN,) if with_extra else ()))


def framed(names: Sequence[str], frame: tuple[str, ...]) -> list[str]:
    """Return names of columns with those that come before and after them, if any do."""
    return [*frame[:1], *names, *frame[1:]]


def column_names(name: str, value: Any) -> tuple[str, ...]:
    """Read names of columns, whichever of them a report has."""
    return texts(name, value)


def _chosen(value: Any, possible: tuple[str, ...]) -> tuple[str, ...]:
    columns = texts("columns", value)
    wrong = [column for column in columns if column not in possible]
    if wrong or not columns or len(set(columns)) != len(columns):
        raise MailkitArgumentError(
            f"columns must name each wanted column once, out of {', '.join(possible)}"
            + (f"; not possible: {', '.join(map(shown, wrong[:5]))}." if wrong else ".")
            + (f" {nearest(wrong[0], possible)}" if wrong else "").rstrip()
        )
    return columns


class RowBuilder:
    """Makes the rows of the output out of batches, whose records have all columns of the report.

    :param needs: the writer that the rows are for, which says what they must be like.
    """

    def __init__(self, report: Report, options: RowOptions, needs: type[Writer] = Writer) -> None:
        import msgspec

        #: What is written, in this order.
        self.columns = options.output_columns(report)
        self._function = report.name
        names = [column.name for column in self.columns]
        self._names = tuple(framed(names, needs.frame))
        self._frame = frozenset(needs.frame)
        self._may_lack = needs.fills_columns
        # The fields of the last records that could be written as they were.
        self._fitting = self._names
        self._options = options
        # A text of JSON has the names that the members had in the answer.
        self._named = "__struct_fields__" if needs.by_place else "__struct_encode_fields__"
        self._row = msgspec.defstruct("Row", [(name, Any) for name in self._names], gc=False)
        self._hash = hash_with(options.hash_secret)
        self._hider = hider_of(options.addresses, options.hash_secret)
        is_hidden = options.addresses != "keep"
        answered = [column for column in self.columns if column in report.columns]
        self._hashed = [c.name for c in answered if c.personal == ADDRESS and options.addresses == "hash"]
        self._searched = [column.name for column in answered if column.is_searched and is_hidden]
        self._warned_of: set[str] = set()

    def build(self, batch: Batch) -> list[Any]:
        """Return the rows of a batch: msgspec structs with the output columns, in their order.

        Values that the batch has as they came are so in the rows as well.

        The batch's own records may be changed, and returned.

        :raises MailkitResponseError: there are unknown members, and these are to fail.
        """
        if batch.unknown is not None and self._options.unknown_fields != "keep":
            self._refuse_or_warn(batch.unknown)
        for name in self._hashed:
            fields.change(batch.records, name, lambda address: self._hash(address) if address else None)
        for name in self._searched:
            self._hide_addresses(batch, name)
        if self._are_rows(batch):
            return batch.records
        return list(map(self._row, *(self._column(name, batch) for name in self._names)))

    def _are_rows(self, batch: Batch) -> bool:
        """Tell whether the records of a batch can be written as they are."""
        names = getattr(batch.records[0], self._named) if batch.records else ()
        if names != self._fitting:
            others = iter(self._names)
            if not self._may_lack or not all(name in others for name in names):
                return False
            self._fitting = names
        return EXTRA not in self._names or batch.unknown is None

    def _column(self, name: str, batch: Batch) -> Iterable[Any]:
        if name in self._frame:
            return repeat(0, len(batch))
        if name == EXTRA:
            return map(self._extra, batch.unknown or [{}] * len(batch))
        return batch.column(name)

    def _hide_addresses(self, batch: Batch, name: str) -> None:
        """Hash or remove the addresses in texts where none belongs."""
        # Of most columns there are few different ones.
        hidden = {text: self._hider.hide(text) or None for text in set(fields.values(batch.records, name))}
        if not all(map(eq, hidden, hidden.values())):
            fields.replace(batch.records, name, hidden)

    def _extra(self, members: dict[str, Any]) -> str | None:
        import msgspec

        if not members:
            return None
        if self._options.addresses != "keep":
            # What is not documented may hold an address too, and the promise is about every byte.
            members = self._hider.hide(members)
        # The order must not depend on where the answer was cut.
        return msgspec.json.encode(members, order="deterministic").decode()

    def _refuse_or_warn(self, unknown: list[dict[str, Any]]) -> None:
        names = {name for members in unknown for name in members} - self._warned_of
        # Records may have names without end: some of them are enough.
        news = sorted(names)[: _MOST_WARNED_OF - len(self._warned_of)]
        if not news:
            return
        shown = ", ".join(map(Redactor().clean, news))
        if self._options.unknown_fields == "fail":
            raise MailkitResponseError(
                f"{self._function}: the report has unknown fields: {shown}. "
                "Set unknown_fields to 'warn' to leave them out, or to 'keep' to write them.",
                function=self._function,
            )
        log.warning("The report has unknown fields, which are left out: %s.", shown)
        self._warned_of.update(news)
