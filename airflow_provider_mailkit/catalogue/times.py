"""Days and times of a call, as Mailkit writes them."""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import UTC, date, datetime, tzinfo
from typing import Any

from airflow_provider_mailkit.exceptions import MailkitError

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_INSTANT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[ T][0-9]{2}:[0-9]{2}:[0-9]{2}")
_MINUTE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[ T][0-9]{2}:[0-9]{2}")


class WrongValueError(MailkitError):
    """A value is not of its kind. The call turns this into an error that names the function."""


def read_day(value: Any, path: str, zone: tzinfo | None) -> str:
    """Read a day. An instant becomes its day in the zone, also one in a text.

    :raises WrongValueError: it is not one.
    """
    value = _instant_in(value) or value
    if isinstance(value, datetime):
        value = clock(value, zone).date()
    if isinstance(value, date):
        return value.isoformat()
    return _read_clock(value, _DAY, path, "a day: a date, or a text such as 2026-03-01")[:10]


def read_instant(value: Any, path: str, zone: tzinfo | None) -> str:
    """Read a day and a time. With an offset they become those of the zone; a day alone is its midnight.

    :raises WrongValueError: it is not one.
    """
    value = _instant_in(value) or value
    if isinstance(value, datetime):
        return clock(value, zone).isoformat(" ", "seconds")
    if isinstance(value, date):
        return f"{value.isoformat()} 00:00:00"
    form = _DAY if isinstance(value, str) and _DAY.fullmatch(value.strip()) else _INSTANT
    read = _read_clock(value, form, path, "a datetime, or a text such as 2026-03-01 08:00:00")
    return read if form is _INSTANT else f"{read} 00:00:00"


def read_send_date(value: Any, path: str) -> str:
    """Read the time at which a delivery shall begin.

    :raises WrongValueError: it is neither now nor a time without an offset.
    """
    what = "now, a datetime without offset (the time in time_zone), or a text such as 2026-03-01 08:00"
    if value == "now":
        return "now"
    if isinstance(value, datetime):
        # A delivery cannot be taken back, so no time is silently converted between zones.
        if value.tzinfo is not None:
            raise WrongValueError(f"{path} must be {what}.")
        return value.isoformat(" ", "minutes")
    return _read_clock(value, _MINUTE, path, what)


def _instant_in(value: Any) -> datetime | None:
    """Return the instant in a text, as templates such as ``{{ ts }}`` are rendered; None if there is none."""
    if isinstance(value, str) and _INSTANT.match(value.strip()):
        with suppress(ValueError):
            return datetime.fromisoformat(value.strip())
    return None


def _read_clock(value: Any, form: re.Pattern[str], path: str, what: str) -> str:
    text = value.strip() if isinstance(value, str) else ""
    with suppress(ValueError):
        if form.fullmatch(text) and datetime.fromisoformat(text):
            return text.replace("T", " ")
    raise WrongValueError(f"{path} must be {what}.")


def clock(value: datetime, zone: tzinfo | None) -> datetime:
    """Return the local time in the zone, or in UTC without a zone."""
    return (value.astimezone(zone or UTC) if value.tzinfo else value).replace(tzinfo=None)
