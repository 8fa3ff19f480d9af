"""Single recipients, by address or ID."""

from __future__ import annotations

from typing import Final

from airflow_provider_mailkit.catalogue.function import DELETE, READ, WRITE, Answer, Function, Place
from airflow_provider_mailkit.catalogue.functions._shared import EMAIL, ID_EMAIL, ID_MESSAGE, flag
from airflow_provider_mailkit.catalogue.parameters import ID, ID_OR_ADDRESS, IDS, INTEGER, Parameter

_ERRORS = "its errors"
_EITHER = ("ID_email", "email")

EMAIL_GETSTATUS: Final = Function(
    "mailkit.email.getstatus",
    READ,
    "Data and state of a recipient: by address (all lists), by ID, or by a message.",
    (EMAIL, ID_EMAIL, Parameter("ID_send_message", ID)),
    one_of=("email", "ID_email", "ID_send_message"),
    places=(Place(_EITHER), Place(("ID_send_message",))),
    # An address that Mailkit does not know is an error with an empty text.
    answer=Answer(
        "rows",
        failures=("",),
        integers=("ID_EMAIL", "ID_MAILING_LIST"),
        members=(
            "ID_EMAIL",
            "EMAIL",
            "ID_MAILING_LIST",
            "STATUS",
            "DATE",
            "CHANGE_DATE",
            "FIRST_NAME",
            "LAST_NAME",
            "NICK_NAME",
            "PREFIX",
            "VOCATIVE",
            "GENDER",
            "REPLY_TO",
            "COMPANY",
            "PHONE",
            "MOBILE",
            "FAX",
            "STREET",
            "CITY",
            "STATE",
            "COUNTRY",
            "ZIP",
            *(f"CUSTOM_{number}" for number in range(1, 26)),
        ),
    ),
    unknown=("the JSON answer of the page",),
)
EMAIL_HISTORY: Final = Function(
    "mailkit.email.getstatus.history",
    READ,
    "What a recipient got in the last year, and the reactions.",
    (EMAIL, Parameter("ID_email", ID, note="wins if both are given")),
    one_of=_EITHER,
    places=(Place(("email", "ID_email"), "struct"),),
    answer=Answer("rows"),
    unknown=("all fields of RESPONSE_DATA and of the record", _ERRORS),
)
EMAIL_MOVE: Final = Function(
    "mailkit.email.move",
    WRITE,
    "Moves a recipient to another list, where the recipient gets a new ID.",
    (Parameter("ID_email", ID, required=True), Parameter("ID_user_list", ID, required=True)),
    answer=Answer(
        "object",
        xmlrpc="number",
        failures=(0,),
        integers=("ID_user_list_source", "ID_user_list", "ID_email", "ID_email_source", "move_response"),
        members=(
            "ID_user_list_source",
            "ID_user_list",
            "email",
            "ID_email",
            "ID_email_source",
            "move_response",
            "error_status",
        ),
    ),
)
EMAIL_DELETE: Final = Function(
    "mailkit.email.delete",
    DELETE,
    "Deletes a recipient by ID, or an address from all lists.",
    (Parameter("ID_email", ID_OR_ADDRESS, required=True),),
    answer=Answer("object", xmlrpc="number", members=("error", "error_status", "emails")),
)
EMAIL_UNSUBSCRIBE: Final = Function(
    "mailkit.email.unsubscribe",
    WRITE,
    "Unsubscribes an address or a phone number, for good or for some days.",
    (
        Parameter("email", when_absent=None, note="an address, or a phone number in international form"),
        Parameter("ID_email", ID, when_absent=None),
        Parameter("ID_send_message", ID, may_be_empty=True, note="the message that it is attributed to"),
        flag("send_optout", native=True, default=True, note="whether a confirmation e-mail is sent"),
        flag("timeout", native=True, note="whether it ends after timeout_days"),
        Parameter("timeout_days", INTEGER, minimum=14, maximum=90),
    ),
    one_of=_EITHER,
    places=(
        Place(_EITHER),
        Place(("ID_send_message",)),
        Place(("send_optout",), fill=True),
        Place(("timeout", "timeout_days"), "struct", {}),
    ),
    answer=Answer(
        "object",
        xmlrpc="number",
        integers=("ID_email", "status"),
        members=("error_status", "ID_email", "status"),
    ),
    unknown=("values of status", "all errors", "whether the XML-RPC order of an older page still holds"),
)
EMAIL_UNSUBSCRIBE_GETSTATUS: Final = Function(
    "mailkit.email.unsubscribe.getstatus",
    READ,
    "Whether an address is unsubscribed, until when and from which topics.",
    (EMAIL, ID_EMAIL),
    one_of=_EITHER,
    places=(Place(_EITHER),),
    answer=Answer(
        "object",
        xmlrpc="text",
        texts=("TRUE", "FALSE"),
        integers=("ID_email",),
        members=("email", "ID_email", "error_status", "unsubscribe", "topics", "timeout"),
    ),
    unknown=("topics when there are any", _ERRORS),
)
EMAIL_REVALIDATE: Final = Function(
    "mailkit.email.revalidate",
    WRITE,
    "Subscribes an unsubscribed recipient again; superseded by mailkit.mailinglist.adduser.",
    (
        EMAIL,
        ID_EMAIL,
        ID_MESSAGE,
        Parameter("ID_template", ID, note="JSON only"),
        flag("agreement", required=True, native=True, note="false: the recipient is asked by e-mail"),
        Parameter("channel", note="how the consent was obtained"),
        Parameter("language", note="CZ was seen"),
    ),
    one_of=_EITHER,
    places=(
        Place(_EITHER),
        Place(("ID_message",)),
        Place(("agreement",)),
        Place(("channel",)),
        Place(fill=0),
        Place(("language",)),
    ),
    answer=Answer(
        "object",
        xmlrpc="text",
        texts=("Email has been revalidated", "Sent subscribe email"),
        integers=("ID_email",),
        members=("error", "error_status", "email", "ID_email"),
    ),
    unknown=("whether it still works",),
)
EMAIL_TOPICS: Final = Function(
    "mailkit.email.topics",
    WRITE,
    "Sets which topics of campaigns a recipient gets.",
    (
        Parameter("email", required=True),
        Parameter("ID_topics", IDS),
        flag("activate_all", native=True, default=False, note="true: all topics, and ID_topics is ignored"),
    ),
    one_of=("ID_topics", "activate_all"),
    places=(Place(("ID_topics", "email", "activate_all"), "struct"),),
    placement=None,
    unknown=("the form of the JSON call", "the answer", _ERRORS),
)
EMAIL_WIPE: Final = Function(
    "mailkit.email.wipe",
    DELETE,
    "Queues an address for the erasure of all its data, which is done once a day.",
    (EMAIL, Parameter("ID_email", ID, xmlrpc="text")),
    one_of=_EITHER,
    places=(Place(_EITHER),),
    answer=Answer("object", integers=("ID_email",), members=("ID_email", "email", "error", "error_status")),
)

EMAIL_FUNCTIONS: Final = (
    EMAIL_GETSTATUS,
    EMAIL_HISTORY,
    EMAIL_MOVE,
    EMAIL_DELETE,
    EMAIL_UNSUBSCRIBE,
    EMAIL_UNSUBSCRIBE_GETSTATUS,
    EMAIL_REVALIDATE,
    EMAIL_TOPICS,
    EMAIL_WIPE,
)
