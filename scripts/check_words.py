"""Looks for the phrases of words.txt in everything that people read. ``make gates`` runs it.

Lines are joined before the search, since a phrase may cross a line end.
"""

from __future__ import annotations

import re
import sys
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
WORDS = Path(__file__).with_name("words.txt")
FOLDERS = (
    "airflow_provider_mailkit",
    "dags_examples",
    "docs",
    "scripts",
    "bench",
    "fuzz",
    "tests",
    ".github",
)
SUFFIXES = {".py", ".md", ".yml", ".toml", ""}
# A line end, and the beginning of the next line of a string, a comment, a list or a quotation.
_LINE_END = re.compile(r"""\s*"\s*\n[ \t]*f?"|\s*\n[ \t]*(?:#+ ?|\*+ ?|> ?)?""")


@dataclass(frozen=True)
class Rule:
    """A phrase to avoid.

    :param advice: what to write instead.
    """

    phrase: re.Pattern[str]
    advice: str


def rules_of(text: str) -> list[Rule]:
    """Return the rules of a list like words.txt; lines that begin with ``# `` and a capital are comments."""
    rules = []
    for line in text.splitlines():
        phrase, arrow, advice = line.partition(" => ")
        if arrow:
            rules.append(Rule(re.compile(phrase, re.IGNORECASE), advice.strip()))
        elif line and not line.startswith("#"):
            raise ValueError(f"a rule needs ' => ' between phrase and advice: {line}")
    return rules


def findings(text: str, rules: list[Rule]) -> Iterator[tuple[int, str, str]]:
    """Yield line, phrase and advice for each place in a text."""
    parts, offsets, lines = [], [0], [1]
    end = length = 0
    for found in _LINE_END.finditer(text):
        parts.append(text[end : found.start()])
        length += len(parts[-1]) + 1
        lines.append(lines[-1] + text.count("\n", end, found.end()))
        offsets.append(length)
        end = found.end()
    prose = " ".join([*parts, text[end:]])
    for rule in rules:
        for found in rule.phrase.finditer(prose):
            yield lines[bisect_right(offsets, found.start()) - 1], found[0], rule.advice


def files(root: Path) -> Iterator[Path]:
    """Yield all files that people read, except the list of phrases and its test."""
    yield from sorted(root.glob("*.md"))
    yield from (root / name for name in ("Makefile", "pyproject.toml", "mkdocs.yml", "hatch_build.py"))
    for folder in FOLDERS:
        for path in sorted((root / folder).rglob("*")):
            if (
                path.is_file()
                and path.suffix in SUFFIXES
                and "fixtures" not in path.parts
                and path.name != "test_check_words.py"
            ):
                yield path


def main(root: Path = ROOT) -> int:
    """Print what was found; return 1 if anything was."""
    rules = rules_of(WORDS.read_text())
    count = 0
    for path in files(root):
        for line, phrase, advice in sorted(findings(path.read_text(), rules)):
            print(f"{path.relative_to(root)}:{line}: {phrase!r} => {advice}")
            count += 1
    return 1 if count else 0


if __name__ == "__main__":
    sys.exit(main())
