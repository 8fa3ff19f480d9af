"""The profile of the account, its files, and what is not a function of this API."""

from __future__ import annotations

from typing import Final

from airflow_provider_mailkit.catalogue.function import DELETE, READ, WRITE, Answer, Function, Place
from airflow_provider_mailkit.catalogue.parameters import ID, Parameter, texts

PROFILE_EMAILS: Final = Function(
    "mailkit.profile.emails.list",
    READ,
    "The addresses that the account may send from.",
    placement="none",
    answer=Answer("object", xmlrpc="rows", inside="emails"),
    unknown=("the JSON answer: one client's code is the source", "all values of STATUS"),
)
PROFILE_QUERIES: Final = Function(
    "mailkit.profile.queries.list",
    READ,
    "The stored queries of the account.",
    answer=Answer("object", inside="data"),
    unknown=("the JSON answer",),
)
FILE_UPLOAD: Final = Function(
    "mailkit.filemanager.upload",
    WRITE,
    "Puts a file into the file manager; a name that exists gets a number.",
    (
        Parameter("folder_name", may_be_empty=True),
        Parameter("name", required=True, max_length=50),
        Parameter("data", required=True, base64=True),
        Parameter("description"),
    ),
    places=(Place(("folder_name", "name", "data", "description"), "list"),),
    placement=None,
    answer=Answer(
        "rows",
        integers=("ERROR", "ID_FOLDER", "ID_FILE"),
        members=("ERROR", "NAME", "NAME_ORIG", "ID_FOLDER", "ID_FILE"),
    ),
    unknown=("the form of the JSON call and answer", "further codes of ERROR"),
)
FILE_LIST: Final = Function(
    "mailkit.filemanager.list",
    READ,
    "The files and folders of a folder of the file manager.",
    (Parameter("ID_folder", ID, xmlrpc="text", note="default: the root"),),
    placement=None,
    answer=Answer("rows", integers=("ID_FOLDER",), members=("NAME", "DATE", "ID_FOLDER", "PARENT", "TYPE")),
    unknown=("the form of the JSON call and answer", "the fields of a file"),
)
FILE_DELETE: Final = Function(
    "mailkit.filemanager.delete",
    DELETE,
    "Deletes a file, or a folder that is empty, from the file manager.",
    (
        Parameter("ID_file/ID_folder", ID, required=True),
        Parameter("file/dir", required=True, choices=("file", "dir")),
    ),
    placement=None,
    answer=Answer(None, xmlrpc="text", texts=("DELETED",)),
    unknown=("the form of the JSON call and answer",),
)
EVENT_API: Final = Function(
    "Event API",
    WRITE,
    "Events of web pages (shopping cart, conversion, remarketing).",
    texts(
        "email", "event_tag", "return_url", "description", "language", "currency", "decimal_separator",
        "first_name", "last_name", "gender", "order_no", "promo", "promo_value",
    ),
    placement=None,
    uncallable="it is an interface of its own (JavaScript and REST), not a function that can be called here",
    unknown=("its addresses and calls; the parameters are those of initEvent",),
)  # fmt: skip

ACCOUNT_FUNCTIONS: Final = (
    PROFILE_EMAILS,
    PROFILE_QUERIES,
    EVENT_API,
    FILE_UPLOAD,
    FILE_LIST,
    FILE_DELETE,
)
