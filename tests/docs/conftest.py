"""The pretended Mailkit, files, store and Airflow that the pages' blocks are run with."""

from __future__ import annotations

import asyncio
import json
import logging
import shlex
from collections.abc import AsyncIterator, Callable, Iterator
from functools import partial
from itertools import count
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from docs.blocks import BLOCKS, commands_of
from support.mail import MailServer
from support.python import run
from support.reports import json_text, recipients
from support.server import FaultServer, plain

from airflow_provider_mailkit.export import progress as progress_lines
from airflow_provider_mailkit.operators.mailkit import (
    MailkitExportOperator,
    MailkitIncrementalExportOperator,
    MailkitRecipientsOperator,
)
from airflow_provider_mailkit.sandbox import Sandbox
from docs import page_runs

HERE = Path(__file__).parent
EXTRA = {"timezone": "Europe/Prague", "hash_secret": "a long random text"}
RECIPIENTS = 20_003


class Lines(logging.Handler):
    """A logger of its own, and what was logged there: level and text."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[str] = []
        self.three_are_there = asyncio.Event()
        self.logger = logging.Logger("pages", logging.INFO)
        self.logger.addHandler(self)

    def emit(self, record: logging.LogRecord) -> None:
        self.seen.append(f"{record.levelname} {record.getMessage()}")
        if len(self.seen) == 3:
            self.three_are_there.set()


@pytest.fixture(scope="session")
def sandbox() -> Iterator[Sandbox]:
    """Three deliveries, all finished, the last one of today."""
    with Sandbox(recipients=1003, seconds=0) as running:
        yield running


@pytest.fixture
def account(sandbox, monkeypatch) -> Callable[..., None]:
    """Let `mailkit_default` be the sandbox; call it for other extras."""

    def define(**extra: str) -> None:
        monkeypatch.setenv("AIRFLOW_CONN_MAILKIT_DEFAULT", json.dumps(sandbox.connection | {"extra": extra}))

    define(**EXTRA)
    return define


def export_to(path: str | Path, id_send: int, **arguments: Any) -> dict[str, Any]:
    path = str(Path(path).absolute())
    return MailkitRecipientsOperator(task_id="x", id_send=id_send, output_path=path, **arguments).execute({})


@pytest.fixture
def export(account) -> Callable[..., dict[str, Any]]:
    """Export one delivery; returns the summary."""
    return export_to


@pytest.fixture(scope="session")
def exported(sandbox, tmp_path_factory) -> Path:
    """The folders that the pages read, in a folder."""
    folder = tmp_path_factory.mktemp("files")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AIRFLOW_CONN_MAILKIT_DEFAULT", json.dumps(sandbox.connection | {"extra": EXTRA}))
        for id_send in sandbox.id_sends:
            export_to(folder / f"deliveries/{id_send}.parquet", id_send, addresses="hash")
            export_to(folder / f"deliveries_csv/{id_send}.csv.gz", id_send, addresses="drop")
            export_to(folder / f"history/2026-03-01/{id_send}.parquet", id_send)
        for log in ("messages", "responses", "bounces"):
            MailkitIncrementalExportOperator(
                task_id="x", function=f"mailkit.report.raw.{log}", output_path=folder / f"logs/{log}"
            ).execute({})
        MailkitExportOperator(
            task_id="x",
            function="mailkit.report.message",
            parameters={"ID_send": sandbox.id_sends},
            output_path=folder / "totals/all.parquet",
        ).execute({})
    return folder


@pytest.fixture
def files(exported, account, monkeypatch) -> None:
    """The working directory has the folders that the pages read."""
    monkeypatch.chdir(exported)


@pytest.fixture(scope="session")
def s3() -> Iterator[str]:
    """The address of an S3 server with the bucket `my-bucket`."""
    import boto3
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    url = "http://{}:{}".format(*server.get_host_and_port())
    client = boto3.client(
        "s3", endpoint_url=url, region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x"
    )
    client.create_bucket(Bucket="my-bucket")
    client.close()
    yield url
    server.stop()


@pytest.fixture
def aws(s3, monkeypatch) -> None:
    """Let boto3 find that server by itself."""
    settings = {
        "ENDPOINT_URL": s3,
        "DEFAULT_REGION": "us-east-1",
        "ACCESS_KEY_ID": "x",
        "SECRET_ACCESS_KEY": "x",
    }
    for name, value in settings.items():
        monkeypatch.setenv(f"AWS_{name}", value)


@pytest.fixture(scope="session")
def environment(airflow_db, s3, tmp_path_factory) -> Iterator[dict[str, str]]:
    """The variables of the Airflow that runs the pages' DAGs and commands."""
    lake = {"conn_type": "aws", "login": "x", "password": "x"}
    lake["extra"] = {"endpoint_url": s3, "region_name": "us-east-1"}
    environment = page_runs.airflow_environment(airflow_db.parent, tmp_path_factory.mktemp("dags"))
    with MailServer() as mail:
        yield environment | {
            "AIRFLOW_CONN_LAKE": json.dumps(lake),
            "AIRFLOW_CONN_SMTP_DEFAULT": mail.connection,
        }
        assert {str(sent["To"]) for sent in mail.mails} <= {"marketing@example.com"}


