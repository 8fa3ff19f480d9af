"""A client of the sandbox that shares no code with it, and a clock."""

from __future__ import annotations

import http.client
import json
import xmlrpc.client
from typing import Any, NamedTuple

from airflow_provider_mailkit.sandbox import Sandbox

RECIPIENTS = "mailkit.report.message.recipients"
CLIENT_ID = "1000001"
CLIENT_MD5 = "0123456789abcdef0123456789abcdef"


class Reply(NamedTuple):
    status: int
    headers: http.client.HTTPMessage
    body: bytes


class Client:
    """Asks a running sandbox; the readers of the answers share no code with it."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox

    def post(self, path: str, body: bytes | str, headers: dict[str, str] | None = None) -> Reply:
        connection = http.client.HTTPConnection(self.sandbox.base_url.removeprefix("http://"), timeout=20)
        try:
            connection.request("POST", path, body, headers or {})
            response = connection.getresponse()
            return Reply(response.status, response.headers, response.read())
        finally:
            connection.close()

    def json(
        self,
        function: str,
        parameters: dict[str, object] | None = None,
        client_id: object = CLIENT_ID,
        client_md5: str = CLIENT_MD5,
        top_level: dict[str, object] | None = None,
    ) -> Any:
        request = {"function": function, "id": client_id, "md5": client_md5, **(top_level or {})}
        if parameters is not None:
            request["parameters"] = parameters
        reply = self.post("/json.fcgi", json.dumps(request))
        assert reply.status == 200
        return json.loads(reply.body)

    def xmlrpc(
        self, function: str, *values: object, client_id: int = int(CLIENT_ID), client_md5: str = CLIENT_MD5
    ) -> Any:
        with xmlrpc.client.ServerProxy(f"{self.sandbox.base_url}/rpc.fcgi") as proxy:
            return getattr(proxy, function)(client_id, client_md5, *values)

    def recipients(self, id_send: int = 5001) -> list[dict[str, str]]:
        rows: list[dict[str, str]] = self.json(RECIPIENTS, {"ID_send": str(id_send)})
        return rows


class Clock:
    """Seconds that pass only when the test says so."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def as_text(value: Any) -> Any:
    """Return an answer with all its numbers as texts, in which alone the protocols differ."""
    if isinstance(value, dict):
        return {name: as_text(each) for name, each in value.items()}
    if isinstance(value, list):
        return [as_text(each) for each in value]
    if isinstance(value, float):
        return f"{value:.2f}"
    return value if isinstance(value, bool) or value is None else str(value)
