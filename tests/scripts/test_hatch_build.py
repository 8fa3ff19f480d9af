"""The metadata that hatch_build.py makes, and the README as a package index shows it."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]
ADDRESS = {
    "repository": "https://code.example.org/group/project",
    "documentation": "https://docs.example.org",
    "security": "https://code.example.org/report",
}


@pytest.fixture(scope="module")
def hook() -> ModuleType:
    pytest.importorskip("hatchling", reason="only the line that is developed on has it")
    spec = importlib.util.spec_from_file_location("hatch_build", ROOT / "hatch_build.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_all_urls_are_made_of_the_public_address(hook):
    assert hook.urls(ADDRESS) == {
        "Documentation": "https://docs.example.org",
        "Security": "https://code.example.org/report",
        "Source": "https://code.example.org/group/project",
        "Issues": "https://code.example.org/group/project/issues",
        "Changelog": "https://code.example.org/group/project/blob/main/CHANGELOG.md",
    }


def test_what_has_no_address_has_no_url(hook):
    assert hook.urls(dict.fromkeys(ADDRESS, "")) == {}


def test_links_of_the_readme_lead_into_the_repository(hook):
    text = "[a](docs/a.md#b) ![picture](docs/b.png) [c](https://example.com) [d](#e)"
    assert hook.readme(text, ADDRESS["repository"]) == (
        "[a](https://code.example.org/group/project/blob/main/docs/a.md#b) "
        "![picture](https://code.example.org/group/project/raw/main/docs/b.png) "
        "[c](https://example.com) [d](#e)"
    )
    assert hook.readme(text, "") == text


def test_no_relative_link_is_left_in_this_readme(hook):
    shown = hook.readme((ROOT / "README.md").read_text(), ADDRESS["repository"])
    links = re.findall(r"\]\(([^)]+)\)", shown) + re.findall(r'(?:src|href)="([^"]+)"', shown)
    assert len(links) > 5
    assert all(link.startswith("https://") or link.startswith("#") for link in links), links
