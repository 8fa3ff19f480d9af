"""The operators; each has a module of its own."""

from __future__ import annotations

from airflow_provider_mailkit.operators.deliveries import MailkitDeliveriesOperator
from airflow_provider_mailkit.operators.export import MailkitExportOperator
from airflow_provider_mailkit.operators.imports import MailkitImportOperator
from airflow_provider_mailkit.operators.recipients import MailkitRecipientsOperator
from airflow_provider_mailkit.operators.unsubscribe import MailkitUnsubscribeOperator
from airflow_provider_mailkit.operators.wipe import MailkitWipeOperator

__all__ = [
    "MailkitDeliveriesOperator",
    "MailkitExportOperator",
    "MailkitImportOperator",
    "MailkitRecipientsOperator",
    "MailkitUnsubscribeOperator",
    "MailkitWipeOperator",
]
