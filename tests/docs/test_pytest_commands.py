"""The commands of pytest on the pages find their tests, each in a process of its own as in a fresh clone."""

from __future__ import annotations

import os
import re
import shlex

from docs.blocks import PAGES, ROOT
from support.python import run

#: Stands for a folder that the reader chooses.
A_FOLDER = "tests/the/folder"


def commands() -> list[list[str]]:
    """Return the arguments of pytest in each command that has some."""
    texts = [" ".join(path.read_text().split()) for path in [*PAGES, *ROOT.glob("*.md")]]
    found = {part for text in texts for part in re.findall(r"`(?:[^` ]*python -m )?pytest ([^`]+)`", text)}
    return [shlex.split(part) for part in sorted(found) if A_FOLDER not in part]


def test_each_command_finds_its_tests():
    shown = commands()
    assert len(shown) == 2
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("AIRFLOW", "PYTEST"))
    }
    for arguments in shown:
        options = ("--collect-only", "-qq", "-p", "no:cacheprovider")
        run(environment, "-m", "pytest", *options, *arguments, timeout=300, folder=ROOT)
