"""One picture of a delivery, for people who send e-mails and not for those who write DAGs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Okabe and Ito's colours, which people with any colour vision can tell apart.
BLUE, ORANGE = "#0072B2", "#E69F00"
DARK, SLATE, GREY, PALE = "#222222", "#465566", "#666666", "#E4E7EA"


@dataclass(frozen=True)
class Group:
    """The recipients of one version, or all of them.

    :param delivered: how many e-mails arrived.
    :param readers: how many people read it at least once.
    :param clickers: how many people clicked at least once.
    """

    delivered: int
    readers: int
    clickers: int


@dataclass(frozen=True)
class Delivery:
    """What the picture shows."""

    id_send: int
    day: str
    recipients: int
    bounced: int
    everybody: Group
    versions: dict[str, Group]


def percent(part: int, whole: int, digits: int = 0) -> str:
    """Return a share as people write it."""
    return f"{100 * part / whole:.{digits}f} %" if whole else "no"


def read_delivery(path: Path, id_send: int, day: str) -> Delivery:
    """Count the rows of an exported Parquet file."""
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    table = pq.read_table(path, columns=["STATUS", "AB_VERSION", "READ_COUNT", "CLICK_COUNT"])
    sent = table.filter(pc.equal(table["STATUS"], "sent"))

    def group(version: str | None) -> Group:
        rows = sent if version is None else sent.filter(pc.equal(sent["AB_VERSION"], version))
        readers = pc.sum(pc.greater(rows["READ_COUNT"], 0)).as_py() or 0
        clickers = pc.sum(pc.greater(rows["CLICK_COUNT"], 0)).as_py() or 0
        return Group(rows.num_rows, readers, clickers)

    bounced = pc.sum(pc.equal(table["STATUS"], "failed")).as_py() or 0
    versions = sorted(filter(None, pc.unique(sent["AB_VERSION"]).to_pylist()))
    return Delivery(
        id_send, day, table.num_rows, bounced, group(None), {version: group(version) for version in versions}
    )


def draw(delivery: Delivery, path: Path) -> None:
    """Draw the picture into a PNG file."""
    import matplotlib as mpl

    mpl.use("Agg")
    # It says so when it makes its list of fonts.
    mpl.set_loglevel("ERROR")
    import matplotlib.pyplot as plt

    plt.rcParams |= {"font.family": "DejaVu Sans", "font.size": 15, "text.color": DARK}
    figure = plt.figure(figsize=(16, 9), dpi=110, facecolor="white")
    subtitle = f"Delivery {delivery.id_send} of {delivery.day}, sent to {delivery.recipients:,} recipients"
    note = "Reads and clicks are counted once per person. The recipients are made up by the sandbox."
    figure.text(0.05, 0.88, _headline(delivery), fontsize=36, fontweight="bold")
    figure.text(0.05, 0.825, subtitle, fontsize=19, color=GREY)
    figure.text(0.05, 0.05, note, fontsize=13, color=GREY)
    _draw_steps(figure.add_axes((0.05, 0.12, 0.42, 0.55)), delivery)
    if delivery.versions:
        _draw_versions(figure.add_axes((0.56, 0.12, 0.39, 0.55)), delivery.versions)
    figure.savefig(path)
    plt.close(figure)


def _headline(delivery: Delivery) -> str:
    everybody = delivery.everybody
    readers = percent(everybody.readers, everybody.delivered)
    return f"{readers} read the e-mail, {percent(everybody.clickers, everybody.delivered)} clicked"


def _draw_steps(axes: Axes, delivery: Delivery) -> None:
    """Draw how many got how far, each step as a bar within the one of all recipients."""
    whole, everybody = delivery.recipients, delivery.everybody
    steps = (
        ("Delivered", everybody.delivered, f"{percent(everybody.delivered, whole)} of all"),
        ("Read", everybody.readers, f"{percent(everybody.readers, everybody.delivered)} of delivered"),
        ("Clicked", everybody.clickers, f"{percent(everybody.clickers, everybody.delivered)} of delivered"),
    )
    _prepare(axes, "From sent to clicked", whole)
    for row, (name, number, share) in enumerate(steps):
        axes.barh(row, whole, height=0.42, color=PALE)
        axes.barh(row, number, height=0.42, color=SLATE)
        axes.text(0, row - 0.32, name, fontsize=18, fontweight="bold")
        axes.text(whole, row - 0.32, f"{number:,} · {share}", fontsize=18, ha="right")
    bounced = f"{delivery.bounced:,} came back undelivered"
    axes.text(whole, 0.33, bounced, fontsize=14, ha="right", va="center", color=GREY)


def _draw_versions(axes: Axes, versions: dict[str, Group]) -> None:
    """Draw the versions of the A/B test against each other."""
    shares = {
        "Read": {name: group.readers / group.delivered for name, group in versions.items()},
        "Clicked": {name: group.clickers / group.delivered for name, group in versions.items()},
    }
    longest = max(max(share.values()) for share in shares.values())
    _prepare(axes, _verdict(shares["Read"]), longest * 1.2)
    for block, (what, share) in enumerate(shares.items()):
        top = block * 1.32
        axes.text(0, top - 0.32, f"{what}, in % of delivered", fontsize=18, fontweight="bold")
        for line, (name, value) in enumerate(share.items()):
            row = top + line * 0.46
            axes.barh(row, value, height=0.42, color=(BLUE, ORANGE)[line % 2])
            axes.text(-longest * 0.03, row, name, fontsize=20, fontweight="bold", ha="right", va="center")
            axes.text(value + longest * 0.02, row, f"{100 * value:.1f} %", fontsize=18, va="center")
    reached = ", ".join(f"{name} reached {group.delivered:,} people" for name, group in versions.items())
    axes.text(0, 2.35, reached, fontsize=14, va="center", color=GREY)


def _verdict(share: dict[str, float]) -> str:
    ranked = sorted(share, key=lambda name: share[name], reverse=True)
    if len(ranked) < 2:
        return f"Version {ranked[0]}"
    if share[ranked[0]] - share[ranked[1]] < 0.01:
        return "A and B were read equally often"
    return f"Version {ranked[0]} was read more often"


def _prepare(axes: Axes, title: str, width: float) -> None:
    axes.set_xlim(0, width)
    axes.set_ylim(2.45, -0.55)
    axes.axis("off")
    axes.set_title(title, loc="left", fontsize=24, fontweight="bold", pad=18)
