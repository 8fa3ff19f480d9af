"""Python in a process of its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path


def run(
    environment: dict[str, str],
    *arguments: str,
    timeout: float,
    stdin: str = "",
    folder: Path | None = None,
) -> str:
    """Run Python; returns what it printed. If it fails, so does the test, with the end of the output.

    :param timeout: in seconds.
    :param folder: the working directory, if it is another one than that of the tests.
    """
    ended = subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env=environment,
        input=stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=timeout,
    )
    assert ended.returncode == 0, ended.stdout[-5000:]
    return ended.stdout
