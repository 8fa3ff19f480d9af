"""All known functions of the API, by name.

Source: Mailkit's public reference pages and public client code. Nothing in it was tried on the live service.
What nobody has seen is marked as unknown.
"""

from __future__ import annotations

from functools import cache
from typing import Any, Final

from airflow_provider_mailkit.catalogue.checks import first_doubled
from airflow_provider_mailkit.catalogue.function import Function
from airflow_provider_mailkit.catalogue.functions.account import ACCOUNT_FUNCTIONS
from airflow_provider_mailkit.catalogue.functions.campaigns import CAMPAIGN_FUNCTIONS
from airflow_provider_mailkit.catalogue.functions.emails import EMAIL_FUNCTIONS
from airflow_provider_mailkit.catalogue.functions.mailinglists import (
    MAILING_LIST_FUNCTIONS,
    MAILING_LISTS_LIST,
)
from airflow_provider_mailkit.catalogue.functions.reports import (
    REPORT_CAMPAIGN,
    REPORT_FUNCTIONS,
    REPORT_MESSAGE,
    REPORT_RECIPIENTS,
)
from airflow_provider_mailkit.catalogue.functions.sending import SENDING_FUNCTIONS
from airflow_provider_mailkit.catalogue.parameters import nearest, shown
from airflow_provider_mailkit.exceptions import MailkitArgumentError

_ALL = (
    *REPORT_FUNCTIONS,
    *CAMPAIGN_FUNCTIONS,
    *MAILING_LIST_FUNCTIONS,
    *EMAIL_FUNCTIONS,
    *SENDING_FUNCTIONS,
    *ACCOUNT_FUNCTIONS,
)
if _again := first_doubled(function.name for function in _ALL):
    raise ValueError(f"the function {_again} is declared twice")

#: Every function by its name.
FUNCTIONS: Final = {function.name: function for function in _ALL}
_BY_METHOD = {function.method: function for function in _ALL if function.method}

RECIPIENTS: Final = REPORT_RECIPIENTS.name
CAMPAIGN: Final = REPORT_CAMPAIGN.name
TOTALS: Final = REPORT_MESSAGE.name
MAILING_LISTS: Final = MAILING_LISTS_LIST.name


def find(name: str) -> Function | None:
    """Return a function by its name, or by the name in the call; None if the table lacks it."""
    return FUNCTIONS.get(name) or _BY_METHOD.get(name)


def only_reads(name: str) -> bool:
    """Tell whether a function is known to only read, so that it may be repeated."""
    function = find(name)
    return function is not None and function.reads


@cache
def success_texts() -> frozenset[str]:
    """Return all plain texts, in lower case, that mean success for some function over XML-RPC."""
    return frozenset(text.lower() for function in _ALL for text in function.answer.texts)


def callable_function(name: Any) -> Function:
    """Return a function that can be called with checked parameters.

    :raises MailkitError: the name is unknown, or too little is known about the function.
    """
    unchecked = "MailkitHook.call passes a call on as it is with checked=False."
    function = name if isinstance(name, Function) else find(name) if isinstance(name, str) else None
    if function is None:
        closest = nearest(name if isinstance(name, str) else "", FUNCTIONS)
        raise MailkitArgumentError(
            f"{shown(name)} is not a known function of Mailkit's API; the nearest is {closest}. {unchecked}"
        )
    if function.uncallable:
        advice = "" if function.name == "Event API" else f" {unchecked}"
        raise MailkitArgumentError(f"{function.name}: {function.uncallable}.{advice}", function=function.name)
    return function
