"""CSV: what must be quoted is quoted, whatever version of Python writes it."""

from __future__ import annotations

import csv
import io

import pytest
from support.formats import COLUMNS, FIRST, ROWS, SECOND, write

from airflow_provider_mailkit.writers import OutputFormat


def test_csv_is_read_back_by_the_standard_reader():
    text = write(OutputFormat("csv", None), [FIRST, SECOND]).decode()
    header, *rows = csv.reader(io.StringIO(text, newline=""))
    assert tuple(header) == COLUMNS
    assert rows == [["" if value is None else str(value) for value in row.values()] for row in ROWS]
    assert "\r" not in text


def test_csv_of_one_column_keeps_rows_without_a_value():
    text = write(
        OutputFormat("csv", None), [{"EMAIL": [None, "anna@example.com", None]}], ("EMAIL",)
    ).decode()
    assert list(csv.reader(io.StringIO(text))) == [["EMAIL"], [""], ["anna@example.com"], [""]]


@pytest.mark.parametrize("end", ["\r", "\n", "\r\n", "\n\r", "a\rb", "\rb", "a\r", "\r\r"])
@pytest.mark.parametrize("columns", [("EMAIL",), ("STATUS", "EMAIL")])
def test_line_ends_of_any_kind_in_a_text_shift_no_row(end, columns):
    values = {"STATUS": ["sent", None, 'a "b"'], "EMAIL": [end, "anna@example.com", None]}
    text = write(OutputFormat("csv", None), [{name: values[name] for name in columns}], columns).decode()
    assert f'"{end}"' in text
    rows = list(csv.reader(io.StringIO(text, newline="")))
    assert rows == [
        list(columns),
        *([value or "" for value in row] for row in zip(*(values[n] for n in columns), strict=True)),
    ]
    # Lines end with LF alone, outside of quotes.
    assert text.endswith("\n")
    assert not text.replace(f'"{end}"', "").count("\r")
