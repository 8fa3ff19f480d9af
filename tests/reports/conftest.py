"""All declared reports, and ours, for every test in this folder that takes a report."""

from __future__ import annotations

import pytest
from support.declared import EVERY_REPORT, OWN

from airflow_provider_mailkit.catalogue.reports import REPORTS


@pytest.fixture(autouse=True)
def _own_reports(monkeypatch: pytest.MonkeyPatch) -> None:
    """Declare the reports that are ours: nothing else has to know of them."""
    for name, report in OWN.items():
        monkeypatch.setitem(REPORTS, name, report)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Give every test that takes a report all of them."""
    if "report" in metafunc.fixturenames:
        metafunc.parametrize("report", EVERY_REPORT.values(), ids=list(EVERY_REPORT))
