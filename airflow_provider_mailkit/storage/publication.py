"""A file that appears at its target whole, or not at all."""

from __future__ import annotations

import logging
from types import TracebackType
from typing import IO, Self

from airflow_provider_mailkit._worker import close_unwanted
from airflow_provider_mailkit.storage.local import LocalOutlet
from airflow_provider_mailkit.storage.remote import RemoteOutlet
from airflow_provider_mailkit.storage.spool import Spool
from airflow_provider_mailkit.storage.target import Target

log = logging.getLogger(__name__)


class Publication:
    """Writes to a private file and publishes it with :meth:`commit`.

    Use it in a ``with`` statement. Leaving that without a commit removes everything and publishes nothing.

    :param target: where to publish.
    :param overwrite: False: fail if the target exists by then.
    """

    def __init__(self, target: Target, *, overwrite: bool = True) -> None:
        self._uri = target.uri
        self._overwrite = overwrite
        self._outlet: LocalOutlet | RemoteOutlet = (
            LocalOutlet(target.path, target.uri)
            if target.fs is None
            else RemoteOutlet(target.fs, target.path, target.uri)
        )
        self._private: IO[bytes] | None = None
        self._spool: Spool | None = None
        self._aborted = False
        self._published = False

    @property
    def file(self) -> Spool:
        """The file to write to; a new object after each :meth:`restart`.

        :raises ValueError: outside the ``with`` statement.
        """
        if self._spool is None:
            raise ValueError(f"The publication of {self._uri} is not open")
        return self._spool

    @property
    def bytes_written(self) -> int:
        """Bytes written since the last restart."""
        return self.file.bytes_written

    @property
    def sha256(self) -> str:
        """SHA-256 of the bytes written since the last restart, in hexadecimal digits."""
        return self.file.sha256

    def restart(self) -> None:
        """Forget what was written. :attr:`file` is then a new object, and the old one refuses writes.

        :raises ValueError: the publication is over: aborted or published.
        :raises WorkerError: the spool file cannot be created.
        """
        self._check()
        self._close_spool("This attempt is over: use publication.file again after restart()")
        self._open_spool()

    def commit(self) -> None:
        """Publish the complete file.

        It ends the writing. If it raises an error, the target is unchanged, and it can be called again.

        :raises FileExistsError: the target exists and ``overwrite`` is false.
        :raises ValueError: the publication was aborted, or is published already.
        :raises WorkerError: the spool file or the target on a local disk cannot be written.
        :raises OSError: the store refuses. Other errors of its library pass unchanged.
        """
        self._check()
        spool, private = self.file, self._private
        if private is None:
            raise ValueError(f"The publication of {self._uri} is not open")
        spool.flush()
        spool.refuse(f"The writing for {self._uri} ended with commit()")
        try:
            self._outlet.publish(private, spool.bytes_written, overwrite=self._overwrite)
        except Exception as error:
            if self._aborted:
                raise ValueError(self._aborted_text()) from error
            raise
        self._published = True

    def abort(self) -> None:
        """Publish nothing, now or later. The next write raises ValueError.

        It may be called from a signal handler or another thread, at any moment and repeatedly. After a commit
        it does nothing. The last request of an upload cannot be taken back. While it is running, the complete
        target may appear although :meth:`commit` raises an error.
        """
        self._aborted = True
        if self._spool is not None:
            self._spool.refuse(self._aborted_text())
        if not self._published:
            self._outlet.abort()

    def __enter__(self) -> Self:
        self._check()
        try:
            self._open_spool()
        except BaseException:
            self._outlet.abort()
            raise
        return self

    def __exit__(
        self,
        error_type: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            try:
                self._close_spool(f"The publication of {self._uri} is over")
            finally:
                if not self._published:
                    self._outlet.abort()
        except BaseException as cleanup_error:
            if error is None:
                raise
            log.debug("Cleaning up after %s: %s", type(error).__name__, type(cleanup_error).__name__)

    def _open_spool(self) -> None:
        self._private, place = self._outlet.open_spool()
        self._spool = Spool(self._private, place, durable=self._outlet.durable)
        # An abort() in between has seen neither of them.
        if self._aborted:
            self.abort()

    def _close_spool(self, reason: str) -> None:
        if self._spool is not None:
            self._spool.refuse(reason)
        if self._private is not None:
            close_unwanted(self._private)

    def _check(self) -> None:
        if self._aborted:
            raise ValueError(self._aborted_text())
        if self._published:
            raise ValueError(f"{self._uri} is published already")

    def _aborted_text(self) -> str:
        return f"The publication of {self._uri} was aborted"
