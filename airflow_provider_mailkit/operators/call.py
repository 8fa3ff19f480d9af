"""The operator that calls any function of Mailkit."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping, Sequence
from functools import partial
from os import PathLike
from typing import TYPE_CHECKING, Any

from airflow_provider_mailkit._arguments import (
    Kind,
    any_text,
    choice,
    flag,
    names_and_values,
    optional,
    statuses,
    text,
    whole,
)
from airflow_provider_mailkit._checked import ChecksArguments
from airflow_provider_mailkit._compat import BaseOperator
from airflow_provider_mailkit._hidden import HiddenArgument, is_final
from airflow_provider_mailkit.operators._hidden import parameters_shown
from airflow_provider_mailkit.operators._publishing import PublishesFile

if TYPE_CHECKING:
    from airflow_provider_mailkit._compat import Context
    from airflow_provider_mailkit.catalogue.function import Function
    from airflow_provider_mailkit.hooks.mailkit import MailkitHook
    from airflow_provider_mailkit.storage.publication import Publication


class MailkitCallOperator(PublishesFile, ChecksArguments, BaseOperator):
    """Calls a function of Mailkit's API, and returns the decoded answer or writes it to a file.

    The call is checked against the table of functions. Literal arguments are checked when the DAG is parsed.
    What a function does besides reading must be named in ``allow``.

    A failed call is repeated only if the function only reads. For all other functions ``retries`` becomes 0,
    whatever the DAG says, because nobody can tell what a killed try has done. If such a call may have acted
    and its answer got lost, it fails with :class:`MailkitUnclearError`.

    Without ``output_path`` the task returns the answer, which everybody who can open the task can read. With
    it, the task returns a summary: ``function``, ``effect``, ``uri``, ``rows`` (None if the answer is not a
    list), ``bytes``, ``sha256``, ``seconds``.

    Among the rendered templates, only numbers, days and choices of ``parameters`` are shown. Other values
    appear as ``***``.

    :param function: the full name, such as ``mailkit.mailinglist.create``.
    :param parameters: its parameters, under Mailkit's own names. Pass plain values; the provider encodes
        Base64. Templated.
    :param allow: what the function may do: ``read``, ``write``, ``send``, ``delete``.
    :param output_path: where to write the answer as JSON, whole or not at all: any URL that Airflow's
        ObjectStoragePath accepts, or a local path. Templated.
    :param output_conn_id: connection of the storage. Templated.
    :param overwrite: whether to replace an existing file. If False, an existing file fails the task before
        Mailkit is called.
    :param max_xcom_bytes: the maximum size of the answer in XCom, in bytes of JSON.
    :param mailkit_conn_id: connection to Mailkit. Templated.
    """

    template_fields: Sequence[str] = ("parameters", "output_path", "output_conn_id", "mailkit_conn_id")
    named_after: Sequence[str] = ("parameters",)
    ui_color = "#cde7f5"

    parameters = HiddenArgument(parameters_shown)

    def __init__(
        self,
        *,
        function: str,
        parameters: Mapping[str, Any] | None = None,
        allow: Collection[str] = ("read",),
        output_path: str | PathLike[str] | None = None,
        output_conn_id: str | None = None,
        overwrite: bool = True,
        max_xcom_bytes: int = 49152,
        mailkit_conn_id: str = "mailkit_default",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.function = function
        self.parameters = parameters
        self.allow = allow
        self.output_path = output_path
        self.output_conn_id = output_conn_id
        self.overwrite = overwrite
        self.max_xcom_bytes = max_xcom_bytes
        self.mailkit_conn_id = mailkit_conn_id
        self.check_when_parsed()
        self._place_as_written = {"output_path": output_path, "output_conn_id": output_conn_id}
        if _acts(function):
            self.retries = 0

    @classmethod
    def partial(cls, **arguments: Any) -> Any:
        """Begin a mapped task, as Airflow does."""
        if _acts(arguments.get("function")):
            arguments["retries"] = 0
        return super().partial(**arguments)

    @classmethod
    def argument_kinds(cls) -> dict[str, Kind]:
        """Return what each argument may be."""
        from airflow_provider_mailkit.catalogue.functions import callable_function
        from airflow_provider_mailkit.storage.path_text import read_path

        return {
            "function": lambda name, value: callable_function(value),
            "parameters": optional(names_and_values),
            "allow": _effects,
            "output_path": optional(read_path),
            "output_conn_id": optional(any_text),
            "overwrite": flag,
            "max_xcom_bytes": whole(1, "number of bytes"),
            "mailkit_conn_id": text,
        }

    @classmethod
    def check_arguments_together(cls, known: Mapping[str, Any], given: Mapping[str, Any]) -> None:
        """Check the function against ``allow``, the parameters against the function, and the path."""
        from airflow_provider_mailkit.catalogue.calls import check_call
        from airflow_provider_mailkit.storage.path_text import check_template

        function = known.get("function")
        if function and function.effect not in known.get("allow", ("read",)):
            _refuse(function)
        if function and "parameters" in known:
            parameters = known["parameters"] or {}
            unknown = [name for name, value in parameters.items() if not is_final(value)]
            check_call(function, parameters, unknown=unknown)
        path = known.get("output_path", given.get("output_path"))
        if isinstance(path, str) and "output_path" not in known:
            check_template("output_path", path)

    def execute(self, context: Context) -> Any:
        """Make the call; return the answer, or a summary of the file."""
        from airflow_provider_mailkit._boundary import permanent_errors_fail_the_task
        from airflow_provider_mailkit.hooks.mailkit import MailkitHook
        from airflow_provider_mailkit.operators._answer import check_for_xcom
        from airflow_provider_mailkit.operators._lineage import function_name
        from airflow_provider_mailkit.operators._one_try import check_one_try

        with permanent_errors_fail_the_task():
            arguments = self.read_arguments()
            function = arguments["function"]
            if not function.reads:
                check_one_try(function, context)
            self._begin(context)
            target, hook = self._target(arguments), MailkitHook(self.mailkit_conn_id)
            self._lineage.reads(function_name(hook.account.endpoint.base_url, function.name))
            if target is not None:
                # Opened before the call, so that a problem with the file shows before Mailkit acts.
                written = self._publish(context, target, partial(self._call_and_write, hook, arguments))
                return {"function": function.name, "effect": function.effect, "uri": target.uri} | written
            answer, _ = self._call(hook, arguments)
            if self.do_xcom_push:
                check_for_xcom(function, answer, arguments["max_xcom_bytes"])
            return answer

    def _call(self, hook: MailkitHook, arguments: Mapping[str, Any]) -> tuple[Any, float]:
        """Make the call; return the answer, and how many seconds it took."""
        from airflow_provider_mailkit.operators._answer import describe

        began = time.monotonic()
        name = arguments["function"].name
        answer = hook.call(name, arguments["parameters"])
        seconds = round(time.monotonic() - began, 3)
        self.log.info("%s answered %s in %.1f s.", name, describe(answer), seconds)
        return answer, seconds

    def _call_and_write(
        self, hook: MailkitHook, arguments: Mapping[str, Any], publication: Publication
    ) -> dict[str, Any]:
        from airflow_provider_mailkit.operators._answer import write_answer

        answer, seconds = self._call(hook, arguments)
        return write_answer(arguments["function"], answer, publication) | {"seconds": seconds}

    def on_kill(self) -> None:
        """From now on, make no call and publish nothing, but keep the answer of a function that has acted."""
        if _acts(self.function):
            self._killed = True
        else:
            super().on_kill()


def _effects(name: str, value: Any) -> tuple[str, ...]:
    """Read what a function may do."""
    effects = choice("read", "write", "send", "delete")
    return tuple(effects(name, effect) for effect in statuses(name, value))


def _acts(function: Any) -> bool:
    from airflow_provider_mailkit.catalogue.functions import only_reads

    return isinstance(function, str) and not only_reads(function)


def _refuse(function: Function) -> None:
    from airflow_provider_mailkit.exceptions import MailkitArgumentError

    raise MailkitArgumentError(
        f"{function.name} {function.effect}s: a task may call it with {function.effect!r} in allow.",
        function=function.name,
    )
