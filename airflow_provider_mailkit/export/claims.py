"""Claims: a claim says which rows of a log a file holds, before that file exists. Does no I/O.

A claim is a small file that is created only if there is none with its number. Its creator owns the rows that
come after those of the claim before it, and nobody else does.
"""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from operator import itemgetter
from typing import Any

from airflow_provider_mailkit.exceptions import MailkitArgumentError, MailkitEnvironmentError, MailkitError
from airflow_provider_mailkit.protocol.increments import Window

#: The folder of the claims, beside the files. Readers of lakes skip names that begin with this character.
CLAIMS = "_mailkit"
# Marks a claim; another version of the provider that writes other members marks it with another name.
_FORMAT = "mailkit_claim_1"
_NAME = re.compile(r"(\d{6,})(?:\.(json|done)|-[0-9a-f]+\.(staged))")
# What a killed process has left of a file on a local disk.
_UNFINISHED = re.compile(r"\.(\d{6,})[-.].*\.part")
_PART = "part-"
_PART_NAME = re.compile(rf"{_PART}(\d{{6,}})-.*")
# More than there are at the same time; each takes some 50 bytes of a claim.
_MOST_RUNS = 50


@dataclass(frozen=True, slots=True)
class PartFile:
    """One published file in a result."""

    uri: str
    rows: int
    bytes: int
    sha256: str
    first_id: int
    last_id: int


@dataclass(frozen=True, slots=True)
class Claim:
    """One claim.

    :param number: from 1 on, without a gap.
    :param identity: what every claim of the folder has in common, see ``identity.py``.
    :param name: the name of the file.
    :param staged: the name of what becomes the file, in the folder of the claims.
    :param window: what is known of the log once the file is there.
    :param start: the ID that the first claim of the folder began with; None: that of the first row.
    :param run: stands for the DAG run that made it; empty if there was none.
    :param runs: the numbers of the last claims that the last runs had made before.
    :param is_unsafe: whether it was made in a store that does not create only once.
    """

    number: int
    identity: Mapping[str, Any]
    name: str
    staged: str
    rows: int
    size: int
    sha256: str
    first_id: int
    last_id: int
    window: Window
    start: int | None = None
    run: str = ""
    runs: Mapping[str, int] = field(default_factory=dict)
    is_unsafe: bool = False

    def part(self, folder_uri: str) -> PartFile:
        """Return the file as the result tells it."""
        return PartFile(
            f"{folder_uri}/{self.name}", self.rows, self.size, self.sha256, self.first_id, self.last_id
        )

    def runs_so_far(self) -> dict[str, int]:
        """Return the numbers of the last claims of the last runs, this one included."""
        known = {**self.runs, self.run: self.number} if self.run else self.runs
        return dict(sorted(known.items(), key=itemgetter(1))[-_MOST_RUNS:])

    def encode(self) -> bytes:
        """Return the claim as it is stored."""
        members = {_FORMAT: True, **asdict(self), "next_id": self.window.next_id}
        return json.dumps(members, separators=(",", ":")).encode() + b"\n"

    @classmethod
    def decode(cls, data: bytes, name: str) -> Claim:
        """Return a stored claim.

        :param name: where it is, for the error.
        :raises MailkitError: it is not a claim of this version.
        """
        try:
            members = json.loads(data)
            del members["next_id"], members[_FORMAT]
            window = members.pop("window")
            claim = cls(**members, window=Window(window["start"], tuple(window["ids"])))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise _unreadable(name) from error
        # Somebody may have changed it.
        counted = (claim.number, claim.rows, claim.size, claim.first_id, claim.last_id, *claim.window.ids)
        counted += () if claim.start is None else (claim.start,)
        told = (claim.identity, claim.runs)
        if any(type(number) is not int for number in counted) or not all(isinstance(x, dict) for x in told):
            raise _unreadable(name)
        return claim


def _unreadable(name: str) -> MailkitError:
    return MailkitArgumentError(
        f"{name} is not a claim that this version of the provider can read. Put it back as it was, or name a "
        "new folder."
    )


