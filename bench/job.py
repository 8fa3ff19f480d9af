"""One piece of work that a fresh process does."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

CLIENT_ID = 123456789
CLIENT_MD5 = "0123456789abcdef0123456789abcdef"
FUNCTION = "mailkit.report.message.recipients"


@dataclass(frozen=True)
class Job:
    """What to do with which report.

    :param task: a name in :data:`bench.worker.TASKS`.
    :param protocol: ``json`` or ``xmlrpc``.
    :param recipients: the size of the report.
    :param output: the file to write, if the task writes one.
    """

    task: str
    protocol: str
    port: int
    recipients: int
    output: str = ""

    @property
    def base_url(self) -> str:
        """Where the server listens."""
        return f"http://127.0.0.1:{self.port}"

    def connections(self) -> dict[str, str]:
        """Return the environment variables with the Airflow connections to it."""
        mailkit = {
            "conn_type": "mailkit",
            "login": str(CLIENT_ID),
            "password": CLIENT_MD5,
            "host": self.base_url,
            "extra": {"protocol": self.protocol},
        }
        return {
            "AIRFLOW_CONN_MAILKIT_DEFAULT": json.dumps(mailkit),
            "AIRFLOW_CONN_HTTP_DEFAULT": json.dumps({"conn_type": "http", "host": self.base_url}),
        }


def json_request(job: Job) -> dict[str, Any]:
    """Return the body of the call over JSON."""
    return {
        "function": FUNCTION,
        "id": CLIENT_ID,
        "md5": CLIENT_MD5,
        "parameters": {"ID_send": job.recipients},
    }
