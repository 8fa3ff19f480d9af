"""The eleven reports."""

from __future__ import annotations

from typing import Final

from airflow_provider_mailkit.catalogue.function import READ, Answer, Function
from airflow_provider_mailkit.catalogue.functions._shared import (
    ID_MESSAGE,
    ID_SEND,
    RANGE_FROM,
    RANGE_TO,
    REQUIRED_ID_MESSAGE,
    REQUIRED_ID_SEND,
    limit,
    start,
)
from airflow_provider_mailkit.catalogue.parameters import ID, Parameter

_ROWS = Answer("rows")
_ERRORS = "its errors"

REPORT: Final = Function(
    "mailkit.report",
    READ,
    "Totals of all campaigns of a range of days, one row for each campaign.",
    (RANGE_FROM, RANGE_TO),
    answer=_ROWS,
    unknown=(
        "the days without a range, on which sources disagree: give both ends",
        "JSON types of the numbers",
        "formula of CLICK_RATE",
        _ERRORS,
    ),
)
REPORT_CAMPAIGN: Final = Function(
    "mailkit.report.campaign",
    READ,
    "Totals of the deliveries of a campaign in a range of days, one row for each delivery.",
    (REQUIRED_ID_MESSAGE, RANGE_FROM, RANGE_TO),
    answer=_ROWS,
    unknown=(
        "the days without a range, on which sources disagree: give both ends",
        "JSON types of the numbers",
        "formulas of CLICK_RATE and CLICK_RATE2",
        _ERRORS,
    ),
)
REPORT_MESSAGE: Final = Function(
    "mailkit.report.message",
    READ,
    "Totals of one delivery.",
    (REQUIRED_ID_SEND,),
    answer=Answer("object"),
    unknown=(_ERRORS,),
)
REPORT_RECIPIENTS: Final = Function(
    "mailkit.report.message.recipients",
    READ,
    "Every recipient of one delivery: state, reads and clicks.",
    (REQUIRED_ID_SEND,),
    answer=_ROWS,
)
REPORT_FEEDBACK: Final = Function(
    "mailkit.report.message.feedback",
    READ,
    "Reactions to one delivery over time, one row for each hour or day.",
    (REQUIRED_ID_SEND, Parameter("period", choices=("DAY", "WEEK", "MONTH"), default="DAY")),
    answer=_ROWS,
    unknown=("what OPEN_P and VISIT_P count", _ERRORS),
)
REPORT_LINKS: Final = Function(
    "mailkit.report.message.links",
    READ,
    "Every link of one delivery that was clicked, with its clicks.",
    (REQUIRED_ID_SEND,),
    answer=_ROWS,
)
REPORT_VISITORS: Final = Function(
    "mailkit.report.message.links.visitors",
    READ,
    "Every recipient who clicked one link of one delivery.",
    (REQUIRED_ID_SEND, Parameter("ID_url", ID, required=True, note="the ID_URL of the links report")),
    answer=_ROWS,
    unknown=("whether DATA is a list for a recipient who clicked several times", _ERRORS),
)
REPORT_BOUNCES: Final = Function(
    "mailkit.report.message.bounces",
    READ,
    "Every message of one delivery that came back.",
    (REQUIRED_ID_SEND,),
    answer=_ROWS,
    unknown=("JSON types", "values of EMAIL_STATUS", _ERRORS),
)
RAW_MESSAGES: Final = Function(
    "mailkit.report.raw.messages",
    READ,
    "Every message that was sent, of all campaigns, one campaign or one delivery, in pages.",
    (ID_MESSAGE, ID_SEND, start("ID_send_message"), limit(25000, 25000)),
    answer=_ROWS,
    unknown=("all values of MESSAGE_STATUS; whether it changes later", "the limit of queries", _ERRORS),
)
RAW_BOUNCES: Final = Function(
    "mailkit.report.raw.bounces",
    READ,
    "Every message that came back, of all campaigns, one campaign or one delivery, in pages.",
    (ID_MESSAGE, ID_SEND, start("ID_undelivered_log"), limit(25000, 25000)),
    answer=_ROWS,
    unknown=("whether it has a date", "all values of BOUNCE_CAT", "the limit of queries", _ERRORS),
)
RAW_RESPONSES: Final = Function(
    "mailkit.report.raw.responses",
    READ,
    "Every reaction of a recipient, of all campaigns, one campaign, delivery or message, in pages.",
    (
        ID_MESSAGE,
        ID_SEND,
        Parameter("ID_send_message", ID, note="only the reactions to this message; pages begin with ID_log"),
        start("ID_log"),
        limit(25000, 25000),
    ),
    answer=_ROWS,
    unknown=("values of TYPE and LINK_TYPE", "the limit of queries", _ERRORS),
)

REPORT_FUNCTIONS: Final = (
    REPORT,
    REPORT_CAMPAIGN,
    REPORT_MESSAGE,
    REPORT_RECIPIENTS,
    REPORT_FEEDBACK,
    REPORT_LINKS,
    REPORT_VISITORS,
    REPORT_BOUNCES,
    RAW_MESSAGES,
    RAW_BOUNCES,
    RAW_RESPONSES,
)
