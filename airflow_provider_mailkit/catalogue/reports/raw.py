"""The raw reports: every message, reaction and bounce, in pages. Their columns are grouped by type."""

from __future__ import annotations

from typing import Final

from airflow_provider_mailkit.catalogue.columns import (
    ADDRESS,
    INSTANT,
    INTEGER,
    Column,
    integers,
    others,
    plain_texts,
)
from airflow_provider_mailkit.catalogue.functions import reports as functions
from airflow_provider_mailkit.catalogue.report import CountBy, Paging, Range, Report

_EMAIL = Column("EMAIL", personal=ADDRESS, unique=True)
_AB_VERSION = Column("AB_VERSION", usual=("", "A", "B"), often_empty=True)
CUSTOM_COLUMNS: Final = tuple(f"CUSTOM_{number}" for number in range(1, 26))

MESSAGES: Final = Report(
    functions.RAW_MESSAGES,
    row="message",
    columns=(
        *integers("ID_MESSAGE", "ID_SEND"),
        Column("ID_SEND_MESSAGE", INTEGER, key=True, unique=True),
        Column("ID_USER_LIST", INTEGER, often_empty=True),
        Column("ID_EMAIL", INTEGER, unique=True),
        Column("ID_TEMPLATE", INTEGER, often_empty=True),
        Column("EMAIL_DATE", INSTANT),
        Column("MESSAGE_DATE", INSTANT),
        Column("DATE_SENT", INSTANT),
        Column("TYPE_MESSAGE"),
        _EMAIL,
        _AB_VERSION,
        *plain_texts("MESSAGE_STATUS", "TLD", "DOMAIN"),
        *others(*CUSTOM_COLUMNS),
        *others(
            "PREFIX", "VOCATIVE", "FIRST_NAME", "LAST_NAME", "FULL_NAME", "NICK_NAME", "GENDER", "REPLY_TO"
        ),
        *others("COMPANY", "STREET", "CITY", "STATE", "COUNTRY", "ZIP", "PHONE", "MOBILE", "FAX"),
        *others(
            "S_CONTINENT", "S_COUNTRY", "S_REGION", "S_CITY", "S_ORG", "S_BROWSER", "S_OS", "PREVIEW_URL"
        ),
    ),
    measures=(CountBy("MESSAGE_STATUS", "status_counts"), Range("DATE_SENT")),
    paging=Paging("ID_send_message", "ID_SEND_MESSAGE"),
    meanings={
        "MESSAGE_STATUS": "progress of the message; only `sent` was seen; not known whether it changes later",
        "TYPE_MESSAGE": "only `email` was seen",
    },
    is_log=True,
)

RESPONSES: Final = Report(
    functions.RAW_RESPONSES,
    row="reaction",
    columns=(
        Column("ID_LOG", INTEGER, key=True, unique=True),
        Column("ID_EMAIL", INTEGER, unique=True),
        *integers("ID_USER_LIST", "ID_MESSAGE", "ID_SEND"),
        Column("ID_SEND_MESSAGE", INTEGER, unique=True),
        Column("ID_URL", INTEGER),
        Column("DATE", INSTANT),
        Column("TYPE"),
        _EMAIL,
        _AB_VERSION,
        *plain_texts("DOMAIN", "TLD", "LINK_TYPE", "LINK_URL", "LINK_TEXT", "LINK_TITLE"),
        *others("REFERER"),
        Column("UNSUBSCRIBE_ANSWER", often_empty=True),
        *others(
            "IP", "IP_ORIG", "CONTINENT", "COUNTRY", "CODE", "CODE3", "REGION", "REGION_CODE", "CITY", "ORG"
        ),
        *others(
            "USER_AGENT", "BROWSER", "BROWSER_MAJOR", "BROWSER_MINOR", "BROWSER_TYPE", "OS", "OS_VERSION"
        ),
        *others("DEVICE"),
    ),
    measures=(CountBy("TYPE", "type_counts"), Range("DATE")),
    paging=Paging("ID_log", "ID_LOG"),
    meanings={
        "TYPE": "kind of reaction; values not known",
        "LINK_TYPE": "values not known",
    },
    is_log=True,
)

RAW_BOUNCES: Final = Report(
    functions.RAW_BOUNCES,
    row="bounce",
    columns=(
        Column("ID_UNDELIVERED_LOG", INTEGER, key=True, unique=True),
        *integers("ID_MESSAGE", "ID_SEND"),
        Column("ID_SEND_MESSAGE", INTEGER, unique=True, spelling="ID_SEND_MESSGE"),
        Column("ID_USER_LIST", INTEGER),
        Column("ID_EMAIL", INTEGER, unique=True),
        _EMAIL,
        *plain_texts(
            "STATUS", "TEXT_STATUS", "BOUNCE_CAT", "REMOTE_MTA", "CAMPAIGN_NAME", "SUBJECT", "UTM_CAMPAIGN"
        ),
    ),
    measures=(CountBy("STATUS", "status_counts"), CountBy("BOUNCE_CAT", "bounce_counts")),
    paging=Paging("ID_undelivered_log", "ID_UNDELIVERED_LOG"),
    meanings={
        "STATUS": "why it bounced, as an SMTP code such as 5.1.1",
        "TEXT_STATUS": "answer of the recipient's mail server",
        "BOUNCE_CAT": "the category of the bounce; only `bad-mailbox` was seen",
    },
    is_log=True,
)
