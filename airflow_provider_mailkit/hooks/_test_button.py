"""What the Test button of the connection form does, and says to whoever has just filled the form in."""

from __future__ import annotations

from dataclasses import replace

from airflow_provider_mailkit.catalogue.functions import MAILING_LISTS
from airflow_provider_mailkit.exceptions import MailkitError, MailkitTransportError
from airflow_provider_mailkit.transport.endpoint import Endpoint


def try_out(endpoint: Endpoint) -> None:
    """Make one call that only reads, once, with time-outs for somebody who waits in front of a screen.

    :raises MailkitError: it failed.
    """
    from airflow_provider_mailkit.transport.sync_client import SyncClient

    quick = replace(
        endpoint,
        connect_timeout_s=min(5.0, endpoint.connect_timeout_s),
        read_timeout_s=min(8.0, endpoint.read_timeout_s),
        retry=replace(endpoint.retry, max_attempts=1),
        # Airflow tests under an ID of its own invention.
        connection="",
    )
    SyncClient(quick).call(MAILING_LISTS)


def explain(error: MailkitError, base_url: str) -> str:
    """Return the sentence for a failed test: which function was called is no matter to the reader."""
    text = str(error).removeprefix(f"{error.function}: ")
    if "password (MD5 code) missing" in text:
        # Airflow 2 can only test what stands in the form.
        return f"{text} A saved code is not shown: type it again to test it."
    if isinstance(error, MailkitTransportError):
        return f"No usable answer from {base_url}: {text}"
    return text[:1].upper() + text[1:]
