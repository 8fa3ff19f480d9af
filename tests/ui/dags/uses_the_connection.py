"""A run with the connection that was typed into the form, and one that would love to tell its secrets."""

from __future__ import annotations

from typing import Any

from airflow import DAG

from airflow_provider_mailkit._compat import BaseOperator
from airflow_provider_mailkit.hooks.mailkit import MailkitHook
from airflow_provider_mailkit.operators.mailkit import MailkitRecipientsOperator

with DAG("uses_the_connection", schedule=None, params={"folder": ""}):

    class Tell(BaseOperator):
        template_fields = ("text",)

        def __init__(self, *, text: str, **kwargs: Any) -> None:
            super().__init__(**kwargs)
            self.text = text

        def execute(self, context: Any) -> None:
            account = MailkitHook().account
            self.log.info("The rendered text is: %s.", self.text)
            self.log.info("The secrets are: %s.", ", ".join(account.secrets))

    export = MailkitRecipientsOperator(
        task_id="export", id_send=5001, output_path="{{ params.folder }}/5001.jsonl", addresses="hash"
    )
    export >> Tell(
        task_id="tell",
        text="{{ conn.mailkit_default.password }} and {{ conn.mailkit_default.extra_dejson.hash_secret }}",
    )
