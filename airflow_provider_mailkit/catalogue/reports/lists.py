"""Mailing lists, their recipients, and other lists of an account."""

from __future__ import annotations

from typing import Final

from airflow_provider_mailkit.catalogue.columns import (
    ADDRESS,
    INSTANT,
    INTEGER,
    NESTED,
    OTHER,
    Column,
    integers,
    others,
    plain_texts,
)
from airflow_provider_mailkit.catalogue.functions import account, campaigns, emails, mailinglists
from airflow_provider_mailkit.catalogue.report import Context, CountBy, DayRange, Paging, Range, Report, Total
from airflow_provider_mailkit.catalogue.reports.raw import CUSTOM_COLUMNS

_OF_A_LIST = Context(Column("ID_USER_LIST", INTEGER, key=True), "ID_user_list")

UNSUBSCRIBED: Final = Report(
    mailinglists.MAILING_LIST_UNSUBSCRIBED,
    row="unsubscription",
    columns=(
        # Also a phone number in international form.
        Column("EMAIL", key=True, personal=ADDRESS, unique=True, may_be_number=True),
        Column("DATE", INSTANT, key=True),
        # IDs, separated by commas. Empty means unsubscribed from everything.
        Column("ID_UNSUBSCRIBE_GROUP", often_empty=True),
    ),
    measures=(Range("DATE"),),
    days=DayRange("range_from"),
    meanings={
        "EMAIL": "also a phone number",
        "ID_UNSUBSCRIBE_GROUP": "from which topics, with commas between; null: from everything",
    },
)

MEMBERS: Final = Report(
    mailinglists.MAILING_LIST_GETSTATUS,
    row="recipient",
    context=(_OF_A_LIST,),
    columns=(
        Column("ID_EMAIL", INTEGER, key=True, unique=True),
        Column("EMAIL", personal=ADDRESS, unique=True),
        Column("STATUS", usual=mailinglists.STATES),
        Column("DATE", INSTANT),
        Column("CHANGE_DATE", INSTANT),
        *others(
            "FIRST_NAME", "LAST_NAME", "NICK_NAME", "PREFIX", "VOCATIVE", "GENDER", "REPLY_TO", "COMPANY"
        ),
        *others("PHONE", "MOBILE", "FAX", "STREET", "CITY", "STATE", "COUNTRY", "ZIP"),
        *others(*CUSTOM_COLUMNS),
    ),
    measures=(CountBy("STATUS", "status_counts"), Range("CHANGE_DATE")),
    paging=Paging("ID_email", "ID_EMAIL", page_size=10000),
    meanings={
        "STATUS": "state of the recipient, one of the six below",
        "CHANGE_DATE": "the last change",
    },
)

ENGAGEMENT: Final = Report(
    mailinglists.MAILING_LIST_ENGAGEMENT,
    row="recipient",
    context=(_OF_A_LIST,),
    columns=(
        Column("ID_EMAIL", INTEGER, key=True, unique=True),
        Column("EMAIL", personal=ADDRESS, unique=True),
        *integers("SCORE", "TREND"),
    ),
    paging=Paging("ID_email", "ID_EMAIL"),
    meanings={
        "SCORE": "range not known",
        "TREND": "range not known",
    },
)

MAILING_LISTS: Final = Report(
    mailinglists.MAILING_LISTS_LIST,
    row="mailing list",
    columns=(
        Column("ID_USER_LIST", INTEGER, key=True),
        Column("NAME"),
        Column("STATUS", usual=("enabled", "disabled")),
        Column("DESCRIPTION"),
    ),
    measures=(CountBy("STATUS", "status_counts"),),
    meanings={
        "STATUS": "whether campaigns go to the list: `enabled`, `disabled`",
    },
)

