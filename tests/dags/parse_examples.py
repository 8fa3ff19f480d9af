"""Parse the examples where every look-up and every connection is an error; writes what was found as JSON."""

from __future__ import annotations

import json
import socket
import sys
from pathlib import Path
from typing import Any
from unittest import mock

from airflow.models import Connection, Variable
from examples import load_examples

from airflow_provider_mailkit._compat import BaseHook


def refuse(*_: Any, **__: Any) -> Any:
    raise AssertionError("A DAG file looks something up while it is parsed.")


def main() -> None:
    forbidden = [
        (BaseHook, "get_connection"),
        (BaseHook, "get_hook"),
        (Connection, "get_connection_from_secrets"),
        (Variable, "get"),
        (socket.socket, "connect"),
        (socket, "getaddrinfo"),
    ]
    patches = [mock.patch.object(owner, name, refuse) for owner, name in forbidden]
    for patch in patches:
        patch.start()
    bag = load_examples()
    for patch in patches:
        patch.stop()
    found = {
        "errors": bag.import_errors,
        "dags": {
            dag_id: {
                "file": Path(dag.fileloc).name,
                "tags": sorted(dag.tags),
                "doc": dag.doc_md,
                "catchup": dag.catchup,
                "params": dag.params.dump(),
                "retries": sorted({task.retries for task in dag.tasks}),
            }
            for dag_id, dag in bag.dags.items()
        },
    }
    Path(sys.argv[1]).write_text(json.dumps(found))


main()
