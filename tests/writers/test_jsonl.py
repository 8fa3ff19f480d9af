"""JSON Lines, read back line by line."""

from __future__ import annotations

import json

from support.formats import COLUMNS, FIRST, ROWS, SECOND, write

from airflow_provider_mailkit.writers import OutputFormat


def test_jsonl_holds_every_row_with_its_columns_in_order():
    lines = write(OutputFormat("jsonl", None), [FIRST, SECOND]).decode().splitlines()
    assert [json.loads(line) for line in lines] == ROWS
    assert [list(json.loads(line)) for line in lines] == [list(COLUMNS)] * 5
