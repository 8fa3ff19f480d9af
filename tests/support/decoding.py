"""What comes out of a report's decoder, without a server."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

from airflow_provider_mailkit.catalogue.report import Report
from airflow_provider_mailkit.exceptions import MailkitError
from airflow_provider_mailkit.protocol.decoder import Decoder
from airflow_provider_mailkit.protocol.excerpt import Redactor
from support.exports import CLIENT_ID, CLIENT_MD5, ZONE
from support.wire import Protocol


@dataclass
class Decoded:
    """Rows, the unknown members of each, and the error that followed them."""

    rows: list[dict[str, Any]] = field(default_factory=list)
    unknown: list[dict[str, Any]] = field(default_factory=list)
    error: MailkitError | None = None


def decoded(
    protocol: Protocol, report: Report, pieces: bytes | Iterable[bytes], zone: ZoneInfo | None = ZONE
) -> Decoded:
    """Feed a decoder; only a MailkitError is an outcome, anything else fails the test."""
    reader = Decoder(protocol, report, zone=zone, redactor=Redactor((CLIENT_ID, CLIENT_MD5)))
    outcome = Decoded()

    def take(batches: Iterable[Any]) -> None:
        for batch in batches:
            rows = list(batch.rows())
            outcome.rows += rows
            outcome.unknown += batch.unknown or [{}] * len(rows)

    try:
        for piece in [pieces] if isinstance(pieces, bytes) else pieces:
            take(reader.feed(piece))
        take(reader.finish())
    except MailkitError as error:
        outcome.error = error
    return outcome
