"""Parameters of the API's functions: one :class:`Parameter` for each name."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any, Final, Literal, get_args

from airflow_provider_mailkit.catalogue.checks import check_tuple, first_doubled, is_number

Kind = Literal[
    "id", "id or address", "integer", "text", "boolean", "day", "instant", "send date",
    "struct", "list of ids", "list of structs", "anything",
]  # fmt: skip

ID: Final = "id"
ID_OR_ADDRESS: Final = "id or address"
INTEGER: Final = "integer"
TEXT: Final = "text"
BOOLEAN: Final = "boolean"
DAY: Final = "day"
INSTANT: Final = "instant"
SEND_DATE: Final = "send date"
STRUCT: Final = "struct"
IDS: Final = "list of ids"
STRUCTS: Final = "list of structs"
ANYTHING: Final = "anything"

#: Means "nothing is sent", since None is a value here.
NOT_SENT: Final = object()

#: Stands for all IDs.
ALL: Final = "all"

# Which names an error may show: an address does not look like this.
_SHOWABLE = r"[A-Za-z_][A-Za-z0-9_./-]{0,79}"

_STRUCTURED = (STRUCT, STRUCTS)
_HARMLESS = (INTEGER, BOOLEAN, DAY, INSTANT, SEND_DATE)
_IDS_OF_PEOPLE = ("id_email", "id_preview_email", "id_send_message")
_NUMBERS = (ID, INTEGER)

#: What an ID identifies, by its lower-case name, if the name does not say it. None leads to a person.
NOUNS: Final = {
    "id_message": "campaign",
    "id_send": "delivery",
    "id_url": "link",
    "id_user_list": "mailing list",
}


@dataclass(frozen=True, slots=True, eq=False, repr=False, match_args=False)
class Parameter:
    """One parameter of a function, or one member of a struct.

    :param name: Mailkit's own name, in its letter case.
    :param kind: the kind of its values, see ``docs/reference/functions.md``.
    :param required: whether the function refuses a call without it.
    :param choices: the accepted texts; empty if any text is accepted.
    :param minimum: the smallest accepted number. None: 1 for an ID, 0 for other numbers.
    :param maximum: the largest one.
    :param max_length: the maximum number of characters of a text.
    :param may_be_empty: whether an empty text is accepted and sent, even if the kind does not allow it.
    :param base64: whether Mailkit wants the value in Base64. Callers pass it plain, as text or bytes.
    :param members: the members of a struct, or of each struct in a list.
    :param open: whether a struct may hold other members: variables of a template.
    :param many: whether a struct may also be a list of such structs.
    :param words: the texts for true and false. None: as the protocol writes them.
    :param xmlrpc: the type that XML-RPC wants, if it differs from the kind's.
    :param when_absent: what JSON sends without a value, if Mailkit requires the name.
    :param default: Mailkit's documented default.
    :param note: other facts, or what is not known.
    :raises ValueError: the declaration contradicts itself.
    """

    name: str
    kind: Kind = TEXT
    required: bool = False
    choices: tuple[str, ...] = ()
    minimum: int | None = None
    maximum: int | None = None
    max_length: int | None = None
    may_be_empty: bool = False
    base64: bool = False
    members: tuple[Parameter, ...] = ()
    open: bool = False
    many: bool = False
    words: tuple[str, str] | None = ("TRUE", "FALSE")
    xmlrpc: Literal["text", "boolean"] | None = None
    when_absent: Any = NOT_SENT
    default: str | int | bool | None = None
    note: str = ""

    def __post_init__(self) -> None:
        if not self.name or self.name != self.name.strip():
            raise ValueError("a parameter needs a name without blanks around it")
        if self.kind not in get_args(Kind):
            raise ValueError(f"{self.name}: the kind must be one of {', '.join(get_args(Kind))}")
        if self.xmlrpc not in (None, "text", "boolean"):
            raise ValueError(f"{self.name}: xmlrpc must be text, boolean, or None for the kind's own type")
        check_tuple(f"{self.name}: choices", self.choices, str)
        check_tuple(f"{self.name}: words", self.words or (), str)
        check_tuple(f"{self.name}: members", self.members, Parameter)
        if self.choices and (self.kind != TEXT or "" in self.choices or first_doubled(self.choices)):
            raise ValueError(f"{self.name}: only a text has choices, each of them once and not empty")
        if self.many and self.kind != STRUCT:
            raise ValueError(f"{self.name}: many is for a struct only")
        if self.base64 and (self.kind in (IDS, ANYTHING) or self.members):
            raise ValueError(f"{self.name}: what is sent in Base64 is one value; mark the members instead")
        if self.xmlrpc == "boolean" and self.kind != BOOLEAN:
            raise ValueError(f"{self.name}: only a boolean is sent as one")
        if self.required and self.when_absent is not NOT_SENT:
            raise ValueError(f"{self.name}: a required parameter is never absent, so it has no when_absent")
        self._check_number()
        self._check_members()
        if self.default is not None and not self._is_right_default():
            raise ValueError(f"{self.name}: the default must be a value of its kind, and one of its choices")

    def _check_number(self) -> None:
        if not all(
            number is None or is_number(number) for number in (self.minimum, self.maximum, self.max_length)
        ):
            raise ValueError(f"{self.name}: minimum, maximum and max_length must be whole numbers or None")
        if (self.minimum, self.maximum) != (None, None) and self.kind not in _NUMBERS:
            raise ValueError(f"{self.name}: only a number has a minimum or a maximum")
        if self.maximum is not None and self.maximum < self.smallest:
            raise ValueError(f"{self.name}: the maximum is below the minimum")

    def _check_members(self) -> None:
        if bool(self.members or self.open) != (self.kind in _STRUCTURED):
            raise ValueError(f"{self.name}: a struct needs members or is open, and nothing else has any")
        if again := first_doubled(member.name for member in self.members):
            raise ValueError(f"{self.name}: the member {again} is declared twice")

    def _is_right_default(self) -> bool:
        value = self.default
        if self.kind in _NUMBERS:
            if not is_number(value) or value < self.smallest:
                return False
            return self.maximum is None or value <= self.maximum
        if self.kind == BOOLEAN:
            return isinstance(value, bool)
        return isinstance(value, str) and (not self.choices or value in self.choices)

    @property
    def may_be_personal(self) -> bool:
        """Whether a value may be about a person: any text, or the ID of somebody or of their message."""
        if self.kind == ID:
            return self.name.lower() in _IDS_OF_PEOPLE
        return not self.choices and self.kind not in _HARMLESS

    @property
    def smallest(self) -> int:
        """The smallest accepted number."""
        if self.minimum is not None:
            return self.minimum
        return 1 if self.kind == ID else 0


def nearest(name: str, names: Iterable[str]) -> str | None:
    """Return the most similar name, whatever the letter case; None if there are no names."""
    wanted = name.lower()
    return max(
        names,
        key=lambda known: SequenceMatcher(None, wanted, known.lower(), autojunk=False).ratio(),
        default=None,
    )


def shown(name: Any) -> str:
    """Return a name as an error may show it; empty if it could be anything else."""
    from airflow_provider_mailkit._shown import is_coded_address

    is_name = isinstance(name, str) and re.fullmatch(_SHOWABLE, name) and not is_coded_address(name)
    return f"'{name}'" if is_name else "(a name that is not shown)"


def noun_of(name: str) -> str | None:
    """Return what an ID identifies, such as a zoo for ID_zoo. None: a person, or this is not an ID."""
    name = name.lower()
    if not name.startswith("id_") or name in _IDS_OF_PEOPLE:
        return None
    return NOUNS.get(name) or name.removeprefix("id_").replace("_", " ")


def texts(*names: str, base64: bool = False, note: str = "") -> tuple[Parameter, ...]:
    """Declare several optional texts."""
    return tuple(Parameter(name, base64=base64, note=note) for name in names)