@dataclass(frozen=True, slots=True)
class Listing:
    """The content of the folder of claims.

    :param claims: the numbers of the claims.
    :param done: the numbers of the claims whose files are there.
    :param staged: the names of files that are not published, by the number of the claim they are for.
    :param unfinished: the names of files that are still being written, or never will be, in the same way.
    """

    claims: frozenset[int]
    done: frozenset[int]
    staged: tuple[tuple[int, str], ...]
    unfinished: tuple[tuple[int, str], ...] = ()

    @classmethod
    def read(cls, names: Iterable[str]) -> Listing:
        """Read the names of a listing."""
        found: dict[str, set[int]] = {"json": set(), "done": set()}
        staged, unfinished = [], []
        for name in names:
            if match := _NAME.fullmatch(name):
                number, marker, is_staged = int(match[1]), match[2], match[3]
                if is_staged:
                    staged.append((number, name))
                else:
                    found[marker].add(number)
            elif match := _UNFINISHED.fullmatch(name):
                unfinished.append((int(match[1]), name))
        return cls(frozenset(found["json"]), frozenset(found["done"]), tuple(staged), tuple(unfinished))

    @property
    def last(self) -> int:
        """The number of the last claim; 0: there is none."""
        return max(self.claims, default=0)

    @property
    def gap(self) -> int:
        """The number of the first claim that is missing before the last one; 0: none is."""
        return min({*range(1, self.last)} - self.claims, default=0)

    @property
    def last_done(self) -> int:
        """The number of the last claim that is marked as done; 0: there is none."""
        return max(self.done, default=0)

    @property
    def waste(self) -> list[str]:
        """The names of files that are not needed once the last claim is done.

        What is for the next claim may be another run's that is about to make it. What is being written for
        the last one may be another run's that marks it as done.
        """
        waste = [name for number, name in self.staged if number <= self.last]
        return waste + [name for number, name in self.unfinished if number < self.last]


def claim_name(number: int) -> str:
    """Return the name of a claim."""
    return f"{CLAIMS}/{number:06d}.json"


def done_name(number: int) -> str:
    """Return the name of what says that the file of a claim is there."""
    return f"{CLAIMS}/{number:06d}.done"


def staged_name(number: int) -> str:
    """Return a new name for a file that is not published."""
    return f"{number:06d}-{secrets.token_hex(8)}.staged"


def part_name(number: int, first_id: int, last_id: int, suffix: str) -> str:
    """Return the name of a file."""
    return f"{_PART}{number:06d}-{first_id}-{last_id}{suffix}"


def check_beginning(uri: str, names: Iterable[str], listing: Listing) -> None:
    """Refuse to start in a folder that has files but has lost its claims.

    :param names: the names in the folder itself.
    :raises MailkitError: the folder has files, or marks of claims.
    """
    if listing.done or any(name.startswith(_PART) for name in names):
        raise missing(uri, "no claims")


def last_part(names: Iterable[str]) -> int:
    """Return the highest claim number among the files in the folder; 0 if it has no files."""
    return max((int(match[1]) for name in names if (match := _PART_NAME.fullmatch(name))), default=0)


def missing(uri: str, what: str) -> MailkitError:
    """Return the error for a folder of which claims are missing.

    :param what: what the folder of the claims has instead.
    """
    return MailkitArgumentError(
        f"{uri} holds files of an incremental export, but {CLAIMS}/ has {what}. The claims say what was "
        f"exported. Nothing was read or written. Put {CLAIMS}/ back as it was. Or name a new folder: "
        'there start="beginning" exports every row again, and start=<ID> the rows from that ID on.'
    )


def unsafe(uri: str) -> MailkitError:
    """Return the error for a store in which two may make the same claim."""
    return MailkitArgumentError(
        f"{uri} lies in a store that lets two tasks create the same file, although it is told not to. "
        "Nothing was read or written. Choose another store. Or set allow_unsafe_storage=True, and "
        "max_active_runs=1 on the DAG: no row is lost, but two tasks at the same time may both export the "
        "same rows."
    )


def lost(number: int, uri: str) -> MailkitError:
    """Return the error for a run whose claim was made by another run."""
    return MailkitEnvironmentError(
        f"Another run or try has claimed file {number} of {uri} while this one was reading. This one "
        "publishes nothing more; its rows are in the other's file or come with the next run.",
        retryable=True,
    )


def restored_ids(ids: Iterable[int], claim: Claim) -> set[int]:
    """Return which of the rows that Mailkit has now belong to a claim whose file is lost.

    Those that came late belong to the next claim, unless nobody would look for them any more.

    :param ids: those of the claim's range which no earlier claim has.
    """
    window = claim.window
    claimed = set(window.ids)
    return {id_ for id_ in ids if id_ in claimed or (window.start is not None and id_ < window.start)}
