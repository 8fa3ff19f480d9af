"""Turns a row of a source into a recipient for Mailkit, or into a reason for rejection."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, time
from decimal import Decimal
from typing import Any, Final, NamedTuple

from airflow_provider_mailkit.catalogue.functions.mailinglists import IMPORT_COLUMNS, STATES
from airflow_provider_mailkit.catalogue.parameters import nearest, shown
from airflow_provider_mailkit.catalogue.values import NOT_SENDABLE
from airflow_provider_mailkit.exceptions import MailkitArgumentError
from airflow_provider_mailkit.imports.addresses import is_possible, trimmed

EMAIL: Final = "email"
STATUS: Final = "status"
NO_ADDRESS: Final = "no address"
NOT_AN_ADDRESS: Final = "not an address"
NESTED: Final = "a nested value"
UNSENDABLE: Final = "a character that cannot be sent"
UNKNOWN_STATUS: Final = "not a status"

_MANY_SHAPES = 1000
_ALLOW_STATUS = (
    "status is not sent unless allow_status is True: what it does to recipients who have unsubscribed is not "
    "documented"
)

Recipient = dict[str, str]


class Rejection(NamedTuple):
    """Why a row is not sent.

    :param reason: one of a few texts, without any content of the row.
    :param column: Mailkit's name of the column; empty if the reason is about the whole row.
    """

    reason: str
    column: str = ""


@dataclass
class RecipientBuilder:
    """Turns rows into recipients.

    :param columns: the names in the source, and Mailkit's name for each. None: they are Mailkit's names, in
        any letter case.
    :param constants: values that every recipient gets, by Mailkit's names.
    :param allow_status: whether the status of a recipient may be sent.
    :raises MailkitError: a column is not one of Mailkit's, or is filled twice.
    """

    columns: Mapping[str, str] | None = None
    constants: Mapping[str, Any] = field(default_factory=dict)
    allow_status: bool = False

    def __post_init__(self) -> None:
        self._constants = read_constants(self.constants, allow_status=self.allow_status)
        if self.columns is not None:
            check_columns(self.columns, self._constants, allow_status=self.allow_status)
        self._shapes: dict[tuple[str, ...], list[tuple[str, str]]] = {}
        self._missing = set(self.columns or ())
        self._filled = set(self._constants)

    @property
    def filled(self) -> tuple[str, ...]:
        """Mailkit's names of the constants, and of the columns in rows so far."""
        return tuple(name for name in IMPORT_COLUMNS if name in self._filled)

    @property
    def wanted(self) -> tuple[str, ...] | None:
        """The used columns of the source; None for all."""
        return None if self.columns is None else tuple(self.columns)

    def check_header(self, where: str, names: Sequence[str]) -> None:
        """Check the columns of a file with a header.

        :param where: the file, for the error.
        :raises MailkitError: a column is missing, or is not one of Mailkit's.
        """
        if any(is_possible(trimmed(name)) for name in names):
            raise MailkitArgumentError(
                f"{where} has an address instead of the names of columns: add a first line with names."
            )
        if missing := [name for name in self.columns or () if name not in names]:
            closest = nearest(missing[0], names)
            like = f"; the nearest is {shown(closest)}" if closest else ""
            raise MailkitArgumentError(
                f"{where} has no column {shown(missing[0])}, which columns names{like}."
            )
        shape = self._shape(where, tuple(names))
        if EMAIL not in (target for _, target in shape):
            have = ", ".join(map(shown, names[:20])) or "none"
            raise MailkitArgumentError(
                f"{where} has no column email. Its columns: {have}. Say by columns which one has the "
                "address, such as columns={'mail': 'email'}."
            )

    def check_end(self, where: str, rows: int) -> None:
        """Check that each column was in some row, if rows have their own columns.

        :raises MailkitError: a column was in no row.
        """
        if rows and self._missing:
            name = min(self._missing)
            raise MailkitArgumentError(
                f"No row of {where} has a value named {shown(name)}, which columns names."
            )

    def build(self, where: str, values: Mapping[str, Any]) -> Recipient | Rejection:
        """Return the recipient of a row, or the reason for rejecting it.

        :raises MailkitError: a column of the row is not one of Mailkit's.
        """
        shape = self._shapes.get(tuple(values)) or self._shape(where, tuple(values))
        recipient = dict(self._constants)
        for name, target in shape:
            value = values[name]
            text = value if type(value) is str else as_text(value)
            if text is None:
                return Rejection(NESTED, target)
            if not text or text.isspace():
                continue
            if NOT_SENDABLE.search(text):
                return Rejection(UNSENDABLE, target)
            recipient[target] = text
        address = trimmed(recipient.get(EMAIL, ""))
        if not address:
            return Rejection(NO_ADDRESS, EMAIL)
        if not is_possible(address):
            return Rejection(NOT_AN_ADDRESS, EMAIL)
        recipient[EMAIL] = address
        if recipient.get(STATUS, STATES[0]) not in STATES:
            return Rejection(UNKNOWN_STATUS, STATUS)
        return recipient

    def _shape(self, where: str, names: tuple[str, ...]) -> list[tuple[str, str]]:
        """Return the used ones of these columns, and Mailkit's name for each."""
        if self.columns is not None:
            self._missing.difference_update(names)
            shape = [(name, target) for name, target in self.columns.items() if name in names]
        else:
            shape = [(name, _own_name(where, name)) for name in names]
            targets = [target for _, target in shape]
            _check_targets(targets, self._constants, where, allow_status=self.allow_status)
        self._filled.update(target for _, target in shape)
        if len(self._shapes) < _MANY_SHAPES:
            self._shapes[names] = shape
        return shape


