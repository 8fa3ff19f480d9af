"""From batches to the columns that are written: which ones, and what of addresses and unknown members."""

from __future__ import annotations

import hmac
import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from operator import eq
from typing import Any, Literal

from airflow_provider_mailkit._arguments import choice, nearest, shown, texts
from airflow_provider_mailkit.catalogue.functions import RECIPIENTS
from airflow_provider_mailkit.exceptions import MailkitError, MailkitResponseError
from airflow_provider_mailkit.export.privacy import AddressHider
from airflow_provider_mailkit.protocol.excerpt import Redactor
from airflow_provider_mailkit.protocol.records import RECIPIENT_COLUMNS, Batch

AddressMode = Literal["keep", "hash", "drop"]
UnknownFields = Literal["warn", "keep", "fail"]

ID_SEND = "ID_SEND"
EMAIL = "EMAIL"
EXPORTED_AT = "EXPORTED_AT"
EXTRA = "EXTRA"
#: All columns of an export, in their order; ``EXTRA`` follows if unknown members are kept.
COLUMNS = (ID_SEND, *RECIPIENT_COLUMNS, EXPORTED_AT)

#: What the arguments may be.
ADDRESSES = choice("keep", "hash", "drop")
UNKNOWN_FIELDS = choice("warn", "keep", "fail")

# Columns of free text where no address belongs; a report may have one there all the same.
_TEXTS = ("STATUS", "AB_VERSION")

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class RowOptions:
    """What an export's rows are made of.

    :param columns: the columns and their order; None for all.
    :param addresses: whether addresses are kept, hashed or left out.
    :param unknown_fields: what becomes of members that are not documented.
    :param hash_secret: the key for hashing addresses.
    """

    columns: Sequence[str] | None = None
    addresses: AddressMode = "keep"
    unknown_fields: UnknownFields = "warn"
    hash_secret: str = field(default="", repr=False)

    def output_columns(self) -> tuple[str, ...]:
        """Return the columns that are written.

        :raises MailkitError: the options are not possible, or not together.
        """
        columns = self.check_columns()
        if self.addresses == "hash" and not self.hash_secret:
            raise MailkitError(
                "addresses='hash' needs a secret key: set the extra 'hash_secret' of the Mailkit connection."
            )
        return columns

    def check_columns(self) -> tuple[str, ...]:
        """Return the columns that are written, whether or not there is a key.

        :raises MailkitError: the options are not possible, or not together.
        """
        ADDRESSES("addresses", self.addresses)
        UNKNOWN_FIELDS("unknown_fields", self.unknown_fields)
        possible = COLUMNS + ((EXTRA,) if self.unknown_fields == "keep" else ())
        if self.addresses == "drop":
            possible = tuple(name for name in possible if name != EMAIL)
        return possible if self.columns is None else _chosen(self.columns, possible)


def column_names(name: str, value: Any) -> tuple[str, ...] | None:
    """Read the names of columns, whichever of them the other arguments make possible."""
    return None if value is None else _chosen(value, (*COLUMNS, EXTRA))


def _chosen(value: Any, possible: tuple[str, ...]) -> tuple[str, ...]:
    columns = texts("columns", value)
    wrong = [column for column in columns if column not in possible]
    if wrong or not columns or len(set(columns)) != len(columns):
        raise MailkitError(
            f"columns must name each wanted column once, out of {', '.join(possible)}"
            + (f"; not possible: {', '.join(map(shown, wrong[:5]))}." if wrong else ".")
            + (f" {nearest(wrong[0], possible)}" if wrong else "").rstrip()
        )
    return columns


class RowBuilder:
    """Makes the rows of the output out of batches, whose records have all of :data:`COLUMNS`."""

    def __init__(self, options: RowOptions) -> None:
        import msgspec

        self.columns = options.output_columns()
        self._options = options
        self._row = msgspec.defstruct("Row", [(name, Any) for name in self.columns], gc=False)
        self._key = options.hash_secret.encode()
        self._hider = AddressHider(self._hash if options.addresses == "hash" else lambda address: "")
        self._has_warned = False

    def build(self, batch: Batch) -> list[Any]:
        """Return the rows of a batch: msgspec structs with the output columns, in their order.

        Values that the batch has as they came are so in the rows as well.

        The batch's own records may be changed, and returned.

        :raises MailkitResponseError: there are unknown members, and these are to fail.
        """
        if batch.unknown is not None and self._options.unknown_fields != "keep" and not self._has_warned:
            self._refuse_or_warn(batch.unknown)
        if self._options.addresses == "hash":
            for record in batch.records:
                record.EMAIL = self._hash(record.EMAIL) if record.EMAIL else None
        if self._options.addresses != "keep":
            self._hide_addresses(batch)
        if batch.records and batch.records[0].__struct_encode_fields__ == self.columns:
            return batch.records
        return list(map(self._row, *(self._column(name, batch) for name in self.columns)))

    def _column(self, name: str, batch: Batch) -> Iterable[Any]:
        if name == EXTRA:
            return map(self._extra, batch.unknown or [{}] * len(batch))
        return batch.column(name)

    def _hide_addresses(self, batch: Batch) -> None:
        """Hash or remove the addresses in texts where none belongs."""
        for name in _TEXTS:
            # There are very few different ones.
            hidden = {text: self._hider.hide(text) or None for text in set(batch.column(name))}
            if not all(map(eq, hidden, hidden.values())):
                for record in batch.records:
                    setattr(record, name, hidden[getattr(record, name)])

    def _hash(self, address: str) -> str:
        return hmac.digest(
            self._key, address.strip().lower().encode("utf-8", "surrogatepass"), "sha256"
        ).hex()

    def _extra(self, members: dict[str, Any]) -> str | None:
        import msgspec

        if not members:
            return None
        if self._options.addresses != "keep":
            # What is not documented may hold an address too, and the promise is about every byte.
            members = self._hider.hide(members)
        return msgspec.json.encode(members).decode()

    def _refuse_or_warn(self, unknown: list[dict[str, Any]]) -> None:
        names = sorted({name for members in unknown for name in members})
        shown = ", ".join(Redactor().clean(name) for name in names[:20])
        if self._options.unknown_fields == "fail":
            raise MailkitResponseError(
                f"{RECIPIENTS}: the report has members that are not known: {shown}. Set unknown_fields to "
                "'warn' to leave them out, or to 'keep' to write them.",
                function=RECIPIENTS,
            )
        log.warning("The report has members that are not known and are left out: %s.", shown)
        self._has_warned = True
