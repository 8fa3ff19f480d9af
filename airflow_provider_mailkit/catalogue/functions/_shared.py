"""Parameters that several functions have."""

from __future__ import annotations

from typing import Final

from airflow_provider_mailkit.catalogue.parameters import BOOLEAN, DAY, ID, INTEGER, Parameter, texts

REQUIRED_ID_SEND: Final = Parameter("ID_send", ID, required=True)
ID_SEND: Final = Parameter("ID_send", ID)
REQUIRED_ID_MESSAGE: Final = Parameter("ID_message", ID, required=True)
ID_MESSAGE: Final = Parameter("ID_message", ID)
REQUIRED_ID_USER_LIST: Final = Parameter("ID_user_list", ID, required=True)
EMAIL: Final = Parameter("email", note="an address")
ID_EMAIL: Final = Parameter("ID_email", ID)
RANGE_FROM: Final = Parameter("range_from", DAY, may_be_empty=True, note="the first day")
RANGE_TO: Final = Parameter("range_to", DAY, may_be_empty=True, note="the last day")

CUSTOMS: Final = tuple(f"custom{number}" for number in range(1, 26))
CUSTOM_FIELDS: Final = texts(*CUSTOMS, base64=True)
PLAIN_CUSTOM_FIELDS: Final = texts(*CUSTOMS)
#: The branch ``address`` of a recipient; ``gender`` is M or F on the page.
ADDRESS_FIELDS: Final = texts(
    "nick_name", "street", "city", "country", "state", "zip", "mobile", "phone", "fax", "gender", base64=True
)


def limit(maximum: int | None, default: int | None = None, *, as_text: bool = False) -> Parameter:
    """Declare the number of rows of a page."""
    return Parameter(
        "limit", INTEGER, minimum=1, maximum=maximum, default=default, xmlrpc="text" if as_text else None
    )


def start(name: str, *, as_text: bool = False) -> Parameter:
    """Declare the ID that a page begins with. 0 means the beginning."""
    return Parameter(
        name,
        ID,
        minimum=0,
        xmlrpc="text" if as_text else None,
        note="the ID of the first row of the page",
    )


def flag(
    name: str,
    *,
    required: bool = False,
    base64: bool = False,
    words: tuple[str, str] | None = ("TRUE", "FALSE"),
    native: bool = False,
    default: bool | None = None,
    note: str = "",
) -> Parameter:
    """Declare a boolean.

    :param native: whether XML-RPC wants its own boolean type.
    """
    return Parameter(
        name,
        BOOLEAN,
        required=required,
        base64=base64,
        words=words,
        xmlrpc="boolean" if native else None,
        default=default,
        note=note,
    )
