"""The code blocks of README.md and of the pages in docs/."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from packaging.version import Version

ROOT = Path(__file__).parent.parent.parent
MD5 = "0123456789abcdef0123456789abcdef"
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
_FENCED = re.compile(r"^```([^\n]*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_FILE = re.compile(r"# ([\w/]+\.(?:py|toml))\n")
_DAG_ID = re.compile(r"""^with DAG\(\s*"(\w+)\"""", re.MULTILINE)


# Watchers: the DAG, the payload of the event, the log.
_NEEDS = {
    **dict.fromkeys(("AssetWatcher", '"dedupe_key"', "fired before"), (3, 0)),
    "DeadlineAlert": (3, 1),
    "async def count_recipients": (3, 2),
    "PartitionedAtRuntime": (3, 3),
}


@dataclass(frozen=True)
class Block:
    """A block between two fences.

    :param page: its file, from the repository's root.
    :param line: where the text begins.
    """

    page: str
    line: int
    language: str
    text: str

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"

    @property
    def dag_ids(self) -> list[str]:
        """The DAGs that it makes, if it is Python."""
        return _DAG_ID.findall(self.text) if self.language == "python" else []

    @property
    def file(self) -> str | None:
        """The file of a project that it is, if it begins with a comment that says so."""
        named = _FILE.match(self.text)
        return named[1] if named else None

    @property
    def needs(self) -> tuple[int, int]:
        """The Airflow that has what it is about, as in ``(3, 1)``."""
        return max((since for word, since in _NEEDS.items() if word in self.text), default=(2, 11))

    @property
    def is_possible(self) -> bool:
        """Whether the installed Airflow has that."""
        return self.needs <= Version(version("apache-airflow")).release[:2]

    @property
    def needs_scheduler(self) -> bool:
        """Whether it cannot be run in one process: ``dag.test()`` breaks at deadlines; see tests/e2e."""
        return "DeadlineAlert" in self.text

    def execute(self) -> dict[str, Any]:
        """Execute it as Python; returns its names."""
        names: dict[str, Any] = {"__name__": "__main__"}
        exec(compile(self.text, str(self), "exec"), names)  # noqa: S102
        return names


def find_blocks() -> list[Block]:
    blocks = []
    for path in PAGES:
        page = path.read_text()
        for found in _FENCED.finditer(page):
            line = page.count("\n", 0, found.start()) + 2
            blocks.append(Block(str(path.relative_to(ROOT)), line, found[1], found[2]))
    return blocks


BLOCKS = find_blocks()


def block(page: str, word: str) -> Block:
    """Return the only block of a page with this word."""
    (found,) = [each for each in BLOCKS if each.page == page and word in each.text]
    return found


def commands_of(block: Block) -> list[list[str]]:
    """Return the words of each command."""
    text = block.text.replace("\\\n", " ").replace("<MD5 code>", MD5)
    commands = [shlex.split(line, comments=True) for line in re.split(r"\n(?=\S)", text)]
    return [words for words in commands if words]
