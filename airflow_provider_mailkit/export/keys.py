"""The keys of an export's rows, for counting duplicates."""

from __future__ import annotations

import secrets
from collections.abc import Collection, Iterable
from hashlib import blake2b
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from airflow_provider_mailkit.catalogue.report import Report
from airflow_provider_mailkit.export.duplicates import DuplicateCounter
from airflow_provider_mailkit.protocol import fields
from airflow_provider_mailkit.protocol.records import Batch

if TYPE_CHECKING:
    import pyarrow as pa

_DIGEST_BYTES = 8
# An absent date is an empty text if the writer takes those.
_ABSENT = (None, "")


class Keys:
    """Stores the keys of rows.

    A key of several columns, or of a text, is stored as a digest of 64 bits with a secret of this export, so
    the temporary file says nothing about anybody.

    :param constant: columns with one value in all rows, which do not distinguish rows.
    :param duplicates: counts them.
    """

    def __init__(self, report: Report, constant: Collection[str], duplicates: DuplicateCounter) -> None:
        self.columns = tuple(name for name in report.key if name not in constant) or report.key
        self._duplicates = duplicates
        self._secret = secrets.token_bytes(16)
        self._members = {report.column(name).inside or "" for name in self.columns}
        #: Whether the keys of tables can be stored without a Python object for each row.
        self.is_one_number = len(self.columns) == 1 and report.column(self.columns[0]).kind == "integer"

    def add(self, batch: Batch) -> None:
        """Add the keys of a batch. A record that is several rows counts once, unless each has its own key.

        Rows without a key are left out.
        """
        batch = batch.once(self._members)
        if not self.is_one_number:
            values: Iterable[Any] = map(attrgetter(*self.columns), batch.records)
            self._duplicates.add([self._digest(value) for value in values if value not in _ABSENT])
            return
        keys = fields.values(batch.records, self.columns[0])
        try:
            self._duplicates.add(keys)
        except TypeError:
            self._duplicates.add([key for key in keys if key is not None])

    def add_table(self, table: pa.Table) -> None:
        """Do what :meth:`add` does with a pyarrow table."""
        # Combine the chunks once: every pyarrow call waits for the interpreter.
        keys = table[self.columns[0]].combine_chunks()
        self._duplicates.add_column(keys.drop_null() if keys.null_count else keys)

    def _digest(self, value: Any) -> int:
        data = repr(value).encode("utf-8", "surrogatepass")
        digest = blake2b(data, digest_size=_DIGEST_BYTES, key=self._secret).digest()
        return int.from_bytes(digest, "big", signed=True)
