"""The claims of a folder, and what is done with the files that they are about.

The order is what lets each row into exactly one file, whoever is killed when: rows are stored whole, then
claimed, then given their final name, then marked as done. Stored rows that nobody has claimed are waste.
Claimed rows are published by whoever comes next, from what was stored. The final name is given by moving what
was stored, which can be done only once: a try that wakes up after others have finished its work finds nothing
to move.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

from airflow_provider_mailkit.export import claims
from airflow_provider_mailkit.export.claims import CLAIMS, Claim, Listing
from airflow_provider_mailkit.storage.folder import Folder
from airflow_provider_mailkit.storage.publication import Publication

#: The most files of one run, so that what it returns fits into a database.
MOST_FILES = 1_000

log = logging.getLogger(__name__)


class Ledger:
    """Reads and makes the claims of one folder.

    :param identity: what all its claims have in common, without what is secret.
    :param secrets: what else they have in common, and only a hash of it is stored.
    :param allow_unsafe: whether a store is used that does not create only once.
    :param restore: exports the rows of a claim once more whose file is lost; returns how many are left.
    """

    def __init__(
        self,
        folder: Folder,
        identity: Mapping[str, Any],
        secrets: Mapping[str, str],
        *,
        allow_unsafe: bool,
        restore: Callable[[Claim], int],
    ) -> None:
        self.folder = folder
        self.allow_unsafe = allow_unsafe
        self.identity = dict(identity)
        self._secrets = secrets
        self._restore = restore
        self._publication: Publication | None = None
        self._aborted = False

    def open(self) -> tuple[Claim | None, bool]:
        """Return the last claim, having published what it is about, and whether that was left to do.

        :raises MailkitError: the folder belongs to another export, has lost its claims, or is in an unsafe
            store.
        """
        listing = Listing.read(self.folder.names(CLAIMS))
        if not listing.last:
            self._begin(listing)
            return None, False
        # A listing is not of one moment: another run may have made the claim meanwhile.
        if listing.last_done > listing.last and not self.folder.exists(claims.claim_name(listing.last_done)):
            raise claims.missing(self.folder.uri, f"no claims after number {listing.last}")
        last = self.read(listing.last)
        self._check(last)
        was_left = last.number not in listing.done
        if was_left:
            log.warning("The file of claim %d was not finished: publishing it now.", last.number)
            self.publish(last)
        for name in listing.waste:
            self._remove(name)
        return last, was_left

    def read(self, number: int) -> Claim:
        """Return a claim.

        :raises FileNotFoundError: there is none with this number.
        :raises MailkitError: it cannot be read.
        """
        name = claims.claim_name(number)
        return Claim.decode(self.folder.read(name), f"{self.folder.uri}/{name}")

    def earlier(self, last: Claim, run: str) -> list[Claim]:
        """Return the last claims of a DAG run, made by earlier tries that may not have lived to tell."""
        found: list[Claim] = []
        claim = last
        while run and claim.run == run and len(found) < MOST_FILES:
            found.insert(0, claim)
            if claim.number == 1:
                break
            claim = self.read(claim.number - 1)
        return found

    @contextmanager
    def writing(self, name: str, *, overwrite: bool = True) -> Iterator[Publication]:
        """Open a file of the folder to write, such that :meth:`abort` reaches it."""
        publication = self._publication = self.folder.publication(name, overwrite=overwrite)
        # An abort() that came before has not seen it.
        if self._aborted:
            publication.abort()
        try:
            with publication:
                yield publication
        finally:
            self._publication = None

    def claim(self, claim: Claim) -> None:
        """Make a claim.

        :raises MailkitError: another run has made the claim. The rows stored for this one are removed.
        :raises OSError: the store refuses. The claim may have been made all the same.
        """
        try:
            self._put(claims.claim_name(claim.number), claim.encode(), overwrite=False)
        except Exception as error:
            # Of a request that was repeated, the first may have made it, although its answer was lost.
            made = None if self._aborted else self._made(claim.number)
            if made is None:
                raise
            if made.staged != claim.staged:
                self._remove(claim.staged)
                raise claims.lost(claim, self.folder.uri) from error

    def publish(self, claim: Claim) -> None:
        """Give the file of a claim its final name and mark it as done, unless others have.

        :raises OSError: the store refuses.
        """
        self.check_alive()
        done = claims.done_name(claim.number)
        try:
            self.folder.move(f"{CLAIMS}/{claim.staged}", claim.name, claim.size)
        except FileNotFoundError:
            # In this order: what is done may be moved away at any time.
            if not self.folder.exists(claim.name):
                if self.folder.exists(done):
                    return
                self._put_back(claim)
        self._put(done, json.dumps({"file": claim.name, "rows": claim.rows}).encode() + b"\n")

    def abort(self) -> None:
        """Claim and publish nothing from now on; for a signal handler or another thread."""
        self._aborted = True
        publication = self._publication
        if publication is not None:
            publication.abort()

    def check_alive(self) -> None:
        """Go no further after :meth:`abort`.

        :raises ValueError: it was called.
        """
        if self._aborted:
            raise ValueError(f"The export to {self.folder.uri} was aborted")

    def _begin(self, listing: Listing) -> None:
        claims.check_beginning(self.folder.uri, self.folder.names(), listing)
        if not self.allow_unsafe and not self.folder.creates_only_once(CLAIMS):
            raise claims.unsafe(self.folder.uri)
        self._mark({})

    def _check(self, claim: Claim) -> None:
        self._mark(claim.identity)
        claims.check_identity(self.folder.uri, claim.identity, self.identity)
        if claim.is_unsafe and not self.allow_unsafe:
            raise claims.unsafe(self.folder.uri)

    def _mark(self, marked: Mapping[str, Any]) -> None:
        """Let the identity have hashes of what is secret, with the salts that were used before."""
        self.identity |= {
            name: claims.secret_mark(value, marked.get(name)) for name, value in self._secrets.items()
        }

    def _made(self, number: int) -> Claim | None:
        try:
            return self.read(number)
        except FileNotFoundError:
            return None

    def _put(self, name: str, data: bytes, *, overwrite: bool = True) -> None:
        with self.writing(name, overwrite=overwrite) as publication:
            publication.file.write(data)
            publication.commit()

    def _put_back(self, claim: Claim) -> None:
        """Export a claim's rows once more: what was stored of it and its file are gone."""
        rows = self._restore(claim)
        if rows < claim.rows:
            log.warning(
                "Claim %d of %s: its file and what was stored for it were removed, and Mailkit has only %d "
                "of its %d rows left.",
                claim.number, self.folder.uri, rows, claim.rows,
            )  # fmt: skip

    def _remove(self, staged: str) -> None:
        try:
            with suppress(FileNotFoundError):
                self.folder.remove(f"{CLAIMS}/{staged}")
        except Exception as error:
            # Only the class, since texts of stores hold URLs that work like passwords.
            log.warning(
                "%s/%s could not be removed, but is not needed: %s", CLAIMS, staged, type(error).__name__
            )
