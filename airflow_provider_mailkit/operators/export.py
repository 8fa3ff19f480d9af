"""The operator that exports any report of Mailkit."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from os import PathLike
from typing import TYPE_CHECKING, Any, Literal

from airflow_provider_mailkit._arguments import (
    Kind,
    any_text,
    flag,
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
from airflow_provider_mailkit.operators._publishing import PublishesFile

if TYPE_CHECKING:
    from airflow_provider_mailkit._compat import Context
    from airflow_provider_mailkit.catalogue.report import Report
    from airflow_provider_mailkit.export.pipeline import Export
    from airflow_provider_mailkit.storage.publication import Publication
    from airflow_provider_mailkit.storage.target import Target


class MailkitExportOperator(PublishesFile, ChecksArguments, BaseOperator):
    """Writes a report of Mailkit to a file on a disk or in object storage, or returns its rows as XCom.

    With ``output_path`` the file appears whole or not at all, and the task returns a summary without any
    address: ``function``, the requested IDs (such as ``id_send``), ``uri``, ``file_format``, ``compression``,
    ``rows``, ``bytes``, ``sha256``, what the report counts, ``duplicates``, ``pages`` if the report comes in
    pages, ``exported_at``, ``seconds``. Without ``output_path`` the task returns the rows, and pushes the
    summary to XCom under the key ``summary``.

    :param function: the full name of a function whose answer has rows, such as
        ``mailkit.report.message.links``.
    :param parameters: its parameters, under Mailkit's own names. An ID may be a list, or ``all``, where the
        report allows it; all calls then go into one file. Templated. Airflow shows values that may be
        personal as ``***``, and other templates get the same.
    :param output_path: any URL that Airflow's ObjectStoragePath accepts, or a local path, as a text, a Path
        or an ObjectStoragePath. Templated.
    :param output_conn_id: connection of the storage. Templated.
    :param file_format: ``jsonl``, ``csv`` or ``parquet``. Default: from the suffix of the path.
    :param compression: ``gzip`` or ``zstd``. Default: from the suffix ``.gz`` or ``.zst``.
    :param columns: which columns to write, in this order. Default: all.
    :param addresses: what to do with e-mail addresses: ``keep`` them; ``hash`` them (HMAC-SHA256 with the
        connection's ``hash_secret`` over the trimmed, lower-cased address, in hexadecimal); or ``drop`` their
        columns.
    :param personal: what to do with other personal data, such as names and IP addresses: ``keep`` or ``drop``
        their columns.
    :param unknown_fields: what to do with fields that Mailkit does not document: ``warn`` logs them once and
        leaves them out, ``keep`` writes them as JSON into a column ``EXTRA``, ``fail`` fails the task.
    :param overwrite: whether to replace an existing file. If False, an existing file fails the task before
        Mailkit is called.
    :param max_xcom_bytes: the maximum size of the rows in XCom, in bytes of JSON.
    :param look_back_days: for reports about a range of days: how many days before the last one the range
        begins, if no first day is given.
    :param mailkit_conn_id: connection to Mailkit. Templated.
    """

    # The order matters: output_path may refer to the rendered ones as {{ ti.task.parameters.ID_send }}.
    template_fields: Sequence[str] = ("parameters", "output_path", "output_conn_id", "mailkit_conn_id")
    named_after: Sequence[str] = ("parameters",)
    ui_color = "#cde7f5"
    parameters = HiddenArgument(parameters_shown)

    def __init__(
        self,
        *,
        function: str,
        parameters: Mapping[str, Any] | None = None,
        output_path: str | PathLike[str] | None = None,
        output_conn_id: str | None = None,
        file_format: Literal["jsonl", "csv", "parquet"] | None = None,
        compression: Literal["gzip", "zstd"] | None = None,
        columns: Sequence[str] | None = None,
        addresses: Literal["keep", "hash", "drop"] = "keep",
        personal: Literal["keep", "drop"] = "keep",
        unknown_fields: Literal["warn", "keep", "fail"] = "warn",
        overwrite: bool = True,
        max_xcom_bytes: int = 49152,
        look_back_days: int = 30,
        mailkit_conn_id: str = "mailkit_default",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.function = function
        self.parameters = parameters
        self.output_path = output_path
        self.output_conn_id = output_conn_id
        self.file_format = file_format
        self.compression = compression
        self.columns = columns
        self.addresses = addresses
        self.personal = personal
        self.unknown_fields = unknown_fields
        self.overwrite = overwrite
        self.max_xcom_bytes = max_xcom_bytes
        self.look_back_days = look_back_days
        self.mailkit_conn_id = mailkit_conn_id
        self.check_when_parsed()
        self._place_as_written = {"output_path": output_path, "output_conn_id": output_conn_id}

    @classmethod
    def argument_kinds(cls) -> dict[str, Kind]:
        """Return what each argument may be."""
        from airflow_provider_mailkit.export.rows import ADDRESSES, PERSONAL, UNKNOWN_FIELDS, column_names
        from airflow_provider_mailkit.protocol.plan import exportable
        from airflow_provider_mailkit.storage.path_text import read_path
        from airflow_provider_mailkit.writers import COMPRESSION, FILE_FORMAT

        return {
            "function": lambda name, value: exportable(value),
            "parameters": optional(names_and_values),
            "output_path": optional(read_path),
            "output_conn_id": optional(any_text),
            "file_format": FILE_FORMAT,
            "compression": COMPRESSION,
            "columns": optional(column_names),
            "addresses": ADDRESSES,
            "personal": PERSONAL,
            "unknown_fields": UNKNOWN_FIELDS,
            "overwrite": flag,
            "max_xcom_bytes": whole(1, "number of bytes"),
            "look_back_days": whole(0, "number of days"),
            "mailkit_conn_id": text,
        }

    @classmethod
    def check_arguments_together(cls, known: Mapping[str, Any], given: Mapping[str, Any]) -> None:
        """Check the columns and the parameters against the report, and the path against the format."""
        from airflow_provider_mailkit.export.rows import RowOptions
        from airflow_provider_mailkit.storage.path_text import check_template
        from airflow_provider_mailkit.writers import check_format

        report = cls._report(known)
        if report:
            # Assume the most permissive values for arguments that are not known yet.
            RowOptions(
                known.get("columns"),
                known.get("addresses", "keep"),
                known.get("unknown_fields", "keep"),
                personal=known.get("personal", "keep"),
            ).check_columns(report)
            cls._check_parameters(report, known)
        path = known.get("output_path", given.get("output_path"))
        if isinstance(path, str) and "output_path" not in known:
            check_template("output_path", path)
        if isinstance(path, str) and {"file_format", "compression"} <= known.keys():
            check_format(path, known["file_format"], known["compression"])

    @classmethod
    def _report(cls, arguments: Mapping[str, Any]) -> Report | None:
        """Return the report, as far as its arguments are known."""
        return arguments.get("function")

    @classmethod
    def _asked(cls, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Return the parameters of the calls."""
        return dict(arguments["parameters"] or {})

    @classmethod
    def _check_parameters(cls, report: Report, known: Mapping[str, Any]) -> None:
        """Check the parameters as far as they are known."""
        from airflow_provider_mailkit.protocol.plan import check_parameters

        if "parameters" in known:
            asked = cls._asked(known)
            check_parameters(report, asked, unknown=[n for n in asked if not is_known(asked[n])])

    def execute(self, context: Context) -> Any:
        """Export; return the summary, or the rows without ``output_path``."""
        from airflow_provider_mailkit import _metrics
        from airflow_provider_mailkit._boundary import permanent_errors_fail_the_task
        from airflow_provider_mailkit.export.summary import describe_export
        from airflow_provider_mailkit.operators.outlets import delivery_keys, tell_outlets

        with permanent_errors_fail_the_task():
            arguments = self.read_arguments()
            self._begin(context)
            export = self._export(arguments, context)
            target, rows = self._target(arguments), None
            if target is None:
                rows, summary = export.to_rows(arguments["max_xcom_bytes"])
            else:
                write = self._writer(export, target, arguments)
                summary = self._publish(context, target, write, export.columns)
        self.log.info("%s", describe_export(summary, export.title))
        _metrics.exported(summary, summary["function"], self.mailkit_conn_id)
        summary = self._returned(summary)
        if (events := context.get("outlet_events")) is not None:
            tell_outlets(self.outlets or (), events, summary, delivery_keys(self, context, summary))
        if rows is None:
            return summary
        ti = context.get("ti")
        if self.do_xcom_push and ti is not None:
            ti.xcom_push(key="summary", value=summary)
        return rows

    def _returned(self, summary: dict[str, Any]) -> dict[str, Any]:
        """Return the summary as the task returns it."""
        return summary

    def _export(self, arguments: Mapping[str, Any], context: Context) -> Export:
        """Check what can be checked before Mailkit is called."""
        from airflow_provider_mailkit._progress import StoredProgress
        from airflow_provider_mailkit.export.pipeline import Export
        from airflow_provider_mailkit.export.rows import RowOptions
        from airflow_provider_mailkit.hooks.mailkit import MailkitHook
        from airflow_provider_mailkit.operators._lineage import function_name
        from airflow_provider_mailkit.protocol.days import complete_days
        from airflow_provider_mailkit.protocol.plan import check_parameters

        hook = MailkitHook(self.mailkit_conn_id)
        report = self._report(arguments)
        assert report is not None  # noqa: S101 - all arguments are known by now
        zone = hook.account.endpoint.zone
        asked = complete_days(report, self._asked(arguments), zone, arguments.get("look_back_days"))
        check_parameters(report, asked, zone)
        options = RowOptions(
            arguments["columns"],
            arguments["addresses"],
            arguments["unknown_fields"],
            hook.account.hash_secret,
            arguments.get("personal", "keep"),
        )
        options.output_columns(report)
        base_url = hook.account.endpoint.base_url
        self._lineage.reads(function_name(base_url, report.name), report.all_columns)
        return Export(hook.get_conn(), report, asked, options, StoredProgress(context))

    def _writer(
        self, export: Export, target: Target, arguments: Mapping[str, Any]
    ) -> Callable[[Publication], dict[str, Any]]:
        from airflow_provider_mailkit.writers import choose_format

        output_format = choose_format(
            arguments["output_path"], arguments["file_format"], arguments["compression"]
        )
        return lambda publication: export.to_file(publication, target.uri, output_format)
