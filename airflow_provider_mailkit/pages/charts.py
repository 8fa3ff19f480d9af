"""Charts as SVG inside a page.

Horizontal lengths are in per cent and all others in pixels, so a chart fits any width and its letters keep
their size. The classes of the page set the colours.
"""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from airflow_provider_mailkit.pages.comparison import Share
from airflow_provider_mailkit.pages.figures import Course
from airflow_provider_mailkit.pages.text import number, short_day

_BAR_HEIGHT = 8
_ROW_HEIGHT = 22
_PLOT_HEIGHT = 104
_TOP = 18
_AXIS_HEIGHT = 20


def bar(part: int, whole: int) -> Markup:
    """Return a bar that shows a share. The page shows the number beside it."""
    width = _length(part / whole if whole else 0.0)
    return Markup(
        '<svg class="bar" width="100%" height="{height}" aria-hidden="true" focusable="false">'
        '<rect class="track" width="100%" height="{height}"/>'
        '<rect class="fill" width="{width}" height="{height}"/></svg>'
    ).format(height=_BAR_HEIGHT, width=width)


def plausible(share: Share, most: float, *, is_second: bool) -> Markup:
    """Return a dot for a share, and a line for its plausible range.

    :param most: the rate at the right end.
    """
    low, high = (_length(rate / most) for rate in share.interval())
    return Markup(
        '<svg class="{kind}" width="100%" height="{height}" aria-hidden="true" focusable="false">'
        '<line class="track" x1="0" x2="100%" y1="{y}" y2="{y}"/>'
        '<line class="range" x1="{low}" x2="{high}" y1="{y}" y2="{y}"/>'
        '<circle cx="{at}" cy="{y}" r="5"/></svg>'
    ).format(
        kind="second" if is_second else "first",
        height=_ROW_HEIGHT,
        y=_ROW_HEIGHT / 2,
        low=low,
        high=high,
        at=_length(share.rate / most),
    )


def most_plausible(shares: Sequence[Share]) -> float:
    """Return the right end of the charts of these shares, so that they can be compared."""
    return min(1.0, max(share.interval()[1] for share in shares) * 1.08)


def course(course: Course, values: Sequence[int], label: str) -> Markup:
    """Return a bar for each hour or day.

    :param label: a description of the chart for those who do not see it.
    """
    most = max(values)
    step = 100 / len(values)
    bars = Markup("").join(
        Markup('<rect x="{x}" y="{y}" width="{width}" height="{height}"/>').format(
            x=_percent(place * step + step * 0.08),
            y=round(_TOP + _PLOT_HEIGHT - height, 1),
            width=_percent(step * 0.84),
            height=round(height, 1),
        )
        for place, value in enumerate(values)
        if (height := _height(value, most))
    )
    base = _TOP + _PLOT_HEIGHT
    return Markup(
        '<svg class="course" width="100%" height="{height}" role="img" aria-label="{label}">'
        '<line class="grid" x1="0" x2="100%" y1="{top}" y2="{top}"/><text x="0" y="{text}">{most}</text>'
        '{bars}<line class="axis" x1="0" x2="100%" y1="{base}" y2="{base}"/>{ticks}</svg>'
    ).format(
        height=base + _AXIS_HEIGHT,
        label=label,
        top=_TOP,
        text=_TOP - 5,
        most=number(most),
        bars=bars,
        base=base,
        ticks=_ticks(course, step, base),
    )


def _ticks(course: Course, step: float, base: int) -> Markup:
    """Return the labels of the axis: few, so that they fit on a phone."""
    places = _tick_places(course)
    parts = []
    for place in places:
        anchor = "end" if (place + 1) * step > 85 else "start"
        at = (place + 1) * step if anchor == "end" else place * step
        begins = course.reactions[place].begins
        parts.append(
            Markup(
                '<line class="axis" x1="{at}" x2="{at}" y1="{base}" y2="{end}"/>'
                '<text x="{at}" dx="{away}" y="{y}" text-anchor="{anchor}">{name}</text>'
            ).format(
                at=_percent(at),
                base=base,
                end=base + 6,
                y=base + 16,
                anchor=anchor,
                away=-4 if anchor == "end" else 4,
                name=short_day(begins),
            )
        )
    return Markup("").join(parts)


def _tick_places(course: Course) -> list[int]:
    """Return the first position, and at most three more: midnights, if the steps are hours."""
    count = len(course.reactions)
    if course.unit == "hour":
        midnights = [
            place for place, reactions in enumerate(course.reactions) if place and not reactions.begins.hour
        ]
        # The first day has no room for its label if midnight is near.
        head = [0] if not midnights or midnights[0] * 100 / count > 18 else []
        return head + [place for place in midnights if place * 100 / count < 85]
    apart = max(1, -(-count // 4))
    return list(range(0, count, apart))


def _height(value: int, most: int) -> float:
    # Everything that happened is visible.
    return max(1.0, _PLOT_HEIGHT * value / most) if value else 0.0


def _length(share: float) -> str:
    return _percent(100 * min(max(share, 0.0), 1.0))


def _percent(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".") + "%"
