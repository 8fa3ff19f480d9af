"""Mailing lists and their recipients."""

from __future__ import annotations

from typing import Final

from airflow_provider_mailkit.catalogue.function import DELETE, READ, WRITE, Answer, Function, Place
from airflow_provider_mailkit.catalogue.functions._shared import (
    ADDRESS_FIELDS,
    CUSTOM_FIELDS,
    CUSTOMS,
    PLAIN_CUSTOM_FIELDS,
    RANGE_FROM,
    REQUIRED_ID_USER_LIST,
    flag,
    limit,
    start,
)
from airflow_provider_mailkit.catalogue.parameters import (
    ID_OR_ADDRESS,
    INSTANT,
    STRUCT,
    STRUCTS,
    Parameter,
    texts,
)

_ERRORS = "its errors"

STATES: Final = ("enabled", "disabled", "unknown", "temporary", "permanent", "unsubscribe")
_IMPORTED = (
    "first_name", "last_name", "status", "company", "prefix", "vocative", "reply_to", "nick_name", "gender",
    "phone", "mobile", "fax", "street", "city", "state", "country", "zip",
)  # fmt: skip
#: The columns that ``mailkit.mailinglist.import`` accepts.
IMPORT_COLUMNS: Final = ("email", *_IMPORTED, *CUSTOMS)

_PERSONAL = (
    Parameter("email", required=True, base64=True),
    *texts("ID_template", "email_from", "name_from", "return_url", "first_name", "last_name", base64=True),
    *texts("vocative", "prefix", "reply_to", "company", "status", base64=True),
)

MAILING_LISTS_LIST: Final = Function(
    "mailkit.mailinglist.list",
    READ,
    "The mailing lists of the account.",
    placement="none",
    answer=Answer("rows"),
    unknown=("the text of its page", _ERRORS),
)
MAILING_LIST_CREATE: Final = Function(
    "mailkit.mailinglist.create",
    WRITE,
    "Creates a mailing list; a name that exists is refused.",
    (Parameter("name", required=True), Parameter("description")),
    answer=Answer("object", integers=("data",), members=("data",)),
)
MAILING_LIST_DELETE: Final = Function(
    "mailkit.mailinglist.delete",
    DELETE,
    "Deletes a mailing list for good, or only its recipients.",
    (REQUIRED_ID_USER_LIST, flag("keep_list", note="whether the list itself stays")),
    answer=Answer("object", members=("data",)),
    unknown=("the text of its page", "what it does without keep_list"),
)
MAILING_LIST_ADDUSER: Final = Function(
    "mailkit.mailinglist.adduser",
    WRITE,
    "Adds one recipient to a list, or updates the one that is there; also subscribes again.",
    (
        REQUIRED_ID_USER_LIST,
        flag("confirm", native=True, note="true: a confirmation e-mail is sent, false: added at once"),
        Parameter("personal", STRUCT, required=True, members=_PERSONAL),
        Parameter("address", STRUCT, members=ADDRESS_FIELDS, when_absent={}),
        Parameter("custom", STRUCT, members=CUSTOM_FIELDS, when_absent={}),
        Parameter("params", STRUCT, members=texts("ip_src", "form_url"), note="where the consent came from"),
    ),
    answer=Answer(
        "object",
        xmlrpc="object",
        texts=("Sent subscribe email",),
        integers=("ID_email", "status", "data"),
        members=("error", "error_status", "ID_email", "status", "data"),
    ),
    unknown=("the whole answer", "which of the structs may be left out", "what it does without confirm"),
)
MAILING_LIST_EDITUSER: Final = Function(
    "mailkit.mailinglist.edituser",
    WRITE,
    "Changes one recipient of a list.",
    (
        REQUIRED_ID_USER_LIST,
        Parameter("ID_email", ID_OR_ADDRESS, required=True, xmlrpc="text"),
        Parameter(
            "personal",
            STRUCT,
            members=texts(
                "first_name", "last_name", "vocative", "prefix", "reply_to", "company", base64=True
            ),
        ),
        Parameter("address", STRUCT, members=ADDRESS_FIELDS),
        Parameter("custom", STRUCT, members=CUSTOM_FIELDS),
    ),
    places=(
        Place(("ID_user_list",)),
        Place(("ID_email",)),
        Place(),
        Place(("personal",), fill={}),
        Place(("address",), fill={}),
        Place(("custom",), fill={}),
    ),
    answer=Answer(
        "object",
        xmlrpc="text",
        texts=("OK",),
        integers=("ID_email",),
        members=("error", "error_status", "ID_email"),
    ),
    unknown=("the answer as its page describes it",),
)
MAILING_LIST_IMPORT: Final = Function(
    "mailkit.mailinglist.import",
    WRITE,
    "Writes many recipients into a list: new ones are added, others updated by their address.",
    (
        REQUIRED_ID_USER_LIST,
        Parameter(
            "recipients",
            STRUCTS,
            required=True,
            members=(Parameter("email", required=True), *texts(*_IMPORTED), *PLAIN_CUSTOM_FIELDS),
        ),
    ),
    answer=Answer(
        "object",
        integers=("count_all", "count_new", "count_updated", "count_bad"),
        members=("count_all", "count_new", "count_updated", "count_bad", "invalid_emails"),
    ),
    unknown=(
        "the answer as its page describes it; counts of 0 were seen after a success",
        "the answer over XML-RPC",
        "what status does to recipients that are there",
        "whether an empty value erases the stored one",
        _ERRORS,
    ),
)
MAILING_LIST_GETSTATUS: Final = Function(
    "mailkit.mailinglist.getstatus",
    READ,
    "The recipients of a list with all their data, by state and change, in pages.",
    (
        REQUIRED_ID_USER_LIST,
        Parameter("status", choices=STATES),
        Parameter("change_date", INSTANT, note="changed at this time or later"),
        start("ID_email", as_text=True),
        limit(10000, as_text=True),
    ),
    answer=Answer("rows"),
    unknown=("how many rows come without limit", _ERRORS),
)
MAILING_LIST_UNSUBSCRIBED: Final = Function(
    "mailkit.mailinglist.unsubscribed",
    READ,
    "Every unsubscribed address of the account, from a day until now.",
    (RANGE_FROM,),
    answer=Answer("rows"),
    unknown=("the first day without range_from", _ERRORS),
)
MAILING_LIST_ENGAGEMENT: Final = Function(
    "mailkit.mailinglist.engagement",
    READ,
    "The engagement of every recipient of a list, in pages; call it once a day at most.",
    (REQUIRED_ID_USER_LIST, start("ID_email"), limit(None, 25000)),
    answer=Answer("rows"),
    unknown=("ranges of SCORE and TREND", _ERRORS),
)

MAILING_LIST_FUNCTIONS: Final = (
    MAILING_LISTS_LIST,
    MAILING_LIST_CREATE,
    MAILING_LIST_DELETE,
    MAILING_LIST_ADDUSER,
    MAILING_LIST_EDITUSER,
    MAILING_LIST_IMPORT,
    MAILING_LIST_GETSTATUS,
    MAILING_LIST_UNSUBSCRIBED,
    MAILING_LIST_ENGAGEMENT,
)
