"""The operator for any call, and functions for it."""

from __future__ import annotations

from typing import Any

from airflow_provider_mailkit.operators.mailkit import MailkitCallOperator

CREATE = "mailkit.mailinglist.create"
WIPE = "mailkit.email.wipe"
LISTS = "mailkit.mailinglist.list"


def call(function: str = LISTS, parameters: Any = None, **arguments: Any) -> MailkitCallOperator:
    return MailkitCallOperator(task_id="call", function=function, parameters=parameters, **arguments)
