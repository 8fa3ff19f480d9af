"""The figures of a delivery are those of Mailkit's reports, in both protocols, and name nobody."""

from __future__ import annotations

import json
import re
from collections import Counter
from contextlib import closing
from http.client import HTTPConnection
from typing import Any

import pytest
from support.declared_rows import single_or_list
from support.exports import ZONE, client_of, report_server
from support.planted import OF_THE_ADDRESS, found_in, planted
from support.server import plain
from support.wire import answer_of

from airflow_provider_mailkit.catalogue.reports import REPORTS
from airflow_provider_mailkit.exceptions import MailkitApiError, MailkitTransportError
from airflow_provider_mailkit.pages.gather import gather
from airflow_provider_mailkit.pages.html import render_mail, render_page
from airflow_provider_mailkit.sandbox import Sandbox

both_protocols = pytest.mark.parametrize("protocol", ["json", "xmlrpc"])


def ask(sandbox: Sandbox, function: str, **parameters: Any) -> Any:
    """Ask the sandbox without any code of the provider."""
    question = {
        "function": function, "id": sandbox.client_id, "md5": sandbox.client_md5, "parameters": parameters
    }  # fmt: skip
    with closing(HTTPConnection(sandbox.base_url.removeprefix("http://"), timeout=20)) as connection:
        connection.request("POST", "/json.fcgi", json.dumps(question))
        return json.load(connection.getresponse())


@both_protocols
def test_they_are_those_of_the_reports(protocol):
    with Sandbox(recipients=5003, seconds=0) as sandbox:
        figures = gather(client_of(sandbox.base_url, protocol), 5002)
        rows = ask(sandbox, "mailkit.report.message.recipients", ID_send=5002)
        totals = ask(sandbox, "mailkit.report.message", ID_send=5002)
        links = ask(sandbox, "mailkit.report.message.links", ID_send=5002)
        days = ask(sandbox, "mailkit.report.message.feedback", ID_send=5002, period="MONTH")
        bounces = ask(sandbox, "mailkit.report.message.bounces", ID_send=5002)
    all_ = figures.everybody
    assert (all_.recipients, all_.delivered, all_.bounced) == tuple(
        int(totals[name]) for name in ("SEND_COUNT", "DELIVERED_COUNT", "FAILED_COUNT")
    )
    assert (all_.readers, all_.clickers) == (int(totals["READ_COUNT_U"]), int(totals["CLICK_COUNT_U"]))
    assert (figures.reads, figures.clicks) == (int(totals["READ_COUNT"]), int(totals["CLICK_COUNT"]))
    assert all_.readers > all_.clickers > 0
    assert figures.subject == totals["SUBJECT"]
    assert figures.sent_at.astimezone(ZONE).replace(tzinfo=None).isoformat(" ") == totals["SEND_DATE"]
    for name, group in figures.versions.items():
        sent = [row for row in rows if (row["AB_VERSION"], row["STATUS"]) == (name, "sent")]
        assert group.delivered == len(sent) > 0
        assert group.readers == sum(int(row["READ_COUNT"]) > 0 for row in sent)
        assert group.clickers == sum(int(row["CLICK_COUNT"]) > 0 for row in sent)
    assert set(figures.versions) == {"A", "B"}
    assert figures.unsubscribed == sum(int(day["UNSUBSCRIBE"]) for day in days) > 0
    assert figures.complaints == sum(int(day["SPAM_REPORT"]) for day in days) > 0
    assert figures.course.unit == "hour"
    assert sum(each.reads for each in figures.course.reactions) == sum(int(day["READ"]) for day in days)
    assert figures.links.clicks == sum(int(link["CLICK"]) for link in links)
    assert sorted(link.clicks for link in figures.links.top) == sorted(
        Counter({link["ID_URL"]: 0 for link in links}
                | {id_: sum(int(link["CLICK"]) for link in links if link["ID_URL"] == id_)
                   for id_ in {link["ID_URL"] for link in links}}).values()
    )  # fmt: skip
    codes = Counter(bounce["STATUS"] for bounce in bounces)
    assert {bounce.code: bounce.times for bounce in figures.bounces} == codes
    assert len(codes) > 1


@both_protocols
@pytest.mark.parametrize("recipients", [0, 1])
def test_of_nobody_and_of_one(protocol, recipients):
    with Sandbox(recipients=recipients, seconds=0, ab_test=False) as sandbox:
        figures = gather(client_of(sandbox.base_url, protocol), 5001)
    assert figures.everybody.recipients == recipients
    assert not figures.is_test
    assert render_page(figures)


def test_a_delivery_that_does_not_exist_is_an_error():
    with Sandbox(recipients=3, seconds=0) as sandbox, pytest.raises(MailkitApiError, match="Invalid ID_send"):
        gather(client_of(sandbox.base_url, "json"), 4999)


def answering(protocol: str, faults: int = 0) -> Any:
    """Return a script that answers every report with one person's data wherever it may be."""

    def script(number: int, request: Any) -> Any:
        name = re.search(rb"mailkit\.report\.[a-z.]+", request.body)[0].decode()
        report = REPORTS[name]
        records = planted(report, 1 if report.single else 7)
        body = answer_of(protocol, single_or_list(report, records, protocol))
        return plain(body[:-20]) if number < faults else plain(body)

    return script


@both_protocols
@pytest.mark.parametrize("render", [render_page, render_mail])
def test_no_byte_of_an_address_is_on_a_page(protocol, render):
    with report_server(answering(protocol)) as server:
        figures = gather(client_of(server.base_url, protocol), 5001)
    page = render(figures)
    assert "[address]" in page
    assert found_in(page, OF_THE_ADDRESS) == []
    assert found_in(repr(figures), OF_THE_ADDRESS) == []
    assert "%40" not in page
    assert "(at)" not in page


@both_protocols
def test_a_report_that_breaks_off_is_counted_once(protocol):
    with report_server(answering(protocol)) as server:
        expected = gather(client_of(server.base_url, protocol), 5001)
    with report_server(answering(protocol, faults=2)) as server:
        client = client_of(server.base_url, protocol, attempts=3)
        figures = gather(client, 5001)
        assert figures.everybody == expected.everybody
        assert len(server.requests) == 6 + 2
    with report_server(answering(protocol, faults=99)) as server, pytest.raises(MailkitTransportError):
        gather(client_of(server.base_url, protocol), 5001)
