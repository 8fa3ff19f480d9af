"""Sends campaigns in processes that are killed at a request; run by a test, which defines the connection.

Its argument is a list of cases in JSON: the campaign's ID, and, unless nothing is killed, the number of a
request and whether the process ends ``before`` it is made, ``during`` it (it is sent, the answer is not read)
or ``after`` it. It writes what three tries of each have returned, as JSON.
"""

from __future__ import annotations

import http.client
import json
import os
import signal
import sys
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

from airflow_provider_mailkit.hooks.mailkit import MailkitHook
from airflow_provider_mailkit.operators import _sending
from airflow_provider_mailkit.operators.mailkit import MailkitScheduleCampaignOperator

_sending.LOOK_S = 0.05
_sending.SETTLE_S = 1.0


def kill_at(number: int, moment: str) -> None:
    """Let this process be killed at a request."""
    request, response = http.client.HTTPConnection.endheaders, http.client.HTTPConnection.getresponse
    requests = 0

    def counted_request(self: Any, *args: Any, **kwargs: Any) -> Any:
        nonlocal requests
        requests += 1
        end_if("before")
        return request(self, *args, **kwargs)

    def counted_response(self: Any) -> Any:
        end_if("during")
        answer = response(self)
        end_if("after")
        return answer

    def end_if(now: str) -> None:
        if (requests, now) == (number, moment):
            os.kill(os.getpid(), signal.SIGKILL)

    http.client.HTTPConnection.endheaders = counted_request  # type: ignore[method-assign]
    http.client.HTTPConnection.getresponse = counted_response  # type: ignore[method-assign]


def attempt(id_message: int, try_number: int, due: datetime, kill: tuple[int, str] | None) -> Any:
    """Make one try in a process of its own; return what it returned, or ``killed``."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        if kill:
            kill_at(*kill)
        operator = MailkitScheduleCampaignOperator(task_id="send", id_message=id_message, verify_timeout=20)
        context: Any = {
            "ti": SimpleNamespace(try_number=try_number, max_tries=3, xcom_push=lambda **_: None),
            "dag_run": SimpleNamespace(run_after=due),
        }
        os.write(writing, json.dumps(operator.execute(context)).encode())
        os._exit(0)
    os.close(writing)
    with open(reading, "rb") as pipe:
        told = pipe.read()
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        return "killed"
    return json.loads(told) if told else f"exit status {status}"


def main() -> None:
    """Run all cases."""
    # What is imported here, the processes need not import.
    MailkitHook().call("mailkit.campaigns.history")
    results = []
    for id_message, *kill in json.loads(sys.argv[1]):
        due = datetime.now(UTC)
        tries = [attempt(id_message, 1, due, tuple(kill) if kill else None)]
        tries += [attempt(id_message, number, due, None) for number in (2, 3)]
        results.append(tries)
    print(json.dumps(results))


if __name__ == "__main__":
    main()
