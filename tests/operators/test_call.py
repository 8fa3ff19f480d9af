"""The operator for any call: what does not parse, what is sent and how often, where the answer goes."""

from __future__ import annotations

import json
import logging
from base64 import b64encode
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from airflow import DAG
from operators.calling import CREATE, LISTS, WIPE, call
from support.planted import told_by
from support.reports import Protocol, assert_discreet, encode
from support.server import Answer, End, FaultServer, Received, Step, plain

from airflow_provider_mailkit._compat import AirflowFailException
from airflow_provider_mailkit.catalogue.functions import FUNCTIONS
from airflow_provider_mailkit.exceptions import (
    MailkitApiError,
    MailkitError,
    MailkitTransportError,
    MailkitUnclearError,
)
from airflow_provider_mailkit.operators.mailkit import MailkitCallOperator

PERSON = "person.zqx@example.org"
Define = Callable[..., str]


@pytest.fixture
def mailkit(protocol: Protocol, mailkit_connection: Define) -> Iterator[Callable[..., FaultServer]]:
    """Start a server that answers with a value, or as it is told to."""
    servers: list[FaultServer] = []

    def start(answer: Any = None, *, raw: list[Step] | None = None, **extra: Any) -> FaultServer:
        steps = plain(encode(protocol, answer)) if raw is None else raw
        server = FaultServer([steps], totals=None).__enter__()
        servers.append(server)
        mailkit_connection(server.base_url, protocol, **{"max_attempts": 1} | extra)
        return server

    yield start
    for server in servers:
        server.__exit__(None, None, None)


BROKEN: dict[str, tuple[dict[str, Any], str]] = {
    "misspelt function": ({"function": "mailkit.mailinglist.lst"}, f"the nearest is {LISTS}"),
    "function in capitals": ({"function": LISTS.upper()}, f"the nearest is {LISTS}"),
    "function by its name only": ({"function": "mailkit.campaigns.messages"}, "only its name is known"),
    "not a function": ({"function": "Event API"}, "interface of its own"),
    "template of a function": ({"function": "{{ params.function }}"}, "not a known function"),
    "forbidden write": ({"function": CREATE, "parameters": {"name": "x"}}, "writes: .*'write' in allow"),
    "forbidden sending": (
        {"function": "mailkit.sendsms", "allow": ["read", "write", "delete"]},
        "mailkit.sendsms sends: .*'send' in allow",
    ),
    "forbidden reading": ({"allow": ["write"]}, f"{LISTS} reads: .*'read' in allow"),
    "allows nothing": ({"allow": ()}, "reads"),
    "misspelt effect": ({"allow": ["reads"]}, "allow must be one of .*Did you mean 'read'"),
    "one effect as a text": ({"allow": "read"}, "allow must be a list"),
    "misspelt parameter": (
        {"function": CREATE, "allow": ["write"], "parameters": {"nam": "x"}},
        "'nam' is not a parameter.*nearest is name",
    ),
    "missing parameter": ({"function": CREATE, "allow": ["write"]}, "name is missing"),
    "wrong value": (
        {"function": "mailkit.report.message", "parameters": {"ID_send": PERSON}},
        "ID_send must be an ID",
    ),
    "parameters as a list": ({"parameters": [1]}, "parameters must be a dict"),
    "misspelt name beside a template": (
        {"function": "mailkit.report.message", "parameters": {"ID_snd": "{{ params.id }}"}},
        "'ID_snd' is not a parameter",
    ),
    "no path": ({"output_path": " "}, "output_path"),
    "no size": ({"max_xcom_bytes": 0}, "max_xcom_bytes must be a number of bytes"),
    "no connection": ({"mailkit_conn_id": ""}, "mailkit_conn_id must be"),
}  # fmt: skip


@pytest.mark.parametrize("name", BROKEN)
def test_what_does_not_parse(name: str) -> None:
    arguments, said = BROKEN[name]
    with pytest.raises(MailkitError, match=said) as caught:
        call(**{"function": LISTS} | arguments)
    assert isinstance(caught.value, AirflowFailException)
    assert PERSON not in told_by(caught.value)


