"""Numbers, shares and dates as people read them."""

from __future__ import annotations

from datetime import datetime, tzinfo

#: Separates thousands, and a number from its per cent sign.
THIN_SPACE = "\u202f"
_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
    "November", "December",
)  # fmt: skip


def number(value: int) -> str:
    """Return a number with separated thousands: ``48 544``, with thin spaces."""
    return f"{value:,}".replace(",", THIN_SPACE)


def count(value: int, noun: str, plural: str | None = None) -> str:
    """Return a number of things: ``1 recipient``, ``48 544 recipients``."""
    return f"{number(value)} {noun if value == 1 else plural or f'{noun}s'}"


def percent(part: int, whole: int) -> str:
    """Return a share; a dash if the total is 0. A share is rounded neither to nothing nor to everything."""
    if not whole:
        return "\u2013"
    share = 100 * part / whole
    if 0 < share < 0.01:
        text = "under 0.01"
    elif 0 < share < 1:
        text = f"{share:.2f}"
    elif share < 100 and f"{share:.1f}" == "100.0":
        text = "over 99.9"
    else:
        text = f"{share:.1f}"
    return f"{text}{THIN_SPACE}%"


def points(share: float) -> str:
    """Return the size of a difference of shares in percentage points."""
    return f"{abs(100 * share):.1f}"


def day(value: datetime) -> str:
    """Return a day in full: ``1 March 2026``."""
    return f"{value.day} {_MONTHS[value.month - 1]} {value.year}"


def short_day(value: datetime) -> str:
    """Return a day for an axis: ``1 Mar``."""
    return f"{value.day} {_MONTHS[value.month - 1][:3]}"


def moment(value: datetime, zone: tzinfo | None = None) -> str:
    """Return a day and a time.

    :param zone: the time zone to convert to. A time without offset stays as it is.
    """
    local = value.astimezone(zone) if zone and value.tzinfo else value
    if local.tzinfo is None:
        return f"{day(local)}, {local:%H:%M}"
    return f"{day(local)}, {local:%H:%M} ({_zone_name(local)})"


def _zone_name(value: datetime) -> str:
    key = getattr(value.tzinfo, "key", None)
    return key or ("UTC" if not value.utcoffset() else f"UTC{value.isoformat()[-6:]}")
