"""The tables of the documentation say what the tests prove."""

from __future__ import annotations

import pytest
from faults import table
from faults.matrix import FAULTS


@pytest.mark.parametrize("path", [table.PAGE, table.SUMMARY_PAGE], ids=lambda path: path.name)
def test_the_table_is_up_to_date(path: table.Path) -> None:
    assert path.read_text() == table.pages()[path], "run: python tests/faults/table.py"


def test_every_fault_has_a_row() -> None:
    text = table.PAGE.read_text()
    assert all(f"| {fault.what}" in text for fault in FAULTS.values())