@pytest.mark.parametrize("name", [name for name, each in FUNCTIONS.items() if not each.uncallable])
def test_every_function_needs_what_it_does_in_allow(name: str) -> None:
    effect = str(FUNCTIONS[name].effect)
    others = [each for each in ("read", "write", "send", "delete") if each != effect]
    with pytest.raises(MailkitError, match=f"{name} {effect}s"):
        call(name, allow=others)
    given = {each.name: "{{ params.x }}" for each in FUNCTIONS[name].parameters if each.required}
    given |= dict.fromkeys(FUNCTIONS[name].one_of[:1], "{{ params.x }}")
    assert call(name, given, allow=[effect]).retries == (0 if effect != "read" else call().retries)


def test_templates_are_checked_when_they_are_rendered(mailkit: Callable[..., FaultServer]) -> None:
    server = mailkit([])
    for given, said in (
        ({"ID_send": "{{ params.id }}"}, "ID_send must be an ID"),
        ({"ID_send": ["{{ params.id }}"]}, "ID_send must be an ID"),
    ):
        operator = rendered(call("mailkit.report.message", given), params={"id": PERSON})
        with pytest.raises(MailkitError, match=said) as caught:
            operator.execute({})
        assert isinstance(caught.value, AirflowFailException)
        assert PERSON not in told_by(caught.value)
    assert not server.requests


def test_a_read_is_repeated_and_returned(mailkit: Callable[..., FaultServer], protocol: Protocol) -> None:
    rows = [{"ID_USER_LIST": 7, "NAME": "Noviny"}, {"ID_USER_LIST": 8, "NAME": "Ž"}]
    server = mailkit(rows, max_attempts=2)
    server.script = [plain(b"", 503), plain(encode(protocol, rows))]
    assert call(retries=3).execute({}) == rows
    assert len(server.requests) == 2


@pytest.mark.parametrize("function", [CREATE, WIPE])
def test_what_acts_is_made_once(
    mailkit: Callable[..., FaultServer], function: str, caplog: pytest.LogCaptureFixture
) -> None:
    given = {"name": PERSON} if function == CREATE else {"email": PERSON}
    for raw, kind in (
        (plain(b"", 503), MailkitUnclearError),
        ([End.RESET], MailkitUnclearError),
        (plain(b"<html>"), MailkitUnclearError),
    ):
        server = mailkit(raw=raw, max_attempts=5)
        operator = call(function, given, allow=("write", "delete"), retries=3)
        assert operator.retries == 0
        with caplog.at_level(logging.DEBUG), pytest.raises(kind) as caught:
            operator.execute({})
        assert isinstance(caught.value, AirflowFailException)
        assert "It is unclear whether Mailkit has acted" in str(caught.value)
        assert len(server.requests) == 1
        assert_discreet(caught.value, "zqx")
        assert "zqx" not in caplog.text


def test_what_was_not_sent_stays_retryable(mailkit_connection: Define, protocol: Protocol) -> None:
    from support.ports import free_port

    mailkit_connection(f"http://127.0.0.1:{free_port()}", protocol)
    with pytest.raises(MailkitTransportError) as caught:
        call(CREATE, {"name": "x"}, allow=["write"]).execute({})
    assert not isinstance(caught.value, AirflowFailException)
    assert caught.value.retryable


def test_a_refusal_of_mailkit_is_permanent(mailkit: Callable[..., FaultServer], protocol: Protocol) -> None:
    mailkit({"error_status": 1, "error": "Invalid name"} if protocol == "json" else "Invalid name")
    with pytest.raises(MailkitApiError) as caught:
        call(CREATE, {"name": "x"}, allow=["write"]).execute({})
    assert isinstance(caught.value, AirflowFailException)


def test_a_file(mailkit: Callable[..., FaultServer], tmp_path: Path) -> None:
    rows = [{"ID_USER_LIST": number, "NAME": f"Ž {number}"} for number in range(1, 4)]
    mailkit(rows)
    path = tmp_path / "lists.json"
    summary = call(output_path=str(path)).execute({})
    assert json.loads(path.read_bytes()) == rows
    size = path.stat().st_size
    assert {name: summary[name] for name in ("function", "effect", "uri", "rows", "bytes")} == {
        "function": LISTS, "effect": "read", "uri": f"file://{path}", "rows": 3, "bytes": size
    }  # fmt: skip
    assert len(summary["sha256"]) == 64
    assert summary["seconds"] >= 0
    assert "Ž" not in json.dumps(summary, ensure_ascii=False)


