"""One export of a delivery, as a worker runs it."""

from __future__ import annotations

import json
from pathlib import Path

from support.reports import recipient

from airflow_provider_mailkit.operators.mailkit import MailkitRecipientsOperator

REPORT = [recipient(number) for number in range(7)]


class Ti:
    def __init__(self):
        self.pushed = {}

    def xcom_push(self, key, value):
        self.pushed[key] = value


def run(ti=None, **arguments):
    operator = MailkitRecipientsOperator(task_id="export", **{"id_send": 5001} | arguments)
    return operator.execute({"ti": ti or Ti()})


def lines(path):
    return [json.loads(line) for line in Path(path).read_text().splitlines()]
