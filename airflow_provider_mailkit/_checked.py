"""Checks the arguments of operators and sensors as soon as they are known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from airflow_provider_mailkit._arguments import Kind, is_known
from airflow_provider_mailkit._boundary import permanent_errors_fail_the_task
from airflow_provider_mailkit._hidden import given

if TYPE_CHECKING:
    from airflow_provider_mailkit._compat import Context


class ChecksArguments:
    """An operator inherits this to have its arguments checked.

    Literal values are checked when the DAG is parsed, so that a mistake does not show after hours of waiting.
    Values from templates or other tasks are checked before the first call.
    """

    template_fields: Any
    #: The arguments that label a mapped task in Airflow's UI, instead of its map index.
    named_after: Sequence[str] = ()

    @classmethod
    def argument_kinds(cls) -> dict[str, Kind]:
        """Return what each argument may be."""
        raise NotImplementedError

    @classmethod
    def check_arguments_together(cls, known: Mapping[str, Any], given: Mapping[str, Any]) -> None:
        """Check arguments against each other.

        :param known: arguments that neither a template nor another task fills in.
        :param given: all arguments as they are written. For a mapped task, those that are the same for all
            its indexes.
        """

    @classmethod
    def partial(cls, **arguments: Any) -> Any:
        """Begin a mapped task, as Airflow does, and check its literal arguments."""
        cls.check_arguments_together(cls._read_known(arguments), arguments)
        return super().partial(**arguments)  # type: ignore[misc]

    def pre_execute(self, context: Context) -> None:
        """Label a mapped task when it starts, and when it continues after a deferral."""
        from airflow_provider_mailkit._map_index import name_map_index

        super().pre_execute(context)  # type: ignore[misc]
        try:
            name_map_index(self, self.named_after, context)  # type: ignore[arg-type]
        except Exception as error:
            # A task without a label is better than a failed one.
            self.log.info("The mapped task could not be labelled: %s", type(error).__name__)  # type: ignore[attr-defined]

    def check_when_parsed(self) -> None:
        """Check what is known already.

        :raises MailkitError: an argument cannot be used. A mapped task is created when it runs, and fails
            then without retries.
        """
        with permanent_errors_fail_the_task():
            arguments = self._given()
            self.check_arguments_together(self._read_known(arguments), arguments)

    def read_arguments(self) -> dict[str, Any]:
        """Check all arguments and return their normalised values, for ``execute()``."""
        arguments = self._given()
        read = {name: kind(name, arguments[name]) for name, kind in self.argument_kinds().items()}
        self.check_arguments_together(read, arguments)
        return read

    def _given(self) -> dict[str, Any]:
        return {name: given(self, name) for name in self.argument_kinds()}

    @classmethod
    def _read_known(cls, arguments: Mapping[str, Any]) -> dict[str, Any]:
        return {
            name: kind(name, arguments[name])
            for name, kind in cls.argument_kinds().items()
            if name in arguments and (name not in cls.template_fields or is_known(arguments[name]))
        }
