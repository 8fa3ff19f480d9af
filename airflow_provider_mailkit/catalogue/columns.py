"""The columns of a report."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Literal

from airflow_provider_mailkit.catalogue.checks import check_tuple

ColumnKind = Literal["integer", "text", "instant", "utc instant", "day", "decimal", "nested"]
Personal = Literal["address", "other"]

INTEGER: Final = "integer"
TEXT: Final = "text"
INSTANT: Final = "instant"
UTC_INSTANT: Final = "utc instant"
DAY: Final = "day"
DECIMAL: Final = "decimal"
NESTED: Final = "nested"

ADDRESS: Final = "address"
OTHER: Final = "other"

_KINDS = (INTEGER, TEXT, INSTANT, UTC_INSTANT, DAY, DECIMAL, NESTED)
_TEXTS = (TEXT, NESTED)
_NAME = re.compile(r"[A-Z][A-Z0-9_]*")


@dataclass(frozen=True, slots=True, eq=False)
class Column:
    """One column of a report; an absent or empty value is null.

    :param name: in upper case. Reports use the same name for the same thing, so that their files join.
    :param kind: ``integer`` (64 bits), ``text``, ``instant`` (date and time on the account's clock),
        ``utc instant`` (of this machine's clock; for :data:`~.report.EXPORTED_AT` only), ``day``,
        ``decimal`` (64-bit float), or ``nested`` (a list or an object, written as JSON text). A boolean in a
        text column is written TRUE or FALSE.
    :param key: whether it is part of the key of a row.
    :param unique: whether nearly every row has a different value, so that a dictionary is useless in Parquet.
    :param often_empty: whether the value is empty in most rows of a usual report.
    :param usual: the few texts that nearly all rows have.
    :param personal: ``address`` (hidden by ``addresses=``), ``other`` (by ``personal=``), or None.
    :param may_be_number: whether an address may be a phone number, which may come as a number.
    :param may_quote_addresses: whether a text is searched for addresses when those are hidden. True is the
        default, and the safe choice. It only matters for texts.
    :param spelling: Mailkit's name of the member, if it differs from the column's by more than letter case.
    :param inside: the member whose object holds it, in upper case. The column's name begins with this name.
    :raises ValueError: the declaration contradicts itself.
    """

    name: str
    kind: ColumnKind = TEXT
    key: bool = False
    unique: bool = False
    often_empty: bool = False
    usual: tuple[str, ...] = ()
    personal: Personal | None = None
    may_be_number: bool = False
    may_quote_addresses: bool = True
    spelling: str | None = None
    inside: str | None = None

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise ValueError("a column needs a name in upper case: letters, digits and underscores")
        if self.kind not in _KINDS:
            raise ValueError(f"{self.name}: the kind must be one of {', '.join(_KINDS)}")
        if self.personal not in (None, ADDRESS, OTHER):
            raise ValueError(f"{self.name}: personal must be {ADDRESS}, {OTHER} or None")
        if self.personal == ADDRESS and self.kind != TEXT:
            raise ValueError(f"{self.name}: an address is a text")
        if self.may_be_number and self.personal != ADDRESS:
            raise ValueError(f"{self.name}: may_be_number is for an address only")
        check_tuple(f"{self.name}: usual", self.usual, str)
        if self.usual and (self.kind != TEXT or self.unique or len(set(self.usual)) != len(self.usual)):
            raise ValueError(f"{self.name}: usual values are different texts of a column that is not unique")
        if self.spelling is not None and (not self.spelling or self.spelling != self.spelling.strip()):
            raise ValueError(f"{self.name}: a spelling is a name without blanks around it")
        if self.inside is not None and not _NAME.fullmatch(self.inside):
            raise ValueError(f"{self.name}: inside must be in upper case: letters, digits and underscores")
        if self.inside is not None and self.name.removeprefix(f"{self.inside}_") in ("", self.name):
            raise ValueError(f"{self.name}: the name must begin with {self.inside}_")

    @property
    def member(self) -> str:
        """The name of its member, which may come in any letter case."""
        return self.spelling or (self.name.removeprefix(f"{self.inside}_") if self.inside else self.name)

    @property
    def members(self) -> tuple[str, ...]:
        """The members that become this column, in upper case, such as ``EMAIL`` or ``DATA.IP``.

        Mailkit may correct its spelling some day, so the column's own name is accepted too.
        """
        if self.inside is not None:
            return (f"{self.inside}.{self.member.upper()}",)
        return tuple(dict.fromkeys((self.name, self.member.upper())))

    @property
    def is_text(self) -> bool:
        """Whether the written value is Mailkit's own text."""
        return self.kind in _TEXTS

    @property
    def is_searched(self) -> bool:
        """Whether its values are searched for addresses when these are hidden."""
        return self.is_text and self.may_quote_addresses and self.personal != ADDRESS

    @property
    def ranged(self) -> bool:
        """Whether the smallest and the largest value help a reader of Parquet to skip rows."""
        return not self.is_text


def others(*names: str, inside: str | None = None) -> tuple[Column, ...]:
    """Declare several texts that are personal data other than an address."""
    return tuple(Column(name, personal=OTHER, inside=inside) for name in names)


def integers(*names: str) -> tuple[Column, ...]:
    """Declare several columns of whole numbers."""
    return tuple(Column(name, INTEGER) for name in names)


def plain_texts(*names: str) -> tuple[Column, ...]:
    """Declare several texts that are not personal."""
    return tuple(Column(name) for name in names)
