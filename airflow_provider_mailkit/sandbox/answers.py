"""The kinds of answers of a function."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple, TypeAlias

from airflow_provider_mailkit.sandbox.asked import Asked
from airflow_provider_mailkit.sandbox.deliveries import Delivery
from airflow_provider_mailkit.sandbox.encoding import Record, Value
from airflow_provider_mailkit.sandbox.world import World


class Recipients(NamedTuple):
    """The recipients report of one delivery at one moment."""

    delivery: Delivery
    progress: float


class Rows(NamedTuple):
    """A list of records, generated while it is sent.

    :param is_loose: whether a list of one is sent as an object, and an empty list as an empty object.
    """

    records: Iterable[Record]
    is_loose: bool = True


class Whole(NamedTuple):
    """One value, which may differ over XML-RPC."""

    json: Value
    xmlrpc: Value


Answer: TypeAlias = Recipients | Rows | Whole
Function: TypeAlias = Callable[[World, Asked], Answer]


def same(value: Value) -> Whole:
    """Return a value that looks the same over both protocols."""
    return Whole(value, value)
