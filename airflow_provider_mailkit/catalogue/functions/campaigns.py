"""Campaigns, their schedule and their history."""

from __future__ import annotations

from typing import Final

from airflow_provider_mailkit.catalogue.function import READ, SEND, WRITE, Answer, Function, Place
from airflow_provider_mailkit.catalogue.functions._shared import ID_MESSAGE, REQUIRED_ID_MESSAGE, flag
from airflow_provider_mailkit.catalogue.parameters import ID, INTEGER, SEND_DATE, STRUCT, TEXT, Parameter

ONLY_A_NAME: Final = "only its name is known: nobody has described what it takes and answers"


def _encoded_id(name: str, *, required: bool = False, may_be_empty: bool = False) -> Parameter:
    return Parameter(name, ID, required=required, may_be_empty=may_be_empty, base64=True)


def _encoded_text(name: str, *, required: bool = False, note: str = "") -> Parameter:
    return Parameter(name, TEXT, required=required, base64=True, note=note)


_CREATE = (
    _encoded_text("name", required=True),
    _encoded_text("subject", required=True),
    _encoded_id("ID_allow_email", required=True),
    Parameter("type_message", choices=("email", "sms"), base64=True),
    _encoded_id("ID_mailing_list"),
    _encoded_id("ID_delivery_feed"),
    _encoded_id("ID_query"),
    _encoded_id("ID_template"),
    flag("google_analytics", base64=True, words=("true", "false")),
    _encoded_text("analytic_name"),
    _encoded_id("ID_tagset"),
    _encoded_text("content"),
    _encoded_text("type_send", note="html was seen"),
    _encoded_text("reply_to"),
    _encoded_text("unsubscribe_email"),
    flag("web_template", base64=True, words=("true", "false")),
    flag("style_inline", base64=True, words=("true", "false")),
    _encoded_id("ID_unsubscribe_group"),
)
_UPDATE = (
    _encoded_text("name"),
    _encoded_text("subject"),
    _encoded_id("ID_allow_email"),
    _encoded_text("type_send", note="txthtml was seen"),
    _encoded_text("generate_txt", note="makes the text part; true was seen"),
    _encoded_id("ID_mailing_list"),
    _encoded_id("ID_delivery_feed", may_be_empty=True),
    _encoded_id("ID_query"),
    _encoded_id("ID_template"),
    flag("test_mode", base64=True),
    _encoded_text("test_emails"),
    flag("google_analytics", base64=True),
)

