"""The table of the documentation, made of the data that the tests run with.

``python tests/faults/table.py`` writes it anew.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
sys.path.insert(0, str(HERE.parent))

from faults.acting import acting  # noqa: E402
from faults.fault import Fault  # noqa: E402
from faults.matrix import GROUPS  # noqa: E402
from faults.outcomes import ASKED_TOO_MUCH, EMPTY, PASSING, READ, TRIGGER_TRIES, Outcome  # noqa: E402

PAGE = ROOT / "docs" / "faults.md"
SUMMARY_PAGE = ROOT / "docs" / "errors.md"
BEGIN, END = "<!-- made by tests/faults/table.py -->\n", "<!-- end -->"
TRIGGER_TOLERATES = TRIGGER_TRIES - 1


def hook_cell(outcome: Outcome) -> str:
    return outcome.text


def operator_cell(outcome: Outcome) -> str:
    if outcome is READ:
        return "success: rows"
    if outcome is EMPTY:
        return "success: no rows"
    return f"{state(outcome)}; nothing left, an older file as it was"


def xcom_cell(outcome: Outcome) -> str:
    return operator_cell(outcome) if outcome.error is None else f"{state(outcome)}; nothing pushed"


def sensor_cell(outcome: Outcome) -> str:
    if outcome is READ:
        return "success"
    return "waits on" if outcome is EMPTY else state(outcome)


def deferred_cell(outcome: Outcome) -> str:
    if outcome in (PASSING, ASKED_TOO_MUCH):
        return f"{TRIGGER_TOLERATES} in a row are tolerated; then {state(outcome)}"
    return sensor_cell(outcome)


def acting_cell(fault: Fault) -> str:
    outcome = acting(fault)
    return f"{state(outcome)}; {outcome.text}" if outcome else "-"


def state(outcome: Outcome) -> str:
    return {"up_for_retry": "up for retry", "failed": "**failed**, no retry"}[outcome.state]


def cells(outcome: Outcome, polled: Outcome) -> list[str]:
    sensor = sensor_cell(polled)
    return [
        hook_cell(outcome),
        operator_cell(outcome),
        xcom_cell(outcome),
        sensor,
        sensor,
        deferred_cell(polled),
    ]


HEADS = [
    "fault",
    "hook",
    "operator to a file",
    "operator to XCom",
    "sensor, poke",
    "reschedule",
    "deferrable",
    "a call that acts",
]


def line(texts: list[str]) -> str:
    return f"| {' | '.join(texts)} |\n"


def full_table() -> str:
    parts = []
    for title, faults in GROUPS.items():
        parts += [f"\n### {title}\n\n", line(HEADS), line(["---"] * len(HEADS))]
        parts += [
            line([what(fault), *cells(fault.outcome, polled(fault)), acting_cell(fault)]) for fault in faults
        ]
    return "".join(parts) + "\n"


def what(fault: Fault) -> str:
    marks = " ¹" * (fault.late and fault.outcome.passes) + " ²" * (fault.counts is not None)
    return fault.what + marks


def polled(fault: Fault) -> Outcome:
    return fault.sensor or fault.counts or fault.outcome


def short_table() -> str:
    """Return a row for each outcome, with how many faults have it."""
    heads = ["what the hook does", "faults", "operator", "sensor", "deferred wait"]
    rows: dict[tuple[str, ...], int] = {}
    for faults in GROUPS.values():
        for fault in faults:
            all_cells = cells(fault.outcome, polled(fault))
            key = (all_cells[0], all_cells[1], all_cells[3], all_cells[5])
            rows[key] = rows.get(key, 0) + 1
    ordered = sorted(rows.items(), key=lambda item: -item[1])
    body = [line([hook, str(count), *rest]) for (hook, *rest), count in ordered]
    return line(heads) + line(["---"] * len(heads)) + "".join(body)


def with_table(text: str, table: str) -> str:
    pattern = re.compile(f"{re.escape(BEGIN)}.*?{re.escape(END)}", re.DOTALL)
    assert len(pattern.findall(text)) == 1, "the place of the table is missing"
    return pattern.sub(lambda _: f"{BEGIN}{table}{END}", text)


def pages() -> dict[Path, str]:
    """Return what the pages have to be."""
    return {
        PAGE: with_table(PAGE.read_text(), full_table()),
        SUMMARY_PAGE: with_table(SUMMARY_PAGE.read_text(), short_table()),
    }


if __name__ == "__main__":
    for path, text in pages().items():
        path.write_text(text)
