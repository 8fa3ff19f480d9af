"""Says what prevents a release, or prints its notes. Needs only Python.

``python scripts/check_release.py v1.2.3`` ends with 1 and a line for each obstacle;
``python scripts/check_release.py --notes`` prints what the changelog says of this version.
"""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
_HEADING = re.compile(r"^## (?P<name>\S+)(?: - (?P<day>\d{4}-\d\d-\d\d))?$", re.MULTILINE)
_VERSION = re.compile(r'^__version__ = "(.+)"$', re.MULTILINE)


def version_of(root: Path) -> str:
    """Return the version that the package of this checkout has."""
    found = _VERSION.search((root / "airflow_provider_mailkit" / "__init__.py").read_text())
    if not found:
        raise ValueError("airflow_provider_mailkit/__init__.py has no __version__")
    return found[1]


def sections_of(changelog: str) -> dict[str, tuple[str | None, str]]:
    """Return day and text of each section of a changelog, by the name in its heading."""
    headings = list(_HEADING.finditer(changelog))
    ends = [heading.start() for heading in headings[1:]] + [len(changelog)]
    return {
        heading["name"]: (heading["day"], changelog[heading.end() : end].strip())
        for heading, end in zip(headings, ends, strict=True)
    }


def obstacles(root: Path, tag: str) -> list[str]:
    """Return the reasons why this checkout cannot be released under a tag, as sentences."""
    version = version_of(root)
    found = []
    if tag != f"v{version}":
        found.append(f"The tag is {tag!r}, but the package has the version {version}: tag v{version}.")
    sections = sections_of((root / "CHANGELOG.md").read_text())
    day, text = sections.get(version, (None, ""))
    if not day or not text:
        found.append(
            f"CHANGELOG.md has no entries under a heading like '## {version} - 2026-01-31': add them."
        )
    if sections.get("Unreleased", (None, ""))[1]:
        found.append(f"CHANGELOG.md still has entries under Unreleased: move them to {version}.")
    address = tomllib.loads((root / "pyproject.toml").read_text())["tool"]["public-address"]
    found += [
        f"pyproject.toml, [tool.public-address]: {name} is not an https address: fill it in."
        for name, value in address.items()
        if not re.fullmatch(r"https://[^\s/]+\.[^\s/]+(/\S*)?", value)
    ]
    return found


def main(arguments: list[str], root: Path = ROOT) -> int:
    """Run the command line of the module; return its exit status."""
    if arguments == ["--notes"]:
        print(sections_of((root / "CHANGELOG.md").read_text())[version_of(root)][1])
        return 0
    if len(arguments) != 1 or not arguments[0]:
        print("Name the tag of the release: make release-check TAG=v1.2.3", file=sys.stderr)
        return 2
    found = obstacles(root, arguments[0])
    print("\n".join(found) or f"{arguments[0]} can be released.", file=sys.stderr if found else sys.stdout)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
