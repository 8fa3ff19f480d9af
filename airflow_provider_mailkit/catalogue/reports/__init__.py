"""All reports that can be exported, by the name of their function.

To add one, declare it in a file of this folder and name it here.
"""

from __future__ import annotations

from typing import Final

from airflow_provider_mailkit.catalogue.report import Report
from airflow_provider_mailkit.catalogue.reports import deliveries, lists, raw

#: Every report by the name of its function.
REPORTS: Final[dict[str, Report]] = {
    report.name: report
    for report in (
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
}
