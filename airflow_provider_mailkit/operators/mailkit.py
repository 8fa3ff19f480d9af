"""The operators; each has a module of its own."""

from __future__ import annotations

from airflow_provider_mailkit.operators.call import MailkitCallOperator
from airflow_provider_mailkit.operators.deliveries import MailkitDeliveriesOperator
from airflow_provider_mailkit.operators.delivery_page import MailkitDeliveryPageOperator
from airflow_provider_mailkit.operators.export import MailkitExportOperator
from airflow_provider_mailkit.operators.recipients import MailkitRecipientsOperator

__all__ = [
    "MailkitCallOperator",
    "MailkitDeliveriesOperator",
    "MailkitDeliveryPageOperator",
    "MailkitExportOperator",
    "MailkitRecipientsOperator",
]
