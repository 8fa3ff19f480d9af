"""Logs: reports to which rows are only added, so that reading can continue later."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from airflow_provider_mailkit.catalogue.parameters import nearest, shown
from airflow_provider_mailkit.catalogue.report import Report
from airflow_provider_mailkit.catalogue.reports import REPORTS
from airflow_provider_mailkit.exceptions import MailkitArgumentError
from airflow_provider_mailkit.protocol.plan import check_parameters


def readable_log(function: Any) -> Report:
    """Return the log that a function answers.

    :raises MailkitError: the function has no log. The message names the nearest one that has.
    """
    logs = {name: report for name, report in REPORTS.items() if report.is_log}
    if report := logs.get(function) if isinstance(function, str) else None:
        return report
    meant = nearest(function, logs) if isinstance(function, str) else None
    raise MailkitArgumentError(
        f"function must be one of {', '.join(logs)}, not {shown(function)}."
        + (f" The nearest is {meant}." if meant else "")
        + " Other reports change, and are exported whole by MailkitExportOperator."
    )


def check_filter(
    report: Report, parameters: Mapping[str, Any], unknown: Collection[str] = ()
) -> dict[str, Any]:
    """Check and return the parameters that limit a log, without those that are None.

    :param unknown: names whose values are not known yet, such as those of templates.
    :raises MailkitError: a name is unknown or belongs to the paging, or a value is not of its kind.
    """
    paging = report.paging
    if paging is None:
        raise ValueError(f"{report.name} does not come in pages")
    given = {name: value for name, value in parameters.items() if value is not None}
    for name, argument in ((paging.start, "start"), (paging.limit, "page_size")):
        if name in given:
            raise MailkitArgumentError(
                f"{report.name}: {name} is not for parameters, since each page has another one. Use the "
                f"argument {argument}."
            )
    check_parameters(report, given, unknown=unknown)
    return given
