from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from support.airflow_processes import COMPONENTS, IS_AIRFLOW_2, AirflowProcesses
from ui.browser import Record, open_page
from ui.form2 import Form2
from ui.form3 import Form3

from airflow_provider_mailkit.sandbox import Sandbox

if TYPE_CHECKING:
    from playwright.sync_api import Page

SETTINGS = {
    # Airflow lets nobody test a connection unless told to.
    "AIRFLOW__CORE__TEST_CONNECTION": "Enabled",
    # As the form's help and the documentation advise.
}


@pytest.fixture(scope="module")
def airflow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AirflowProcesses]:
    """An Airflow without any connection, and without a triggerer, since nothing is deferred here."""
    with AirflowProcesses(
        tmp_path_factory.mktemp("airflow"),
        dags_folder=Path(__file__).parent / "dags",
        environment=SETTINGS,
        components=[name for name in COMPONENTS if name != "triggerer"],
    ) as processes:
        yield processes


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(recipients=40, seconds=0, client_md5="5f4dcc3b5aa765d61d8327deb882cf99") as running:
        yield running


@pytest.fixture
def page(airflow: AirflowProcesses) -> Iterator[Page]:
    with open_page(airflow.base_url) as page:
        yield page


@pytest.fixture
def record(page: Page) -> Record:
    return Record(page)


@pytest.fixture
def form(page: Page) -> Form2 | Form3:
    return Form2(page) if IS_AIRFLOW_2 else Form3(page)


@pytest.fixture
def keep_picture(tmp_path: Path) -> Callable[..., None]:
    """Save a picture of a page or an element, in the documentation's folder if SCREENSHOTS names it."""

    def keep(name: str, what: Any, **options: Any) -> None:
        folder = Path(os.environ.get("SCREENSHOTS") or tmp_path)
        what.screenshot(path=folder / f"{name}.png", animations="disabled", **options)

    return keep
