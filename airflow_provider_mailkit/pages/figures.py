"""The figures of a page about a delivery: numbers and a few texts, without addresses."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from typing import Final

from airflow_provider_mailkit.pages.comparison import Share, Verdict, caution, judge

#: Mailkit's names of the versions of an A/B test.
VERSIONS: Final = ("A", "B")


@dataclass(slots=True)
class Group:
    """Recipients of a delivery, or of one of its versions.

    :param readers: how many of the delivered have read it at least once.
    :param clickers: how many of the delivered have clicked at least once.
    """

    recipients: int = 0
    delivered: int = 0
    bounced: int = 0
    readers: int = 0
    clickers: int = 0

    @property
    def others(self) -> int:
        """How many are neither delivered nor bounced: they wait, or have an unknown status."""
        return self.recipients - self.delivered - self.bounced

    @property
    def read(self) -> Share:
        """The readers among the delivered."""
        return Share(self.readers, self.delivered)

    @property
    def clicked(self) -> Share:
        """The clickers among the delivered."""
        return Share(self.clickers, self.delivered)


@dataclass(frozen=True, slots=True)
class Reactions:
    """What people did in one hour or on one day.

    :param begins: on the account's clock.
    """

    begins: datetime
    reads: int
    clicks: int


@dataclass(slots=True)
class Course:
    """Reactions over time, without gaps.

    :param unit: ``hour`` or ``day``.
    """

    unit: str = "day"
    reactions: list[Reactions] = field(default_factory=list)


@dataclass(slots=True)
class Link:
    """A link that was clicked.

    :param text: its text, or its URL if it has none.
    :param place: host and path of its URL, without the query.
    :param visitors: how many people clicked it.
    """

    text: str
    place: str
    clicks: int = 0
    visitors: int = 0
    version: str = ""


@dataclass(slots=True)
class Links:
    """The links with the most clicks, and the number of the others."""

    top: list[Link] = field(default_factory=list)
    more: int = 0
    clicks: int = 0


@dataclass(frozen=True, slots=True)
class Bounce:
    """Bounces of one kind.

    :param code: the status code of the mail server, such as ``5.1.1``.
    :param lasting: ``permanent``, ``temporary`` or ``unknown``.
    """

    kind: str
    code: str
    lasting: str
    times: int


@dataclass(slots=True)
class Figures:
    """Everything that a page shows about a delivery.

    :param taken_at: when the first report was requested. The others followed.
    :param zone: the time zone of the account's dates; None if they have no offset.
    :param sent_at: when the delivery began; None if Mailkit does not say.
    :param versions: the recipients of each version of an A/B test; empty without a test.
    :param unsubscribed: people who left by the link in this delivery.
    :param complaints: people who marked it as spam.
    """

    id_send: int
    taken_at: datetime
    zone: tzinfo | None = None
    subject: str = ""
    sent_at: datetime | None = None
    everybody: Group = field(default_factory=Group)
    versions: dict[str, Group] = field(default_factory=dict)
    reads: int = 0
    clicks: int = 0
    unsubscribed: int = 0
    complaints: int = 0
    course: Course = field(default_factory=Course)
    links: Links = field(default_factory=Links)
    bounces: list[Bounce] = field(default_factory=list)

    @property
    def is_test(self) -> bool:
        """Whether both versions of an A/B test have recipients."""
        return all(name in self.versions for name in VERSIONS)

    @property
    def verdicts(self) -> list[Verdict]:
        """The verdicts about reads and about clicks."""
        a, b = (self.versions[name] for name in VERSIONS)
        return [
            judge("read", (VERSIONS[0], a.read), (VERSIONS[1], b.read)),
            judge("clicked", (VERSIONS[0], a.clicked), (VERSIONS[1], b.clicked)),
        ]

    @property
    def caution(self) -> str | None:
        """Why the comparison is not a test, if it is not."""
        a, b = (self.versions[name] for name in VERSIONS)
        return caution((VERSIONS[0], a.read), (VERSIONS[1], b.read))
