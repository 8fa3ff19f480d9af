"""The made-up account: who may call, and which module answers which function."""

from __future__ import annotations

from dataclasses import dataclass, field

from airflow_provider_mailkit.sandbox import campaigns, lists, profile, raw, reports, writes
from airflow_provider_mailkit.sandbox.answers import Answer, Function
from airflow_provider_mailkit.sandbox.asked import Asked, Refusal
from airflow_provider_mailkit.sandbox.calls import Call
from airflow_provider_mailkit.sandbox.log import Entry, Log
from airflow_provider_mailkit.sandbox.world import World

ANSWERS: dict[str, Function] = (
    reports.ANSWERS | raw.ANSWERS | lists.ANSWERS | writes.ANSWERS | campaigns.ANSWERS | profile.ANSWERS
)

# Functions that change, send or delete something.
ACTING = frozenset(
    {
        "mailkit.campaigns.single.schedule",
        "mailkit.mailinglist.import",
        "mailkit.email.unsubscribe",
        "mailkit.email.wipe",
    }
)


@dataclass(kw_only=True)
class Account:
    """One account of the sandbox.

    :param disallow_ip: refuse every call, as if its address was not allowed.
    :param lost_answers: how many answers to calls that do more than read get lost from now on.
    """

    world: World
    client_id: str
    client_md5: str
    disallow_ip: bool
    lost_answers: int = 0
    log: Log = field(default_factory=Log)

    def answer(self, call: Call, address: str) -> Answer:
        """Return what a function answers to a caller at an IP address, or raise `Refusal`."""
        try:
            answer = self._answer(call, address)
        except Refusal as refusal:
            self.log.add(Entry(call.function, call.parameters, str(refusal)))
            raise
        self.log.add(Entry(call.function, call.parameters))
        return answer

    def loses_answer(self, call: Call) -> bool:
        """Tell whether the answer to a successful call gets lost."""
        if call.function not in ACTING or self.lost_answers <= 0:
            return False
        self.lost_answers -= 1
        return True

    def _answer(self, call: Call, address: str) -> Answer:
        if self.disallow_ip:
            raise Refusal(f"Disallowed IP {address}")
        if (call.client_id, call.client_md5) != (self.client_id, self.client_md5):
            raise Refusal("Unauthorized")
        if call.function not in ANSWERS:
            raise Refusal("Unknown function: the sandbox does not have it")
        self.world.begin_what_is_due()
        return ANSWERS[call.function](self.world, Asked(call.parameters))
