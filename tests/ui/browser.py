"""Chromium, and a record of all that Airflow tells it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Page, Request

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # Nothing but this machine.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
]
TIMEOUT_MS = 60_000


@contextmanager
def open_page(base_url: str) -> Iterator[Page]:
    """Open an empty page of a browser that looks for relative addresses at a base URL."""
    from playwright.sync_api import sync_playwright

    executable = shutil.which("chromium")
    assert executable, "Chromium is missing: apt-get install chromium"
    with (
        sync_playwright() as playwright,
        playwright.chromium.launch(executable_path=executable, args=ARGUMENTS) as browser,
        browser.new_context(base_url=base_url, viewport={"width": 1100, "height": 1700}) as context,
    ):
        context.set_default_timeout(TIMEOUT_MS)
        yield context.new_page()


class Record:
    """The text of every answer that a page gets, but for Airflow's own static files."""

    def __init__(self, page: Page) -> None:
        self.answers: list[tuple[str, str]] = []
        self.unread: list[str] = []
        self._page = page
        page.on("requestfinished", self._keep)

    def _keep(self, request: Request) -> None:
        from playwright.sync_api import Error

        response = request.response()
        if response is None or "/static/" in request.url or 300 <= response.status < 400:
            return
        where = f"{request.method} {request.url}"
        try:
            body = response.body()
        except Error:
            # The page was left before. What only reads can be asked again.
            if request.method != "GET":
                self.unread.append(where)
                return
            body = self._page.request.fetch(request).body()
        self.answers.append((where, body.decode(errors="replace")))

    def read_on(self, *, fields: bool = True) -> None:
        """Add what the page shows now, whatever has made it, with what is in its fields."""
        self._page.wait_for_load_state("networkidle")
        texts = [self._page.content()]
        if fields:
            texts += self._page.locator("input, textarea").evaluate_all("all => all.map(one => one.value)")
        self.answers.append((f"shown at {self._page.url}", "\n".join(texts)))
