"""How operators publish a file, and report it afterwards without failing the task."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from os import PathLike
from typing import TYPE_CHECKING, Any

from airflow_provider_mailkit.links.mailkit import MailkitPublishedObjectLink, keep_address
from airflow_provider_mailkit.operators._killable import Killable
from airflow_provider_mailkit.operators._lineage import Lineage, TellsLineage

if TYPE_CHECKING:
    from airflow_provider_mailkit._compat import BaseOperatorLink, Context
    from airflow_provider_mailkit.catalogue.columns import Column
    from airflow_provider_mailkit.storage.publication import Publication
    from airflow_provider_mailkit.storage.target import Target

_CONSEQUENCE = "Lineage lacks the file"


class PublishesFile(Killable, TellsLineage):
    """Base of operators that write one file to ``output_path``, or return the content without it."""

    operator_extra_links: Collection[BaseOperatorLink] = (MailkitPublishedObjectLink(),)
    output_path: str | PathLike[str] | None
    output_conn_id: str | None
    overwrite: bool
    do_xcom_push: bool
    log: Any
    #: URL of the published file in the console of its store; None if it has none.
    object_address: str | None = None
    #: The arguments that say where the file is, as they were before rendering.
    _place_as_written: Mapping[str, Any]

    def _begin(self, context: Context) -> None:
        """Forget the lineage of an earlier try, and check the path.

        :raises MailkitError: the path was rendered as None, or other map indexes would write the same file.
        """
        from airflow_provider_mailkit.exceptions import MailkitArgumentError
        from airflow_provider_mailkit.operators.mapped import check_no_shared_file
        from airflow_provider_mailkit.storage.path_text import shown_path

        self._lineage, self.object_address = Lineage(), None
        written = self._place_as_written["output_path"]
        if self.output_path is not None:
            check_no_shared_file(self, self._place_as_written, context)  # type: ignore[arg-type]
        elif written is not None:
            # Native rendering can do that. The data would then go to XCom, which everybody can read.
            raise MailkitArgumentError(
                f"output_path {shown_path(str(written))} was rendered as None: check its template."
            )

    def _target(self, arguments: Mapping[str, Any]) -> Target | None:
        """Return the target of the file; None without ``output_path``.

        :param arguments: as they are used.
        :raises MailkitError: the path cannot be used, or an existing file must stay.
        """
        from airflow_provider_mailkit.exceptions import MailkitArgumentError
        from airflow_provider_mailkit.storage.path_text import shown_path
        from airflow_provider_mailkit.storage.target import resolve_target

        path = arguments["output_path"]
        if path is None:
            return None
        try:
            target = resolve_target(path, self.output_conn_id or None)
        except ValueError as error:
            raise MailkitArgumentError(f"output_path {shown_path(path)} cannot be used: {error}.") from error
        if not self.overwrite and target.exists():
            raise MailkitArgumentError(
                f"{target.uri} exists already, and overwrite is False. Nothing was read or written."
            )
        return target

    def _publish(
        self,
        context: Context,
        target: Target,
        write: Callable[[Publication], dict[str, Any]],
        columns: Iterable[Column] = (),
    ) -> dict[str, Any]:
        """Publish the file and report it; return what ``write`` returns.

        :param write: writes the file and commits it; returns its ``bytes``, and its ``rows`` if it has some.
        :param columns: of the file, if it has some.
        """
        from airflow_provider_mailkit.storage.publication import Publication

        collector = lineage_collector(self.log)
        opened = Publication(target, overwrite=self.overwrite)
        with self._aborted_when_killed(opened), opened as publication:
            written = write(publication)
        self.object_address = tell_of_file(self, self._lineage, collector, target, columns, written)
        if self.do_xcom_push:
            keep_address(context, self.object_address)
        return written


def lineage_collector(log: Any) -> Any:
    """Return Airflow's hook lineage collector; None if it cannot be had.

    Call it before the publication: Airflow loads all plugins for it, which takes up to a second. A time-out
    after the publication would fail a task whose file is published.
    """
    from airflow_provider_mailkit._compat import get_hook_lineage_collector
    from airflow_provider_mailkit.operators._best_effort import best_effort

    with best_effort(log, _CONSEQUENCE):
        return get_hook_lineage_collector()
    return None


def tell_of_file(
    operator: Any,
    lineage: Lineage,
    collector: Any,
    target: Target,
    columns: Iterable[Column],
    written: Mapping[str, Any],
) -> str | None:
    """Report a published file to lineage; return its URL in the console of its store, if it has one.

    :param operator: the task that has written it.
    :param collector: from :func:`lineage_collector`.
    :param written: with ``bytes``, and ``rows`` if it has some.
    """
    from airflow_provider_mailkit.operators._best_effort import best_effort
    from airflow_provider_mailkit.storage.lineage import dataset_name
    from airflow_provider_mailkit.storage.web_address import web_address

    with best_effort(operator.log, _CONSEQUENCE):
        lineage.has_written(dataset_name(target), columns, rows=written.get("rows"), size=written["bytes"])
        # Some versions of Airflow refuse asset URIs that are long or not in ASCII.
        if collector is not None:
            collector.add_output_asset(context=operator, uri=target.uri)
    with best_effort(operator.log, "The button to the file could not be given its address"):
        return web_address(target)
    return None
