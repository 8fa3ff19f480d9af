"""The operator that exports the recipients report of a delivery."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from airflow_provider_mailkit._arguments import Kind, identifier
from airflow_provider_mailkit._hidden import CheckedArgument
from airflow_provider_mailkit.operators.export import MailkitExportOperator

if TYPE_CHECKING:
    from airflow_provider_mailkit.catalogue.report import Report

_FUNCTION = "mailkit.report.message.recipients"


class MailkitRecipientsOperator(MailkitExportOperator):
    """Writes the recipients report of a delivery to a file, or returns it as XCom.

    The other arguments are those of :class:`MailkitExportOperator`, which this is for
    ``mailkit.report.message.recipients``. The summary has ``id_send``, ``uri``, ``file_format``,
    ``compression``, ``rows``, ``bytes``, ``sha256``, ``status_counts``, ``ab_counts``, ``read_recipients``,
    ``read_total``, ``click_recipients``, ``click_total``, ``first_date``, ``last_date``, ``duplicates``,
    ``exported_at``, ``seconds``.

    :param id_send: ID of the delivery, int or str. Templated.
    """

    # The order matters: output_path may refer to the rendered id_send as {{ ti.task.id_send }}.
    template_fields: Sequence[str] = ("id_send", "output_path", "output_conn_id", "mailkit_conn_id")
    named_after: Sequence[str] = ("id_send",)
    id_send = CheckedArgument()

    def __init__(self, *, id_send: int | str, **kwargs: Any) -> None:
        self.id_send = id_send
        super().__init__(function=_FUNCTION, parameters=None, **kwargs)

    @classmethod
    def argument_kinds(cls) -> dict[str, Kind]:
        """Return what each argument may be."""
        kinds = super().argument_kinds()
        del kinds["function"], kinds["parameters"]
        return {"id_send": identifier("delivery"), **kinds}

    @classmethod
    def _report(cls, arguments: Mapping[str, Any]) -> Report:
        from airflow_provider_mailkit.protocol.plan import exportable

        return exportable(_FUNCTION)

    @classmethod
    def _asked(cls, arguments: Mapping[str, Any]) -> dict[str, Any]:
        return {"ID_send": arguments["id_send"]}

    @classmethod
    def _check_parameters(cls, report: Report, known: Mapping[str, Any]) -> None:
        """The ID has been checked by its kind."""

    def _returned(self, summary: dict[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in summary.items() if name != "function"}
