"""The tables of the pages about reports are made from the declarations that exports go by."""

from __future__ import annotations

import importlib.util
import re

import pytest
from docs.blocks import ROOT

from airflow_provider_mailkit.catalogue.reports import REPORTS


@pytest.fixture(scope="module")
def maker():
    spec = importlib.util.spec_from_file_location("report_pages", ROOT / "scripts" / "report_pages.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def pages(maker) -> dict[str, str]:
    return {path.name: path.read_text() for path in maker.PAGES.glob("*.md")}


def sections(page: str) -> dict[str, str]:
    return dict(re.findall(r"^## (mailkit\.\S+)\n(.*?)(?=^## |\Z)", page, re.MULTILINE | re.DOTALL))


@pytest.mark.parametrize("name", ["index.md", "deliveries.md", "raw.md", "lists.md"])
def test_the_page_is_current(maker, pages, name):
    assert pages[name] == maker.made(name, pages[name]), "run .venv/bin/python scripts/report_pages.py"


def test_every_report_has_a_section_on_the_page_of_its_family(maker, pages):
    found = {name: page for page, text in pages.items() for name in sections(text)}
    assert found == {name: maker.family(report) for name, report in REPORTS.items()}
    assert sum(len(sections(text)) for text in pages.values()) == len(REPORTS)


@pytest.mark.parametrize("name", ["mailkit.report", "mailkit.campaigns.list", "mailkit.profile.queries.list"])
def test_a_section_comes_and_goes_with_its_report(maker, pages, monkeypatch, name):
    page = maker.family(REPORTS[name])
    without = {each: report for each, report in REPORTS.items() if each != name}
    monkeypatch.setattr(maker, "REPORTS", without)
    changed = maker.made(page, pages[page])
    assert sections(changed).keys() == sections(pages[page]).keys() - {name}
    monkeypatch.setattr(maker, "REPORTS", REPORTS)
    assert maker.made(page, changed) == pages[page]


@pytest.mark.parametrize("name", REPORTS)
def test_the_section_has_every_column_in_its_order(maker, pages, name):
    section = sections(pages[maker.family(REPORTS[name])])[name]
    shown = []
    for line in re.findall(r"^\| (`[A-Z].*?) \|", section, re.MULTILINE):
        first, *last = re.findall(r"`(\w+)`", line)
        stem, _, number = (last or [""])[0].rpartition("_")
        shown += [f"{stem}_{each}" for each in range(1, int(number) + 1)] if last else [first]
    assert tuple(shown) == REPORTS[name].column_names
    for unknown in REPORTS[name].function.unknown:
        assert unknown in section


def test_meanings_are_of_columns_that_there_are(maker):
    assert maker._MEANINGS.keys() <= {column for report in REPORTS.values() for column in report.column_names}


def test_every_status_is_explained(pages):
    table = re.findall(r"^\| `(mailkit\S+)` \| `(\w*STATUS)` \|", pages["index.md"], re.MULTILINE)
    assert table == [
        (name, column) for name, report in REPORTS.items() for column in report.meanings
        if column.endswith("STATUS")
    ]  # fmt: skip
    told = {name for name, _ in table}
    assert {n for n, report in REPORTS.items() if "STATUS" in report.column_names} <= told


def test_what_is_personal_is_told(maker, pages):
    page = sections(pages["raw.md"])["mailkit.report.raw.responses"]
    assert "| `EMAIL` | text |  | `addresses=` |" in page
    assert "| `USER_AGENT` | text |  | `personal=` |" in page
    assert "Mailkit's `ID_SEND_MESSGE`" in sections(pages["raw.md"])["mailkit.report.raw.bounces"]


def test_links_of_the_pages_lead_to_their_sections(maker, pages):
    headings = {
        name: {maker.anchor(heading) for heading in re.findall(r"^#+ (.+)", text, re.MULTILINE)}
        for name, text in pages.items()
    }
    for name, text in pages.items():
        for page, anchor in re.findall(r"\]\(([\w-]*\.md)?#([\w-]+)\)", text):
            assert anchor in headings[page or name], (name, page, anchor)