def test_what_is_wrong_with_the_file_shows_before_the_call(
    mailkit: Callable[..., FaultServer], tmp_path: Path
) -> None:
    server = mailkit([])
    (tmp_path / "there.json").write_text("old")
    (tmp_path / "file").write_text("")
    for path, options, said in (
        (tmp_path / "there.json", {"overwrite": False}, "exists already"),
        (tmp_path / "file" / "x.json", {}, "."),
    ):
        with pytest.raises((MailkitError, OSError), match=said):
            call(CREATE, {"name": "x"}, allow=["write"], output_path=str(path), **options).execute({})
    assert not server.requests
    assert (tmp_path / "there.json").read_text() == "old"


@pytest.mark.parametrize("acts", [True, False])
def test_a_killed_task_keeps_the_answer_of_what_has_acted_only(
    mailkit_connection: Define, acts: bool, tmp_path: Path
) -> None:
    """Airflow 3 raises nothing, and lets the task run on for a few seconds."""
    function, given, effect = (CREATE, {"name": "x"}, "write") if acts else (LISTS, None, "read")
    path = tmp_path / "x.json"

    def operator() -> MailkitCallOperator:
        return call(function, given, allow=[effect], output_path=str(path))

    def answer(number: int, request: Received) -> Answer:
        killed.on_kill()
        return plain(encode("json", 7 if acts else [{"NAME": "A"}]))

    with FaultServer(answer, totals=None) as server:
        mailkit_connection(server.base_url, max_attempts=1)
        killed = operator()
        if acts:
            assert killed.execute({})["uri"] == f"file://{path}"
        else:
            with pytest.raises(ValueError, match="aborted"):
                killed.execute({})
        assert path.exists() is acts
        assert len(server.requests) == 1
        before = operator()
        before.on_kill()
        with pytest.raises(ValueError, match="aborted"):
            before.execute({})
        assert len(server.requests) == 1
    assert [entry.name for entry in tmp_path.iterdir()] == (["x.json"] if acts else [])


def test_rendered_parameters_show_no_person(mailkit: Callable[..., FaultServer], protocol: Protocol) -> None:
    server = mailkit({"data": 987, "status": 1})
    function = "mailkit.mailinglist.adduser"
    given: dict[str, Any] = {
        "ID_user_list": "{{ params.list }}",
        "confirm": True,
        "personal": {"email": "{{ params.address }}", "first_name": "Zqx"},
    }
    operator = call(function, given, allow=["write"])
    assert operator.parameters == given
    context = {"params": {"list": 4711, "address": PERSON}}
    rendered(operator, **context)
    assert operator.parameters == {"ID_user_list": "4711", "confirm": True, "personal": "***"}
    # Rendered twice: what is hidden stays what it was.
    operator.render_template_fields(context)
    assert operator.parameters == {"ID_user_list": "4711", "confirm": True, "personal": "***"}
    operator.execute({})
    assert b64encode(PERSON.encode()) in server.requests[0].body
    assert b"***" not in server.requests[0].body


def test_rendered_parameters_of_a_mapped_task(airflow_version_fields: Callable[[Any], str]) -> None:
    with DAG("d", schedule=None, start_date=datetime(2026, 1, 1, tzinfo=UTC)):
        mapped = MailkitCallOperator.partial(task_id="a", function=WIPE, allow=["delete"]).expand(
            parameters=[{"email": PERSON}]
        )
    task = mapped.unmap({"parameters": {"email": PERSON}})
    task._do_render_template_fields(task, task.template_fields, {}, task.get_template_env(), set())
    assert "zqx" not in airflow_version_fields(task)


@pytest.fixture
def airflow_version_fields() -> Callable[[Any], str]:
    """Return what Airflow stores of a task's rendered fields."""
    from airflow_provider_mailkit._compat import IS_AIRFLOW_2

    def stored(task: Any) -> str:
        if IS_AIRFLOW_2:
            from airflow.models.renderedtifields import get_serialized_template_fields

            return json.dumps(get_serialized_template_fields(task))
        from airflow.sdk.execution_time.task_runner import _serialize_rendered_fields

        return json.dumps(_serialize_rendered_fields(task))

    return stored


def rendered(operator: Any, **context: Any) -> Any:
    with DAG("d", schedule=None, start_date=datetime(2026, 1, 1, tzinfo=UTC)) as dag:
        pass
    operator.dag = dag
    operator.render_template_fields({"ti": SimpleNamespace(task=operator), **context})
    return operator
