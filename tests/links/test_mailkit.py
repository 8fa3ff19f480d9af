"""The button that leads to a published file."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any
from unittest import mock

import pytest
from support.reports import encode, recipient
from support.server import FaultServer, plain

from airflow_provider_mailkit._compat import IS_AIRFLOW_2
from airflow_provider_mailkit.links.mailkit import MailkitPublishedObjectLink, keep_address
from airflow_provider_mailkit.operators.mailkit import (
    MailkitCallOperator,
    MailkitDeliveryPageOperator,
    MailkitRecipientsOperator,
)
from airflow_provider_mailkit.sandbox import Sandbox

ADDRESS = "https://console.aws.amazon.com/s3/object/lake?prefix=5001.csv"


class Ti:
    """Keeps what is pushed to XCom."""

    map_index = -1

    def __init__(self) -> None:
        self.pushed: dict[str, Any] = {}

    def xcom_push(self, key: str, value: Any) -> None:
        self.pushed[key] = value


@pytest.fixture
def export(mailkit_connection, tmp_path, monkeypatch):
    """Run an export whose file has the address in the console; returns it and what it has pushed."""

    def run(address: str | None = ADDRESS, **arguments: Any) -> tuple[MailkitRecipientsOperator, Ti]:
        monkeypatch.setattr(
            "airflow_provider_mailkit.storage.web_address.web_address", lambda target: address
        )
        operator = MailkitRecipientsOperator(
            task_id="export", id_send=5001, output_path=f"{tmp_path}/a.csv", **arguments
        )
        ti = Ti()
        operator.execute({"ti": ti})
        return operator, ti

    with FaultServer([plain(encode("json", [recipient(1)]))]) as server:
        mailkit_connection(server.base_url)
        yield run


def link_of(operator: Any, ti: Ti) -> str:
    """Return the address of the button, found as this Airflow finds it."""
    (link,) = operator.operator_extra_links
    if not IS_AIRFLOW_2:
        return link.get_link(operator, ti_key=ti)
    with mock.patch("airflow.models.xcom.XCom.get_value", lambda *, ti_key, key: ti.pushed.get(key)):
        # The web server has a copy of the task that was never executed.
        return link.get_link(SimpleNamespace(), ti_key=ti)


def test_the_button_leads_to_the_file(export):
    operator, ti = export()
    assert link_of(operator, ti) == ADDRESS
    # Airflow 3 pushes it itself, under the same key.
    assert ti.pushed == ({MailkitPublishedObjectLink.key: ADDRESS} if IS_AIRFLOW_2 else {})
    assert MailkitPublishedObjectLink().xcom_key == MailkitPublishedObjectLink.key


@pytest.mark.parametrize("kind", ["page", "call"])
def test_so_does_that_of_a_page_and_of_a_call(mailkit_connection, tmp_path, monkeypatch, kind):
    monkeypatch.setattr("airflow_provider_mailkit.storage.web_address.web_address", lambda target: ADDRESS)
    with Sandbox(recipients=37, seconds=0) as sandbox:
        mailkit_connection(sandbox.base_url)
        operator, ti = (
            MailkitDeliveryPageOperator(task_id="page", id_send=5001, output_path=f"{tmp_path}/a.html")
            if kind == "page"
            else MailkitCallOperator(
                task_id="call", function="mailkit.mailinglist.list", output_path=f"{tmp_path}/a.json"
            ),
            Ti(),
        )
        operator.execute({"ti": ti})
        assert link_of(operator, ti) == ADDRESS
        operator.output_path = None
        operator._place_as_written = {"output_path": None, "output_conn_id": None}
        operator.execute({"ti": ti})
        assert operator.object_address is None


def test_without_an_address_the_button_is_empty(export):
    operator, ti = export(None)
    assert link_of(operator, ti) == ""
    assert ti.pushed == {}


def test_a_task_that_pushes_nothing_to_xcom_pushes_no_address_either(export):
    assert export(do_xcom_push=False)[1].pushed == {}


def test_a_later_try_that_fails_has_no_address(export):
    operator, ti = export()
    operator.overwrite = False
    with pytest.raises(Exception, match="exists already"):
        operator.execute({"ti": ti})
    assert operator.object_address is None


def test_a_failing_database_does_not_fail_the_export(monkeypatch, task_log):
    monkeypatch.setattr("airflow_provider_mailkit.links.mailkit.TASKS_KNOW_THEIR_LINKS", False)

    def refuse(**_: Any) -> None:
        raise OSError("no database")

    keep_address({"ti": SimpleNamespace(xcom_push=refuse)}, ADDRESS)
    assert "The button to the file could not be given its address: OSError" in task_log()
