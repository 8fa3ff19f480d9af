"""The content of the made-up account: campaigns, deliveries, mailing lists, and the deliveries' clocks."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from functools import cached_property

from airflow_provider_mailkit.sandbox.asked import Asked, Refusal
from airflow_provider_mailkit.sandbox.changes import Changes
from airflow_provider_mailkit.sandbox.clock import local_time
from airflow_provider_mailkit.sandbox.deliveries import Delivery
from airflow_provider_mailkit.sandbox.growth import Logs
from airflow_provider_mailkit.sandbox.people import MailingList, make_lists
from airflow_provider_mailkit.sandbox.schedules import Schedule, Schedules

FIRST_ID_MESSAGE = 3001
#: Between the first deliveries of two campaigns, whose IDs follow without gaps.
IDS_OF_A_CAMPAIGN = 10_000
SENDER = "news@example.com"

_NAMES = ("Newsletter", "Café & shop offers", "Příběhy")


@dataclass
class Campaign:
    """A campaign and its deliveries, the oldest first.

    :param status: Mailkit's name of its state. All but ``enabled`` are made up.
    """

    id_message: int
    name: str
    subject: str
    deliveries: list[Delivery]
    status: str = "enabled"
    test_mode: bool = False


def make_campaigns(
    *,
    campaigns: int,
    deliveries: int,
    first_id_send: int,
    recipients: int,
    last_day: date,
    seed: int,
    ab_test: bool,
) -> list[Campaign]:
    """Return campaigns with the same number of deliveries, on successive days until `last_day`."""
    return [
        Campaign(
            FIRST_ID_MESSAGE + number,
            _NAMES[number % len(_NAMES)] + (f" {number}" if number >= len(_NAMES) else ""),
            "Café & shop",
            [
                Delivery(
                    id_send=first_id_send + number * IDS_OF_A_CAMPAIGN + issue,
                    id_message=FIRST_ID_MESSAGE + number,
                    position=number * deliveries + issue,
                    issue=issue + 1,
                    recipients=recipients,
                    start=datetime.combine(last_day, time(6 + 3 * number % 12))
                    - timedelta(days=deliveries - 1 - issue),
                    seed=seed,
                    ab_test=ab_test,
                )
                for issue in range(deliveries)
            ],
        )
        for number in range(campaigns)
    ]


@dataclass(kw_only=True)
class World:
    """The content of the account.

    :param seconds: how long a delivery takes, from the first request for one of its reports. 0: it is done at
        once, including the last read.
    :param zero_counts: whether an import answers 0 for all its counts.
    :param queue_seconds: how long a delivery that shall begin now waits in the queue.
    :param clock: seconds on a clock that never goes back.
    :param logs: how the raw logs grow.
    """

    campaigns: list[Campaign]
    recipients: int
    seed: int
    last_day: date
    seconds: float
    queue_seconds: float
    clock: Callable[[], float]
    zero_counts: bool = False
    changes: Changes = field(default_factory=Changes)
    logs: Logs = field(default_factory=Logs)
    _first_asked: dict[int, float] = field(default_factory=dict, init=False)

    @cached_property
    def lists(self) -> list[MailingList]:
        """The mailing lists; all campaigns go to the first one."""
        return make_lists(recipients=self.recipients, seed=self.seed, last_day=self.last_day)

    @cached_property
    def schedules(self) -> Schedules:
        """What callers have scheduled."""
        return Schedules(self.queue_seconds, self.clock, local_time)

    def begin_what_is_due(self) -> None:
        """Make deliveries of the schedules whose time has come."""
        self.schedules.begin(self._begin)

    def _begin(self, schedule: Schedule) -> None:
        campaign = self.campaign(schedule.id_message)
        last = campaign.deliveries[-1]
        delivery = replace(
            last,
            id_send=last.id_send + 1,
            position=len(self.deliveries),
            issue=last.issue + 1,
            start=schedule.due,
        )
        self.deliveries[delivery.id_send] = delivery
        campaign.deliveries.append(delivery)

    @cached_property
    def deliveries(self) -> dict[int, Delivery]:
        """All deliveries by ID, in the order of their message IDs."""
        return {each.id_send: each for campaign in self.campaigns for each in campaign.deliveries}

    def progress(self, delivery: Delivery) -> float:
        """Return how far a delivery is: 0 at its beginning, 1 when all is sent."""
        now = self.clock()
        return self._progress(self._first_asked.get(delivery.id_send, now), now)

    def asked_delivery(self, asked: Asked) -> tuple[Delivery, float]:
        """Return the delivery of a report, and its progress, which begins now; or refuse."""
        delivery = self.deliveries.get(asked.required_id("ID_send"))
        if delivery is None:
            raise Refusal("Invalid ID_send")
        now = self.clock()
        # setdefault is atomic, so two clients at the same time share one beginning.
        return delivery, self._progress(self._first_asked.setdefault(delivery.id_send, now), now)

    def _progress(self, began: float, now: float) -> float:
        return (now - began) / self.seconds if self.seconds else math.inf

    def campaign(self, id_message: int) -> Campaign:
        """Return a campaign, or refuse."""
        number = id_message - FIRST_ID_MESSAGE
        if not 0 <= number < len(self.campaigns):
            raise Refusal("Invalid ID_message")
        return self.campaigns[number]

    def campaign_of(self, delivery: Delivery) -> Campaign:
        """Return the campaign that a delivery belongs to."""
        return self.campaign(delivery.id_message)

    def mailing_list(self, asked: Asked) -> MailingList:
        """Return the mailing list of a call, or refuse."""
        wanted = asked.required_id("ID_user_list")
        for each in self.lists:
            if each.id_user_list == wanted:
                return each
        raise Refusal("Invalid ID_user_list")

    def chosen(self, asked: Asked) -> Iterator[Delivery]:
        """Return the deliveries of a raw report: of one campaign, one delivery, or all."""
        id_message, id_send = asked.id("ID_message"), asked.id("ID_send")
        deliveries = list(
            self.deliveries.values() if id_message is None else self.campaign(id_message).deliveries
        )
        if id_send is None:
            return iter(deliveries)
        self.asked_delivery(asked)
        return (each for each in deliveries if each.id_send == id_send)
