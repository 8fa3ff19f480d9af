"""The made-up account: who may call, what each function answers, and the clock of every delivery."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import NamedTuple

from airflow_provider_mailkit.sandbox.calls import CAMPAIGN, FUNCTIONS, RECIPIENTS, Call
from airflow_provider_mailkit.sandbox.deliveries import Delivery
from airflow_provider_mailkit.sandbox.encoding import Record, number

ID_MESSAGE = 3001
DELIVERIES_BEGIN = time(6, 0)

# The accents and the ampersand are there on purpose: clients meet UTF-8 and an XML entity.
MAILING_LISTS: list[Record] = [
    {"ID_USER_LIST": number(41001), "NAME": "Customers", "STATUS": "enabled", "DESCRIPTION": "Café & shop"},
    {"ID_USER_LIST": number(41002), "NAME": "Příklad", "STATUS": "disabled", "DESCRIPTION": ""},
]


class Refusal(Exception):
    """The answer is an error; the text is the one that the client gets."""


class Report(NamedTuple):
    """The recipients report of one delivery at one moment."""

    delivery: Delivery
    progress: float


def make_deliveries(
    *, count: int, first_id_send: int, recipients: int, last_day: date, seed: int, ab_test: bool
) -> list[Delivery]:
    """Return deliveries with consecutive IDs on successive days, the last one on `last_day`."""
    last_start = datetime.combine(last_day, DELIVERIES_BEGIN)
    return [
        Delivery(
            id_send=first_id_send + position,
            position=position,
            recipients=recipients,
            start=last_start - timedelta(days=count - 1 - position),
            seed=seed,
            ab_test=ab_test,
        )
        for position in range(count)
    ]


@dataclass(kw_only=True)
class Account:
    """One account of the sandbox.

    :param deliveries: all of them belong to the campaign `ID_MESSAGE`.
    :param seconds: how long a delivery takes, from the first time its recipients are asked for; 0: it is over
        at once, down to the last read.
    :param clock: seconds on a clock that never goes back.
    :param disallow_ip: refuse every call as one from an address that is not allowed.
    """

    deliveries: list[Delivery]
    client_id: str
    client_md5: str
    seconds: float
    clock: Callable[[], float]
    disallow_ip: bool
    _first_asked: dict[int, float] = field(default_factory=dict, init=False)

    def answer(self, call: Call, address: str) -> list[Record] | Report:
        """Return what a function answers to a caller at an IP address, or raise `Refusal`."""
        if self.disallow_ip:
            raise Refusal(f"Disallowed IP {address}")
        if (call.client_id, call.client_md5) != (self.client_id, self.client_md5):
            raise Refusal("Unauthorized")
        if call.function == RECIPIENTS:
            return self._recipients(call.parameters)
        if call.function == CAMPAIGN:
            return self._campaign(call.parameters)
        if call.function in FUNCTIONS:
            return MAILING_LISTS
        raise Refusal("Unknown function: the sandbox has only " + ", ".join(FUNCTIONS))

    def _recipients(self, parameters: dict[str, object]) -> Report:
        id_send = _required_id(parameters, "ID_send")
        for delivery in self.deliveries:
            if delivery.id_send == id_send:
                now = self.clock()
                # setdefault is atomic: two clients that ask at the same time share one beginning.
                self._first_asked.setdefault(id_send, now)
                return Report(delivery, self._progress(id_send, now))
        raise Refusal("Invalid ID_send")

    def _progress(self, id_send: int, now: float) -> float:
        if not self.seconds:
            return math.inf
        return (now - self._first_asked.get(id_send, now)) / self.seconds

    def _campaign(self, parameters: dict[str, object]) -> list[Record]:
        if _required_id(parameters, "ID_message") != ID_MESSAGE:
            raise Refusal("Invalid ID_message")
        first = _day(parameters, "range_from", date.min)
        last = _day(parameters, "range_to", date.max)
        now = self.clock()
        return [
            _delivery_record(delivery, self._progress(delivery.id_send, now))
            for delivery in self.deliveries
            if first <= delivery.start.date() <= last
        ]


def _required_id(parameters: dict[str, object], name: str) -> int:
    value = parameters.get(name)
    if value is None or value == "":
        raise Refusal(f"Missing {name}")
    if isinstance(value, str | int):
        with contextlib.suppress(ValueError):
            return int(value)
    raise Refusal(f"Invalid {name}")


def _day(parameters: dict[str, object], name: str, default: date) -> date:
    value = parameters.get(name)
    if not value:
        return default
    if isinstance(value, str):
        with contextlib.suppress(ValueError):
            return date.fromisoformat(value)
    raise Refusal(f"Invalid {name}")


def _delivery_record(delivery: Delivery, progress: float) -> Record:
    totals = delivery.totals(progress)
    delivered = totals.statuses["sent"]
    return {
        "ID_SEND": number(delivery.id_send),
        "DATE": str(delivery.start),
        "DATE2": str(delivery.start.date()),
        "FROM": "news@example.com",
        "SUBJECT": f"Café & shop, issue {delivery.position + 1}",
        "SEND_COUNT": number(delivered + totals.statuses["failed"]),
        "DELIVERED_COUNT": number(delivered),
        "READ_COUNT": number(totals.reads),
        "READ_COUNT_U": number(totals.readers),
        "CLICK_COUNT": number(totals.clicks),
        "CLICK_COUNT_U": number(totals.clickers),
    }
