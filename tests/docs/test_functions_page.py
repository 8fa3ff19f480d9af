"""The page of all functions is made from the table that checks calls."""

from __future__ import annotations

import importlib.util
import re

import pytest
from docs.blocks import ROOT

from airflow_provider_mailkit.catalogue.functions import FUNCTIONS


@pytest.fixture(scope="module")
def maker():
    spec = importlib.util.spec_from_file_location("functions_page", ROOT / "scripts" / "functions_page.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_page_is_current(maker):
    assert maker.PAGE.read_text() == maker.page(), "run .venv/bin/python scripts/functions_page.py"


def test_the_page_has_every_function_and_parameter(maker):
    sections = dict(re.findall(r"^### ([^\n]+)\n(.*?)(?=^##|\Z)", maker.page(), re.MULTILINE | re.DOTALL))
    assert set(sections) == set(FUNCTIONS)
    for name, function in FUNCTIONS.items():
        for parameter in function.parameters:
            assert f"| `{parameter.name}` |" in sections[name]
            for member in parameter.members:
                folded = re.sub(r"^custom\d+$", "custom1 … custom25", member.name)
                assert f"| `{parameter.name}.{folded}` |" in sections[name]
        for unknown in function.unknown:
            assert unknown in sections[name]


def test_links_of_the_page_lead_to_its_sections(maker):
    page = maker.page()
    linked = re.findall(r"\]\(([^)]+)\)", page)
    headings = re.findall(r"^### (.+)", page, re.MULTILINE)
    # As Python-Markdown makes anchors of headings, and GitHub.
    anchors = [re.sub(r"[^\w\s-]", "", heading).strip().lower().replace(" ", "-") for heading in headings]
    assert linked == [f"#{anchor}" for anchor in anchors]
    assert len(set(anchors)) == len(FUNCTIONS)
