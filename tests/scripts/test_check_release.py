from __future__ import annotations

import shutil
from pathlib import Path

import check_release
import pytest

ROOT = Path(__file__).resolve().parents[2]
CHANGELOG = """# Changelog

## Unreleased

## 1.2.3 - 2026-03-14

### Fixed

- A thing.
- Another thing.

## 1.2.2 - 2026-03-01

- An older thing.
"""
ADDRESSES = """[tool.public-address]
repository = "https://code.example.org/group/project"
documentation = "https://docs.example.org"
security = "https://code.example.org/group/project/security"
"""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout that can be released as v1.2.3."""
    (tmp_path / "airflow_provider_mailkit").mkdir()
    (tmp_path / "airflow_provider_mailkit" / "__init__.py").write_text('__version__ = "1.2.3"\n')
    (tmp_path / "CHANGELOG.md").write_text(CHANGELOG)
    (tmp_path / "pyproject.toml").write_text(ADDRESSES)
    return tmp_path


def replace(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def test_nothing_stands_in_the_way(checkout, capsys):
    assert check_release.main(["v1.2.3"], checkout) == 0
    assert capsys.readouterr().out == "v1.2.3 can be released.\n"


@pytest.mark.parametrize("tag", ["1.2.3", "v1.2.2", "v1.2.3rc1"])
def test_another_tag_is_refused(checkout, tag, capsys):
    assert check_release.main([tag], checkout) == 1
    assert "tag v1.2.3." in capsys.readouterr().err


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("## 1.2.3 - 2026-03-14", "## 1.2.4 - 2026-03-14", "no entries under a heading"),
        ("## 1.2.3 - 2026-03-14", "## 1.2.3", "no entries under a heading"),
        ("### Fixed\n\n- A thing.\n- Another thing.\n", "", "no entries under a heading"),
        ("## Unreleased\n", "## Unreleased\n\n- New.\n", "still has entries under Unreleased"),
    ],
)
def test_the_changelog_has_the_version_and_nothing_is_left_over(checkout, old, new, said, capsys):
    replace(checkout / "CHANGELOG.md", old, new)
    assert check_release.main(["v1.2.3"], checkout) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert said in line


@pytest.mark.parametrize("name", ["repository", "documentation", "security"])
@pytest.mark.parametrize("value", ["", "http://code.example.org/x", "https://nowhere", "to be filled in"])
def test_every_address_must_be_public(checkout, name, value, capsys):
    path = checkout / "pyproject.toml"
    lines = [
        f'{name} = "{value}"' if line.startswith(name) else line for line in path.read_text().split("\n")
    ]
    path.write_text("\n".join(lines))
    assert check_release.main(["v1.2.3"], checkout) == 1
    assert capsys.readouterr().err == (
        f"pyproject.toml, [tool.public-address]: {name} is not an https address: fill it in.\n"
    )


def test_the_notes_are_what_the_changelog_says_of_this_version_alone(checkout, capsys):
    assert check_release.main(["--notes"], checkout) == 0
    assert capsys.readouterr().out == "### Fixed\n\n- A thing.\n- Another thing.\n"


@pytest.mark.parametrize("arguments", [[], [""], ["v1.2.3", "v1.2.4"]])
def test_a_tag_must_be_named(checkout, arguments, capsys):
    assert check_release.main(arguments, checkout) == 2
    assert "make release-check TAG=" in capsys.readouterr().err


@pytest.mark.parametrize(("address", "refusals"), [("", 3), ("https://code.example.org/project", 0)])
def test_this_checkout_lacks_nothing_but_its_addresses(tmp_path, address, refusals):
    for name in ("pyproject.toml", "CHANGELOG.md", "airflow_provider_mailkit/__init__.py"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    path = tmp_path / "pyproject.toml"
    lines = path.read_text().splitlines()
    start = lines.index("[tool.public-address]") + 1
    for index in range(start, start + 3):
        lines[index] = f'{lines[index].split(" ")[0]} = "{address}"'
    path.write_text("\n".join(lines))
    found = check_release.obstacles(tmp_path, f"v{check_release.version_of(tmp_path)}")
    # What was changed since the last release waits there for the next one.
    found = [obstacle for obstacle in found if "under Unreleased" not in obstacle]
    assert len(found) == refusals
    assert all("[tool.public-address]" in obstacle for obstacle in found)
