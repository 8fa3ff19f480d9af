"""Deliveries to make pages of."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from airflow_provider_mailkit.pages.figures import Bounce, Course, Figures, Group, Link, Links, Reactions

PRAGUE = ZoneInfo("Europe/Prague")
BEGAN = datetime(2026, 3, 1, 8, tzinfo=PRAGUE)
LONG_SUBJECT = (
    "Nejneuvěřitelnější předvánoční příležitosti: příšerně žluťoučký kůň úpěl ďábelské ódy a dalších sto "
    "padesát nezapomenutelných překvapení pro celou vaši rodinu"
)


def usual(subject: str = "Café & shop <b>9 < 10</b>") -> Figures:
    """Return figures with something in every part of the page."""
    return Figures(
        5001,
        datetime(2026, 3, 3, 9, 30, tzinfo=UTC),
        zone=PRAGUE,
        subject=subject,
        sent_at=BEGAN,
        everybody=Group(50_000, 48_544, 1456, 24_150, 8870),
        versions={"A": Group(10_000, 9700, 300, 4900, 1900), "B": Group(10_020, 9720, 300, 4500, 1880)},
        reads=48_320,
        clicks=10_890,
        unsubscribed=61,
        complaints=1,
        course=hours([900, 1204, 0, 77], [30, 310, 1, 0]),
        links=Links([link(number, 3000 - 10 * number) for number in range(5)], 0, 14_900),
        bounces=[
            Bounce("Mailbox is full", "4.2.2", "temporary", 1300),
            Bounce("No such mailbox", "5.1.1", "permanent", 156),
        ],
    )


def nobody() -> Figures:
    """Return the figures of a delivery without recipients."""
    return Figures(5001, datetime(2026, 3, 3, 9, 30, tzinfo=UTC))


def one() -> Figures:
    """Return the figures of a delivery to one person, who has read it."""
    figures = nobody()
    figures.everybody, figures.reads = Group(1, 1, 0, 1, 0), 1
    figures.course = hours([1], [0])
    return figures


def without_test() -> Figures:
    """Return figures of a delivery without an A/B test."""
    figures = usual()
    figures.versions = {}
    return figures


def many() -> Figures:
    """Return figures with 200 links, long Czech texts, and recipients who wait."""
    figures = usual(LONG_SUBJECT)
    figures.everybody.recipients += 1234
    links = [
        link(number, 4000 - 20 * number, "nejneobhospodařovávatelnějšími hrnečky") for number in range(200)
    ]
    figures.links = Links(links, 17, 500_000)
    return figures


CASES = {"usual": usual, "nobody": nobody, "one": one, "without test": without_test, "many": many}


def link(number: int, clicks: int, text: str = "cups & saucers") -> Link:
    return Link(
        f"Offer {number}: {text}", f"example.com/offer/{number}?…", clicks, clicks - 1, "AB"[: number % 3]
    )


def hours(reads: list[int], clicks: list[int]) -> Course:
    steps = [BEGAN + timedelta(hours=number) for number in range(len(reads))]
    return Course("hour", [Reactions(*each) for each in zip(steps, reads, clicks, strict=True)])