CAMPAIGNS_LIST: Final = Function(
    "mailkit.campaigns.list",
    READ,
    "The campaigns of the account with their settings, or one of them.",
    (ID_MESSAGE,),
    placement="top level",
    answer=Answer("rows"),
    unknown=("all values of STATUS, TYPE, MSG_TYPE, CAMPAIGN_TYPE and PERIOD", "its errors"),
)
CAMPAIGNS_CREATE: Final = Function(
    "mailkit.campaigns.create",
    WRITE,
    "Creates a campaign.",
    _CREATE,
    places=(Place(tuple(parameter.name for parameter in _CREATE), "struct"),),
    answer=Answer("object", xmlrpc="number", integers=("ID_message",), members=("ID_message",)),
    unknown=("which fields are required", "the other fields of the answer", "its errors"),
)
CAMPAIGNS_UPDATE: Final = Function(
    "mailkit.campaigns.update",
    WRITE,
    "Changes a campaign.",
    (
        Parameter("ID_message", ID, required=True, xmlrpc="text"),
        flag("update", words=("true", "false"), note="meaning not known"),
        *_UPDATE,
    ),
    places=(
        Place(("ID_message",)),
        Place(("update",)),
        Place(tuple(parameter.name for parameter in _UPDATE), "struct", {}),
    ),
    placement=None,
    unknown=("the form of the JSON call", "other fields", "the answer", "its errors"),
)
CAMPAIGNS_SCHEDULE: Final = Function(
    "mailkit.campaigns.single.schedule",
    SEND,
    "Schedules one delivery of a campaign, for a time or at once.",
    (
        REQUIRED_ID_MESSAGE,
        Parameter("subject", note="for this delivery; default: the campaign's"),
        Parameter("send_date", SEND_DATE, required=True),
        Parameter("time_zone", may_be_empty=True, note="a name from mailkit.campaigns.schedule.timezone"),
        Parameter("ID_delivery_feed", ID, may_be_empty=True, xmlrpc="text"),
        Parameter("ID_query", ID, may_be_empty=True, xmlrpc="text"),
        Parameter("ID_template", ID, note="seen over XML-RPC only"),
    ),
    places=(
        Place(("ID_message",)),
        Place(("subject",)),
        Place(("send_date",)),
        Place(("time_zone",)),
        Place(),
        Place(("ID_template",)),
        Place(("ID_query", "ID_delivery_feed"), "struct", {}),
    ),
    unknown=("the answer", "its errors", "when time_zone must be given"),
)
SCHEDULE_LIST: Final = Function(
    "mailkit.campaigns.schedule.list",
    READ,
    "The deliveries of a campaign that are scheduled and not sent yet.",
    (Parameter("ID_message", ID, note="required on one version of Mailkit's page, optional on another"),),
    answer=Answer("object", inside="data", integers=("ID_message",)),
    unknown=("its answer without ID_message", "its errors"),
)
SCHEDULE_TIMEZONE: Final = Function(
    "mailkit.campaigns.schedule.timezone",
    READ,
    "The names of the time zones for scheduling.",
    placement="none",
    answer=Answer("rows", members=("TIMEZONE", "TZ_CODES")),
    method="mailkit.campaigns.schedule.timezones",
    unknown=("the JSON answer",),
)
SCHEDULE_CANCEL: Final = Function(
    "mailkit.campaigns.schedule.cancel",
    WRITE,
    "Cancels a scheduled delivery of a campaign.",
    placement=None,
    uncallable=ONLY_A_NAME,
    unknown=("everything; the ID_SEND_MESSAGE_QUEUE of the schedule is the likely parameter",),
)
CAMPAIGNS_MESSAGES: Final = Function(
    "mailkit.campaigns.messages",
    None,
    "What it does is not known.",
    placement=None,
    uncallable=ONLY_A_NAME,
    unknown=("everything",),
)
CAMPAIGNS_MESSAGES_LAST: Final = Function(
    "mailkit.campaigns.messages.last",
    None,
    "What it does is not known.",
    placement=None,
    uncallable=ONLY_A_NAME,
    unknown=("everything",),
)
CAMPAIGNS_MESSAGES_TEST: Final = Function(
    "mailkit.campaigns.messages.test",
    SEND,
    "Sends a test message of a campaign to one address; one in 30 seconds is allowed.",
    (
        Parameter("ID_message", ID, required=True, xmlrpc="text"),
        Parameter("email", required=True, note="the address that gets the message"),
        Parameter("ID_preview_email", ID, xmlrpc="text", note="the recipient whose data fills the message"),
        Parameter("A/B", choices=("A", "B")),
        Parameter("content", STRUCT, open=True, base64=True, note="variables of the template"),
    ),
    places=(
        Place(("ID_message",)),
        Place(("email",)),
        Place(("ID_preview_email",)),
        Place(("A/B",)),
        Place(("content",), "struct", {}),
    ),
    placement=None,
    answer=Answer(None, xmlrpc="text", texts=("OK", "OK version A", "OK version B")),
    unknown=("the form of the JSON call", "the JSON answer", "its errors"),
)
CAMPAIGNS_HISTORY: Final = Function(
    "mailkit.campaigns.history",
    READ,
    "The last deliveries of one campaign or of all, newest first, 50 at most.",
    (
        Parameter("list_count", INTEGER, minimum=1, maximum=50, default=10),
        Parameter("ID_message", ID, may_be_empty=True, xmlrpc="text"),
    ),
    places=(Place(("list_count", "ID_message"), "struct"),),
    answer=Answer("rows"),
    unknown=("its errors",),
)

CAMPAIGN_FUNCTIONS: Final = (
    CAMPAIGNS_LIST,
    CAMPAIGNS_CREATE,
    CAMPAIGNS_UPDATE,
    CAMPAIGNS_SCHEDULE,
    SCHEDULE_LIST,
    SCHEDULE_TIMEZONE,
    SCHEDULE_CANCEL,
    CAMPAIGNS_MESSAGES,
    CAMPAIGNS_MESSAGES_LAST,
    CAMPAIGNS_MESSAGES_TEST,
    CAMPAIGNS_HISTORY,
)
