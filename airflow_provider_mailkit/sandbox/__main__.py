"""The command line of the sandbox."""

from __future__ import annotations

import argparse
import json
import signal
import sys
import threading
from datetime import date

from airflow_provider_mailkit.sandbox.clock import yesterday
from airflow_provider_mailkit.sandbox.sandbox import Sandbox

DEFAULT_PORT = 8642

DESCRIPTION = """\
A Mailkit on your own machine, for trying the provider without an account.

It listens on 127.0.0.1 only, unless --host says otherwise. It sends no e-mail and calls no
other host. Its recipients are made up, with addresses under example.com, example.org and
example.cz.

It answers both protocols, POST /json.fcgi and POST /rpc.fcgi, and every function that only
reads: all reports, mailing lists and addresses, campaigns and their history, and the rest. A
delivery can be scheduled. It then appears in the list of schedules, and from its time on in
the history. Recipients can be imported, unsubscribed and queued for erasure. The answers
agree with each other. They have the oddities that clients of Mailkit have reported: numbers
with and without quotes, {} for an empty list, an object for a list of one, pages that overlap
by a row.

A delivery starts when one of its reports is requested for the first time, so whoever waits for
it sees it wait. In the A/B test a fifth of the audience gets version A or B first, and the
others are in 'wait_ab'. After half of the time the winner is chosen, and the others go through
'wait'. After --seconds everybody is 'sent' or (about 3 %) 'failed'. Reads and clicks grow for
the same time again. A status never goes back. The seed decides everything, so a second run
with the same options gives the same answers (on another day, also pass the same --last-day).
"""

EXAMPLES = """\
examples:
  A delivery of a thousand recipients that takes twenty seconds:
    python -m airflow_provider_mailkit.sandbox

  Fifty thousand recipients in ten seconds, on a free port:
    python -m airflow_provider_mailkit.sandbox --port 0 --recipients 50000 --seconds 10

  Five million recipients, all done, to try an export of that size:
    python -m airflow_provider_mailkit.sandbox --recipients 5000000 --seconds 0

  For an Airflow in containers. Plain http works only with the default credentials:
    python -m airflow_provider_mailkit.sandbox --host 0.0.0.0

  Raw reports that grow by 500 rows with every call, for incremental exports:
    python -m airflow_provider_mailkit.sandbox --recipients 50000 --seconds 0 --log-growth 500

  See how a DAG fails if Mailkit does not allow its IP address:
    python -m airflow_provider_mailkit.sandbox --disallow-ip

Then copy the line that begins with AIRFLOW_CONN_MAILKIT_DEFAULT= into the shell that
starts Airflow (after 'export '). For XML-RPC, add "extra": {"protocol": "xmlrpc"} to it.

A call with curl and the default credentials:
  curl http://127.0.0.1:8642/json.fcgi -d '{"function":
    "mailkit.report.message.recipients", "id": "1000001", "md5":
    "0123456789abcdef0123456789abcdef", "parameters": {"ID_send": "5001"}}'

Ctrl+C ends it.
"""


def day(text: str) -> date:
    """Read YYYY-MM-DD. If that fails, argparse shows the name of this function."""
    return date.fromisoformat(text)


