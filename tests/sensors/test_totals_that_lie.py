"""Whatever a server says for totals, a wait ends as if it had not been asked."""

from __future__ import annotations

import gzip
import json
import time
from contextlib import contextmanager

import pytest
from support import modes
from support.reports import encode, recipient
from support.server import End, FaultServer, chunked, close_delimited, head, plain

# In reschedule mode totals need the store of Airflow 3.3; its tests are in test_totals.py.
every_mode = pytest.mark.parametrize("mode", ["poke", "deferrable"])

HONEST = {"SEND_COUNT": "3", "DELIVERED_COUNT": "1", "FAILED_COUNT": ""}
REPORTS = [["wait", "sent", "wait_ab"]] * 4 + [["sent", "sent", "failed"]]
MEGABYTE = 2**20


def encoded(value):
    return lambda protocol: plain(encode(protocol, value))


def changed(**members):
    return encoded(HONEST | members)


def json_or_xml(as_json, as_xml):
    return lambda protocol: plain(as_json if protocol == "json" else as_xml)


def value(text):
    return b"<methodResponse><params><param><value>%s</value></param></params></methodResponse>" % text


#: Answers, each of which makes totals useless, by what they are.
LIES = {
    # Another status, another kind of answer.
    "500": lambda _: plain(b"{}", 500),
    "404": lambda _: plain(b"", 404),
    "429": lambda _: plain(b"", 429, retry_after=3600),
    "moved": lambda _: plain(b"", 302, location="http://127.0.0.1:1/"),
    "HTML": lambda _: plain(b"<!doctype html><html><body>Service temporarily unavailable</body></html>"),
    "nothing": lambda _: plain(b""),
    "spaces": lambda _: plain(b" " * 1000),
    "no text": lambda _: plain(b"\xff\xfe\x00\x81" * 50),
    "reset": lambda _: [head(content_length=100), b"{", End.RESET],
    "cut": lambda _: [head(content_length=100), b'{"SEND_COUNT":'],
    "no gzip": lambda _: plain(b"{}", content_encoding="gzip"),
    # Large ones.
    "a megabyte": lambda _: plain(b" " * MEGABYTE),
    "a megabyte in chunks": lambda _: chunked(b"[" * MEGABYTE),
    "a megabyte in gzip": lambda _: plain(gzip.compress(b" " * 64 * MEGABYTE), content_encoding="gzip"),
    "a report": encoded([recipient(n) for n in range(2000)]),
    "nested": json_or_xml(b"[" * 30_000, value(b"<array><data><value>" * 3000)),
    "nested to its end": json_or_xml(
        b'{"a":' * 5000 + b"1" + b"}" * 5000,
        value(b"<array><data><value>" * 500 + b"</value></data></array>" * 500),
    ),
    "many digits": json_or_xml(
        b'{"SEND_COUNT": %s}' % (b"9" * 5000), value(b"<int>%s</int>" % (b"9" * 5000))
    ),
    # The error of the API, and other shapes.
    "error": encoded({"error_status": 3, "error": "Invalid ID_send"}),
    "list": encoded([HONEST, HONEST]),
    "list of one": encoded([HONEST]),
    "empty list": encoded([]),
    "text": encoded("OK"),
    "number": encoded(5),
    "other members": encoded({"A": "1", "B": "2"}),
    "other types": changed(SEND_COUNT=[], DELIVERED_COUNT={}),
    # Odd numbers.
    "negative": changed(SEND_COUNT="-3"),
    "negative failures": changed(FAILED_COUNT="-1"),
    "beyond 64 bits": changed(SEND_COUNT="9" * 30),
    "half": changed(SEND_COUNT="1.5"),
    "more than all": changed(DELIVERED_COUNT="3", FAILED_COUNT="1"),
    "a word": changed(DELIVERED_COUNT="many"),
    # Numbers that the report does not bear out.
    "another delivery": changed(SEND_COUNT="1000", DELIVERED_COUNT="900", FAILED_COUNT="50"),
    "nobody waits": changed(DELIVERED_COUNT="2", FAILED_COUNT="1"),
    "nobody at all": changed(SEND_COUNT="0", DELIVERED_COUNT="0"),
    "largest": changed(SEND_COUNT=str(2**63 - 1)),
}


