"""The page as HTML, for a file and for an e-mail."""

from __future__ import annotations

from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from airflow_provider_mailkit.pages import charts, text
from airflow_provider_mailkit.pages.comparison import Share
from airflow_provider_mailkit.pages.figures import VERSIONS, Figures, Group, Links
from airflow_provider_mailkit.pages.tallies import clean

if TYPE_CHECKING:
    from jinja2 import Environment

#: How many links a page shows at first, and an e-mail in all.
SHOWN_LINKS: Final = 15
MAILED_LINKS: Final = 10


def render_page(figures: Figures, title: str | None = None) -> str:
    """Return one HTML page, without any script, font or picture from elsewhere.

    :param title: the heading; None for the subject of the delivery.
    """
    return _render("page.html.j2", figures, title, SHOWN_LINKS, css=_read("page.css"))


def render_mail(figures: Figures, title: str | None = None) -> str:
    """Return the page for an e-mail, with tables and inline styles, which e-mail programs understand.

    It has no SVG, no course over time, and at most ten links.

    :param title: the heading; None for the subject of the delivery.
    """
    return _render("mail.html.j2", figures, title, MAILED_LINKS)


def _render(template: str, figures: Figures, title: str | None, shown_links: int, **more: Any) -> str:
    title = clean(title) or figures.subject or f"Delivery {figures.id_send}"
    return _environment().get_template(template).render(
        figures=figures,
        title=title,
        lead=_lead(figures.everybody),
        notice=_notice(figures.everybody),
        keys=_keys(figures),
        comparisons=_comparisons(figures) if figures.is_test else [],
        courses=_courses(figures),
        course_note=_course_note(figures),
        footnotes=_footnotes(figures),
        moment=lambda value: text.moment(value, figures.zone),
        begin=lambda value: _begin(figures, value),
        links_note=_links_note(figures.links, shown_links),
        shown_links=shown_links,
        **more,
    )  # fmt: skip


@cache
def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("airflow_provider_mailkit.pages"),
        # Escape everything: the names of the templates do not end in .html.
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {
        "number": text.number,
        "percent": text.percent,
        "count": text.count,
    }
    environment.globals |= {
        "bar": charts.bar,
        "plausible": charts.plausible,
        "course": charts.course,
    }
    return environment


@cache
def _read(name: str) -> Any:
    from importlib.resources import files

    from markupsafe import Markup

    # The text is ours, and has no data of a delivery.
    return Markup(files("airflow_provider_mailkit.pages").joinpath("templates", name).read_text("utf-8"))  # noqa: S704


def _lead(everybody: Group) -> str:
    if not everybody.recipients:
        return "Mailkit's report of this delivery names no recipient."
    if not everybody.delivered:
        return f"Of {text.count(everybody.recipients, 'recipient')}, nobody has got it so far."
    return (
        f"Of {text.count(everybody.recipients, 'recipient')}, {text.number(everybody.delivered)} got it. "
        f"{text.percent(everybody.readers, everybody.delivered)} of those read it, "
        f"and {text.percent(everybody.clickers, everybody.delivered)} clicked."
    )


def _notice(everybody: Group) -> str | None:
    """Return a sentence about what is not final yet; None if everything is final."""
    if not everybody.others:
        return None
    verb = "is" if everybody.others == 1 else "are"
    return (
        f"{text.count(everybody.others, 'e-mail')} {verb} neither delivered nor bounced yet: "
        "the figures are not final."
    )


def _keys(figures: Figures) -> list[dict[str, Any]]:
    all_ = figures.everybody
    of_all = ("of all", all_.recipients)
    of_delivered = ("of delivered", all_.delivered)
    return [
        {
            "name": name,
            "value": value,
            "whole": whole,
            "share": f"{text.percent(value, whole)} {of}" if whole else "",
        }
        for name, value, (of, whole) in (
            ("Delivered", all_.delivered, of_all),
            ("Bounced", all_.bounced, of_all),
            ("Read", all_.readers, of_delivered),
            ("Clicked", all_.clickers, of_delivered),
            ("Unsubscribed", figures.unsubscribed, of_delivered),
        )
    ]


def _comparisons(figures: Figures) -> list[dict[str, Any]]:
    groups = [figures.versions[name] for name in VERSIONS]
    compared = []
    for action, verdict in zip(("read", "clicked"), figures.verdicts, strict=True):
        shares: list[Share] = [getattr(group, action) for group in groups]
        compared.append(
            {
                "action": action,
                "verdict": verdict,
                "most": (most := charts.most_plausible(shares)),
                "end": f"{100 * most:.0f}{text.THIN_SPACE}%",
                "versions": [
                    {"name": name, "share": share} for name, share in zip(VERSIONS, shares, strict=True)
                ],
            }
        )
    return compared


def _courses(figures: Figures) -> list[dict[str, Any]]:
    reactions = figures.course.reactions
    shown = []
    for name in ("reads", "clicks"):
        values = [getattr(each, name) for each in reactions]
        if any(values):
            most = reactions[values.index(max(values))]
            label = (
                f"{name.capitalize()} per {figures.course.unit}: most of them, {text.number(max(values))}, "
                f"{_when(figures, most.begins)}. The numbers are in the table below."
            )
            shown.append({"name": name.capitalize(), "numbers": values, "label": label})
    return shown


def _course_note(figures: Figures) -> str:
    unit = "hour" if figures.course.unit == "hour" else "day"
    return (
        f"All reads and clicks, also the repeated ones of one person, by the {unit} in which they happened."
    )


def _links_note(links: Links, shown: int) -> str:
    """Return the text about the links that are not shown at first; empty if there are none."""
    more = len(links.top[shown:]) + links.more
    if not more:
        return ""
    clicks = links.clicks - sum(link.clicks for link in links.top[:shown])
    return f"{text.count(more, 'more link')} with {text.count(clicks, 'click')} together."


def _when(figures: Figures, begins: datetime) -> str:
    if figures.course.unit == "day":
        return f"on {text.day(begins)}"
    return f"in the hour from {begins:%H:%M} on {text.day(begins)}"


def _begin(figures: Figures, begins: datetime) -> str:
    return f"{text.day(begins)}, {begins:%H:%M}" if figures.course.unit == "hour" else text.day(begins)


def _footnotes(figures: Figures) -> list[str]:
    notes = [
        f"Figures as of {text.moment(figures.taken_at, figures.zone)}. "
        "Reads and clicks go on growing for days.",
        "Delivered, bounced, read and clicked count people; read and clicked are those among the delivered. "
        f"In all there were {text.count(figures.reads, 'read')} and {text.count(figures.clicks, 'click')}.",
        "Unsubscribed are those who left by the link in this e-mail within a month of it. "
        f"{text.count(figures.complaints, 'person', 'people')} marked it as spam.",
    ]
    if figures.is_test:
        notes.append(
            "A difference counts as proven if two equally good versions would show it in fewer than 2.5 of "
            "100 deliveries. As there are two questions, reads and clicks, about one false alarm in 20 "
            "deliveries remains. Two proportions are tested, small numbers exactly (Fisher's test). Bands "
            f"and ranges are intervals of 97.5{text.THIN_SPACE}% (Wilson, Newcombe)."
        )
    return notes
