"""The Test button of the connection form, and its messages for the person who fills in the form."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace

from airflow_provider_mailkit.catalogue.functions import MAILING_LISTS
from airflow_provider_mailkit.exceptions import MailkitError, MailkitTransportError
from airflow_provider_mailkit.transport.endpoint import Endpoint

#: The longest that the button waits for an answer, in seconds.
TEST_TIMEOUT_S = 14.0


def press(conn_id: str, read: Callable[[], Endpoint]) -> tuple[bool, str]:
    """Test a connection; return whether it worked, and a sentence.

    :param read: reads the connection; may raise anything.
    """
    outcome: list[tuple[bool, str]] = []
    # The look-up of a host name has no time-out, so its thread may outlive the test.
    thread = threading.Thread(target=lambda: outcome.append(_tested(conn_id, read)), daemon=True)
    try:
        thread.start()
    except RuntimeError:
        return False, "The test could not be made: this machine has no thread left."
    thread.join(TEST_TIMEOUT_S)
    return outcome[0] if outcome else (False, f"No answer within {TEST_TIMEOUT_S:.0f} seconds.")


def _tested(conn_id: str, read: Callable[[], Endpoint]) -> tuple[bool, str]:
    url = ""
    try:
        endpoint = read()
        url = endpoint.base_url
        try_out(endpoint)
    except MailkitError as error:
        # Airflow makes up an ID for the tested connection.
        text = explain(error, url)
        return False, text.replace(f"Connection '{conn_id}'", "The connection")
    except Exception as error:
        return False, f"The test could not be made: {type(error).__name__}."
    return True, "Mailkit accepted the credentials."


def try_out(endpoint: Endpoint) -> None:
    """Make one call that only reads, without retries, and with short time-outs, since a person is waiting.

    :raises MailkitError: it failed.
    """
    from airflow_provider_mailkit.transport.sync_client import SyncClient

    quick = replace(
        endpoint,
        connect_timeout_s=min(5.0, endpoint.connect_timeout_s),
        read_timeout_s=min(8.0, endpoint.read_timeout_s),
        retry=replace(endpoint.retry, max_attempts=1),
        # Airflow makes up an ID for the tested connection.
        connection="",
    )
    SyncClient(quick).call(MAILING_LISTS)


def explain(error: MailkitError, base_url: str) -> str:
    """Return the sentence for a failed test, without the name of the function, which does not matter here."""
    text = str(error).removeprefix(f"{error.function}: ")
    if "password (MD5 code) missing" in text:
        # Airflow 2 can only test what is in the form.
        return f"{text} A saved code is not shown: type it again to test it."
    if isinstance(error, MailkitTransportError):
        return f"No usable answer from {base_url}: {text}"
    return text[:1].upper() + text[1:]
