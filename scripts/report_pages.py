"""Writes the tables of the pages in docs/reports/ from the declarations of the reports.

    .venv/bin/python scripts/report_pages.py

The text between two comments is made here, and everything else by hand. A test compares the pages with the
declarations.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

from airflow_provider_mailkit.catalogue.columns import ADDRESS, Column
from airflow_provider_mailkit.catalogue.function import Function
from airflow_provider_mailkit.catalogue.report import Report
from airflow_provider_mailkit.catalogue.reports import REPORTS

PAGES = Path(__file__).resolve().parent.parent / "docs" / "reports"
#: The page of each report begins with one of these; the last one has what no other has.
FAMILIES = {"raw.md": "mailkit.report.raw.", "deliveries.md": "mailkit.report", "lists.md": ""}

_MADE = re.compile(r"(<!-- made by scripts/report_pages\.py: (\S+) -->\n).*?(<!-- end -->)", re.DOTALL)
_KINDS = {
    "integer": "integer",
    "text": "text",
    "instant": "date and time",
    "day": "day",
    "decimal": "decimal number",
    "nested": "JSON text",
}

#: What a column means in every report that has it, as far as Mailkit's public pages tell.
_MEANINGS = {
    "AB_VERSION": "version of the A/B test; null without one",
    "CLICK": "all clicks",
    "CLICK_COUNT": "all clicks",
    "CLICK_COUNT_U": "recipients who clicked",
    "CLICK_RATE": "formula and unit not known",
    "CLICK_RATE2": "formula and unit not known",
    "CONVERSION_COUNT": "all conversions",
    "CONVERSION_COUNT_U": "recipients with a conversion",
    "DELIVERED_COUNT": "messages delivered",
    "FAILED_COUNT": "messages that could not be delivered",
    "ID_EMAIL": "ID of the address",
    "ID_LOG": "ID of the reaction",
    "ID_MESSAGE": "ID of the campaign",
    "ID_SEND": "ID of the delivery",
    "ID_SEND_MESSAGE": "ID of the message, one for each recipient",
    "ID_UNDELIVERED_LOG": "ID of the bounce",
    "ID_URL": "ID of the link",
    "ID_USER_LIST": "ID of the mailing list",
    "OPEN": "recipients who read",
    "OPEN_P": "not known what it counts",
    "READ": "all reads",
    "READ_COUNT": "all reads",
    "READ_COUNT_U": "recipients who read",
    "REV": "revenue",
    "SEND_COUNT": "messages sent",
    "SPAM_REPORT": "recipients who marked it as spam",
    "UNSUBSCRIBE": "recipients who unsubscribed",
    "VISIT": "recipients who clicked",
    "VISIT_P": "not known what it counts",
}


def made(page: str, text: str) -> str:
    """Return a page with its tables made anew, and with a section for each report of its family."""
    head, *sections = re.split(r"^(?=## mailkit\.)", text, flags=re.MULTILINE)
    if reports := of_family(page):
        there = {section.split()[1]: section.rstrip() for section in sections}
        empty = "## %s\n\n<!-- made by scripts/report_pages.py: %s -->\n<!-- end -->"
        sections = [there.get(each.name, empty % (each.name, each.name)) for each in reports]
        text = head + "\n\n".join(sections) + "\n"
    return _MADE.sub(lambda found: f"{found[1]}{text_of(found[2])}{found[3]}", text)


def of_family(page: str) -> list[Report]:
    """Return the reports of a page, in their order."""
    return [report for report in REPORTS.values() if family(report) == page]


def text_of(name: str) -> str:
    """Return what is made for a name: a table of all reports, or what is known of one."""
    tables = {"overview": overview, "statuses": statuses}
    return "\n".join(tables[name]() if name in tables else details(REPORTS[name])) + "\n"


def statuses() -> Iterator[str]:
    """Yield the lines of the table of all states."""
    yield "| report | column | meaning |"
    yield "| --- | --- | --- |"
    for report in REPORTS.values():
        for name, told in report.meanings.items():
            if name.endswith("STATUS"):
                yield f"| `{report.name}` | `{name}` | {told} |"


def overview() -> Iterator[str]:
    """Yield the lines of the table of all reports."""
    yield "| function | a row for each | key | comes |"
    yield "| --- | --- | --- | --- |"
    for report in REPORTS.values():
        link = f"[`{report.name}`]({family(report)}#{anchor(report.name)})"
        comes = f"in pages of {report.paging.page_size:,}" if report.paging else "whole"
        yield f"| {link} | {report.row} | {names(report.key)} | {comes} |"


def details(report: Report) -> Iterator[str]:
    """Yield the lines of what is known of a report."""
    yield f"{report.function.purpose}\n"
    yield f"- Parameters: {parameters(report.function)}."
    yield from (f"- {sentence}" for sentence in rules(report))
    if told := [name for measure in report.measures for name in measure.names]:
        yield f"- Its summary also has {names(told)}."
    yield "\n| column | type | meaning | hidden by |"
    yield "| --- | --- | --- | --- |"
    yield from column_lines(report)
    if report.function.unknown:
        yield f"\n*Not known yet:* {'; '.join(report.function.unknown)}."


def parameters(function: Function) -> str:
    """Return the parameters of a function in words."""
    link = f"[how each is written](../reference/functions.md#{anchor(function.name)})"
    needed = [p.name for p in function.parameters if p.required]
    others = [p.name for p in function.parameters if not p.required]
    words = [f"{names(needed)} (required)"] if needed else []
    words += [names(others)] if others else []
    return f"{', '.join(words)}; {link}" if words else "none"


def rules(report: Report) -> Iterator[str]:
    """Yield what may be asked for besides a single value, in sentences."""
    if report.id_lists:
        yield f"May be a list: {names(report.id_lists)}."
    for every in report.every:
        skipped = " IDs that have vanished are counted in `skipped`." if every.may_vanish else ""
        ids = f"every `{every.column}` of `{every.function.name}`, in turn"
        yield f"`{every.parameter}` may be `all`: {ids}.{skipped}"
    if report.days and report.days.look_back_days is not None:
        yield (
            f"`{report.days.last}` is today by default, and `{report.days.first}` `look_back_days` before it."
            " Both are always sent."
        )
    elif report.days:
        yield f"`{report.days.first}` is the first day; the report ends now."
    if report.paging:
        yield (
            f"A page begins with `{report.paging.start}`. `{report.paging.limit}` is its size, "
            f"{report.paging.page_size:,} by default."
        )


def column_lines(report: Report) -> Iterator[str]:
    """Yield the lines of the columns, numbered ones as one."""
    columns = list(report.all_columns)
    for stem, group in groupby(columns, lambda column: re.sub(r"^(CUSTOM_)\d+$", r"\1", column.name)):
        same = list(group)
        name = f"`{stem}1` … `{stem}{len(same)}`" if len(same) > 1 else f"`{same[0].name}`"
        yield f"| {name} | {_KINDS[same[0].kind]} | {meaning(report, same[0])} | {hidden(same[0])} |"


def meaning(report: Report, column: Column) -> str:
    """Return what is known of a column, in words."""
    told = report.meanings.get(column.name) or _MEANINGS.get(column.name)
    words = [told] if told else []
    words += [f"set by `{c.parameter}`" for c in report.context if c.column is column]
    if column.key:
        words.append("**key**")
    if column.inside or column.spelling:
        words.append(
            f"Mailkit's `{column.inside}.{column.member}`"
            if column.inside
            else f"Mailkit's `{column.member}`"
        )
    return "; ".join(words)


def hidden(column: Column) -> str:
    """Return which argument hides a column."""
    if column.personal is None:
        return ""
    return "`addresses=`" if column.personal == ADDRESS else "`personal=`"


def names(of: tuple[str, ...] | list[str]) -> str:
    """Return names as code, with commas between."""
    return ", ".join(f"`{name}`" for name in of)


def family(report: Report) -> str:
    """Return the page that a report is on."""
    return next(page for page, start in FAMILIES.items() if report.name.startswith(start))


def anchor(heading: str) -> str:
    """Return the anchor of a heading, which GitHub and the site make alike."""
    return re.sub(r"[^\w\s-]", "", heading.lower()).replace(" ", "-")


if __name__ == "__main__":
    for path in sorted(PAGES.glob("*.md")):
        path.write_text(made(path.name, path.read_text()))
