"""Tasks that Airflow must not begin a second time by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_provider_mailkit.exceptions import MailkitArgumentError

if TYPE_CHECKING:
    from airflow_provider_mailkit._compat import Context
    from airflow_provider_mailkit.catalogue.function import Function


def check_one_try(function: Function, context: Context) -> None:
    """Refuse a call that acts, if Airflow would repeat it after losing the worker.

    The operators set ``retries`` to 0. It differs if somebody has set it afterwards, or has mapped the
    arguments that it depends on.

    :raises MailkitError: the task has tries left.
    """
    ti = context.get("ti")
    try_number, max_tries = getattr(ti, "try_number", None), getattr(ti, "max_tries", None)
    if isinstance(try_number, int) and isinstance(max_tries, int) and max_tries >= try_number:
        raise MailkitArgumentError(
            f"{function.name} {function.effect}s, and Airflow would call it again if the worker were lost: "
            "set retries=0 for this task. Nothing was sent.",
            function=function.name,
        )
