"""What the values in an answer are, once they are decoded: records, or an error in the place of one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any

from airflow_provider_mailkit.catalogue.columns import NESTED
from airflow_provider_mailkit.catalogue.function import ENVELOPE, Function
from airflow_provider_mailkit.exceptions import MailkitError, MailkitResponseError
from airflow_provider_mailkit.protocol.answers import error_in, says_success
from airflow_provider_mailkit.protocol.excerpt import Redactor
from airflow_provider_mailkit.protocol.members import AmbiguousMemberError, unique
from airflow_provider_mailkit.protocol.record_type import record_type
from airflow_provider_mailkit.protocol.records import Batch, Cleaning, Wanted, as_text, joined
from airflow_provider_mailkit.protocol.schema import Schema
from airflow_provider_mailkit.protocol.state import MAX_LESSONS, Taken, UnexpectedError


class Elements:
    """Makes records of the values in an answer, once these have been decoded.

    :param function: the one that answered.
    :param redactor: cleans what error messages show.
    """

    def __init__(self, wanted: Wanted, function: Function, redactor: Redactor) -> None:
        self.function = function
        self.redactor = redactor
        self._schema = wanted.schema
        self._reader = RecordReader(wanted)

    def read(self, elements: list[Any]) -> Taken:
        """Return the records before the first element that is not one, and what is wrong with that one."""
        for position, element in enumerate(elements):
            if error := self.error_of(element):
                batch, failure = self._reader.read(elements[:position])
                # A bad record before it comes first, as it does when the two arrive apart.
                return batch, failure or error
        return self._reader.read(elements)

    def error_of(self, element: Any) -> MailkitError | None:
        """Return the error that an element of the list is instead of a record, if it is one."""
        if not isinstance(element, dict) or self._schema.is_record(element):
            return None
        return error_in(self.function, element, self.redactor)

    def inside(self, answer: Any, *, is_whole: bool = True) -> list[Any]:
        """Return the elements of an answer, which may be an object: an envelope, or one record.

        :param is_whole: whether all members have come. Otherwise it counts as an error only if it has both
            the number and the text of one.
        :raises MailkitError: it is an error of the API.
        :raises UnexpectedError: it is something else.
        """
        if isinstance(answer, dict):
            answer = self._inside_object(answer, is_whole)
        if not isinstance(answer, list):
            raise UnexpectedError("the answer is not a list of records")
        return answer

    def _inside_object(self, answer: dict[str, Any], is_whole: bool) -> Any:
        is_record = self._schema.is_record(answer, whole_answer=True)
        error = error_in(self.function, answer, self.redactor)
        said = {name.lower() for name, value in answer.items() if value not in (None, "")}
        if error and not is_record and (is_whole or said.issuperset(ENVELOPE)):
            raise error
        try:
            has_rows, rows = self._schema.rows_of(answer)
        except AmbiguousMemberError:
            raise ambiguous_member(self._schema.function) from None
        if has_rows:
            return [] if rows in (None, "", {}) else [rows] if isinstance(rows, dict) else rows
        record = answer
        if not is_record or (says_success(answer) and not error):
            record = {name: value for name, value in answer.items() if name.lower() not in ENVELOPE}
        if not record and "error" in map(str.lower, answer) and not says_success(answer):
            raise UnexpectedError("the answer is neither a list nor a documented error")
        return [record] if record else []


class RecordReader:
    """Makes records of dicts: slower than the decoders' own way, but forgiving.

    Members are found in any letter case, numbers may be strings, members may be missing or unknown, or hold
    an object whose members are columns.
    """

    def __init__(self, wanted: Wanted) -> None:
        import msgspec

        self._wanted = wanted
        self._schema = wanted.schema
        self._columns = wanted.answered
        self._cleaning = Cleaning(wanted.cleared(self._columns), wanted.dates)
        self._types: dict[frozenset[str], Any] = {}
        self._convert: Callable[..., list[Any]] = msgspec.convert
        self._invalid = msgspec.ValidationError

    def read(self, records: Sequence[Any]) -> tuple[Batch | None, MailkitResponseError | None]:
        """Return the records before the first bad one, and what is wrong with that one."""
        if not records:
            return None, None
        try:
            return self._read_all(records), None
        except MailkitResponseError:
            # Which one it is shows when they are read one by one.
            pass
        batches: list[Batch] = []
        for record in records:
            try:
                batches.append(self._read_all([record], alone=True))
            except MailkitResponseError as error:
                return joined(batches), error
        return joined(batches), None

    def _read_all(self, records: Sequence[Any], *, alone: bool = False) -> Batch:
        """Read records.

        :param alone: whether the records of a batch are read one by one. They then all get the same type.
        """
        rows = [_parts(self._schema, record) for record in records]
        parted = [part for parts, _ in rows for part in parts]
        members = self._columns if alone else {column for known, _ in parted for column in known}
        kind = self._type_without(self._wanted.absent(members))
        wrong = None
        try:
            typed = self._convert([known for known, _ in parted], list[kind], strict=False)  # type: ignore[valid-type]
        except self._invalid as error:
            # The text of the error quotes the value, which may be an address; its end is the place.
            place = str(error)
            wrong = next((name for name in self._columns if place.endswith(f".{name}`")), "a member")
        if wrong is not None:
            raise _refused(self._schema, f"{wrong} of a record is not of its documented type")
        self._cleaning.clean(typed)
        unknown = [others for _, others in parted]
        repeats = [member if number else "" for parts, member in rows for number in range(len(parts))]
        return Batch(typed, unknown if any(unknown) else None, repeats if any(repeats) else None)

    def _type_without(self, absent: frozenset[str]) -> Any:
        wanted = self._wanted
        if absent not in self._types and len(self._types) >= MAX_LESSONS:
            # Records may all differ, and a type for each would take long.
            absent = wanted.absent(self._columns)
        if absent not in self._types:
            self._types[absent] = record_type(
                wanted.schema,
                wanted.columns,
                wanted.constants,
                may_be_empty=wanted.columns,
                absent=absent,
            )
        return self._types[absent]


#: A record's known members by column, and its other members.
_Part = tuple[dict[str, Any], dict[str, Any]]


def _parts(schema: Schema, record: Any) -> tuple[list[_Part], str]:
    """Return the rows that a record makes: one, or one for each object in a list that holds columns.

    Then also return the member with that list, in upper case.
    """
    if not isinstance(record, dict):
        raise _refused(schema, "a record is not an object")
    known = _known(schema, schema.members, record)
    unknown = {name: value for name, value in record.items() if not schema.column_of(name)}
    held = {} if schema.is_flat else _held(schema, unknown)
    if held:
        unknown = {name: value for name, value in unknown.items() if name.upper() not in held}
    parts = [(known, unknown)]
    listed = ""
    for member, value in held.items():
        objects = _objects(schema, member, value)
        if listed and len(objects) > 1:
            raise _refused(
                schema, "a record holds two lists, and nothing says which of their objects belong together"
            )
        listed = member if len(objects) > 1 else listed
        parts = [_joined(schema, part, member, each) for part in parts for each in objects]
    if not any(values for values, _ in parts):
        raise _refused(schema, "a record has no known field")
    return parts, listed


def _held(schema: Schema, others: Mapping[str, Any]) -> dict[str, Any]:
    """Return the members that hold columns, by their names in upper case."""
    with suppress(AmbiguousMemberError):
        return unique((name.upper(), value) for name, value in others.items() if schema.inner(name))
    raise ambiguous_member(schema.function)


def _known(schema: Schema, members: Mapping[str, str], record: Mapping[str, Any]) -> dict[str, Any]:
    """Return what an object has of these members, by column."""
    pairs = ((c, value) for name, value in record.items() if (c := members.get(name.upper())))
    with suppress(AmbiguousMemberError):
        return {column: _value(schema, column, value) for column, value in unique(pairs).items()}
    raise ambiguous_member(schema.function)


def _value(schema: Schema, name: str, value: Any) -> Any:
    if value is None or isinstance(value, str):
        return value
    is_other = isinstance(value, int | float) and schema.takes_other_values(name)
    return as_text(value) if is_other or schema.columns[name].kind == NESTED else value


def _objects(schema: Schema, member: str, value: Any) -> list[dict[str, Any]]:
    """Return the objects that a member holds, of which one may stand for a list of one."""
    if value in (None, "", [], {}):
        return [{}]
    objects = value if isinstance(value, list) else [value]
    if not all(isinstance(each, dict) for each in objects):
        raise _refused(schema, f"{member} of a record is not an object")
    return objects


def _joined(schema: Schema, part: _Part, member: str, value: dict[str, Any]) -> _Part:
    inner = schema.inner(member)
    known = _known(schema, inner, value)
    unknown = {f"{member}.{name}": item for name, item in value.items() if name.upper() not in inner}
    return part[0] | known, part[1] | unknown


def ambiguous_member(function: str) -> MailkitResponseError:
    """Make the exception for a record with two different values for one column."""
    return MailkitResponseError(
        f"{function}: a record has the same field twice, with different values.", function=function
    )


def _refused(schema: Schema, what: str) -> MailkitResponseError:
    return MailkitResponseError(f"{schema.function}: {what}.", function=schema.function)
