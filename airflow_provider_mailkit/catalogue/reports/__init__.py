"""All reports that can be exported, by the name of their function.

To add one, declare it in a file of this folder and name it here.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from airflow_provider_mailkit.catalogue.checks import first_doubled
from airflow_provider_mailkit.catalogue.functions import FUNCTIONS
from airflow_provider_mailkit.catalogue.report import Report
from airflow_provider_mailkit.catalogue.reports import deliveries, lists, raw


def by_name(reports: Sequence[Report]) -> dict[str, Report]:
    """Return reports by the names of their functions.

    :raises ValueError: two reports have the same function, or the list of functions lacks one.
    """
    if again := first_doubled(report.name for report in reports):
        raise ValueError(f"{again} has two reports")
    for report in reports:
        if FUNCTIONS.get(report.name) is not report.function:
            raise ValueError(
                f"{report.name}: add the function to the tuple of its file in catalogue/functions/"
            )
    return {report.name: report for report in reports}


#: Every report by the name of its function.
REPORTS: Final = by_name(
    (
        deliveries.CAMPAIGNS,
        deliveries.DELIVERIES,
        deliveries.TOTALS,
        deliveries.RECIPIENTS,
        deliveries.FEEDBACK,
        deliveries.LINKS,
        deliveries.VISITORS,
        deliveries.BOUNCES,
        raw.MESSAGES,
        raw.RESPONSES,
        raw.RAW_BOUNCES,
        lists.UNSUBSCRIBED,
        lists.MEMBERS,
        lists.ENGAGEMENT,
        lists.MAILING_LISTS,
        lists.CAMPAIGN_LIST,
        lists.HISTORY,
        lists.SCHEDULE,
        lists.ADDRESS_HISTORY,
        lists.SENDERS,
        lists.QUERIES,
    )
)
