"""The operator that writes recipients into a mailing list."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from os import PathLike
from typing import TYPE_CHECKING, Any, Literal

from airflow_provider_mailkit._arguments import (
    Kind,
    any_text,
    choice,
    flag,
    identifier,
    is_several,
    names_and_values,
    number,
    optional,
    text,
    whole,
    wrong,
)
from airflow_provider_mailkit._checked import ChecksArguments
from airflow_provider_mailkit._compat import BaseOperator
from airflow_provider_mailkit._hidden import CheckedArgument, HiddenArgument
from airflow_provider_mailkit.exceptions import MailkitArgumentError
from airflow_provider_mailkit.operators._hidden import size_shown
from airflow_provider_mailkit.operators._killable import Killable
from airflow_provider_mailkit.operators._lineage import Lineage, TellsLineage

if TYPE_CHECKING:
    from airflow_provider_mailkit._compat import Context
    from airflow_provider_mailkit.hooks.mailkit import MailkitHook
    from airflow_provider_mailkit.imports.rows import RecipientBuilder
    from airflow_provider_mailkit.imports.run import ImportRun
    from airflow_provider_mailkit.storage.source import SourceFile


class MailkitImportOperator(Killable, TellsLineage, ChecksArguments, BaseOperator):
    """Imports recipients into a mailing list: adds new addresses, and updates those that are there.

    First everything is read and checked. Memory does not grow with the rows, which wait in a temporary file.
    If several rows have the same address, in any letter case, the last one is sent. Then
    ``mailkit.mailinglist.import`` is called once for each batch. If the answer to a call gets lost, the task
    fails. A retry sends everything again, which only updates the recipients that have arrived.

    The return value is a summary without any address: ``function``, ``id_user_list``, ``files``, ``rows``,
    ``rejected``, ``rejected_reasons``, ``duplicates``, ``recipients`` (how many were to be sent),
    ``acknowledged``, ``refused``, ``batches``, ``count_all``, ``count_new``, ``count_updated``,
    ``count_bad``, ``counts_reliable`` (whether Mailkit's counts of every batch add up to what was sent),
    ``list_before`` and ``list_after`` with ``verify``, ``rejected_uri``, ``receipts_uri``, ``previous``,
    ``seconds``.

    :param id_user_list: ID of the mailing list, int or str. Templated.
    :param source: a file or a folder with JSON Lines, CSV or Parquet: any URL that Airflow's
        ObjectStoragePath accepts, or a local path. All files of a folder are read, sorted by name, except
        those whose names begin with ``_`` or ``.``. Templated.
    :param rows: for few rows, a list of dicts instead of a source. Templated, but never shown.
    :param source_conn_id: connection of the storage of the source. Templated.
    :param file_format: ``jsonl``, ``csv`` or ``parquet``. Default: from the suffix of each file.
    :param compression: ``gzip`` or ``zstd``. Default: from the suffix ``.gz`` or ``.zst``.
    :param delimiter: what separates the cells of CSV.
    :param columns: names in the source, and Mailkit's name for each: ``{"mail": "email"}``. Columns that are
        not listed are not sent. Default: the columns have Mailkit's names, in any letter case.
    :param constants: values that every recipient gets, under Mailkit's names. Templated, but never shown.
    :param batch_rows: recipients per call.
    :param allow_status: whether a column ``status`` may be sent. Mailkit does not document what that does to
        recipients who have unsubscribed.
    :param on_invalid: what to do with rows that cannot be sent: ``reject`` leaves them out, ``fail`` fails
        the task before anything is sent.
    :param max_invalid: the maximum share of the rows, from 0 to 1, that may be rejected here or refused by
        Mailkit.
    :param rejected_path: a file for the rejected rows and the reasons: a URL or a local path that ends with
        ``.jsonl``, ``.csv`` or ``.parquet``. It holds personal data. Templated.
    :param rejected_conn_id: connection of its storage. Templated.
    :param receipts_path: a file that says what happened to each batch, even after a failure. A later run adds
        to it, and logs how far the run before had come. It holds no addresses. Templated.
    :param receipts_conn_id: connection of its storage. Templated.
    :param min_rows: fewer recipients than this fail the task before anything is sent.
    :param max_rows: more rows than this in the source fail the task before anything is sent. Default: no
        limit.
    :param verify: ``count`` counts the recipients of the list before and after, page by page, and fails if
        there are too few.
    :param mailkit_conn_id: connection to Mailkit. Templated.
    """

    template_fields: Sequence[str] = (
        "id_user_list", "source", "rows", "source_conn_id", "constants", "rejected_path", "rejected_conn_id",
        "receipts_path", "receipts_conn_id", "mailkit_conn_id",
    )  # fmt: skip
    ui_color = "#cde7f5"
    id_user_list = CheckedArgument()
    rows = HiddenArgument(size_shown)
    constants = HiddenArgument(size_shown)

    def __init__(
        self,
        *,
        id_user_list: int | str,
        source: str | PathLike[str] | None = None,
        rows: Sequence[Mapping[str, Any]] | None = None,
        source_conn_id: str | None = None,
        file_format: Literal["jsonl", "csv", "parquet"] | None = None,
        compression: Literal["gzip", "zstd"] | None = None,
        delimiter: str = ",",
        columns: Mapping[str, str] | None = None,
        constants: Mapping[str, Any] | None = None,
        batch_rows: int = 5000,
        allow_status: bool = False,
        on_invalid: Literal["reject", "fail"] = "reject",
        max_invalid: float = 0.05,
        rejected_path: str | PathLike[str] | None = None,
        rejected_conn_id: str | None = None,
        receipts_path: str | PathLike[str] | None = None,
        receipts_conn_id: str | None = None,
        min_rows: int = 1,
        max_rows: int | None = None,
        verify: Literal["count"] | None = None,
        mailkit_conn_id: str = "mailkit_default",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.id_user_list = id_user_list
        self.source = source
        self.rows = rows
        self.source_conn_id = source_conn_id
        self.file_format = file_format
        self.compression = compression
        self.delimiter = delimiter
        self.columns = columns
        self.constants = constants
        self.batch_rows = batch_rows
        self.allow_status = allow_status
        self.on_invalid = on_invalid
        self.max_invalid = max_invalid
        self.rejected_path = rejected_path
        self.rejected_conn_id = rejected_conn_id
        self.receipts_path = receipts_path
        self.receipts_conn_id = receipts_conn_id
        self.min_rows = min_rows
        self.max_rows = max_rows
        self.verify = verify
        self.mailkit_conn_id = mailkit_conn_id
        self.check_when_parsed()

    @classmethod
    def argument_kinds(cls) -> dict[str, Kind]:
        """Return what each argument may be."""
        from airflow_provider_mailkit.operators._files import source_kinds
        from airflow_provider_mailkit.storage.path_text import read_path

        return {
            "id_user_list": identifier("mailing list"),
            **source_kinds(),
            "rows": optional(_rows),
            "columns": optional(names_and_values),
            "constants": optional(names_and_values),
            "batch_rows": whole(1, "number of recipients"),
            "allow_status": flag,
            "on_invalid": choice("reject", "fail"),
            "max_invalid": _part,
            "rejected_path": optional(read_path),
            "rejected_conn_id": optional(any_text),
            "receipts_path": optional(read_path),
            "receipts_conn_id": optional(any_text),
            "min_rows": whole(0, "number of recipients"),
            "max_rows": optional(whole(1, "number of rows")),
            "verify": optional(choice("count")),
            "mailkit_conn_id": text,
        }

    @classmethod
    def check_arguments_together(cls, known: Mapping[str, Any], given: Mapping[str, Any]) -> None:
        """Check the columns, and the paths of files."""
        from airflow_provider_mailkit._arguments import is_known
        from airflow_provider_mailkit.imports.rows import check_columns, read_constants
        from airflow_provider_mailkit.operators._files import check_file_argument, check_one_of

        check_one_of(known, given, "source", "rows")
        allow_status = bool(known.get("allow_status"))
        constants = {name: value for name, value in (known.get("constants") or {}).items() if is_known(value)}
        read_constants(constants, allow_status=allow_status)
        if known.get("columns") is not None:
            check_columns(known["columns"], known.get("constants") or {}, allow_status=allow_status)
        for name in ("rejected_path", "receipts_path"):
            check_file_argument(name, known, given)

    def execute(self, context: Context) -> dict[str, Any]:
        """Import; return the summary."""
        from airflow_provider_mailkit import _metrics
        from airflow_provider_mailkit._boundary import permanent_errors_fail_the_task
        from airflow_provider_mailkit._compat import task_store
        from airflow_provider_mailkit.imports.run import describe_import
        from airflow_provider_mailkit.operators.outlets import tell_outlets

        with permanent_errors_fail_the_task():
            self._lineage = Lineage()
            summary = self._import(self.read_arguments(), task_store(context))
        self.log.info("%s", describe_import(summary))
        _metrics.imported(summary, self.mailkit_conn_id)
        if (events := context.get("outlet_events")) is not None:
            tell_outlets(self.outlets or (), events, summary)
        return summary

    def _import(self, arguments: Mapping[str, Any], store: Any) -> dict[str, Any]:
        from airflow_provider_mailkit.catalogue.functions.mailinglists import MAILING_LIST_IMPORT
        from airflow_provider_mailkit.hooks.mailkit import MailkitHook
        from airflow_provider_mailkit.imports.readers import RowFormat
        from airflow_provider_mailkit.imports.rows import RecipientBuilder
        from airflow_provider_mailkit.operators._best_effort import best_effort
        from airflow_provider_mailkit.operators._files import find_files
        from airflow_provider_mailkit.operators._lineage import function_name
        from airflow_provider_mailkit.storage.lineage import dataset_name

        hook = MailkitHook(self.mailkit_conn_id)
        files = find_files(arguments, arguments["source_conn_id"]) if arguments["source"] is not None else []
        builder = RecipientBuilder(
            arguments["columns"], arguments["constants"] or {}, arguments["allow_status"]
        )
        run = self._run(arguments, files, hook, builder, store)
        if arguments["source"] is None:
            summary = run.from_rows(arguments["rows"])
        else:
            with best_effort(self.log, "Lineage lacks the source"):
                for file in files:
                    self._lineage.reads(dataset_name(file))
            read = RowFormat(arguments["file_format"], arguments["compression"], arguments["delimiter"])
            summary = run.from_files(files, read)
        if rows := summary["acknowledged"] - summary["refused"]:
            name = function_name(hook.account.endpoint.base_url, MAILING_LIST_IMPORT.name)
            self._lineage.has_written(name, builder.filled, rows=rows)
        return {"function": MAILING_LIST_IMPORT.name, **summary}

    def _run(
        self,
        arguments: Mapping[str, Any],
        files: Sequence[SourceFile],
        hook: MailkitHook,
        builder: RecipientBuilder,
        store: Any,
    ) -> ImportRun:
        """Return the run of an import.

        :raises MailkitError: a file that it writes would replace one that it reads.
        """
        from airflow_provider_mailkit.imports.guards import Guards
        from airflow_provider_mailkit.imports.journal import COLUMNS
        from airflow_provider_mailkit.imports.records import RecordFile
        from airflow_provider_mailkit.imports.rejected import RejectedFile
        from airflow_provider_mailkit.imports.run import ImportRun
        from airflow_provider_mailkit.operators._files import check_apart, resolve_file

        written = {
            name: resolve_file(name, arguments[name], arguments[name.replace("_path", "_conn_id")])
            for name in ("rejected_path", "receipts_path")
            if arguments[name]
        }
        check_apart({name: target for name, (target, _) in written.items()}, files)
        rejected, receipts = written.get("rejected_path"), written.get("receipts_path")
        return ImportRun(
            client=hook.get_conn(),
            id_user_list=arguments["id_user_list"],
            builder=builder,
            guards=Guards(arguments["on_invalid"], arguments["max_invalid"], arguments["min_rows"]),
            max_rows=arguments["max_rows"],
            batch_rows=arguments["batch_rows"],
            verifies=arguments["verify"] == "count",
            rejected=RejectedFile(*rejected) if rejected else None,
            receipts=RecordFile(*receipts, COLUMNS) if receipts else None,
            store=store,
            is_stopped=lambda: self._killed,
        )


def _rows(name: str, value: Any) -> list[Mapping[str, Any]]:
    """Read rows that are passed directly."""
    rows: list[Any] = list(value) if is_several(value) else [None]
    if not all(isinstance(row, Mapping) and all(isinstance(key, str) for key in row) for row in rows):
        # The message must not show any of the value.
        raise MailkitArgumentError(
            f"{name} must be a list of dicts from names to values, not this {type(value).__name__}. Pass the "
            "other task's output itself, or render templates as native objects."
        )
    return rows


def _part(name: str, value: Any) -> float:
    """Read a share from 0 to 1."""
    try:
        part = number(value)
    except ValueError:
        part = -1.0
    if not 0 <= part <= 1:
        raise wrong(name, "a number from 0 to 1", value)
    return part
