"""The common base of operators that call Mailkit once for each address."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from os import PathLike
from typing import TYPE_CHECKING, Any, Literal

from airflow_provider_mailkit._arguments import Kind, any_text, flag, is_several, optional, text, whole
from airflow_provider_mailkit._checked import ChecksArguments
from airflow_provider_mailkit._compat import BaseOperator
from airflow_provider_mailkit._hidden import HiddenArgument, given
from airflow_provider_mailkit.exceptions import MailkitArgumentError
from airflow_provider_mailkit.operators._hidden import size_shown
from airflow_provider_mailkit.operators._killable import Killable

if TYPE_CHECKING:
    from airflow_provider_mailkit._compat import Context
    from airflow_provider_mailkit.imports.people import People, Procedure


class CallsByAddress(Killable, ChecksArguments, BaseOperator):
    """Calls Mailkit once for each of several addresses: the arguments that these operators share.

    :param addresses: a list of addresses, or of dicts that hold an address under the name ``column``.
        Templated, but never shown.
    :param source: instead of ``addresses``, a file or a folder with JSON Lines, CSV or Parquet: any URL that
        Airflow's ObjectStoragePath accepts, or a local path. Templated.
    :param column: which column of the source has the addresses.
    :param source_conn_id: connection of the storage of the source. Templated.
    :param file_format: ``jsonl``, ``csv`` or ``parquet``. Default: from the suffix of each file.
    :param compression: ``gzip`` or ``zstd``. Default: from the suffix ``.gz`` or ``.zst``.
    :param delimiter: what separates the cells of CSV.
    :param max_addresses: more addresses than this fail the task before the first call.
    :param dry_run: True reads and checks everything, but calls and writes nothing.
    :param receipts_path: a file that says for each address, hashed with the connection's ``hash_secret``,
        what happened and when. A later run adds to it. Templated.
    :param receipts_conn_id: connection of its storage. Templated.
    :param mailkit_conn_id: connection to Mailkit. Templated.
    """

    template_fields: Sequence[str] = (
        "addresses", "source", "source_conn_id", "receipts_path", "receipts_conn_id", "mailkit_conn_id"
    )  # fmt: skip
    ui_color = "#cde7f5"
    addresses = HiddenArgument(size_shown)

    def __init__(
        self,
        *,
        addresses: Sequence[str] | Sequence[Mapping[str, Any]] | None = None,
        source: str | PathLike[str] | None = None,
        column: str = "email",
        source_conn_id: str | None = None,
        file_format: Literal["jsonl", "csv", "parquet"] | None = None,
        compression: Literal["gzip", "zstd"] | None = None,
        delimiter: str = ",",
        max_addresses: int = 1000,
        dry_run: bool = False,
        receipts_path: str | PathLike[str] | None = None,
        receipts_conn_id: str | None = None,
        mailkit_conn_id: str = "mailkit_default",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.addresses = addresses
        self.source = source
        self.column = column
        self.source_conn_id = source_conn_id
        self.file_format = file_format
        self.compression = compression
        self.delimiter = delimiter
        self.max_addresses = max_addresses
        # Airflow has a method of that name.
        self._dry_run = dry_run
        self.receipts_path = receipts_path
        self.receipts_conn_id = receipts_conn_id
        self.mailkit_conn_id = mailkit_conn_id

    @classmethod
    def argument_kinds(cls) -> dict[str, Kind]:
        """Return what each argument may be."""
        from airflow_provider_mailkit.operators._files import source_kinds
        from airflow_provider_mailkit.storage.path_text import read_path

        return {
            **source_kinds(),
            "addresses": optional(_addresses),
            "column": text,
            "max_addresses": whole(1, "number of addresses"),
            "dry_run": flag,
            "receipts_path": optional(read_path),
            "receipts_conn_id": optional(any_text),
            "mailkit_conn_id": text,
        }

    @classmethod
    def check_arguments_together(cls, known: Mapping[str, Any], given: Mapping[str, Any]) -> None:
        """Check where the addresses come from, and the path of the receipts."""
        from airflow_provider_mailkit.operators._files import check_file_argument, check_one_of

        check_one_of(known, given, "addresses", "source")
        check_file_argument("receipts_path", known, given)

    def _given(self) -> dict[str, Any]:
        names = [name for name in self.argument_kinds() if name != "dry_run"]
        return {name: given(self, name) for name in names} | {"dry_run": self._dry_run}

    def procedure(self, arguments: Mapping[str, Any]) -> Procedure:
        """Return what is called for each address."""
        raise NotImplementedError

    def execute(self, context: Context) -> dict[str, Any]:
        """Make the calls; return the summary."""
        from airflow_provider_mailkit._boundary import permanent_errors_fail_the_task
        from airflow_provider_mailkit.operators.outlets import tell_outlets

        with permanent_errors_fail_the_task():
            summary = self._call_for_all(self.read_arguments())
        if (events := context.get("outlet_events")) is not None:
            tell_outlets(self.outlets or (), events, summary)
        return summary

    def _call_for_all(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        from airflow_provider_mailkit.hooks.mailkit import MailkitHook
        from airflow_provider_mailkit.imports.people import COLUMNS, Calling, describe
        from airflow_provider_mailkit.imports.records import RecordFile
        from airflow_provider_mailkit.operators._files import resolve_file

        started = time.monotonic()
        path = arguments["receipts_path"]
        procedure, is_dry = self.procedure(arguments), arguments["dry_run"]
        hook = MailkitHook(self.mailkit_conn_id)
        target = path and resolve_file("receipts_path", path, arguments["receipts_conn_id"])
        people = self._people(arguments)
        receipts = RecordFile(*target, COLUMNS) if target and not is_dry else None
        calling = Calling(
            hook.get_conn(), procedure, hook.account.hash_secret, receipts, lambda: self._killed
        )
        outcomes: Mapping[str, int] = {}
        if not is_dry:
            with receipts or nullcontext():
                outcomes = calling.run(people)
        self.log.info(
            "%s for %d addresses of %d rows: %s.",
            procedure.function.name,
            len(people.texts),
            people.rows,
            "nothing was called, since dry_run is True" if is_dry else describe(outcomes),
        )
        return {
            "function": procedure.function.name,
            "dry_run": is_dry,
            "rows": people.rows,
            "addresses": len(people.texts),
            "duplicates": people.duplicates,
            "outcomes": dict(sorted(outcomes.items())),
            "invalid": sum(not procedure.is_possible(each) for each in people.texts),
            "receipts_uri": receipts and receipts.uri,
            "seconds": round(time.monotonic() - started, 3),
        }

    def _people(self, arguments: Mapping[str, Any]) -> People:
        from airflow_provider_mailkit.imports.people import collect, values_in
        from airflow_provider_mailkit.imports.readers import RowFormat
        from airflow_provider_mailkit.operators._files import find_files

        most, column = arguments["max_addresses"], arguments["column"]
        if (given := arguments["addresses"]) is not None:
            return collect((_address_of(item, column) for item in given), most)
        row_format = RowFormat(arguments["file_format"], arguments["compression"], arguments["delimiter"])
        return collect(
            values_in(find_files(arguments, arguments["source_conn_id"]), row_format, column), most
        )


def _address_of(item: Any, column: str) -> Any:
    if not isinstance(item, Mapping):
        return item
    if column not in item:
        raise MailkitArgumentError(f"An item of addresses lacks {column!r}: say by column which one has.")
    return item[column]


def _addresses(name: str, value: Any) -> list[Any]:
    addresses = list(value) if is_several(value) else [None]
    if not all(isinstance(item, str | Mapping) for item in addresses):
        # The message must not show any of the value.
        raise MailkitArgumentError(
            f"{name} must be a list of addresses, not this {type(value).__name__}. Pass the other task's "
            "output itself, or render templates as native objects."
        )
    return addresses
