"""The page of a delivery in a real browser: on a desk, on a phone, in the dark, on paper; with axe-core."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from support.exports import client_of
from ui.browser import open_page

from airflow_provider_mailkit.pages.figures import Figures, Link
from airflow_provider_mailkit.pages.gather import gather
from airflow_provider_mailkit.pages.html import render_mail, render_page
from airflow_provider_mailkit.sandbox import Sandbox

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.ui

ROOT = Path(__file__).parent.parent.parent
AXE = Path(os.environ.get("AXE") or ROOT / ".servers/node_modules/axe-core/axe.min.js")
LONG = (
    "Nejneuvěřitelnější předvánoční příležitosti: příšerně žluťoučký kůň úpěl ďábelské ódy a dalších sto "
    "padesát nezapomenutelných překvapení pro celou vaši rodinu"
)
SCREENS: dict[str, dict[str, Any]] = {
    "desktop": {"viewport": {"width": 1100, "height": 900}},
    "phone": {"viewport": {"width": 360, "height": 740}, "is_mobile": True, "device_scale_factor": 2},
    "dark": {"viewport": {"width": 1100, "height": 900}, "color_scheme": "dark"},
}


def figures_of(*, recipients: int, ab_test: bool = True) -> Figures:
    with Sandbox(recipients=recipients, seconds=0, ab_test=ab_test, seed=26) as sandbox:
        return gather(client_of(sandbox.base_url, "json"), 5001)


def with_many_links() -> Figures:
    figures = figures_of(recipients=3000)
    figures.subject = LONG
    figures.everybody.recipients += 17
    place = "www.example.cz/eshop/velmi-dlouha-cesta-k-vyrobku-ktery-nikdo-nechce/detail?…"
    figures.links.top = [
        Link(f"Nabídka {number}: nejneobhospodařovávatelnějšími hrnečky", place, 4000 - number, 9, "AB")
        for number in range(200)
    ]
    return figures


CASES: dict[str, Callable[[], Figures]] = {
    "usual": lambda: figures_of(recipients=50_000),
    "nobody": lambda: figures_of(recipients=0),
    "one": lambda: figures_of(recipients=1, ab_test=False),
    "without-test": lambda: figures_of(recipients=3000, ab_test=False),
    "many-links": with_many_links,
}


@pytest.fixture(params=CASES)
def shown(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[str, str]:
    """Return the addresses of a page and a mail."""
    figures = CASES[request.param]()
    for name, render in (("page", render_page), ("mail", render_mail)):
        (tmp_path / f"{name}.html").write_text(render(figures))
    return (tmp_path / "page.html").as_uri(), (tmp_path / "mail.html").as_uri()


def faults_of(page: Page) -> list[str]:
    """Return what axe-core calls serious or critical."""
    page.evaluate(AXE.read_text())
    found = page.evaluate("axe.run()")["violations"]
    return [
        f"{fault['id']}: {fault['help']}" for fault in found if fault["impact"] in ("serious", "critical")
    ]


def is_too_wide(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"))


@pytest.mark.parametrize("screen", SCREENS)
def test_everybody_can_read_it(shown, screen, tmp_path):
    page_uri, mail_uri = shown
    asked: list[str] = []
    with open_page("file:///") as opened:
        browser = opened.context.browser
        for kind, uri in (("page", page_uri), ("mail", mail_uri)):
            with browser.new_context(**SCREENS[screen]) as context:
                page = context.new_page()
                page.on("request", lambda request: asked.append(request.url))
                page.goto(uri)
                for folded in page.locator("summary").all():
                    folded.click()
                assert faults_of(page) == []
                assert not is_too_wide(page)
                for folded in page.locator("summary").all():
                    folded.click()
                # For whoever wants to look; pytest keeps the folder.
                page.screenshot(path=tmp_path / f"{kind}-{screen}.png", full_page=True)
    # The page, the mail, and nothing else.
    assert asked == [page_uri, mail_uri]


def test_it_fits_on_paper(shown):
    page_uri, _ = shown
    with open_page("file:///") as page:
        page.goto(page_uri)
        paper = page.pdf(format="A4")
        assert paper.startswith(b"%PDF")
        # Numbers by the hour, and all of 200 links, would fill more.
        assert 1 <= len(re.findall(rb"/Type\s*/Page\b", paper)) <= 6
        page.emulate_media(media="print", color_scheme="dark")
        assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
        assert page.locator("summary:visible").count() == 0


def test_the_picture_of_the_readme(keep_picture, tmp_path):
    (tmp_path / "page.html").write_text(render_page(figures_of(recipients=50_000)))
    with open_page("file:///") as page:
        page.set_viewport_size({"width": 900, "height": 1215})
        page.goto((tmp_path / "page.html").as_uri())
        keep_picture("delivery-page", page)
