"""The claims of a folder, and the handling of their files.

The order puts each row into exactly one file, whenever a task is killed: rows are stored, then claimed, then
moved to their final name, then marked as done. Stored rows without a claim are waste. Claimed rows are
published by the next run, from the stored file. The stored file is moved to its final name, which is possible
only once: a try that wakes up after others have finished its work finds nothing to move.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

from airflow_provider_mailkit.export import claims
from airflow_provider_mailkit.export.claims import CLAIMS, Claim, Listing
from airflow_provider_mailkit.export.identity import check_identity, secret_mark
from airflow_provider_mailkit.storage.folder import Folder
from airflow_provider_mailkit.storage.publication import Publication

#: The most files of one run, so that what it returns fits into a database.
MOST_FILES = 1_000

log = logging.getLogger(__name__)


class Ledger:
    """Reads and makes the claims of one folder.

    :param identity: what all its claims have in common, except secrets.
    :param secrets: the secrets that they have in common, of which only hashes are stored.
    :param allow_unsafe: whether to use a store that can create a file twice.
    :param restore: exports the rows of a claim again if its file is lost; returns how many are left.
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
        """Publish the file of the last claim if necessary; return the claim, and whether it was necessary.

        :raises MailkitError: the folder belongs to another export, has lost its claims, or is in an unsafe
            store.
        """
        listing = Listing.read(self.folder.names(CLAIMS))
        if not listing.last:
            self._begin(listing)
            return None, False
        # A listing may be out of date: another run may have made the claim meanwhile.
        if listing.last_done > listing.last and not self.folder.exists(claims.claim_name(listing.last_done)):
            raise claims.missing(self.folder.uri, f"no claims after number {listing.last}")
        if listing.gap and not self.folder.exists(claims.claim_name(listing.gap)):
            raise claims.missing(self.folder.uri, f"no claim {listing.gap}")
        last = self.read(listing.last)
        self._check(last)
        was_left = last.number not in listing.done
        if was_left:
            log.warning("The file of claim %d was not finished: publishing it now.", last.number)
            self.publish(last)
        for name in listing.waste:
            self._remove(name)
        return last, was_left

    def check_next(self, last: Claim | None) -> None:
        """Check that no file belongs to a claim after the last one, before the next claim is made.

        :raises MailkitError: one does. Its claim was removed, or another run has just made it.
        """
        number = last.number if last else 0
        part = claims.last_part(self.folder.names())
        if part <= number:
            return
        # A claim is always made before its file.
        if self.folder.exists(claims.claim_name(part)):
            raise claims.lost(number + 1, self.folder.uri)
        raise claims.missing(self.folder.uri, f"no claims after number {number}")

    def read(self, number: int) -> Claim:
        """Return a claim.

        :raises FileNotFoundError: there is none with this number.
        :raises MailkitError: it cannot be read.
        """
        name = claims.claim_name(number)
        return Claim.decode(self.folder.read(name), f"{self.folder.uri}/{name}")

    def earlier(self, last: Claim, run: str) -> list[Claim]:
        """Return the claims of a DAG run, made by earlier tries that may not have lived to tell."""
        found: list[Claim] = []
        number = last.runs_so_far().get(run)
        while number and len(found) < MOST_FILES:
            found.insert(0, last if number == last.number else self.read(number))
            number = found[0].runs.get(run)
        return found

    @contextmanager
    def writing(self, name: str, *, overwrite: bool = True) -> Iterator[Publication]:
        """Open a file of the folder for writing, which :meth:`abort` can stop."""
        publication = self._publication = self.folder.publication(name, overwrite=overwrite)
        # An abort() before this line has not seen it.
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
        :raises OSError: the store refuses. The claim may still have been made.
        """
        try:
            self._put(claims.claim_name(claim.number), claim.encode(), overwrite=False)
        except Exception as error:
            # If a request was repeated, the first one may have made the claim, although its answer was lost.
            made = None if self._aborted else self._made(claim.number)
            if made is None:
                raise
            if made.staged != claim.staged:
                self._remove(claim.staged)
                raise claims.lost(claim.number, self.folder.uri) from error

    def publish(self, claim: Claim) -> None:
        """Move the file of a claim to its final name and mark it as done, unless others have done so.

        :raises OSError: the store refuses.
        """
        self.check_alive()
        done = claims.done_name(claim.number)
        try:
            self.folder.move(f"{CLAIMS}/{claim.staged}", claim.name, claim.size)
        except FileNotFoundError:
            # The order matters, since a file that is done may be moved away at any time.
            if not self.folder.exists(claim.name):
                if self.folder.exists(done):
                    return
                self._put_back(claim)
        try:
            self._put(done, json.dumps({"file": claim.name, "rows": claim.rows}).encode() + b"\n")
        except Exception:
            # Azure refuses one of two runs that write the same blob at the same time.
            if self._aborted or not self.folder.exists(done):
                raise

    def abort(self) -> None:
        """From now on, claim and publish nothing. For a signal handler or another thread."""
        self._aborted = True
        publication = self._publication
        if publication is not None:
            publication.abort()

    def check_alive(self) -> None:
        """Stop after :meth:`abort`.

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
        check_identity(self.folder.uri, claim.identity, self.identity)
        if claim.is_unsafe and not self.allow_unsafe:
            raise claims.unsafe(self.folder.uri)

    def _mark(self, marked: Mapping[str, Any]) -> None:
        """Add hashes of the secrets to the identity, with the salts of earlier claims."""
        self.identity |= {name: secret_mark(value, marked.get(name)) for name, value in self._secrets.items()}

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
        """Export a claim's rows again, since its stored rows and its file are gone."""
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