def make_parser() -> argparse.ArgumentParser:
    """Return the parser. Its defaults are those of `Sandbox`, except for port and log."""
    parser = argparse.ArgumentParser(
        prog="python -m airflow_provider_mailkit.sandbox",
        description=DESCRIPTION,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    _describe_deliveries(parser.add_argument_group("deliveries"))
    _describe_server(parser.add_argument_group("server"))
    return parser


def _describe_deliveries(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    add("--recipients", type=int, default=1000, metavar="N", help="recipients per delivery (default: 1000)")
    add(
        "--seconds",
        type=float,
        default=20.0,
        metavar="S",
        help="how long a delivery takes, from the first request for one of its reports; "
        "0: it is done at once (default: 20)",
    )
    queue_help = "how long a delivery that shall begin now waits in the queue (default: %(default)s)"
    add("--queue-seconds", type=float, default=Sandbox.queue_seconds, metavar="S", help=queue_help)
    add(
        "--campaigns",
        type=int,
        default=2,
        metavar="C",
        help="all are sent to the same people (default: 2)",
    )
    days_help = "deliveries of each campaign, one a day until the last day (default: 3)"
    add("--deliveries", type=int, default=3, metavar="D", help=days_help)
    add(
        "--first-id-send",
        type=int,
        default=5001,
        metavar="ID",
        help="ID_send of the first delivery of campaign 3001; the others follow, and those of campaign 3002 "
        "begin 10000 later (default: 5001)",
    )
    ab_help = "whether each delivery begins with an A/B test (default: yes)"
    add("--ab-test", action=argparse.BooleanOptionalAction, default=True, help=ab_help)
    add("--seed", type=int, default=1, help="another number gives other recipients (default: 1)")
    growth_help = (
        "rows that each call adds to a raw report, one in ten of them late; 0: all rows are there from "
        "the start (default: 0)"
    )
    add("--log-growth", type=int, default=0, metavar="N", help=growth_help)
    kept_help = "rows that a growing raw report keeps; 0: all (default: 0)"
    add("--log-kept", type=int, default=0, metavar="N", help=kept_help)
    day_help = "day of the last delivery (default: yesterday)"
    add("--last-day", type=day, default=yesterday(), metavar="YYYY-MM-DD", help=day_help)


def _describe_server(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    host_help = "IP address to listen on; 0.0.0.0 admits containers and other machines (default: %(default)s)"
    add("--host", default=Sandbox.host, metavar="ADDRESS", help=host_help)
    add("--port", type=int, default=DEFAULT_PORT, help="TCP port; 0: a free one (default: %(default)s)")
    add("--client-id", default=Sandbox.client_id, help="accepted client ID (default: %(default)s)")
    add("--client-md5", default=Sandbox.client_md5, help="its MD5 code (default: %(default)s)")
    add("--disallow-ip", action="store_true", help="answer every call with 'Disallowed IP 127.0.0.1'")
    zero_help = "answer 0 for all counts of an import, as seen at Mailkit"
    add("--zero-counts", action="store_true", help=zero_help)
    lose_help = "lose the answers to this many calls that do more than read; the sandbox still acts"
    add("--lose-answers", type=int, default=0, metavar="N", help=lose_help)
    add("--gzip", action="store_true", help="compress answers for clients that accept it")
    add("--quiet", action="store_true", help="do not log a line per request to stderr")


def announcement(sandbox: Sandbox) -> str:
    """Return what a user needs to call the sandbox: two lines, or three if other machines can call it."""
    first, last = sandbox.id_sends[0], sandbox.id_sends[-1]
    others = (
        "\nFrom elsewhere, put the name of this machine into its host instead (of a container's own machine: "
        "host.docker.internal)."
    )
    return (
        f"Mailkit sandbox ready: {sandbox.base_url} client_id={sandbox.client_id} "
        f"client_md5={sandbox.client_md5} id_send={first}..{last} id_message={sandbox.id_message}\n"
        f"AIRFLOW_CONN_MAILKIT_DEFAULT='{json.dumps(sandbox.connection)}'"
        f"{'' if sandbox.is_local else others}"
    )


def main(arguments: list[str] | None = None) -> int:
    """Run until SIGINT or SIGTERM; return the exit status."""
    parser = make_parser()
    try:
        sandbox = Sandbox(**vars(parser.parse_args(arguments)))
    except ValueError as error:
        parser.error(str(error))
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    try:
        with sandbox:
            print(announcement(sandbox), flush=True)
            stop.wait()
    except OSError as error:
        print(f"cannot listen on port {sandbox.port} of {sandbox.host}: {error.strerror}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
