"""Lineage of a task that moves rows between Mailkit and files.

An operator inherits :class:`TellsLineage` and notes what it reads and writes while it runs::

    self._lineage.reads(function_name(endpoint.base_url, "mailkit.report"), report.all_columns)
    self._lineage.has_written(dataset_name(target), columns, rows=203, size=4096)

It stores plain values, because OpenLineage may not be installed, and a task may be copied and pickled.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from airflow_provider_mailkit.catalogue.columns import Column, ColumnKind
    from airflow_provider_mailkit.storage.lineage import DatasetName

_TYPES: dict[ColumnKind, str] = {
    "integer": "int64",
    "text": "string",
    "instant": "timestamp",
    "utc instant": "timestamp",
    "day": "date",
    "decimal": "float64",
    "nested": "string",
}


def function_name(base_url: str, function: str) -> DatasetName:
    """Return what a function of Mailkit is called as a dataset.

    The host is the account's, as its connection has it, with the port if that has one:
    ``mailkit://api.mailkit.eu`` and ``mailkit.report.message.recipients``. The account is not named, since
    its client ID is a credential.
    """
    from airflow_provider_mailkit.storage.lineage import DatasetName

    return DatasetName(f"mailkit://{urlsplit(base_url).netloc}", function)


class _Dataset(NamedTuple):
    name: DatasetName
    fields: tuple[tuple[str, str], ...]
    rows: int | None = None
    size: int | None = None


@dataclass
class Lineage:
    """What a task has read and written so far."""

    _inputs: list[_Dataset] = field(default_factory=list)
    _outputs: list[_Dataset] = field(default_factory=list)

    def reads(self, name: DatasetName | None, columns: Iterable[Column] = ()) -> None:
        """Note an input.

        :param name: None is left out: no naming convention covers it.
        :param columns: its columns, if they are known.
        """
        if name is not None:
            self._inputs.append(_Dataset(name, _fields(columns)))

    def has_written(
        self,
        name: DatasetName | None,
        columns: Iterable[Column | str] = (),
        *,
        rows: int | None = None,
        size: int | None = None,
    ) -> None:
        """Note a published output.

        :param name: None is left out: no naming convention covers it.
        :param columns: its columns, if they are known. A plain name means a text column.
        :param rows: how many this task has written.
        :param size: how many bytes.
        """
        if name is not None:
            self._outputs.append(_Dataset(name, _fields(columns), rows, size))

    def as_openlineage(self) -> Any:
        """Return it as an ``OperatorLineage`` of Airflow's OpenLineage provider.

        :raises ImportError: the provider is not installed.
        """
        from airflow_provider_mailkit import _compat

        return _compat.OperatorLineage(
            inputs=[_compat.InputDataset(*dataset.name, facets=_schema(dataset)) for dataset in self._inputs],
            outputs=[
                _compat.OutputDataset(
                    *dataset.name, facets=_schema(dataset), outputFacets=_statistics(dataset)
                )
                for dataset in self._outputs
            ],
        )


class TellsLineage:
    """Lets Airflow's OpenLineage provider ask a task what it has read and written.

    It takes precedence over the hook lineage collector, which does not name Azure's files. A failed task
    reports what it has read, and as output only what it has published.
    """

    def __init__(self, **arguments: Any) -> None:
        super().__init__(**arguments)
        self._lineage = Lineage()

    def get_openlineage_facets_on_complete(self, task_instance: Any) -> Any:
        """Return an ``OperatorLineage``."""
        return self._lineage.as_openlineage()


def _fields(columns: Iterable[Column | str]) -> tuple[tuple[str, str], ...]:
    return tuple(
        (column, _TYPES["text"]) if isinstance(column, str) else (column.name, _TYPES[column.kind])
        for column in columns
    )


def _schema(dataset: _Dataset) -> dict[str, Any]:
    from airflow_provider_mailkit._compat import SchemaDatasetFacet, SchemaDatasetFacetFields

    if not dataset.fields:
        return {}
    fields = [SchemaDatasetFacetFields(name=name, type=kind) for name, kind in dataset.fields]
    return {"schema": SchemaDatasetFacet(fields=fields)}


def _statistics(dataset: _Dataset) -> dict[str, Any]:
    from airflow_provider_mailkit._compat import OutputStatisticsOutputDatasetFacet

    if dataset.rows is None and dataset.size is None:
        return {}
    facet = OutputStatisticsOutputDatasetFacet(rowCount=dataset.rows, size=dataset.size)
    return {"outputStatistics": facet}
