"""Campaigns, deliveries, and the recipients, links and bounces of one delivery."""

from __future__ import annotations

from typing import Final

from airflow_provider_mailkit.catalogue.columns import (
    ADDRESS,
    DAY,
    DECIMAL,
    INSTANT,
    INTEGER,
    Column,
    integers,
    others,
    plain_texts,
)
from airflow_provider_mailkit.catalogue.functions import reports as functions
from airflow_provider_mailkit.catalogue.report import (
    Context,
    CountBy,
    DayRange,
    Every,
    Range,
    Report,
    Total,
)

_LAST_DAYS = DayRange("range_from", "range_to", look_back_days=30)
_OF_A_DELIVERY = Context(Column("ID_SEND", INTEGER, key=True), "ID_send")
# For reports in which the ID of a message identifies a row.
_OF_ITS_DELIVERY = Context(Column("ID_SEND", INTEGER), "ID_send")
_SENT = (Total("SEND_COUNT", "send_total"), Total("DELIVERED_COUNT", "delivered_total"))

CAMPAIGNS: Final = Report(
    functions.REPORT,
    row="campaign",
    columns=(
        Column("ID_MESSAGE", INTEGER, key=True),
        Column("NAME"),
        *integers(
            "SEND_COUNT", "DELIVERED_COUNT", "READ_COUNT", "READ_COUNT_U", "CLICK_COUNT", "CLICK_COUNT_U"
        ),
        # Nobody has seen a value of a rate. A text can become a number later, but a wrong number cannot be
        # undone.
        Column("CLICK_RATE"),
    ),
    measures=_SENT,
    days=_LAST_DAYS,
)

DELIVERIES: Final = Report(
    functions.REPORT_CAMPAIGN,
    row="delivery",
    context=(Context(Column("ID_MESSAGE", INTEGER), "ID_message"),),
    columns=(
        Column("ID_SEND", INTEGER, key=True),
        Column("DATE", INSTANT),
        Column("DATE2", DAY),
        # The name of the sender may be that of an employee.
        *others("FROM"),
        *plain_texts("SUBJECT"),
        *integers(
            "SEND_COUNT", "DELIVERED_COUNT", "READ_COUNT", "READ_COUNT_U", "CLICK_COUNT", "CLICK_COUNT_U"
        ),
        *plain_texts("CLICK_RATE", "CLICK_RATE2"),
        *integers("CONVERSION_COUNT", "CONVERSION_COUNT_U"),
        Column("REV", DECIMAL),
        *integers("UNSUBSCRIBE", "SPAM_REPORT", "FORWARD_COUNT", "PRINT_COUNT"),
    ),
    measures=(*_SENT, Range("DATE")),
    days=_LAST_DAYS,
    every=(Every("ID_message", functions.REPORT, "ID_MESSAGE", may_vanish=True),),
    meanings={
        "DATE": "when the delivery began",
        "DATE2": "the day of the delivery",
        "FROM": "the sender; a word of SQL, so quote it there",
    },
)

TOTALS: Final = Report(
    functions.REPORT_MESSAGE,
    row="delivery",
    context=(_OF_A_DELIVERY,),
    columns=(
        Column("SUBJECT"),
        Column("SEND_DATE", INSTANT),
        *integers("SEND_COUNT", "DELIVERED_COUNT"),
        Column("FAILED_COUNT", INTEGER, often_empty=True),
        *integers("READ_COUNT", "READ_COUNT_U", "CLICK_COUNT", "CLICK_COUNT_U", "MINIPAGE_CLICK_COUNT"),
        *integers("CONVERSION_COUNT", "CONVERSION_COUNT_U"),
        Column("REV", DECIMAL),
        Column("UTM"),
    ),
    measures=(*_SENT, Total("FAILED_COUNT", "failed_total"), Range("SEND_DATE")),
    meanings={
        "MINIPAGE_CLICK_COUNT": "clicks on the mini page",
    },
)

