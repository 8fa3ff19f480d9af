"""Runs every example once, and asks the sandboxes what they should have left."""

from __future__ import annotations

import json
from contextlib import closing
from email.message import EmailMessage
from http.client import HTTPConnection
from importlib import metadata
from pathlib import Path
from typing import Any, NamedTuple

from packaging.version import Version

from airflow_provider_mailkit.sandbox import Sandbox
from airflow_provider_mailkit.sandbox.people import person

ROOT = Path(__file__).parent.parent.parent
AIRFLOW = Version(metadata.version("apache-airflow"))
IS_AIRFLOW_2 = AIRFLOW.major == 2
HAS_PARTITIONS = Version("3.3") <= AIRFLOW
COLUMNS = (
    "ID_SEND", "ID_SEND_MESSAGE", "ID_EMAIL", "EMAIL", "STATUS",
    "AB_VERSION", "DATE", "READ_COUNT", "CLICK_COUNT", "EXPORTED_AT",
)  # fmt: skip
BOSS, SENDER = "boss@example.org", "reports@example.com"


class Runs(NamedTuple):
    """What happened to the runs, by name, and where to look."""

    ended: dict[str, dict[str, Any]]
    printed: dict[str, str]
    sending: Sandbox
    finished: Sandbox
    sent: Sandbox
    back: Sandbox
    folder: Path
    database: Path
    mails: list[EmailMessage]


def write_sources(sandbox: Sandbox, folder: Path) -> None:
    """Write an audience of which two rows cannot be sent, and three requests for erasure."""
    rows = [f"p{number}@example.com,Jana,gold" for number in range(150)]
    (folder / "audience.csv").write_text("\n".join(["mail,name,tier", *rows, "nobody,N,", ",E,", ""]))
    addresses = [person(sandbox.seed, number).address for number in (3, 5)]
    (folder / "erase.csv").write_text("\n".join(["email", *addresses, "unknown@example.com", ""]))


def orders(
    sending: Sandbox, finished: Sandbox, sent: Sandbox, back: Sandbox, folder: Path
) -> dict[str, tuple[str, Sandbox, str, Any]]:
    """Return example, sandbox, protocol and configuration of each run, by name."""
    latest = {"days": 2, "id_message": finished.id_message, "output_folder": f"file://{folder}/latest"}
    partitions = {"days": 1, "id_message": finished.id_message, "output_folder": f"file://{folder}/parts"}
    on_airflow_3_3 = {
        "partitions": ("partitioned_export", finished, "json", partitions),
        "check": ("partition_check", finished, "json", {}),
    }
    on_airflow_3 = {"event": ("campaign_event", finished, "json", {"output_folder": f"file://{folder}/none"})}
    write_sources(finished, folder)
    audience = {"source": f"file://{folder}/audience.csv", "output_folder": f"file://{folder}/audience"}
    erasure = {"source": f"{folder}/erase.csv", "output_folder": f"{folder}/erasure"}
    return {
        "audience": ("audience", back, "json", audience),
        "audience again": ("audience", back, "xmlrpc", audience),
        "erasure": ("erasure", finished, "json", erasure),
        "erasure again": ("erasure", finished, "xmlrpc", erasure),
        "wait": ("wait_and_export", sending, "json", {"id_send": 5001, "output_folder": f"{folder}/one"}),
        "mapped": (
            "mapped_export",
            sending,
            "json",
            {"id_sends": [5002, 5003, 5004], "output_folder": f"file://{folder}/many"},
        ),
        "small": ("small_report", finished, "json", {"id_send": 7001}),
        "latest": ("reexport", finished, "json", latest),
        "latest again": ("reexport", finished, "xmlrpc", latest),
        "account": ("account_reporting", finished, "json", {"output_folder": f"file://{folder}/account"}),
        "account again": ("account_reporting", finished, "xmlrpc", {"output_folder": f"{folder}/account"}),
        "page": (
            "delivery_page",
            finished,
            "json",
            {"id_send": 7002, "output_folder": f"file://{folder}/pages", "mail_to": BOSS},
        ),
        # Said again, as Airflow's Params remember in one process what an earlier run was given.
        "page without mail": (
            "delivery_page",
            finished,
            "xmlrpc",
            {"id_send": 7003, "output_folder": f"{folder}/pages", "mail_to": ""},
        ),
        "folders": (
            "daily_folders",
            finished,
            "json",
            {"days": 1, "output_folder": f"file://{folder}/folders"},
        ),
        "logs": ("logs", finished, "json", {"output_folder": f"file://{folder}/logs"}),
        "logs again": ("logs", finished, "xmlrpc", {"output_folder": f"{folder}/logs"}),
        "suppressions": (
            "suppressions",
            finished,
            "json",
            {"since": "2020-01-01", "output_folder": f"file://{folder}/suppressions"},
        ),
        "send": ("send_campaign", sent, "json", {"id_message": 3002, "output_folder": f"{folder}/sent"}),
        **({} if IS_AIRFLOW_2 else on_airflow_3),
        **(on_airflow_3_3 if HAS_PARTITIONS else {}),
    }


def report(sandbox: Sandbox, id_send: int) -> list[dict[str, str]]:
    return ask(sandbox, "mailkit.report.message.recipients", ID_send=str(id_send))


def ask(sandbox: Sandbox, function: str, **parameters: Any) -> Any:
    """Ask the sandbox without any code of the provider."""
    question = {
        "function": function,
        "id": sandbox.client_id,
        "md5": sandbox.client_md5,
        "parameters": parameters,
    }
    with closing(HTTPConnection(sandbox.base_url.removeprefix("http://"), timeout=20)) as connection:
        connection.request("POST", "/json.fcgi", json.dumps(question))
        return json.load(connection.getresponse())


def read_lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]
