"""The outlet events of an export."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from airflow_provider_mailkit._compat import Asset, AssetAlias, AssetRef, chooses_partitions
from airflow_provider_mailkit.protocol.excerpt import Redactor

if TYPE_CHECKING:
    from airflow_provider_mailkit._compat import BaseOperator, Context

log = logging.getLogger(__name__)


def delivery_keys(operator: BaseOperator, context: Context, summary: dict[str, Any]) -> list[str]:
    """Return the partitions of an export's events: its deliveries.

    Only DAGs that leave partitions to their tasks have some. Elsewhere such an event would not start the DAGs
    that are scheduled by the asset. The partition key of the run takes precedence.
    """
    if not chooses_partitions(operator.get_dag()) or context.get("partition_key"):
        return []
    deliveries = summary.get("id_send") or []
    return [str(id_send) for id_send in (deliveries if isinstance(deliveries, list) else [deliveries])]


def tell_outlets(
    outlets: Iterable[Any],
    events: Any,
    summary: dict[str, Any],
    partitions: list[str] | None = None,
    *,
    uri: str | None = None,
) -> None:
    """Give the summary to the event of each outlet, as its extra.

    Assets and references to them get it as they are. An alias stands for assets that are known only now. It
    gets an event of the asset with the URI of the published file, and none without a file.

    The file stays published. If Airflow refuses the event, that is only logged.

    :param partitions: the partition keys of the event, unless it has some already. Airflow has none for the
        events of an alias.
    :param uri: URI of the published file, unless the summary has it.
    """
    published = uri or summary.get("uri")
    for outlet in outlets:
        try:
            if isinstance(outlet, Asset | AssetRef):
                event = events[outlet]
                event.extra = summary
                if partitions and not event.partition_keys:
                    event.add_partitions(partitions)
            elif not isinstance(outlet, AssetAlias):
                continue
            elif published is None:
                log.warning("%r gets no event, since it stands for a file: set output_path.", outlet)
            else:
                events[outlet].add(Asset(uri=published), extra=summary)
        except Exception as error:
            reason = Redactor().clean(f"{type(error).__name__}: {error}")
            log.warning("%r gets no summary: %s", outlet, reason)
