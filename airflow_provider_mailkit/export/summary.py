"""The log lines and the summary of an export, without addresses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from airflow_provider_mailkit.protocol.excerpt import describe_counts
from airflow_provider_mailkit.protocol.plan import ALL

# What the IDs in a summary identify.
_NOUNS = {"id_send": "delivery", "id_message": "campaign", "id_url": "link", "id_user_list": "mailing list"}


def describe_asked(function: str, asked: Mapping[str, Any]) -> str:
    """Return what is exported: ``mailkit.report.message.links of delivery 5001``.

    :param asked: the values of the context columns, in lower case; a list or ``all`` stands for several.
    """
    things = [_described(noun, asked[name]) for name, noun in _NOUNS.items() if asked.get(name) is not None]
    return f"{function} of {', '.join(things)}" if things else function


def _described(noun: str, value: Any) -> str:
    if isinstance(value, list):
        return _number(len(value), noun)
    return f"all {_plural(noun)}" if value == ALL else f"{noun} {value}"


def describe_export(summary: Mapping[str, Any]) -> str:
    """Describe a finished export in a sentence for the log."""
    counts = next((value for name, value in summary.items() if name.endswith("_counts")), None)
    details = [describe_counts(counts)] if counts else []
    if summary["duplicates"]:
        details.append(_number(summary["duplicates"], "duplicate"))
    if summary.get("pages"):
        details.append(_number(summary["pages"], "page"))
    if summary.get("skipped"):
        details.append(f"{summary['skipped']} skipped")
    shown = f" ({'; '.join(details)})" if details else ""
    asked = describe_asked(summary["function"], summary)
    return (
        f"Exported {_number(summary['rows'], 'row')}{shown} to {summary['uri'] or 'XCom'}, "
        f"{describe_size(summary['bytes'])} in {summary['seconds']:.1f} s: {asked}."
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
    return f"{noun[:-1]}ies" if noun.endswith("y") else f"{noun}s"


def describe_size(size: int) -> str:
    """Return a number of bytes for people."""
    if size < 1_000_000:
        return f"{size / 1e3:.1f} kB"
    return f"{size / 1e6:.1f} MB"
