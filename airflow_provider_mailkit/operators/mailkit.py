"""All operators under one name for DAG files. Each class is in a module of its own."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from airflow_provider_mailkit.operators.call import MailkitCallOperator as MailkitCallOperator
    from airflow_provider_mailkit.operators.deliveries import (
        MailkitDeliveriesOperator as MailkitDeliveriesOperator,
    )
    from airflow_provider_mailkit.operators.delivery_page import (
        MailkitDeliveryPageOperator as MailkitDeliveryPageOperator,
    )
    from airflow_provider_mailkit.operators.export import MailkitExportOperator as MailkitExportOperator
    from airflow_provider_mailkit.operators.imports import MailkitImportOperator as MailkitImportOperator
    from airflow_provider_mailkit.operators.incremental import (
        MailkitIncrementalExportOperator as MailkitIncrementalExportOperator,
    )
    from airflow_provider_mailkit.operators.recipients import (
        MailkitRecipientsOperator as MailkitRecipientsOperator,
    )
    from airflow_provider_mailkit.operators.schedule import (
        MailkitScheduleCampaignOperator as MailkitScheduleCampaignOperator,
    )
    from airflow_provider_mailkit.operators.unsubscribe import (
        MailkitUnsubscribeOperator as MailkitUnsubscribeOperator,
    )
    from airflow_provider_mailkit.operators.wipe import MailkitWipeOperator as MailkitWipeOperator

_MODULES = {
    "MailkitCallOperator": "call",
    "MailkitDeliveriesOperator": "deliveries",
    "MailkitDeliveryPageOperator": "delivery_page",
    "MailkitExportOperator": "export",
    "MailkitImportOperator": "imports",
    "MailkitIncrementalExportOperator": "incremental",
    "MailkitRecipientsOperator": "recipients",
    "MailkitScheduleCampaignOperator": "schedule",
    "MailkitUnsubscribeOperator": "unsubscribe",
    "MailkitWipeOperator": "wipe",
}
__all__ = [*_MODULES]  # noqa: PLE0604 - names, from the one table


def __getattr__(name: str) -> type:
    # Airflow parses a DAG file every few seconds, so a file imports only the operators that it uses.
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module = import_module(f"airflow_provider_mailkit.operators.{_MODULES[name]}")
    operator: type = getattr(module, name)
    return operator
