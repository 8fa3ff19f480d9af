"""The type that the decoders give to the records of a report."""

from __future__ import annotations

import sys
from collections.abc import Collection, Mapping, Sequence
from typing import Annotated, Any, Final, Literal

from airflow_provider_mailkit.catalogue.columns import DAY, DECIMAL, INSTANT, INTEGER, Column
from airflow_provider_mailkit.protocol.schema import Schema

#: The prefix of attributes for undocumented members.
UNKNOWN: Final = "unknown_"


def record_type(
    schema: Schema,
    columns: Sequence[str],
    constants: Mapping[str, Any],
    *,
    may_be_empty: Collection[str],
    usual: Collection[str] = (),
    others: Collection[str] = (),
    spelling: Mapping[str, str] | None = None,
    required: str | None = None,
    unknown: Sequence[str] = (),
    absent: Collection[str] = (),
    strict: bool = False,
) -> Any:
    """Return the msgspec struct of a record.

    :param columns: the attributes, in this order.
    :param constants: those of them that are not read from the answer, and their value in every record.
    :param may_be_empty: columns in which an empty string is accepted.
    :param usual: columns in which only their usual texts are accepted.
    :param others: columns of text in which numbers and booleans are accepted.
    :param spelling: how members are spelled in the answer, where that is not the column's name.
    :param required: a column that must be there; all others default to None.
    :param unknown: members that are not declared; they become the attributes ``unknown_0`` and so on.
    :param absent: columns that are left out of the struct: reading one gives None, and it cannot be set.
    :param strict: whether any further member fails the decoding.
    """
    import msgspec

    # No value of the answer is taken for a constant: this type has no values.
    nothing = Annotated[int, msgspec.Meta(gt=0, lt=0)]
    members: list[Any] = []
    for name in columns:
        if name in absent:
            continue
        if name in constants:
            members.append((name, nothing, constants[name]))
            continue
        kind = _column_type(
            schema.columns[name],
            may_be_empty=name in may_be_empty,
            is_usual=name in usual,
            may_be_other=name in others,
        )
        members.append((name, kind) if name == required else (name, kind, None))
    members += [(f"{UNKNOWN}{i}", Any, msgspec.UNSET) for i in range(len(unknown))]
    rename = dict(spelling or {}) | {f"{UNKNOWN}{i}": name for i, name in enumerate(unknown)}
    return msgspec.defstruct(
        "Record",
        members,
        namespace=dict.fromkeys(absent),
        rename=rename,
        forbid_unknown_fields=strict,
        # Only then may a required column follow others.
        kw_only=required is not None,
        gc=False,
    )


def _column_type(column: Column, *, may_be_empty: bool, is_usual: bool, may_be_other: bool) -> Any:
    """Return the type of a column's values, with None for an absent one.

    :param may_be_empty: whether an empty string is accepted.
    :param is_usual: whether only its usual texts are accepted.
    :param may_be_other: whether it is a text that may be a number or a boolean.
    """
    import msgspec

    if is_usual:
        # Without null: msgspec would take the text "null" for it, unless any text is allowed.
        return Literal[column.usual]
    if may_be_other:
        return str | int | float | bool | None
    if column.kind == INTEGER:
        # The columns are 64-bit integers in every file: a larger number must not get further than here.
        number: Any = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]
    elif column.kind == DECIMAL:
        # JSON can write neither infinity nor NaN.
        number = Annotated[float, msgspec.Meta(ge=-sys.float_info.max, le=sys.float_info.max)]
    elif may_be_empty or column.kind in (INSTANT, DAY):
        return str | None
    else:
        return Annotated[str, msgspec.Meta(min_length=1)] | None
    return number | Literal[""] | None if may_be_empty else number | None
