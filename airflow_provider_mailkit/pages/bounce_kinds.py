"""What the status codes of mail servers mean, in words for people who send e-mails."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping

from airflow_provider_mailkit.pages.figures import Bounce

_CODE = re.compile(r"([245])\.(\d{1,3})\.(\d{1,3})")
_LASTING = {"4": "temporary", "5": "permanent"}
# RFC 3463, section 3: subject, then detail.
_SUBJECTS = {
    "1": "Address not accepted",
    "2": "Mailbox does not accept e-mails",
    "3": "Receiving system has a problem",
    "4": "Receiving server not reached",
    "5": "Servers did not understand each other",
    "6": "Content not accepted",
    "7": "Refused by a rule or a spam filter",
}
_DETAILS = {
    "1.1": "No such mailbox",
    "1.2": "No such domain",
    "1.10": "Domain takes no e-mails",
    "2.1": "Mailbox is disabled",
    "2.2": "Mailbox is full",
    "2.3": "E-mail is too large for the mailbox",
    "3.4": "E-mail is too large for the server",
    "4.1": "Server does not answer",
    "4.2": "Connection broke off",
    "4.4": "No way to the server",
    "4.7": "Server not reached in time",
}
_MOST = 12


def kinds_of(counts: Mapping[str, int]) -> list[Bounce]:
    """Return bounces by kind, the most frequent first.

    :param counts: the number of bounces by status code.
    """
    times: Counter[tuple[str, str, str]] = Counter()
    for code, number in counts.items():
        times[_kind(code)] += number
    bounces = [Bounce(*kind, number) for kind, number in times.items()]
    bounces.sort(key=lambda bounce: (-bounce.times, bounce.code))
    if rest := bounces[_MOST:]:
        bounces[_MOST:] = [Bounce("Other kinds", "", "unknown", sum(bounce.times for bounce in rest))]
    return bounces


def _kind(code: str) -> tuple[str, str, str]:
    match = _CODE.fullmatch(code.strip())
    if not match:
        return "Without a status code", "", "unknown"
    class_, subject, detail = match.groups()
    kind = _DETAILS.get(f"{subject}.{detail}") or _SUBJECTS.get(subject) or "For another reason"
    return kind, match[0], _LASTING.get(class_, "unknown")
