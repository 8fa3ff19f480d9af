"""The log lines and the summary of an export, without addresses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from airflow_provider_mailkit.catalogue.parameters import ALL, noun_of
from airflow_provider_mailkit.protocol.excerpt import describe_counts


def describe_asked(function: str, asked: Mapping[str, Any]) -> str:
    """Return what is exported: ``mailkit.report.message.links of delivery 5001``.

    :param asked: the values of the context columns, in lower case; a list or ``all`` stands for several.
    """
    things = [
        _described(noun, value)
        for name, value in asked.items()
        if value is not None and (noun := noun_of(name)) is not None
    ]
    return f"{function} of {', '.join(things)}" if things else function


def _described(noun: str, value: Any) -> str:
    if isinstance(value, list):
        return _number(len(value), noun)
    return f"all {_plural(noun)}" if value == ALL else f"{noun} {value}"


def describe_export(summary: Mapping[str, Any], title: str) -> str:
    """Describe a finished export in a sentence for the log.

    :param title: from :func:`describe_asked`.
    """
    counts = next((value for value in summary.values() if isinstance(value, dict)), None)
    details = [describe_counts(counts)] if counts else []
    if summary["duplicates"]:
        details.append(_number(summary["duplicates"], "duplicate"))
    if summary.get("pages"):
        details.append(_number(summary["pages"], "page"))
    if summary.get("skipped"):
        details.append(f"{summary['skipped']} skipped")
    shown = f" ({'; '.join(details)})" if details else ""
    return (
        f"Exported {_number(summary['rows'], 'row')}{shown} to {summary['uri'] or 'XCom'}, "
        f"{describe_size(summary['bytes'])} in {summary['seconds']:.1f} s: {title}."
    )


def describe_increment(result: Mapping[str, Any]) -> str:
    """Describe a finished incremental export in a sentence for the log."""
    left = "nothing is left" if result["caught_up"] else "there may be more, for the next run"
    return (
        f"Exported {_number(result['rows'], 'row')} of {result['function']} to "
        f"{_number(len(result['files']), 'file')}, {_number(result['pages'], 'page')} read in "
        f"{result['seconds']:.1f} s; {left}."
    )


def _number(number: int, noun: str) -> str:
    return f"{number} {noun if number == 1 else _plural(noun)}"


def _plural(noun: str) -> str:
    ends_in_ies = noun.endswith("y") and noun[-2:-1] not in "aeo"
    return f"{noun[:-1]}ies" if ends_in_ies else f"{noun}s"


def describe_size(size: int) -> str:
    """Return a number of bytes for people."""
    if size < 1_000_000:
        return f"{size / 1e3:.1f} kB"
    return f"{size / 1e6:.1f} MB"