CAMPAIGN_LIST: Final = Report(
    campaigns.CAMPAIGNS_LIST,
    row="campaign",
    columns=(
        Column("NAME"),
        Column("ID_MESSAGE", INTEGER, key=True),
        # SEND_DATE is in the time zone that the row names, so it is not an instant of the account's clock.
        *plain_texts("SUBJECT", "SUBJECT_B", "MSG_TYPE", "CAMPAIGN_TYPE", "USE_AB", "TEST_MODE"),
        *plain_texts("SEND_DATE", "TIME_ZONE"),
        Column("LAST_SENT", INSTANT),
        Column("REPEAT"),
        Column("REPEAT_COUNT", INTEGER),
        *plain_texts("PERIOD", "DAYS", "STATUS", "TYPE"),
        Column("USER_LIST", NESTED),
    ),
    measures=(CountBy("STATUS", "status_counts"),),
    meanings={
        "SEND_DATE": "a text, in the time zone that TIME_ZONE names",
        "USER_LIST": "IDs of mailing lists",
        "STATUS": "whether it is in use; only `enabled` and `active` were seen",
    },
)

HISTORY: Final = Report(
    campaigns.CAMPAIGNS_HISTORY,
    row="delivery",
    columns=(
        Column("ID_MESSAGE", INTEGER),
        Column("ID_SEND", INTEGER, key=True),
        Column("DATE", INSTANT),
        Column("PREVIEW"),
    ),
    measures=(Range("DATE"),),
)

SCHEDULE: Final = Report(
    campaigns.SCHEDULE_LIST,
    row="scheduled delivery",
    context=(Context(Column("ID_MESSAGE", INTEGER), "ID_message"),),
    columns=(
        Column("ID_SEND_MESSAGE_QUEUE", INTEGER, key=True),
        # Dates are in the time zone that the row names.
        *plain_texts("DATE", "DATE_SEND", "TIME_ZONE", "SUBJECT", "SUBJECT_B", "USE_AB"),
    ),
    meanings={
        "DATE": "a text, in the time zone that TIME_ZONE names",
        "DATE_SEND": "planned time; a text, in the time zone that TIME_ZONE names",
    },
)

ADDRESS_HISTORY: Final = Report(
    emails.EMAIL_HISTORY,
    row="message",
    columns=(
        Column("MESSAGE_NAME"),
        Column("ID_MESSAGE", INTEGER),
        Column("SUBJECT"),
        *others("PREVIEW"),
        *integers("READ_COUNT", "CLICK_COUNT", "ID_EMAIL", "ID_SEND"),
        Column("ID_SEND_MESSAGE", INTEGER, key=True, unique=True),
        Column("DATE_SEND", INSTANT),
        Column("EMAIL_FROM", personal=ADDRESS),
        *others("NAME_FROM"),
        Column("ID_USER_LIST", INTEGER),
        Column("TYPE_MESSAGE"),
        Column("RESPONSE_DATA", NESTED, personal=OTHER),
    ),
    measures=(Total("READ_COUNT", "read_total"), Total("CLICK_COUNT", "click_total"), Range("DATE_SEND")),
    meanings={
        "READ_COUNT": "reads of this message",
        "CLICK_COUNT": "clicks in this message",
        "RESPONSE_DATA": "reactions; not all of its fields are known",
    },
)

SENDERS: Final = Report(
    account.PROFILE_EMAILS,
    row="sender address",
    columns=(
        # It may be the name of an employee.
        *others("NAME"),
        Column("ID_ALLOW_EMAIL", INTEGER, key=True),
        Column("EMAIL", personal=ADDRESS),
        *plain_texts("STATUS", "SPF"),
    ),
    meanings={
        "STATUS": "whether it is in use; only `enabled` and `active` were seen",
    },
)

QUERIES: Final = Report(
    account.PROFILE_QUERIES,
    row="query",
    columns=(
        Column("ID_QUERY", INTEGER, key=True),
        *plain_texts("NAME", "DESCRIPTION"),
        Column("DATE", INSTANT),
        Column("CHANGE_DATE", INSTANT),
        *others("CREATE_NAME", "CHANGE_NAME"),
    ),
)
