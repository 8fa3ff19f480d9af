"""What is told of a file once it is there; nothing of it can fail the task any more."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from airflow_provider_mailkit.operators._best_effort import best_effort
from airflow_provider_mailkit.storage.lineage import dataset_name
from airflow_provider_mailkit.storage.web_address import web_address

if TYPE_CHECKING:
    from airflow_provider_mailkit.catalogue.columns import Column
    from airflow_provider_mailkit.operators._lineage import Lineage
    from airflow_provider_mailkit.storage.target import Target

_CONSEQUENCE = "Lineage lacks the file"


def lineage_collector(log: Any) -> Any:
    """Return Airflow's hook lineage collector; None if it cannot be had.

    Call it before the publication: Airflow loads all plugins for it, which takes up to a second, and a
    time-out after the publication would fail a task whose file is there.
    """
    from airflow_provider_mailkit._compat import get_hook_lineage_collector

    with best_effort(log, _CONSEQUENCE):
        return get_hook_lineage_collector()
    return None


def tell_of_file(
    operator: Any,
    lineage: Lineage,
    collector: Any,
    target: Target,
    columns: Iterable[Column],
    summary: Mapping[str, Any],
) -> str | None:
    """Tell lineage of a published file; return its address in the console of its store, if it has one.

    :param operator: the task that has written it.
    :param collector: what :func:`lineage_collector` has returned.
    :param summary: with ``rows`` and ``bytes``.
    """
    with best_effort(operator.log, _CONSEQUENCE):
        lineage.has_written(dataset_name(target), columns, rows=summary["rows"], size=summary["bytes"])
        # Some versions of Airflow refuse the URIs of assets that have other letters than ASCII, or many.
        if collector is not None:
            collector.add_output_asset(context=operator, uri=target.uri)
    with best_effort(operator.log, "The button to the file lacks its address"):
        return web_address(target)
    return None
