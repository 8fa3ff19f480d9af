"""Airflow as it runs in production: separate processes, in a home of their own, that end with the test.

It runs on the Airflow that is installed where the tests run, 2.11 or 3.x::

    with AirflowProcesses(home, dags_folder=dags, connections={"mailkit_default": {...}}) as airflow:
        airflow.api.unpause("my_dag")
        run_id = airflow.api.trigger("my_dag", {"id_send": 5001})
        assert airflow.api.wait_for_run("my_dag", run_id, timeout_s=60) == "success"
"""

from __future__ import annotations

import base64
import json
import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import requests

from support.airflow_api import AirflowApi
from support.ports import free_port

VERSION = version("apache-airflow")
IS_AIRFLOW_2 = VERSION.startswith("2.")
COMPONENTS = ("webserver" if IS_AIRFLOW_2 else "api-server", "scheduler", "triggerer", "dag-processor")
# What the health answer calls them; the web server is healthy when it answers.
_IN_HEALTH = {"scheduler": "scheduler", "triggerer": "triggerer", "dag-processor": "dag_processor"}
# Whoever looks at Airflow 2 is an administrator, without a password. Airflow 3 has a setting for that.
_WEBSERVER_CONFIG = 'AUTH_ROLE_PUBLIC = "Admin"\n'


def wait_until(condition: Callable[[], Any], timeout_s: float, what: str | Callable[[], str]) -> Any:
    """Return the first true value of the condition.

    :param what: says what was waited for, in the TimeoutError.
    """
    deadline = time.monotonic() + timeout_s
    while not (value := condition()):
        if time.monotonic() > deadline:
            raise TimeoutError(f"Not within {timeout_s:.0f} s: {what if isinstance(what, str) else what()}")
        time.sleep(0.25)
    return value


@dataclass
class AirflowProcess:
    """One process of Airflow, with all that it starts: they are one session of the operating system."""

    name: str
    popen: subprocess.Popen[bytes]
    log: Path

    @property
    def is_running(self) -> bool:
        return self.popen.poll() is None

    def tail(self, characters: int = 3000) -> str:
        return self.log.read_text(errors="replace")[-characters:]

    def members(self) -> list[int]:
        """Return the IDs of it and of all that it has started."""
        return _session_members(self.popen.pid)

    def kill(self) -> None:
        """Let it die at once, with its children, as when the machine is gone."""
        for _ in range(20):
            members = self.members()
            for pid in members:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            if not members:
                # Its threads may take longer to end than it looks.
                self.popen.wait(30)
                return
            time.sleep(0.1)
        raise TimeoutError(f"The processes of {self.name} do not end: {members}")

    def ask_to_end(self) -> None:
        if self.is_running:
            self.popen.send_signal(signal.SIGTERM)

    def stop(self, timeout_s: float = 20) -> None:
        """Ask it to end, and kill what is left then."""
        self.ask_to_end()
        with suppress(subprocess.TimeoutExpired):
            self.popen.wait(timeout_s)
        self.kill()


def _session_members(session: int) -> list[int]:
    members = []
    for entry in Path("/proc").iterdir():
        # It may end while we look.
        with suppress(ValueError, ProcessLookupError, FileNotFoundError):
            pid = int(entry.name)
            if os.getsid(pid) == session and "\nState:\tZ" not in (entry / "status").read_text():
                members.append(pid)
    return members


