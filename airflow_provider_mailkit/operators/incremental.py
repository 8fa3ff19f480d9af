"""The operator that exports what is new in a log of Mailkit, each row once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from os import PathLike
from typing import TYPE_CHECKING, Any, Literal

from airflow_provider_mailkit._arguments import (
    Kind,
    any_text,
    flag,
    identifier,
    is_known,
    names_and_values,
    optional,
    text,
    whole,
)
from airflow_provider_mailkit._checked import ChecksArguments
from airflow_provider_mailkit._compat import BaseOperator
from airflow_provider_mailkit._hidden import HiddenArgument
from airflow_provider_mailkit.operators._hidden import parameters_shown
from airflow_provider_mailkit.operators._killable import Killable
from airflow_provider_mailkit.operators._lineage import Lineage, TellsLineage

if TYPE_CHECKING:
    from airflow_provider_mailkit._compat import Context
    from airflow_provider_mailkit.catalogue.report import Report
    from airflow_provider_mailkit.export.increments import IncrementalExport
    from airflow_provider_mailkit.storage.folder import Folder

_BEGINNING = "beginning"
_MOST_OVERLAP = 100_000


class MailkitIncrementalExportOperator(Killable, TellsLineage, ChecksArguments, BaseOperator):
    """Writes the new rows of a raw report to files in a folder: each row to exactly one file.

    This holds even if tasks are killed, retried, cleared, or run twice at the same time. The folder
    ``_mailkit/`` beside the files records what was exported. The task returns what this DAG run has exported,
    in all its tries: ``function``, ``rows``, ``files`` (each with ``uri``, ``rows``, ``bytes``, ``sha256``,
    ``first_id``, ``last_id``), ``next_id``, ``caught_up``, ``pages``, ``seconds``. If there are no new rows,
    the task writes no file and outlets get no event.

    :param function: ``mailkit.report.raw.responses``, ``mailkit.report.raw.bounces`` or
        ``mailkit.report.raw.messages``.
    :param output_path: a folder that only this export uses: any URL that Airflow's ObjectStoragePath accepts,
        or a local path. Templated; note that a new folder starts the export from the beginning.
    :param output_conn_id: connection of the storage. Templated.
    :param parameters: ``ID_message`` or ``ID_send``, to limit the report. Templated.
    :param start: where the first run begins: ``beginning``, or the ID of a row. Later runs continue where the
        run before ended.
    :param page_size: rows per call, 2 to 25,000.
    :param rows_per_file: the maximum number of rows in a file.
    :param max_rows: the maximum number of new rows in a run. Later runs export the rest; until then
        ``caught_up`` is False.
    :param overlap: how many known rows each page reads again, to find rows that appear late.
    :param file_format: ``parquet``, ``jsonl`` or ``csv``.
    :param compression: ``gzip`` or ``zstd``, for ``jsonl`` and ``csv``.
    :param columns: which columns to write, in this order. Default: all.
    :param addresses: what to do with e-mail addresses: ``keep`` them, ``hash`` them (HMAC-SHA256 with the
        connection's ``hash_secret``), or ``drop`` their columns.
    :param personal: what to do with other personal data, such as names and IP addresses: ``keep`` or ``drop``
        their columns.
    :param unknown_fields: what to do with fields that Mailkit does not document: ``warn`` logs them once and
        leaves them out, ``keep`` writes them as JSON into a column ``EXTRA``, ``fail`` fails the task.
    :param allow_unsafe_storage: whether to use a store in which two tasks can create the same file. Two runs
        at the same time may then both export the same rows.
    :param mailkit_conn_id: connection to Mailkit. Templated.
    """

    # The order matters: output_path may refer to the rendered ones as {{ ti.task.parameters.ID_send }}.
    template_fields: Sequence[str] = ("parameters", "output_path", "output_conn_id", "mailkit_conn_id")
    ui_color = "#cde7f5"
    parameters = HiddenArgument(parameters_shown)

    def __init__(
        self,
        *,
        function: str,
        output_path: str | PathLike[str],
        output_conn_id: str | None = None,
        parameters: Mapping[str, Any] | None = None,
        start: Literal["beginning"] | int = "beginning",
        page_size: int = 25_000,
        rows_per_file: int = 1_000_000,
        max_rows: int = 5_000_000,
        overlap: int = 1_000,
        file_format: Literal["parquet", "jsonl", "csv"] = "parquet",
        compression: Literal["gzip", "zstd"] | None = None,
        columns: Sequence[str] | None = None,
        addresses: Literal["keep", "hash", "drop"] = "keep",
        personal: Literal["keep", "drop"] = "keep",
        unknown_fields: Literal["warn", "keep", "fail"] = "warn",
        allow_unsafe_storage: bool = False,
        mailkit_conn_id: str = "mailkit_default",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.function = function
        self.output_path = output_path
        self.output_conn_id = output_conn_id
        self.parameters = parameters
        self.start = start
        self.page_size = page_size
        self.rows_per_file = rows_per_file
        self.max_rows = max_rows
        self.overlap = overlap
        self.file_format = file_format
        self.compression = compression
        self.columns = columns
        self.addresses = addresses
        self.personal = personal
        self.unknown_fields = unknown_fields
        self.allow_unsafe_storage = allow_unsafe_storage
        self.mailkit_conn_id = mailkit_conn_id
        self.check_when_parsed()
        self._place_as_written = {"output_path": output_path, "output_conn_id": output_conn_id}

    @classmethod
    def argument_kinds(cls) -> dict[str, Kind]:
        """Return what each argument may be."""
        from airflow_provider_mailkit.export.rows import ADDRESSES, PERSONAL, UNKNOWN_FIELDS, column_names
        from airflow_provider_mailkit.protocol.logs import readable_log
        from airflow_provider_mailkit.storage.path_text import read_path
        from airflow_provider_mailkit.writers import COMPRESSION, SOME_FILE_FORMAT

        return {
            "function": lambda name, value: readable_log(value),
            "output_path": read_path,
            "output_conn_id": optional(any_text),
            "parameters": optional(names_and_values),
            "start": _start,
            "page_size": whole(2, "number of rows", 25_000),
            "rows_per_file": whole(1, "number of rows"),
            "max_rows": whole(1, "number of rows"),
            "overlap": whole(0, "number of rows", _MOST_OVERLAP),
            "file_format": SOME_FILE_FORMAT,
            "compression": COMPRESSION,
            "columns": optional(column_names),
            "addresses": ADDRESSES,
            "personal": PERSONAL,
            "unknown_fields": UNKNOWN_FIELDS,
            "allow_unsafe_storage": flag,
            "mailkit_conn_id": text,
        }

    @classmethod
    def check_arguments_together(cls, known: Mapping[str, Any], given: Mapping[str, Any]) -> None:
        """Check the columns and the parameters against the report, and the format."""
        from airflow_provider_mailkit.export.rows import RowOptions
        from airflow_provider_mailkit.protocol.logs import check_filter
        from airflow_provider_mailkit.storage.path_text import check_template
        from airflow_provider_mailkit.writers import name_format

        report = known.get("function")
        if report:
            # Assume the most permissive values for arguments that are not known yet.
            RowOptions(
                known.get("columns"),
                known.get("addresses", "keep"),
                known.get("unknown_fields", "keep"),
                personal=known.get("personal", "keep"),
            ).check_columns(report)
            if "parameters" in known:
                asked = known["parameters"] or {}
                check_filter(report, asked, unknown=[name for name in asked if not is_known(asked[name])])
        path = given.get("output_path")
        if isinstance(path, str) and "output_path" not in known:
            check_template("output_path", path)
        if {"file_format", "compression"} <= known.keys():
            name_format("", known["file_format"], known["compression"])

    def execute(self, context: Context) -> dict[str, Any]:
        """Export what is new; return what this DAG run has exported."""
        from airflow_provider_mailkit import _metrics
        from airflow_provider_mailkit._boundary import permanent_errors_fail_the_task
        from airflow_provider_mailkit.export.summary import describe_increment
        from airflow_provider_mailkit.operators._publishing import lineage_collector, tell_of_file
        from airflow_provider_mailkit.operators.mapped import check_no_shared_file
        from airflow_provider_mailkit.operators.outlets import tell_outlets

        with permanent_errors_fail_the_task():
            arguments = self.read_arguments()
            check_no_shared_file(self, self._place_as_written, context)
            self._lineage = Lineage()
            folder = self._folder(arguments)
            export = self._prepare(arguments, folder, context)
            collector = lineage_collector(self.log)
            with self._aborted_when_killed(export):
                result = export.run()
        self.log.info("%s", describe_increment(result))
        size = sum(file["bytes"] for file in result["files"])
        _metrics.exported(result | {"bytes": size}, result["function"], self.mailkit_conn_id)
        for file in result["files"]:
            target = folder.target(file["uri"].rpartition("/")[2])
            tell_of_file(self, self._lineage, collector, target, export.columns, file)
        if not result["rows"]:
            # Airflow makes an event of each outlet of a task that succeeds.
            self.outlets = []
        elif (events := context.get("outlet_events")) is not None:
            tell_outlets(self.outlets or (), events, result, uri=folder.uri)
        return result

    def _folder(self, arguments: Mapping[str, Any]) -> Folder:
        from airflow_provider_mailkit.exceptions import MailkitArgumentError
        from airflow_provider_mailkit.storage.folder import resolve_folder
        from airflow_provider_mailkit.storage.path_text import shown_path

        path = arguments["output_path"]
        try:
            return resolve_folder(path, self.output_conn_id or None)
        except ValueError as error:
            raise MailkitArgumentError(f"output_path {shown_path(path)} cannot be used: {error}.") from error

    def _prepare(self, arguments: Mapping[str, Any], folder: Folder, context: Context) -> IncrementalExport:
        """Check what can be checked before Mailkit is called."""
        from airflow_provider_mailkit.export.increments import IncrementalExport, Limits
        from airflow_provider_mailkit.export.rows import RowOptions
        from airflow_provider_mailkit.hooks.mailkit import MailkitHook
        from airflow_provider_mailkit.operators._lineage import function_name
        from airflow_provider_mailkit.protocol.logs import check_filter
        from airflow_provider_mailkit.writers import choose_format

        hook = MailkitHook(self.mailkit_conn_id)
        report: Report = arguments["function"]
        asked = arguments["parameters"] or {}
        options = RowOptions(
            arguments["columns"],
            arguments["addresses"],
            arguments["unknown_fields"],
            hook.account.hash_secret,
            arguments["personal"],
        )
        options.output_columns(report)
        self._lineage.reads(function_name(hook.account.endpoint.base_url, report.name), report.all_columns)
        return IncrementalExport(
            hook.get_conn(),
            report,
            check_filter(report, asked),
            options,
            choose_format("", arguments["file_format"], arguments["compression"]),
            folder,
            Limits(
                **{name: arguments[name] for name in ("page_size", "rows_per_file", "max_rows", "overlap")}
            ),
            start=arguments["start"],
            run=_run_of(context),
            allow_unsafe=arguments["allow_unsafe_storage"],
        )


def _start(name: str, value: Any) -> int | None:
    """Read where an export begins: None stands for the first row."""
    if isinstance(value, str) and value.strip().lower() == _BEGINNING:
        return None
    return identifier(f"row, or {_BEGINNING!r}")(name, value)


def _run_of(context: Context) -> str:
    """Return an ID of the DAG run and the task; empty without a run."""
    from hashlib import sha256

    ti = context.get("ti")
    run_id = getattr(ti, "run_id", None)
    if not isinstance(run_id, str):
        return ""
    names = [run_id, *(str(getattr(ti, name, "")) for name in ("dag_id", "task_id", "map_index"))]
    return sha256("\n".join(names).encode()).hexdigest()[:32]
