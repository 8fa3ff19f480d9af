"""How a campaign is sent once: the checks before and after the one request."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from airflow_provider_mailkit._shown import shown
from airflow_provider_mailkit.catalogue.functions.campaigns import (
    CAMPAIGNS_HISTORY,
    CAMPAIGNS_LIST,
    CAMPAIGNS_SCHEDULE,
    SCHEDULE_LIST,
)
from airflow_provider_mailkit.exceptions import (
    MailkitApiError,
    MailkitArgumentError,
    MailkitError,
    MailkitUnclearError,
)
from airflow_provider_mailkit.waiting.sendings import Once, Sending, read_history, read_schedules

if TYPE_CHECKING:
    from airflow_provider_mailkit.hooks.mailkit import MailkitHook

SCHEDULE = CAMPAIGNS_SCHEDULE.name
# Between two looks.
LOOK_S = 5.0
# How long a later try waits before it believes that an earlier one has sent nothing.
SETTLE_S = 15.0
_MOST = 50

log = logging.getLogger(__name__)

Find = Callable[[list[Sending]], Sending | None]


@dataclass(frozen=True, slots=True)
class Campaign:
    """A campaign that is to be sent once.

    :param parameters: the parameters of the call that schedules it.
    :param verify_s: how long to wait until the delivery appears, in seconds.
    """

    hook: MailkitHook
    id_message: int
    parameters: Mapping[str, Any]
    verify_s: float

    def check(self) -> None:
        """Check that the campaign exists and sends to its audience.

        :raises MailkitError: it does not exist, or does not send to its audience.
        """
        answer = self.hook.call(CAMPAIGNS_LIST.name, {"ID_message": self.id_message})
        rows = [row for row in answer if isinstance(row, dict)] if isinstance(answer, list) else []
        campaigns = [{name.upper(): value for name, value in row.items()} for row in rows]
        campaign = next((each for each in campaigns if each.get("ID_MESSAGE") == self.id_message), None)
        if campaign is None:
            raise self._error(f"campaign {self.id_message} does not exist in this account")
        status = campaign.get("STATUS")
        if str(status).lower() != "enabled":
            raise self._error(f"campaign {self.id_message} is {shown(status)} and not enabled")
        if str(campaign.get("TEST_MODE", False)).lower() not in ("false", "0", ""):
            raise self._error(f"campaign {self.id_message} is in test mode: only its test addresses get it")

    def find(self, once: Once, *, is_later_try: bool) -> Sending | None:
        """Return the delivery that was sent or scheduled before; None if there is none.

        :param is_later_try: whether an earlier try may have sent something that has not appeared yet.
        """
        found = once.first(self._look())
        if found is None and is_later_try:
            log.info("Looking again in %.0f s for what an earlier try may have sent.", SETTLE_S)
            time.sleep(SETTLE_S)
            found = once.first(self._look())
        if found is not None:
            log.info("%s: nothing is sent.", _described(found))
            found = self._begun(once.first, found)
        return found

    def send(self) -> Sending:
        """Schedule the delivery, and return it when it appears.

        :raises MailkitUnclearError: the delivery does not appear.
        :raises MailkitError: Mailkit has refused, or the scheduled delivery does not begin.
        """
        before = {_key(sending) for sending in self._look()}

        def find(sendings: list[Sending]) -> Sending | None:
            new = [sending for sending in sendings if _key(sending) not in before]
            return min(new, key=lambda each: (each.id_send is None, each.made), default=None)

        unclear: MailkitUnclearError | None = None
        seen: Sending | None = None
        try:
            self.hook.call(SCHEDULE, self.parameters)
        except MailkitUnclearError as error:
            log.warning("%s", error)
            unclear = error
        except MailkitApiError as error:
            # Nobody has seen the text of a success, and a text without a number may be one.
            seen = find(self._look()) if error.error_status is None else None
            if seen is None:
                raise
        made = self._begun(find, seen)
        if made is None:
            raise unclear or MailkitUnclearError(
                f"{SCHEDULE}: Mailkit has not refused, but neither its schedules nor its history has a new "
                f"delivery of campaign {self.id_message}. It is unclear whether Mailkit has acted: look "
                "in Mailkit before you clear the task.",
                function=SCHEDULE,
            )
        log.info("%s: sent by this task.", _described(made))
        return made

    def _begun(self, find: Find, seen: Sending | None) -> Sending | None:
        """Wait for a delivery, or for the schedule if it is for later; None if neither appears."""
        ends = time.monotonic() + self.verify_s
        is_now = self.parameters["send_date"] == "now"
        while seen is None or (seen.id_send is None and is_now):
            try:
                seen = find(self._look()) or seen
            except MailkitError as error:
                log.warning("%s", error)
            if seen is not None and (seen.id_send is not None or not is_now):
                break
            if time.monotonic() + LOOK_S > ends:
                break
            time.sleep(LOOK_S)
        if seen is not None and seen.id_send is None and is_now:
            raise MailkitArgumentError(
                f"{SCHEDULE}: campaign {self.id_message} is scheduled and has not begun within "
                f"{self.verify_s:.0f} s. The next try waits for it and sends nothing.",
                function=SCHEDULE,
                retryable=True,
            )
        return seen

    def _look(self) -> list[Sending]:
        about = {"ID_message": self.id_message}
        # Read the schedules first: a delivery that begins in between is then in both, and not in neither.
        schedules = self.hook.call(SCHEDULE_LIST.name, about)
        history = self.hook.call(CAMPAIGNS_HISTORY.name, about | {"list_count": _MOST})
        return [
            *read_schedules(SCHEDULE_LIST.name, schedules),
            *read_history(CAMPAIGNS_HISTORY.name, history),
        ]

    @staticmethod
    def _error(what: str) -> MailkitError:
        return MailkitArgumentError(f"{SCHEDULE}: {what}. Nothing was sent.", function=SCHEDULE)


def _key(sending: Sending) -> tuple[int | None, int | None]:
    return sending.id_send, sending.id_queue


def _described(sending: Sending) -> str:
    if sending.id_send is not None:
        return f"Delivery {sending.id_send} began at {sending.made}"
    return f"Schedule {sending.id_queue} for {sending.due} was made at {sending.made}"