@pytest.fixture(scope="session")
def runs(environment, sandbox, tmp_path_factory) -> Iterator[page_runs.Runs]:
    """All DAGs of the pages with finished deliveries, and one where something happens, for its log."""
    folder = Path(environment["AIRFLOW__CORE__DAGS_FOLDER"])
    # Each answer about a delivery is this many seconds later than the one before.
    sending = Sandbox(recipients=RECIPIENTS, seconds=60, clock=partial(next, count(step=15)))
    refusing = Sandbox(recipients=3, disallow_ip=True)
    report = plain(json_text(recipients(3)).encode())
    stumbling = FaultServer([plain(b"", 503), report])
    with sending, refusing, stumbling:
        connections = dict.fromkeys(page_runs.write_dags(folder), sandbox.connection) | {
            "log of a wait": sending.connection,
            "log of a refusal": refusing.connection,
            "log of a stumble": sandbox.connection | {"host": stumbling.base_url},
        }
        orders = {
            name: {
                "dag_id": "mailkit_quick_start" if name.startswith("log of") else name,
                "connection": connection | {"extra": EXTRA},
                "conf": {},
            }
            for name, connection in connections.items()
        }
        yield page_runs.run_dags(environment, orders, tmp_path_factory.mktemp("runs") / "answer.json")


@pytest.fixture(scope="session")
def project_of_a_reader(tmp_path_factory) -> SimpleNamespace:
    """The files that the pages give names, in a folder, and what pytest says of the tests among them.

    Nothing is set that the page does not set: the reader may be new to Airflow.
    """
    folder = tmp_path_factory.mktemp("project")
    for block in BLOCKS:
        if block.file:
            (folder / block.file).parent.mkdir(exist_ok=True)
            (folder / block.file).write_text(block.text)
    environment = page_runs.new_environment(tmp_path_factory.mktemp("home"))
    run(environment, "-m", "airflow", "db", "migrate", timeout=120)
    # Without -P, Python would find more than pytest does.
    printed = run(environment, "-P", "-m", "pytest", "-v", timeout=300, folder=folder)
    return SimpleNamespace(folder=folder, printed=printed)


@pytest.fixture(scope="session")
def commands(environment, sandbox, tmp_path_factory) -> dict[str, str]:
    """The commands of Airflow on all pages, of which each was understood, and run if that is possible."""
    found = [
        words
        for block in BLOCKS
        if block.language == "bash"
        for words in commands_of(block)
        if words[0] == "airflow"
    ]
    answer = tmp_path_factory.mktemp("commands") / "answer.json"
    variables = environment | {"AIRFLOW_CONN_MAILKIT_DEFAULT": json.dumps(sandbox.connection)}
    run(
        variables, str(HERE / "run_airflow_commands.py"), str(answer),
        timeout=120, stdin=json.dumps([words[1:] for words in found]),
    )  # fmt: skip
    assert json.loads(answer.read_text()) == [sandbox.base_url, "None", False]
    return {shlex.join(words): "done" for words in found}


@pytest.fixture(scope="session")
def watched(sandbox) -> SimpleNamespace:
    """The payload of a watcher's first event, and what it logs until its second look."""
    from airflow_provider_mailkit.triggers.mailkit import MailkitCampaignTrigger

    lines = Lines()

    async def watch() -> Any:
        events = MailkitCampaignTrigger(id_message=sandbox.id_message, poke_interval=0.2).run()
        payload = (await anext(events)).payload
        watching = asyncio.create_task(_drain(events))
        await asyncio.wait_for(lines.three_are_there.wait(), timeout=20)
        watching.cancel()
        return payload

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(MailkitCampaignTrigger, "log", lines.logger)
        patch.setenv("AIRFLOW_CONN_MAILKIT_DEFAULT", json.dumps(sandbox.connection | {"extra": EXTRA}))
        payload = asyncio.run(watch())
    return SimpleNamespace(payload=payload, lines=lines.seen)


async def _drain(events: AsyncIterator[Any]) -> None:
    async for _ in events:
        pass


@pytest.fixture(scope="session")
def progress(sandbox, tmp_path_factory) -> list[str]:
    """What an export logs if it tells its progress after each batch, and not every ten seconds."""
    lines = Lines()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(progress_lines, "EVERY_S", 0.0)
        patch.setattr(progress_lines, "log", lines.logger)
        patch.setenv("AIRFLOW_CONN_MAILKIT_DEFAULT", json.dumps(sandbox.connection))
        path = tmp_path_factory.mktemp("progress") / "5001.csv"
        MailkitRecipientsOperator(task_id="x", id_send=5001, output_path=str(path)).execute({})
    return lines.seen


@pytest.fixture(scope="session")
def log_lines(request, runs, progress) -> list[str]:
    """Everything that the page about logs shows, without what differs each time."""
    printed = [
        line for name, text in runs.printed.items() if name.startswith("log of") for line in text.splitlines()
    ]
    printed += [line for line in runs.printed["mailkit_last_days"].splitlines() if "Campaign" in line]
    watched = [] if page_runs.IS_AIRFLOW_2 else request.getfixturevalue("watched").lines
    return [page_runs.normal(line) for line in [*printed, *progress, *watched]]
