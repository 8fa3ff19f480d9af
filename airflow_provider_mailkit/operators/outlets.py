"""What the events of a task's outlets say about an export."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import Any

from airflow_provider_mailkit._compat import Asset, AssetAlias, AssetRef
from airflow_provider_mailkit.protocol.excerpt import Redactor

log = logging.getLogger(__name__)


def tell_outlets(outlets: Iterable[Any], events: Any, summary: dict[str, Any]) -> None:
    """Give the summary to the event of each outlet, as its extra.

    Assets and references to them get it as they are. An alias stands for assets that are known only now: it
    gets an event of the asset whose URI is that of the published file, and none if there is no file.

    The file is published already, so whatever Airflow refuses is only logged.
    """
    for outlet in outlets:
        try:
            if isinstance(outlet, Asset | AssetRef):
                events[outlet].extra = summary
            elif isinstance(outlet, AssetAlias) and summary.get("uri") is None:
                log.warning("%r gets no event: without output_path there is no file to stand for.", outlet)
            elif isinstance(outlet, AssetAlias):
                events[outlet].add(Asset(uri=summary["uri"]), extra=summary)
        except Exception as error:
            reason = Redactor().clean(f"{type(error).__name__}: {error}")
            log.warning("%r gets no summary: %s", outlet, reason)
