"""``python -m airflow_provider_mailkit.probe``: calls an account, and writes the forms of its answers."""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Iterator
from contextlib import redirect_stdout
from dataclasses import replace
from typing import Any

from airflow_provider_mailkit import __version__
from airflow_provider_mailkit.catalogue.calls import check_call
from airflow_provider_mailkit.exceptions import MailkitAccessError, MailkitError
from airflow_provider_mailkit.hooks.mailkit import MailkitHook
from airflow_provider_mailkit.probe.questions import found, functions, parameters
from airflow_provider_mailkit.probe.shapes import describe
from airflow_provider_mailkit.transport.sync_client import SyncClient

DESCRIPTION = """\
Calls every function of Mailkit that only reads, once, through an Airflow connection. Prints the form of each
answer as JSON: the names of fields, their kinds, the patterns of texts (digits, a date, empty), and the
values of fields that are choices, such as a status. It asks for two rows where Mailkit allows that, and
examines two. The output has no address, ID, name, other text or secret. Read it before you send it to
anybody.
"""
_MAX_BYTES = 2**26


def make_parser() -> argparse.ArgumentParser:
    """Return the parser."""
    parser = argparse.ArgumentParser(
        prog="python -m airflow_provider_mailkit.probe",
        description=DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("--conn-id", default=MailkitHook.default_conn_name, help="the connection (default: %(default)s)")
    add("--protocol", choices=("json", "xmlrpc"), help="default: as in the connection")
    add("--output", metavar="FILE", help="write to this file instead of standard output")
    return parser


def probe(client: SyncClient) -> Iterator[dict[str, Any]]:
    """Yield the answer of each function, in words.

    :raises MailkitAccessError: Mailkit refuses the client.
    """
    known: dict[str, Any] = {}
    for name in functions():
        asked = parameters(name, known)
        if asked is None:
            yield {"function": name, "asked": False}
            continue
        told: dict[str, Any] = {"function": name, "asked": sorted(asked)}
        try:
            answer = _ask(client, name, asked)
        except MailkitAccessError:
            raise
        except MailkitError as error:
            yield told | {"error": type(error).__name__, "says": _without_values(str(error))}
            continue
        known |= found(name, answer)
        yield told | {"answer": describe(answer)}


def _ask(client: SyncClient, name: str, asked: dict[str, Any]) -> Any:
    """Return the raw answer, without the types of the catalogue. The call itself is checked."""
    call = check_call(name, asked, client.endpoint.zone)
    if client.endpoint.protocol == "json":
        sent = call.for_json()
    else:
        # Unchecked values are sent in the order of the dict; their names do not matter.
        sent = {str(place): value for place, value in enumerate(call.for_xmlrpc())}
    return client.call(call.function.spoken, sent, max_bytes=_MAX_BYTES)


def _without_values(message: str) -> str:
    """Return an error's text without any number, and without the advice, which has IDs of the account."""
    said = re.split(r" (?:Check|Add) | The answer begins with: ", message, maxsplit=1)[0]
    return re.sub(r"[0-9]+", "#", said)


def main(arguments: list[str] | None = None) -> int:
    """Make the calls, write the result, return the exit status."""
    options = make_parser().parse_args(arguments)
    try:
        # Airflow logs to the standard output, where the answers go.
        with redirect_stdout(sys.stderr):
            told = _told(options)
    except MailkitError as error:
        print(error, file=sys.stderr)
        return 1
    text = json.dumps(told, indent=1) + "\n"
    if options.output:
        with open(options.output, "w", encoding="utf-8") as file:
            file.write(text)
    else:
        sys.stdout.write(text)
    return 0


def _told(options: argparse.Namespace) -> dict[str, Any]:
    endpoint = MailkitHook(options.conn_id).account.endpoint
    endpoint = replace(endpoint, protocol=options.protocol or endpoint.protocol)
    answers = []
    for answer in probe(SyncClient(endpoint)):
        print(f"{answer['function']}: {_summary(answer)}", flush=True)
        answers.append(answer)
    return {"provider": __version__, "protocol": endpoint.protocol, "functions": answers}


def _summary(answer: dict[str, Any]) -> str:
    if answer["asked"] is False:
        return "not asked, there is nothing to ask about"
    return str(answer.get("error") or "answered")


if __name__ == "__main__":
    sys.exit(main())
