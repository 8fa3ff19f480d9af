"""A PostgreSQL of a test's own: Debian's programs, data in a temporary folder, a free port of the loopback.

Airflow needs ``psycopg2`` to talk to it, and Airflow 3 ``asyncpg`` too.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from support.airflow_processes import wait_until
from support.ports import free_port

USER = "airflow"


def _programs() -> Path:
    """Return the folder of PostgreSQL's programs; Debian keeps that of the server off the PATH."""
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    if not folders and (found := shutil.which("initdb")):
        return Path(found).parent
    if not folders:
        raise RuntimeError("PostgreSQL is missing: on Debian, apt-get install postgresql")
    return folders[-1]


class Postgres:
    """A server without passwords, for this machine only; use it as ``with``."""

    def __enter__(self) -> Self:
        self._programs = _programs()
        # Not below pytest's folder, which the server's user may not enter.
        self._folder = Path(tempfile.mkdtemp(prefix="mailkit-postgres-"))
        self._port = free_port()
        # It refuses to run as root.
        self._as_user: dict[str, Any] = (
            {"user": "postgres", "group": "postgres", "extra_groups": []} if not os.getuid() else {}
        )
        if self._as_user:
            shutil.chown(self._folder, "postgres", "postgres")
        self._log = (self._folder / "log").open("ab")
        data = str(self._folder / "data")
        self._run("initdb", "--auth=trust", f"--username={USER}", "--encoding=UTF8", "--no-sync", "-D", data)
        settings = {"listen_addresses": "127.0.0.1", "unix_socket_directories": "", "fsync": "off"}
        options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        self._server = subprocess.Popen(
            [self._programs / "postgres", "-D", data, "-p", str(self._port), *options],
            stdout=self._log,
            stderr=self._log,
            cwd=self._folder,
            start_new_session=True,
            **self._as_user,
        )
        try:
            wait_until(self._is_ready, 60, self._tail)
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._stop()

    def _stop(self) -> None:
        # The signal that does not wait for clients to leave.
        self._server.send_signal(signal.SIGINT)
        try:
            self._server.wait(30)
        finally:
            self._log.close()
            shutil.rmtree(self._folder, ignore_errors=True)

    def create_database(self, name: str) -> str:
        """Return the URL of a new database, as SQLAlchemy takes it."""
        self._run("createdb", *self._client_options(), name)
        return f"postgresql+psycopg2://{USER}@127.0.0.1:{self._port}/{name}"

    def _client_options(self) -> list[str]:
        return ["--host=127.0.0.1", f"--port={self._port}", f"--username={USER}"]

    def _is_ready(self) -> bool:
        if self._server.poll() is not None:
            raise RuntimeError(f"PostgreSQL has ended:\n{self._tail()}")
        command = [str(self._programs / "pg_isready"), "--quiet", *self._client_options()]
        return subprocess.run(command, timeout=20).returncode == 0

    def _run(self, program: str, *arguments: str) -> None:
        subprocess.run(
            [str(self._programs / program), *arguments],
            stdout=self._log,
            stderr=self._log,
            cwd=self._folder,
            timeout=120,
            check=True,
            **self._as_user,
        )

    def _tail(self) -> str:
        return (self._folder / "log").read_text(errors="replace")[-2000:]
