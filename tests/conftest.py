"""Airflow in a home of its own, for all tests: nothing of the user's is read or written."""

from __future__ import annotations

import atexit
import contextlib
import json
import logging
import os
import shutil
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from support.server import FaultServer
    from support.wire import Protocol

pytest.register_assert_rewrite("support")

from support.days import let_the_hour_begin  # noqa: E402 - the assertions of these are rewritten too
from support.tally import PROPERTY, Tally, describe  # noqa: E402

CLIENT_ID = "1000001"
CLIENT_MD5 = "0123456789abcdef0123456789abcdef"
HOME = Path(tempfile.mkdtemp(prefix="mailkit-tests-")).resolve()


def _isolate_airflow() -> None:
    if "airflow" in sys.modules:
        raise RuntimeError("Airflow was imported before its home was set.")
    for name in [name for name in os.environ if name.startswith(("AIRFLOW__", "AIRFLOW_CONN_"))]:
        del os.environ[name]
    os.environ.pop("AIRFLOW_CONFIG", None)
    (HOME / "dags").mkdir()
    os.environ |= {
        "AIRFLOW_HOME": str(HOME),
        "HYPOTHESIS_STORAGE_DIRECTORY": str(HOME / "hypothesis"),
        "AIRFLOW__CORE__UNIT_TEST_MODE": "True",
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__DAGS_FOLDER": str(HOME / "dags"),
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{HOME / 'airflow.db'}",
        "AIRFLOW__DATABASE__LOAD_DEFAULT_CONNECTIONS": "False",
    }
    atexit.register(shutil.rmtree, HOME, ignore_errors=True)


_isolate_airflow()


def _load_models_of_airflow_2() -> None:
    """Import all tables, as the commands of Airflow 2 do; looking up a connection needs them there."""
    if version("apache-airflow").startswith("2."):
        with warnings.catch_warnings(action="ignore"):
            import airflow.models
            from airflow.providers_manager import ProvidersManager

            airflow.models.import_all_models()
            # It imports hooks, some of whose libraries warn in their oldest releases.
            ProvidersManager()


_load_models_of_airflow_2()


def _load_forms_of_airflow_3_0() -> None:
    """Import the library that other providers make their forms with: it warns of itself and of what it uses.

    Airflow 3.0 loads the forms of all providers when an export reports its file.
    """
    if version("apache-airflow").startswith("3.0."):
        with warnings.catch_warnings(action="ignore"), contextlib.suppress(ImportError):
            import flask_appbuilder.fieldwidgets  # noqa: F401


_load_forms_of_airflow_3_0()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what needs more than Python, or minutes, unless ``-m`` names its marker."""
    optional = {line.partition(":")[0] for line in config.getini("markers") if "; make " in line}
    unasked = {name for name in optional if name not in config.option.markexpr}
    kept: list[pytest.Item] = []
    left_out: list[pytest.Item] = []
    for item in items:
        is_unasked = any(mark.name in unasked for mark in item.iter_markers())
        (left_out if is_unasked else kept).append(item)
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = kept


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup() -> None:
    """Let no test that takes a moment see the day change. The long ones take a ``lasting_day``."""
    let_the_hour_begin(5)


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Say how many kills there were, and how many rows these have lost or repeated."""
    ended = [report for end in ("passed", "failed") for report in terminalreporter.stats.get(end, ())]
    if told := describe(ended):
        terminalreporter.write_line(told)


@pytest.fixture
def tally(record_property: Callable[[str, object], None]) -> Tally:
    """Counts of kills and their consequences, which are added up over the tests and printed."""
    counted = Tally()
    record_property(PROPERTY, counted.counts)
    return counted


@pytest.fixture(scope="session")
def airflow_db() -> Path:
    """Make Airflow's metadata database, once and only for the tests that ask for it."""
    made = subprocess.run(
        [sys.executable, "-m", "airflow", "db", "migrate"], capture_output=True, text=True, check=False
    )
    assert made.returncode == 0, made.stderr[-4000:]
    return HOME / "airflow.db"


@pytest.fixture
def mailkit_connection(monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Define a Mailkit connection in the environment; returns its id."""

    def define(
        base_url: str,
        protocol: str = "json",
        *,
        conn_id: str = "mailkit_default",
        login: str = CLIENT_ID,
        password: str = CLIENT_MD5,
        **extra: Any,
    ) -> str:
        connection = {
            "conn_type": "mailkit",
            "login": login,
            "password": password,
            "host": base_url,
            "extra": {"protocol": protocol, **extra},
        }
        monkeypatch.setenv(f"AIRFLOW_CONN_{conn_id.upper()}", json.dumps(connection))
        return conn_id

    return define


@pytest.fixture(params=["json", "xmlrpc"])
def protocol(request: pytest.FixtureRequest) -> Protocol:
    chosen: Protocol = request.param
    return chosen


@pytest.fixture
def mailkit(mailkit_connection: Callable[..., str]) -> Iterator[Callable[..., FaultServer]]:
    """Start a server that gives these answers, one after the other, and make a connection to it.

    An answer is a value, which is encoded, or what the server is to do. One function stands for all of them.
    """
    from support.reports import encode
    from support.server import End, FaultServer, Pause, plain

    def is_told(answer: Any) -> bool:
        return isinstance(answer, list) and bool(answer) and isinstance(answer[0], bytes | End | Pause)

    with ExitStack() as servers:

        def start(*answers: Any, protocol: Protocol = "json", **options: Any) -> FaultServer:
            script = (
                answers[0]
                if callable(answers[0])
                else [answer if is_told(answer) else plain(encode(protocol, answer)) for answer in answers]
            )
            server = servers.enter_context(FaultServer(script))
            mailkit_connection(server.base_url, protocol, **{"max_attempts": 1} | options)
            return server

        yield start


@pytest.fixture
def task_log(
    caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> Iterator[Callable[[], str]]:
    """Return what the tasks have logged: Airflow 3 prints it, Airflow 2 has loggers of its own for it."""
    loggers = [logging.getLogger(name) for name in ("airflow.task", "airflow_provider_mailkit")]
    caplog.set_level(logging.INFO)
    for logger in loggers:
        logger.addHandler(caplog.handler)
    yield lambda: caplog.text + "".join(capsys.readouterr())
    for logger in loggers:
        logger.removeHandler(caplog.handler)