class AirflowProcesses:
    """An Airflow of a test's own.

    :param home: an empty folder, which becomes AIRFLOW_HOME.
    :param dags_folder: the folder with the DAG files.
    :param connections: Airflow connections by ID, as its JSON notation has them.
    :param environment: more variables for all processes.
    :param environment_of: more variables for the processes of one component.
    :param database_url: default: SQLite, which on Airflow 2 runs one task at a time.
    :param executor: default: LocalExecutor, or on Airflow 2 with SQLite the only one that it allows.
    :param components: what is started at once. On Airflow 2 with SQLite the scheduler parses the DAG files.
    :param local_settings: text of airflow_local_settings.py, for cluster policies.
    """

    def __init__(
        self,
        home: Path,
        *,
        dags_folder: Path,
        connections: Mapping[str, Mapping[str, Any]] | None = None,
        environment: Mapping[str, str] | None = None,
        environment_of: Mapping[str, Mapping[str, str]] | None = None,
        database_url: str | None = None,
        executor: str | None = None,
        components: Sequence[str] = COMPONENTS,
        local_settings: str = "",
    ) -> None:
        self.home = home
        if IS_AIRFLOW_2 and database_url is None:
            components = [name for name in components if name != "dag-processor"]
        self.components = components
        self.port = free_port()
        self.base_url = f"http://127.0.0.1:{self.port}"
        self.api = AirflowApi(self.base_url, is_airflow_2=IS_AIRFLOW_2)
        self.processes: dict[str, AirflowProcess] = {}
        self.fernet_key = base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()
        self.database_url = database_url or f"sqlite:///{home / 'airflow.db'}"
        if executor is None:
            executor = "LocalExecutor" if database_url or not IS_AIRFLOW_2 else "SequentialExecutor"
        kept = {name: value for name, value in os.environ.items() if not name.startswith("AIRFLOW")}
        self.environment = kept | self._settings(dags_folder, executor)
        for conn_id, connection in (connections or {}).items():
            self.environment[f"AIRFLOW_CONN_{conn_id.upper()}"] = json.dumps(connection)
        self.environment |= environment or {}
        self.environment_of = environment_of or {}
        (home / "config").mkdir(parents=True, exist_ok=True)
        (home / "config" / "airflow_local_settings.py").write_text(local_settings)
        (home / "webserver_config.py").write_text(_WEBSERVER_CONFIG)

    def _settings(self, dags_folder: Path, executor: str) -> dict[str, str]:
        by_section: dict[str, dict[str, object]] = {
            "core": {
                "dags_folder": dags_folder,
                "executor": executor,
                "fernet_key": self.fernet_key,
                "load_examples": False,
                "parallelism": 8,
                "simple_auth_manager_all_admins": True,
                "execution_api_server_url": f"{self.base_url}/execution/",
            },
            "database": {"sql_alchemy_conn": self.database_url, "load_default_connections": False},
            "api": {
                "base_url": self.base_url,
                "secret_key": secrets.token_hex(16),
                "auth_backends": "airflow.api.auth.backend.default",
            },
            # Without an issuer, 3.0 makes tokens that newer releases of PyJWT refuse.
            "api_auth": {"jwt_secret": secrets.token_hex(32), "jwt_issuer": "airflow"},
            "webserver": {"base_url": self.base_url, "secret_key": secrets.token_hex(16)},
            "scheduler": {"standalone_dag_processor": "dag-processor" in self.components},
            "logging": {
                "base_log_folder": self.home / "logs",
                "colored_console_log": False,
                "worker_log_server_port": free_port(),
                "trigger_log_server_port": free_port(),
            },
            "usage_data_collection": {"enabled": False},
            # The first task waits for what the API server imports for it, which takes long on a busy machine.
            "workers": {"execution_api_timeout": 60},
        }
        settings = {
            f"AIRFLOW__{section.upper()}__{name.upper()}": str(value)
            for section, options in by_section.items()
            for name, value in options.items()
        }
        root = Path(__file__).parents[2]
        python_path = os.pathsep.join(filter(None, [str(root), os.environ.get("PYTHONPATH")]))
        return settings | {
            "AIRFLOW_HOME": str(self.home),
            # Some of its processes start others by the name of the command.
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": python_path,
            "PYTHONUNBUFFERED": "1",
            "PYTHONDONTWRITEBYTECODE": "1",
        }

    def __enter__(self) -> Self:
        self.run("db", "migrate", timeout_s=180)
        try:
            for component in self.components:
                self.start(component, environment=self.environment_of.get(component))
            self.wait_until_healthy()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    def run(self, *arguments: str, timeout_s: float = 90) -> str:
        """Run an `airflow` command to its end; return what it printed."""
        command = [sys.executable, "-m", "airflow", *arguments]
        ended = subprocess.run(
            command, env=self.environment, cwd=self.home, capture_output=True, text=True, timeout=timeout_s
        )
        if ended.returncode:
            raise RuntimeError(f"airflow {' '.join(arguments)} failed:\n{ended.stderr[-3000:]}")
        return ended.stdout

    def start(
        self, component: str, *arguments: str, name: str = "", environment: Mapping[str, str] | None = None
    ) -> AirflowProcess:
        """Start a process: `airflow`, the words of the component, and the arguments.

        :param component: such as ``scheduler`` or ``celery worker``.
        :param name: of the process, where there are several of one component.
        :param environment: variables for this process only.
        """
        if component in ("webserver", "api-server"):
            host = "--hostname" if component == "webserver" else "--host"
            arguments = ("--port", str(self.port), host, "127.0.0.1", "--workers", "1", *arguments)
        name = name or component.replace(" ", "-")
        log = self.home / "process-logs" / f"{name}.log"
        log.parent.mkdir(exist_ok=True)
        with log.open("ab") as output:
            popen = subprocess.Popen(
                [sys.executable, "-m", "airflow", *component.split(), *arguments],
                env={**self.environment, **(environment or {})},
                cwd=self.home,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        process = self.processes[name] = AirflowProcess(name, popen, log)
        return process

    def stop(self) -> None:
        """End all processes."""
        for process in self.processes.values():
            process.ask_to_end()
        for process in self.processes.values():
            process.stop()

    def wait_until_healthy(self, timeout_s: float = 240) -> None:
        """Wait until every component that was started says that it works."""
        wait_until(self._is_healthy, timeout_s, lambda: f"a healthy Airflow. {self._describe()}")

    def _is_healthy(self) -> bool:
        for process in self.processes.values():
            if not process.is_running:
                raise RuntimeError(f"airflow {process.name} has ended:\n{process.tail()}")
        try:
            health = self.api.health()
        except requests.RequestException:
            return False
        started = {health_name for name, health_name in _IN_HEALTH.items() if name in self.processes}
        return all((health.get(name) or {}).get("status") == "healthy" for name in started)

    def _describe(self) -> str:
        return "\n".join(f"--- {process.name}\n{process.tail(1500)}" for process in self.processes.values())
