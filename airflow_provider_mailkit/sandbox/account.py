"""The made-up account: who may call, and which module answers which function."""

from __future__ import annotations

from dataclasses import dataclass

from airflow_provider_mailkit.sandbox import campaigns, lists, profile, raw, reports, writes
from airflow_provider_mailkit.sandbox.answers import Answer, Function
from airflow_provider_mailkit.sandbox.asked import Asked, Refusal
from airflow_provider_mailkit.sandbox.calls import Call
from airflow_provider_mailkit.sandbox.world import World

ANSWERS: dict[str, Function] = (
    reports.ANSWERS | raw.ANSWERS | lists.ANSWERS | writes.ANSWERS | campaigns.ANSWERS | profile.ANSWERS
)


@dataclass(kw_only=True)
class Account:
    """One account of the sandbox.

    :param disallow_ip: refuse every call as one from an address that is not allowed.
    """

    world: World
    client_id: str
    client_md5: str
    disallow_ip: bool

    def answer(self, call: Call, address: str) -> Answer:
        """Return what a function answers to a caller at an IP address, or raise `Refusal`."""
        if self.disallow_ip:
            raise Refusal(f"Disallowed IP {address}")
        if (call.client_id, call.client_md5) != (self.client_id, self.client_md5):
            raise Refusal("Unauthorized")
        if call.function not in ANSWERS:
            raise Refusal("Unknown function: the sandbox does not have it")
        return ANSWERS[call.function](self.world, Asked(call.parameters))
