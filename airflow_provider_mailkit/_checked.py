"""Operators and sensors whose arguments are checked as soon as they are known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from airflow_provider_mailkit._arguments import Kind, is_known
from airflow_provider_mailkit._boundary import permanent_errors_fail_the_task

if TYPE_CHECKING:
    from airflow_provider_mailkit._compat import Context


class ChecksArguments:
    """What an operator inherits to have its arguments checked.

    Literal values are checked when the DAG is parsed, so that a mistake is not found after hours of waiting;
    what a template or another task fills in is checked before the first call.
    """

    template_fields: Any
    #: The arguments that name a mapped task in Airflow's UI, instead of its map index.
    named_after: Sequence[str] = ()

    @classmethod
    def argument_kinds(cls) -> dict[str, Kind]:
        """Return what each argument may be."""
        raise NotImplementedError

    @classmethod
    def check_arguments_together(cls, known: Mapping[str, Any], given: Mapping[str, Any]) -> None:
        """Check arguments against each other.

        :param known: those that are neither templates nor filled in by another task.
        :param given: all, as they are written; of a mapped task those that are the same for all its indexes.
        """

    @classmethod
    def partial(cls, **arguments: Any) -> Any:
        """Begin a mapped task, as Airflow does, whose literal arguments are checked here."""
        cls.check_arguments_together(cls._read_known(arguments), arguments)
        return super().partial(**arguments)  # type: ignore[misc]

    def pre_execute(self, context: Context) -> None:
        """Name a mapped task, when it starts and when it goes on after a deferral."""
        from airflow_provider_mailkit._map_index import name_map_index

        super().pre_execute(context)  # type: ignore[misc]
        try:
            name_map_index(self, self.named_after, context)  # type: ignore[arg-type]
        except Exception as error:
            # A task without a name is better than none.
            self.log.info("The mapped task could not be labelled: %s", type(error).__name__)  # type: ignore[attr-defined]

    def check_when_parsed(self) -> None:
        """Check what is known already.

        :raises MailkitError: an argument cannot be used. A mapped task is made when it runs, and then fails
            without retries.
        """
        with permanent_errors_fail_the_task():
            given = self._given()
            self.check_arguments_together(self._read_known(given), given)

    def read_arguments(self) -> dict[str, Any]:
        """Return all arguments as they are used, having checked them; for ``execute()``."""
        given = self._given()
        read = {name: kind(name, given[name]) for name, kind in self.argument_kinds().items()}
        self.check_arguments_together(read, given)
        return read

    def _given(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.argument_kinds()}

    @classmethod
    def _read_known(cls, arguments: Mapping[str, Any]) -> dict[str, Any]:
        return {
            name: kind(name, arguments[name])
            for name, kind in cls.argument_kinds().items()
            if name in arguments and (name not in cls.template_fields or is_known(arguments[name]))
        }
