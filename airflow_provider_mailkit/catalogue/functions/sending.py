"""Single messages, by e-mail and SMS."""

from __future__ import annotations

from typing import Final

from airflow_provider_mailkit.catalogue.function import READ, SEND, Answer, Function, Place
from airflow_provider_mailkit.catalogue.functions._shared import (
    ADDRESS_FIELDS,
    CUSTOM_FIELDS,
    ID_SEND,
    PLAIN_CUSTOM_FIELDS,
    flag,
)
from airflow_provider_mailkit.catalogue.parameters import (
    ANYTHING,
    ID,
    STRUCT,
    STRUCTS,
    Parameter,
    texts,
)

_ERRORS = "its errors"
_CONTENT = Parameter(
    "content", STRUCT, open=True, base64=True, note="variables of the template, nested if need be"
)
_ATTACHMENT = (Parameter("url"), Parameter("name"), Parameter("data", base64=True))

SENDMAIL: Final = Function(
    "mailkit.sendmail",
    SEND,
    "Sends a message of a campaign to one recipient, who is added to a list or updated there.",
    (
        Parameter("mailinglist_id", ID, required=True),
        Parameter("campaign_id", ID, required=True),
        Parameter(
            "main",
            STRUCT,
            required=True,
            members=(
                Parameter("send_to", required=True),
                Parameter("subject"),
                Parameter("message_data", base64=True),
                _CONTENT,
            ),
        ),
        Parameter(
            "recipient",
            STRUCT,
            members=texts(
                "status", "vocative", "prefix", "first_name", "last_name", "reply_to", "company", base64=True
            ),
        ),
        Parameter("contact", STRUCT, members=ADDRESS_FIELDS),
        Parameter("custom", STRUCT, members=CUSTOM_FIELDS),
        Parameter("attachment", STRUCT, members=_ATTACHMENT, many=True),
    ),
    places=(
        Place(("mailinglist_id",)),
        Place(("campaign_id",)),
        Place(("main",)),
        Place(("recipient",), fill={}),
        Place(("contact",), fill={}),
        Place(("custom",), fill={}),
        Place(("attachment",), "each"),
    ),
    answer=Answer(
        "object", integers=("data", "data2", "data3", "status"), members=("data", "data2", "data3", "status")
    ),
    unknown=("the answer as its page describes it", "status 5"),
)
SENDMAIL_MASS: Final = Function(
    "mailkit.sendmail_mass",
    SEND,
    "Sends messages of campaigns to many recipients in one call.",
    (
        Parameter(
            "recipients",
            STRUCTS,
            required=True,
            members=(
                Parameter("send_to"),
                Parameter("mailinglist_id", ID),
                Parameter("campaign_id", ID),
                Parameter("subject"),
                Parameter("message_data", base64=True),
                flag("create_email", words=None),
                Parameter(
                    "customs",
                    STRUCT,
                    open=True,
                    members=(*texts("first_name", "last_name"), *PLAIN_CUSTOM_FIELDS),
                ),
                Parameter(
                    "content", ANYTHING, note="variables; whether in Base64 is not known: sent as given"
                ),
                Parameter("attachment", STRUCTS, members=_ATTACHMENT),
                Parameter("template_file", ANYTHING, note="on older pages only"),
            ),
        ),
        Parameter("options", STRUCT, members=texts("id_send", note="today was seen")),
    ),
    placement="top level",
    unknown=("which fields are required", "the answer", "the limit of recipients in a call", _ERRORS),
)
SENDMAIL_MASS_RESULTS: Final = Function(
    "mailkit.sendmail_mass.results",
    READ,
    "The recipients for whom a mass call failed. Ask 30 minutes after it; OK does not mean done.",
    (ID_SEND, Parameter("request_id", ID, required=True)),
    answer=Answer(
        "object",
        integers=("ID_EMAIL", "ID_SEND", "ID_SEND_MESSAGE", "ERROR_CODE"),
        members=("error_status", "status", "results"),
    ),
    unknown=("all values of ERROR_CODE", "how to tell that a mass call is over"),
)
SENDSMS: Final = Function(
    "mailkit.sendsms",
    SEND,
    "Sends one SMS of an SMS campaign.",
    (
        Parameter(
            "campaign",
            STRUCT,
            required=True,
            members=(
                Parameter("ID_message", ID),
                Parameter("ID_user_list", ID),
                flag("use_utf", words=None),
                flag("allow_split", words=None),
                Parameter("source", note="the name of the sender"),
            ),
        ),
        Parameter(
            "recipient",
            STRUCT,
            required=True,
            open=True,
            members=(*texts("mobile", "email", "first_name", "last_name", "gender"), *PLAIN_CUSTOM_FIELDS),
            note="mobile in international form",
        ),
        Parameter("content", STRUCT, members=(Parameter("sms_data", base64=True), _CONTENT)),
    ),
    unknown=("which fields are required", "the answer", _ERRORS),
)

SENDING_FUNCTIONS: Final = (SENDMAIL, SENDMAIL_MASS, SENDMAIL_MASS_RESULTS, SENDSMS)
