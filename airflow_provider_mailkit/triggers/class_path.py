"""How Airflow finds the class of a trigger, whose path it stores as text."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from airflow_provider_mailkit._compat import BaseTrigger

# Stored waits keep these paths, even if the classes move.
_OURS = {
    name: f"airflow_provider_mailkit.triggers.mailkit.{name}"
    for name in ("MailkitCampaignTrigger", "MailkitRecipientsTrigger")
}


def class_path_of(trigger: BaseTrigger) -> str:
    """Return the path of a trigger's class. A subclass has its own path."""
    kind = type(trigger)
    is_ours = kind.__module__.startswith("airflow_provider_mailkit.triggers.")
    return (is_ours and _OURS.get(kind.__qualname__)) or f"{kind.__module__}.{kind.__qualname__}"