class Server(FaultServer):
    """Serves the reports in turn, and these answers for totals, of which the last one is repeated."""

    def __init__(self, protocol, answers):
        super().__init__(
            [
                plain(encode(protocol, [recipient(n, STATUS=status) for n, status in enumerate(statuses)]))
                for statuses in REPORTS
            ]
        )
        self.totals = lambda _: answers[min(len(self.totals_requests), len(answers)) - 1](protocol)


@contextmanager
def waited(mailkit_connection, protocol, mode, answers, **arguments):
    """Yield the server and the result of a wait."""
    with Server(protocol, answers) as server:
        mailkit_connection(server.base_url, protocol, max_attempts=1)
        yield server, modes.run(mode, poke_interval=0, **arguments)


def times(log: str, text: str) -> float:
    """Return how many times it was logged: Airflow 2 has several loggers for each line."""
    return log.count(text) / log.count("0 of 3 recipients waiting (0.0 %)")


@pytest.mark.parametrize(("mode", "protocol"), [("poke", "xmlrpc"), ("deferrable", "json")])
@pytest.mark.parametrize("lie", LIES)
def test_lies_from_the_start_are_given_up_at_once(mailkit_connection, mode, protocol, lie, task_log):
    with waited(mailkit_connection, protocol, mode, [LIES[lie]]) as (server, result):
        assert result["status_counts"] == {"failed": 1, "sent": 2}
        assert len(server.requests) == len(REPORTS)
        assert len(server.totals_requests) <= 2
    log = task_log()
    assert times(log, "The totals are not used any more: ") == 1
    assert "in a row" not in log
    assert "@" not in log


@pytest.mark.parametrize("lie", sorted(LIES.keys() - {"nobody at all"}))
def test_lies_after_honest_totals_are_given_up_too(mailkit_connection, lie, task_log):
    answers = [encoded(HONEST)] * 3 + [LIES[lie]]
    with waited(mailkit_connection, "json", "deferrable", answers) as (server, result):
        assert result["status_counts"] == {"failed": 1, "sent": 2}
        # One poll was content with the totals.
        assert len(server.requests) == len(REPORTS)
        assert len(server.totals_requests) <= 5
    assert times(task_log(), "The totals are not used any more: ") == 1


@every_mode
def test_totals_that_are_stuck_end_with_the_report(mailkit_connection, mode):
    """They have proven right, and stay as they were when everybody is done."""
    with waited(mailkit_connection, "json", mode, [encoded(HONEST)]) as (server, result):
        assert result["status_counts"] == {"failed": 1, "sent": 2}
        assert len(server.requests) == len(REPORTS)


@every_mode
def test_totals_that_never_come_cost_a_tenth_of_the_time(mailkit_connection, mode):
    began = time.monotonic()
    with waited(mailkit_connection, "json", mode, [lambda _: [End.SILENCE]], timeout=20) as (server, result):
        assert result["status_counts"] == {"failed": 1, "sent": 2}
        assert len(server.totals_requests) == 1
    assert 1.8 < time.monotonic() - began < 10


@pytest.mark.parametrize("coding", [close_delimited, chunked])
def test_honest_totals_in_any_frame_are_used(mailkit_connection, coding):
    def answer(_):
        return coding(json.dumps(HONEST | {"SUBJECT": "Café", "REV": "10.00"}).encode())

    with waited(mailkit_connection, "json", "deferrable", [answer]) as (server, result):
        assert result["status_counts"] == {"failed": 1, "sent": 2}
        assert len(server.totals_requests) > 2 * len(server.requests)
