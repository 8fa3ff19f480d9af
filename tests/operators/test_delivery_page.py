"""The operator that makes a page of a delivery: a file or an e-mail, whole or not at all."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from airflow import DAG
from support.outlets import OutletEventAccessors
from support.planted import OF_THE_ADDRESS, found_in

from airflow_provider_mailkit._compat import AirflowFailException, Asset, ObjectStoragePath
from airflow_provider_mailkit.exceptions import MailkitApiError, MailkitError, MailkitTransportError
from airflow_provider_mailkit.operators.mailkit import MailkitDeliveriesOperator, MailkitDeliveryPageOperator
from airflow_provider_mailkit.sandbox import Sandbox
from airflow_provider_mailkit.storage.publication import Publication


class Ti:
    def __init__(self) -> None:
        self.pushed: dict[str, Any] = {}

    def xcom_push(self, key: str, value: Any) -> None:
        self.pushed[key] = value


@pytest.fixture(scope="module")
def sandbox():
    with Sandbox(recipients=703, seconds=0) as running:
        yield running


@pytest.fixture
def connected(sandbox: Sandbox, mailkit_connection: Callable[..., str]) -> str:
    return mailkit_connection(sandbox.base_url, timezone="Europe/Prague", max_attempts=1)


def page(**arguments: Any) -> MailkitDeliveryPageOperator:
    return MailkitDeliveryPageOperator(task_id="page", **{"id_send": 5001} | arguments)


def test_a_file_is_the_page_and_the_result_its_summary(connected, tmp_path):
    path = tmp_path / "new folder" / "5001.html"
    ti = Ti()
    summary = page(output_path=str(path), title="Our <Title>").execute({"ti": ti})
    content = path.read_bytes()
    assert json.loads(json.dumps(summary)) == summary
    assert list(summary) == [
        "id_send", "uri", "bytes", "sha256", "recipients", "delivered", "bounced", "readers", "clickers",
        "unsubscribed", "taken_at", "seconds",
    ]  # fmt: skip
    assert summary["uri"] == f"file://{path}"
    assert summary["bytes"] == len(content)
    assert summary["sha256"] == hashlib.sha256(content).hexdigest()
    assert summary["recipients"] == summary["delivered"] + summary["bounced"] == 703
    assert summary["delivered"] > summary["readers"] > summary["clickers"] > 0
    assert datetime.fromisoformat(summary["taken_at"]).utcoffset().total_seconds() == 0
    text = content.decode()
    assert "<h1>Our &lt;Title&gt;</h1>" in text
    assert "Café &amp; shop, issue 1" in text
    assert "(Europe/Prague)" in text
    assert "<svg" in text
    assert [entry.name for entry in path.parent.iterdir()] == ["5001.html"]
    assert ti.pushed == {}


def test_without_a_path_the_result_is_an_email_and_the_summary_lies_beside(connected):
    ti = Ti()
    mail = page().execute({"ti": ti})
    assert mail.startswith("<!DOCTYPE html>")
    assert "<svg" not in mail
    assert "Café &amp; shop, issue 1" in mail
    assert ti.pushed["summary"]["uri"] is None
    assert ti.pushed["summary"]["bytes"] == len(mail.encode())
    assert page(do_xcom_push=False).execute({"ti": Ti()}).startswith("<!DOCTYPE html>")


def test_outlets_get_the_summary(connected, tmp_path):
    asset = Asset("mailkit_page")
    events = OutletEventAccessors()
    summary = page(output_path=f"{tmp_path}/5001.html", outlets=[asset]).execute(
        {"ti": Ti(), "outlet_events": events}
    )
    assert events[asset].extra == summary


def test_an_existing_file_is_replaced_or_stays(connected, tmp_path, sandbox):
    path = tmp_path / "5001.html"
    path.write_text("older")
    with pytest.raises(AirflowFailException, match="exists already, and overwrite is False"):
        page(output_path=str(path), overwrite=False).execute({"ti": Ti()})
    assert path.read_text() == "older"
    page(output_path=str(path)).execute({"ti": Ti()})
    assert path.read_text().startswith("<!DOCTYPE html>")


def test_after_a_failure_the_older_file_is_as_it_was(mailkit_connection, tmp_path, sandbox, monkeypatch):
    path = tmp_path / "5001.html"
    path.write_text("older")
    mailkit_connection("http://127.0.0.1:9", max_attempts=1)
    with pytest.raises(MailkitTransportError) as caught:
        page(output_path=str(path)).execute({"ti": Ti()})
    assert not isinstance(caught.value, AirflowFailException)
    mailkit_connection(sandbox.base_url)
    with pytest.raises(MailkitApiError, match="Invalid ID_send") as refused:
        page(id_send=4999, output_path=str(path)).execute({"ti": Ti()})
    assert isinstance(refused.value, AirflowFailException)

    def fail(self):
        raise OSError("no space left")

    monkeypatch.setattr(Publication, "commit", fail)
    with pytest.raises(OSError, match="no space left"):
        page(output_path=str(path)).execute({"ti": Ti()})
    assert path.read_text() == "older"
    assert [entry.name for entry in tmp_path.iterdir()] == ["5001.html"]


def test_a_killed_task_publishes_nothing(connected, tmp_path):
    before = page(output_path=f"{tmp_path}/5001.html")
    before.on_kill()
    with pytest.raises(ValueError, match="aborted"):
        before.execute({"ti": Ti()})

    operator = page(output_path=f"{tmp_path}/5001.html")

    def killed(self):
        operator.on_kill()
        return committed(self)

    committed = Publication.commit
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Publication, "commit", killed)
        with pytest.raises(ValueError, match="aborted"):
            operator.execute({"ti": Ti()})
    assert list(tmp_path.iterdir()) == []


WRONG = {
    "no ID": ({"id_send": None}, "id_send must be the ID of a delivery"),
    "a text for an ID": ({"id_send": "5001a"}, "id_send must be the ID"),
    "a number for a title": ({"title": 5}, "title must be a text"),
    "an empty path": ({"output_path": ""}, "output_path '' cannot be used"),
    "a path from home": ({"output_path": "~/5001.html"}, "absolute path"),
    "a path of nothing": ({"output_path": "/data/None/{{ ti.task.id_send }}.html"}, "None"),
    "a text for a flag": ({"overwrite": "False"}, "overwrite must be True or False"),
    "no connection": ({"mailkit_conn_id": ""}, "mailkit_conn_id must be a text"),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_literal_mistake_breaks_the_dag(case):
    arguments, words = WRONG[case]
    with pytest.raises(MailkitError, match=words):
        page(**arguments)
    if "output_path" in arguments:
        with pytest.raises(MailkitError, match=words):
            MailkitDeliveryPageOperator.partial(task_id="page", **arguments)


def test_a_path_that_rendering_made_nothing_of_is_refused(connected):
    operator = page(output_path="{{ params.x }}")
    operator.output_path = None
    with pytest.raises(AirflowFailException, match="was rendered as None"):
        operator.execute({"ti": Ti()})


def test_templates_are_rendered_the_id_first(connected, tmp_path):
    operator = page(
        id_send="{{ params.id }}",
        output_path=f"{tmp_path}/{{{{ ti.task.id_send }}}}.html",
        title="Delivery {{ ti.task.id_send }}",
    )
    operator.render_template_fields({"params": {"id": " 5001\n"}, "ti": SimpleNamespace(task=operator)})
    operator.execute({"ti": Ti()})
    assert "<h1>Delivery 5001</h1>" in (tmp_path / "5001.html").read_text()


def test_a_path_may_be_an_object(connected, tmp_path):
    for path in (Path(tmp_path, "a.html"), ObjectStoragePath(f"file://{tmp_path}/b.html")):
        page(output_path=path).execute({"ti": Ti()})
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["a.html", "b.html"]


def test_it_maps_over_deliveries():
    with DAG("mapped", schedule=None, start_date=datetime(2026, 1, 1, tzinfo=UTC)):
        deliveries = MailkitDeliveriesOperator(task_id="list", id_message=3001)
        pages = MailkitDeliveryPageOperator.partial(
            task_id="page", output_path="/data/{{ ti.task.id_send }}.html"
        ).expand(id_send=deliveries.output)
    assert pages.upstream_task_ids == {"list"}


def test_nothing_that_it_says_names_anybody(connected, tmp_path, task_log):
    summary = page(output_path=f"{tmp_path}/5001.html", title="Quentin.Zweibel@example.org").execute(
        {"ti": Ti()}
    )
    told = task_log()
    assert "Page of delivery 5001:" in told
    assert found_in(told + json.dumps(summary) + (tmp_path / "5001.html").read_text(), OF_THE_ADDRESS) == []
