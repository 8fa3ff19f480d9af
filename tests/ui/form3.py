"""The connection form of Airflow 3, as somebody uses it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING
from urllib.parse import quote

from ui.field import Field

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

_STANDARD = {"conn_id": "connection_id"} | {
    name: name for name in ("description", "host", "login", "password")
}


class Form3:
    """Airflow 3 makes its pages in the browser; its Test button is in the list, from 3.1 on."""

    def __init__(self, page: Page) -> None:
        self.page = page

    @property
    def picture(self) -> Locator:
        return self.page.get_by_role("dialog")

    def open_new(self, connection_type: str) -> None:
        # Airflow 3.1 forgets which page was asked for when it logs somebody in.
        self.page.goto("/api/v2/auth/login", wait_until="networkidle")
        self.page.goto("/connections")
        self.page.get_by_role("button", name="Add Connection").click()
        self.page.get_by_role("combobox").last.click()
        self.page.keyboard.type(connection_type)
        self.page.get_by_role("option", name=connection_type, exact=True).click()
        self.page.locator("input[name=host]").wait_for()

    def open_saved(self, conn_id: str) -> None:
        self._row(conn_id).get_by_role("button", name="Edit Connection").click()
        self.page.locator("input[name=host]").wait_for()

    def _row(self, conn_id: str) -> Locator:
        self.page.goto("/connections")
        return self.page.locator("tr", has=self.page.get_by_text(conn_id, exact=True))

    @property
    def has_extra_fields(self) -> bool:
        return self.page.get_by_role("button", name="Extra Fields", exact=True).count() > 0

    def unfold(self, section: str) -> None:
        button = self.page.get_by_role("button", name=section, exact=True)
        if button.get_attribute("aria-expanded") != "true":
            button.click()
            self.page.wait_for_function(
                "button => [...document.querySelectorAll('[data-part=item-content]')]"
                ".every(one => one.getAnimations({subtree: true}).length === 0)",
                arg=button.element_handle(),
            )

    def fields(self) -> dict[str, Field]:
        found = self._fields()
        if self.has_extra_fields:
            self.unfold("Extra Fields")
            found |= self._fields()
        return found

    def _fields(self) -> dict[str, Field]:
        found = {}
        for root in self.picture.locator("[data-scope=field][data-part=root]:visible").all():
            label, notes = root.locator("label").first, root.locator("[data-part=helper-text]")
            entry = root.locator("input, textarea, select, [role=combobox]").first
            if label.count() and entry.count():
                found[label.inner_text().removesuffix("*").strip()] = Field(
                    entry.get_attribute("placeholder") or "",
                    notes.first.inner_text() if notes.count() else "",
                    entry.get_attribute("type") == "password",
                )
        return found

    def fill(self, values: Mapping[str, str]) -> None:
        """Type values, by the name that Airflow gives to a field."""
        extra = {name: value for name, value in values.items() if name not in _STANDARD}
        if len(values) > len(extra):
            self.unfold("Standard Fields")
        for name, typed in values.items():
            if name in _STANDARD:
                self.picture.locator(f"[name={_STANDARD[name]}]").fill(typed)
        if not extra:
            return
        if not self.has_extra_fields:
            self.unfold("Extra Fields JSON")
            self._type_json(json.dumps(extra))
            return
        self.unfold("Extra Fields")
        for name, value in extra.items():
            entry = self.picture.locator(f"[name=element_{name}]")
            entry.fill(value)
            entry.blur()

    def _type_json(self, text: str) -> None:
        """Type into the editor; it looks whether the text is JSON when it is left, and lays it out anew."""
        editor = self.picture.locator(".cm-content")
        editor.click()
        self.page.keyboard.press("Control+A")
        self.page.keyboard.insert_text(text)
        editor.get_by_text(text).wait_for()
        self.picture.locator("input[name=connection_id]").click()
        self.picture.locator(".cm-line").nth(2).wait_for()

    def save(self) -> None:
        with self.page.expect_response(
            lambda response: "/api/v2/connections" in response.url and response.request.method != "GET"
        ) as answered:
            self.page.get_by_role("button", name="Save").click()
        assert answered.value.ok, answered.value.text()
        self.picture.wait_for(state="hidden")

    def has_test_button(self, conn_id: str) -> bool:
        row = self._row(conn_id)
        row.get_by_role("button", name="Edit Connection").wait_for()
        return row.get_by_role("button", name="Test Connection").count() > 0

    def test_saved(self, conn_id: str) -> str:
        """Press the Test button; return what it says."""
        with self.page.expect_response(re.compile("/connections/test")) as answered:
            self._row(conn_id).get_by_role("button", name="Test Connection").click()
        message: str = answered.value.json()["message"] if answered.value.ok else answered.value.status_text
        toast = self.page.locator("[data-scope=toast][data-part=root]", has_text=message)
        toast.wait_for()
        return message

    def run_pages(self, dag_id: str, run_id: str, date: str, task_id: str) -> list[str]:
        """Return the addresses of the pages that show the log and the rendered templates of a task."""
        task = f"/dags/{dag_id}/runs/{quote(run_id)}/tasks/{task_id}"
        return [task, f"{task}/rendered_templates"]
