"""Let Airflow understand commands, and run those that nothing else tests; commands and answer are JSON."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from airflow.cli.cli_parser import get_parser

from airflow_provider_mailkit.hooks.mailkit import MailkitHook

# What starts a DAG is not run: the tests run all DAGs.
RUN = (["connections", "add"], ["connections", "test"], ["pools", "set"])


def main() -> None:
    parser = get_parser()
    for words in json.load(sys.stdin):
        arguments = parser.parse_args(words)
        if words[:2] in RUN:
            arguments.func(arguments)
    # Without the environment's, it is the connection that was added.
    added = MailkitHook("mailkit_default").account
    endpoint = added.endpoint
    Path(sys.argv[1]).write_text(json.dumps([endpoint.base_url, str(endpoint.zone), bool(added.hash_secret)]))


main()