RECIPIENTS: Final = Report(
    functions.REPORT_RECIPIENTS,
    row="recipient",
    context=(_OF_ITS_DELIVERY,),
    columns=(
        Column("ID_SEND_MESSAGE", INTEGER, key=True, unique=True),
        Column("ID_EMAIL", INTEGER, unique=True),
        Column("EMAIL", personal=ADDRESS, unique=True),
        Column("STATUS", usual=("sent", "failed", "wait", "wait_ab")),
        Column("AB_VERSION", usual=("", "A", "B"), often_empty=True),
        Column("DATE", INSTANT, often_empty=True),
        Column("READ_COUNT", INTEGER),
        Column("CLICK_COUNT", INTEGER),
    ),
    measures=(
        CountBy("STATUS", "status_counts"),
        CountBy("AB_VERSION", "ab_counts"),
        Total("READ_COUNT", "read_total", "read_recipients"),
        Total("CLICK_COUNT", "click_total", "click_recipients"),
        Range("DATE"),
    ),
    meanings={
        "STATUS": "progress of the message: `wait` and `wait_ab` are not final, `sent` and `failed` are",
        "DATE": "when it was sent",
        "READ_COUNT": "reads of this recipient",
        "CLICK_COUNT": "clicks of this recipient",
    },
)

FEEDBACK: Final = Report(
    functions.REPORT_FEEDBACK,
    row="hour or day",
    context=(_OF_A_DELIVERY, Context(Column("PERIOD", usual=("DAY", "WEEK", "MONTH")), "period")),
    columns=(
        Column("DATE", INSTANT, key=True),
        *integers("READ", "OPEN", "OPEN_P", "CLICK", "VISIT", "VISIT_P", "UNSUBSCRIBE", "SPAM_REPORT"),
    ),
    measures=(Total("READ", "read_total"), Total("CLICK", "click_total"), Range("DATE")),
    meanings={
        "DATE": "when the hour or the day begins",
    },
)

LINKS: Final = Report(
    functions.REPORT_LINKS,
    row="link",
    context=(_OF_A_DELIVERY,),
    columns=(
        Column("ID_URL", INTEGER, key=True),
        *plain_texts("URL", "TITLE", "TITLE_SHORT", "ANCHOR"),
        Column("AB_VERSION", key=True, usual=("", "A", "B"), often_empty=True),
        *integers("CLICK", "VISIT", "CONVERSION"),
    ),
    measures=(Total("CLICK", "click_total"), Total("CONVERSION", "conversion_total")),
)

VISITORS: Final = Report(
    functions.REPORT_VISITORS,
    row="visitor",
    context=(_OF_A_DELIVERY, Context(Column("ID_URL", INTEGER, key=True), "ID_url")),
    columns=(
        Column("ID_EMAIL", INTEGER, key=True, unique=True),
        Column("EMAIL", personal=ADDRESS, unique=True),
        Column("COUNT", INTEGER),
        *others(
            "DATA_CONTINENT", "DATA_COUNTRY", "DATA_CODE", "DATA_REGION", "DATA_REGION_CODE", "DATA_CITY",
            "DATA_ORG", "DATA_IP", "DATA_IP_ORIG", inside="DATA",
        ),
        Column("DATA_DATETIME", INSTANT, inside="DATA"),
        *others(
            "DATA_REFERER", "DATA_USER_AGENT", "DATA_BROWSER", "DATA_BROWSER_MAJOR", "DATA_BROWSER_MINOR",
            "DATA_BROWSER_TYPE", "DATA_OS", "DATA_OS_VERSION", "DATA_DEVICE", inside="DATA",
        ),
    ),
    measures=(Total("COUNT", "click_total"), Range("DATA_DATETIME")),
    every=(Every("ID_url", functions.REPORT_LINKS, "ID_URL"),),
    meanings={
        "COUNT": "clicks of this recipient on this link",
    },
)  # fmt: skip

BOUNCES: Final = Report(
    functions.REPORT_BOUNCES,
    row="bounce",
    context=(_OF_ITS_DELIVERY,),
    columns=(
        Column("EMAIL", personal=ADDRESS, unique=True),
        Column("ID_EMAIL", INTEGER, unique=True),
        Column("ID_USER_LIST", INTEGER),
        Column("ID_SEND_MESSAGE", INTEGER, key=True, unique=True),
        Column("DATE", INSTANT),
        *plain_texts("STATUS", "EMAIL_STATUS"),
    ),
    measures=(
        CountBy("STATUS", "status_counts"), CountBy("EMAIL_STATUS", "email_status_counts"), Range("DATE")
    ),
    meanings={
        "STATUS": "why it bounced, as an SMTP code: 4.x.x is temporary, 5.x.x permanent",
        "EMAIL_STATUS": "state of the address after the bounce; values not known",
    },
)  # fmt: skip