def check_columns(columns: Mapping[str, str], constants: Mapping[str, Any], *, allow_status: bool) -> None:
    """Check the mapping of columns to Mailkit's columns.

    :raises MailkitError: a column is not one of Mailkit's, is filled twice, or no column has the address.
    """
    for name, target in columns.items():
        if target not in IMPORT_COLUMNS:
            like = nearest(target, IMPORT_COLUMNS) if isinstance(target, str) else "email"
            raise MailkitArgumentError(
                f"columns: {shown(name)} cannot become {shown(target)}, which is not a column of Mailkit's; "
                f"the nearest is {like}. Possible are {_possible()}."
            )
    _check_targets(list(columns.values()), constants, "columns", allow_status=allow_status)
    if EMAIL not in columns.values():
        raise MailkitArgumentError("columns must say which column of the source is email.")


def read_constants(constants: Mapping[str, Any], *, allow_status: bool) -> Recipient:
    """Return the values that every recipient gets, without empty ones.

    :raises MailkitError: a name is not one of Mailkit's columns, or a value cannot be sent.
    """
    read = {}
    for name, value in constants.items():
        if name not in IMPORT_COLUMNS or name == EMAIL:
            like = nearest(name, IMPORT_COLUMNS[1:])
            raise MailkitArgumentError(
                f"constants: {shown(name)} cannot be the same for all recipients; the nearest column that "
                f"can is {like}."
            )
        text = as_text(value)
        if text is None or NOT_SENDABLE.search(text):
            raise MailkitArgumentError(f"constants: the value of {name} must be a text, a number or a date.")
        if text.strip():
            read[name] = text
    if STATUS in read:
        if not allow_status:
            raise MailkitArgumentError(f"constants: {_ALLOW_STATUS}.")
        if read[STATUS] not in STATES:
            raise MailkitArgumentError(f"constants: status must be one of {', '.join(STATES)}.")
    return read


def as_text(value: Any) -> str | None:
    """Return a single value as text, empty for no value; None if it is not a single value."""
    match value:
        case None:
            return ""
        case str():
            return value
        case bool():
            return "true" if value else "false"
        case float() if math.isnan(value):
            return ""
        # A column of whole numbers with gaps arrives as floats.
        case float() if value.is_integer() and abs(value) < 2**53:
            return str(int(value))
        case int() | float():
            return str(value)
        case Decimal():
            return f"{value:f}"
        case date() | time():
            return value.isoformat()
    return None


def _own_name(where: str, name: str) -> str:
    target = name.strip().lower()
    if target not in IMPORT_COLUMNS:
        raise MailkitArgumentError(
            f"{where} has a column {shown(name)}, which is not one of Mailkit's; the nearest is "
            f"{nearest(target, IMPORT_COLUMNS)}. Say by columns which columns are sent, and as what, such as "
            "columns={'mail': 'email'}; others are not sent then."
        )
    return target


def _check_targets(
    targets: Sequence[str], constants: Mapping[str, Any], where: str, *, allow_status: bool
) -> None:
    if twice := [name for name in targets if targets.count(name) > 1]:
        raise MailkitArgumentError(f"{where}: two columns would become {twice[0]}.")
    if both := [name for name in targets if name in constants]:
        raise MailkitArgumentError(f"{where}: {both[0]} is in constants as well: keep one of them.")
    if STATUS in targets and not allow_status:
        raise MailkitArgumentError(f"{where}: {_ALLOW_STATUS}. Leave it out of columns.")


def _possible() -> str:
    return ", ".join((*IMPORT_COLUMNS[: IMPORT_COLUMNS.index("custom1")], "custom1 to custom25"))
