"""What the records of a report over JSON look like, so that msgspec decodes many of them at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Any

from airflow_provider_mailkit.protocol.record_type import UNKNOWN, record_type
from airflow_provider_mailkit.protocol.records import Batch, Cleaning, Wanted

# A record with more unknown members than any interface has is read the slow way.
_MAX_UNKNOWN = 100


@dataclass(frozen=True, slots=True)
class Shape:
    """What records are expected to look like; see :func:`record_type`.

    At first, all columns that may be absent are absent. The first records show which ones are there.
    """

    may_be_empty: frozenset[str]
    usual: frozenset[str]
    others: frozenset[str] = frozenset()
    spelling: Mapping[str, str] = field(default_factory=dict)
    unknown: tuple[str, ...] = ()
    absent: frozenset[str] = frozenset()


class Learned:
    """What the decoders of an export have learned about its records. Each passes it on to the next one.

    XML-RPC does not need this: one record shows the shape.
    """

    shape: Shape | None = None


def first_shape(wanted: Wanted) -> Shape:
    """Return what records look like as long as none has come."""
    names = wanted.answered
    empty = frozenset(names) if wanted.ignores_others else wanted.schema.often_empty(names)
    # Where an empty text may stay, to look whether one is empty would only take time.
    empty |= wanted.as_is.intersection(names)
    return Shape(empty, wanted.schema.usual(names), absent=wanted.absent(()))


def learn(wanted: Wanted, shape: Shape, records: list[Any]) -> Shape:
    """Return what records look like, now that some have come which are not of the shape expected."""
    schema, last = wanted.schema, records[-1]
    if not isinstance(last, dict):
        return shape
    columns = {column: name for name in last if (column := schema.column_of(name))}
    news = [name for name in last if not schema.column_of(name)]
    unknown = () if wanted.ignores_others else tuple(dict.fromkeys((*shape.unknown, *news)))
    if len(columns) + len(news) != len(last) or len(unknown) > _MAX_UNKNOWN:
        return shape
    members = {c: columns.get(c) or shape.spelling.get(c, c) for c in wanted.answered}
    values = {column: _plain_values(records, member) for column, member in members.items()}
    names = {name for record in records if isinstance(record, dict) for name in record}
    absent = wanted.absent({column for name in names if (column := schema.column_of(name))})
    if shape.absent != wanted.absent(()):
        # Once one of them has turned up, the others may too, and each would take a lesson.
        absent = shape.absent if shape.absent <= absent else wanted.absent(wanted.answered)
    return Shape(
        may_be_empty=shape.may_be_empty | {c for c in values if "" in values[c]},
        usual=frozenset(c for c in shape.usual if set(values[c]) <= set(schema.columns[c].usual)),
        others=shape.others | {c for c in values if schema.takes_other_values(c) and _has_others(values[c])},
        spelling={c: name for c, name in members.items() if name != c},
        unknown=unknown,
        absent=absent,
    )


def _plain_values(records: list[Any], member: str) -> list[Any]:
    values = [record.get(member) if isinstance(record, dict) else None for record in records]
    return [value for value in values if value is None or isinstance(value, str | int | float)]


def _has_others(values: list[Any]) -> bool:
    return not all(value is None or type(value) is str for value in values)


class ShapeDecoder:
    """Decodes records that are of a shape.

    :raises ValueError: msgspec cannot: it knows no members with quotes, backslashes or control characters.
    """

    def __init__(self, wanted: Wanted, shape: Shape) -> None:
        import msgspec

        kind = record_type(
            wanted.schema,
            wanted.columns,
            wanted.constants,
            may_be_empty=shape.may_be_empty,
            usual=shape.usual,
            others=shape.others,
            spelling=shape.spelling,
            required=wanted.answered[0] if wanted.ignores_others else wanted.schema.anchor,
            unknown=shape.unknown,
            absent=shape.absent,
            strict=not wanted.ignores_others,
        )
        self.shape = shape
        self._decoder = msgspec.json.Decoder(list[kind], strict=False)  # type: ignore[valid-type]
        others = shape.others - shape.absent
        may_be_empty = () if wanted.ignores_others else shape.may_be_empty - shape.absent | others
        self._cleaning = Cleaning(wanted.cleared(may_be_empty), wanted.dates, tuple(others))
        self._absent = msgspec.UNSET
        self._unknown = [(name, attrgetter(f"{UNKNOWN}{i}")) for i, name in enumerate(shape.unknown)]

    def decode(self, text: bytearray) -> Batch:
        """Decode an array of records.

        :raises msgspec.ValidationError: there is another record, though not before what is malformed.
        :raises MailkitResponseError: a date is not a date.
        """
        records = self._decoder.decode(text)
        self._cleaning.clean(records)
        unknown = [self._unknown_of(record) for record in records] if self._unknown else []
        return Batch(records, unknown if any(unknown) else None)

    def _unknown_of(self, record: Any) -> dict[str, Any]:
        return {name: value for name, get in self._unknown if (value := get(record)) is not self._absent}
