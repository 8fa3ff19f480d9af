"""The connection form of Airflow 2, as somebody uses it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from ui.field import Field

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page


class Form2:
    """Airflow 2 makes its pages on the server; the form has a Test button of its own."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def open_new(self, connection_type: str) -> None:
        self.page.goto("/connection/add")
        # Airflow's script has seen to the fields as soon as it has put an editor in place of the extra.
        self.page.locator(".CodeMirror").wait_for(state="attached")
        self.page.locator("[aria-labelledby=select2-conn_type-container]").click()
        self.page.get_by_role("option", name=connection_type, exact=True).click()
        self.page.locator("#select2-conn_type-container", has_text=connection_type).wait_for()

    def open_saved(self, conn_id: str) -> None:
        self.page.goto("/connection/list/")
        self._settle()
        row = self.page.locator("tr", has_text=conn_id)
        row.locator("a[href*='/connection/edit/']").click()
        self.page.locator("#conn_id").wait_for()

    def fields(self) -> dict[str, Field]:
        found = {}
        for row in self.page.locator("tr:visible").all():
            label, notes = row.locator("label"), row.locator(".help-block")
            entry = row.locator("input.form-control, textarea.form-control")
            if entry.count():
                name = label.inner_text().removesuffix("*").strip()
                found[name] = Field(
                    entry.get_attribute("placeholder") or "",
                    notes.inner_text(),
                    entry.get_attribute("type") == "password",
                )
        return found

    def fill(self, values: Mapping[str, str]) -> None:
        """Type values, by the name that Airflow gives to a field."""
        for name, value in values.items():
            standard = name in ("conn_id", "description", "host", "login", "password")
            self.page.locator(f"#{name}" if standard else f"#extra__mailkit__{name}").fill(value)

    def save(self) -> None:
        with self.page.expect_navigation():
            self.page.get_by_role("button", name="Save").click()
        assert "/connection/add" not in self.page.url, self.page.locator(".alert").all_inner_texts()
        # The page that Airflow goes to after that.
        self._settle()

    def _settle(self) -> None:
        """Let the page ask what it wants to: a browser forgets the answers as soon as a page is left."""
        self.page.wait_for_load_state("networkidle")

    def test_typed(self) -> str:
        """Press the Test button; return what it says."""
        with self.page.expect_response(re.compile("/connections/test")) as answered:
            self.page.locator("#test-connection").click()
        message: str = answered.value.json()["message"]
        self.page.locator(".alert", has_text=message).wait_for()
        return message

    @property
    def picture(self) -> Locator:
        return self.page.locator("#model_form")

    def run_pages(self, dag_id: str, run_id: str, date: str, task_id: str) -> list[str]:
        """Return the addresses of the pages that show the log and the rendered templates of a task."""
        task = {"dag_run_id": run_id, "task_id": task_id, "tab": "logs"}
        rendered = {"dag_id": dag_id, "task_id": task_id, "execution_date": date}
        return [f"/dags/{dag_id}/grid?{urlencode(task)}", f"/rendered-templates?{urlencode(rendered)}"]
