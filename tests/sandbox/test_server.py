from __future__ import annotations

import gzip
import json
import socket
import struct
import sys

import pytest

from airflow_provider_mailkit.sandbox import Sandbox

RECIPIENTS = "mailkit.report.message.recipients"
CAMPAIGN = "mailkit.report.campaign"
MAILING_LISTS = "mailkit.mailinglist.list"
EVERY_ADDRESS = "0.0.0.0"  # noqa: S104 - what containers need


def request(client):
    credentials = {"id": client.sandbox.client_id, "md5": client.sandbox.client_md5}
    return json.dumps({"function": RECIPIENTS, **credentials, "parameters": {"ID_send": 5001}})


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"\xff\xfe",
        b"[]",
        b'"mailkit.mailinglist.list"',
        b'{"id": "1"}',
        b'{"function": 5}',
        b'{"function": "mailkit.mailinglist.list", "parameters": []}',
        b"[" * 100_000,
    ],
)
def test_malformed_json(serve, body):
    assert serve().post("/json.fcgi", body).status == 400


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<methodCall>",
        b"\xff\xfe",
        b"<methodResponse/>",
        b"<methodCall><params/></methodCall>",
        b'<!DOCTYPE x [<!ENTITY e "5001">]><methodCall><methodName>a</methodName></methodCall>',
        b"<methodCall><methodName>a</methodName><params><param><value><i4>x</i4></value></param></params>"
        b"</methodCall>",
        b"<methodCall><methodName>a</methodName><params><param><value><base64/></value></param></params>"
        b"</methodCall>",
    ],
)
def test_malformed_xmlrpc(serve, body):
    assert serve().post("/rpc.fcgi", body).status == 400


def test_other_paths_methods_and_lengths(serve):
    client = serve()
    assert client.post("/", "{}").status == 404
    for length in (b"134217729", b"9" * 5000, b"-1", b"x"):
        message = b"POST /json.fcgi HTTP/1.1\r\nHost: a\r\nContent-Length: " + length + b"\r\n\r\n"
        assert b"400" in talk(client, message)
    assert client.post("/json.fcgi", b"2\r\n{}\r\n0\r\n\r\n", {"Transfer-Encoding": "chunked"}).status == 400
    assert b"405" in talk(client, b"GET /json.fcgi HTTP/1.1\r\nHost: a\r\n\r\n")


def talk(client, message):
    with socket.create_connection(
        ("127.0.0.1", int(client.sandbox.base_url.rsplit(":", 1)[1]))
    ) as connection:
        connection.sendall(message)
        return b"".join(iter(lambda: connection.recv(2**16), b""))


def raw_request(client, version="HTTP/1.1"):
    body = request(client).encode()
    return b"POST /json.fcgi %b\r\nHost: a\r\nContent-Length: %d\r\n\r\n%b" % (
        version.encode(),
        len(body),
        body,
    )


def test_blocks_are_large_and_the_connection_stays_open(serve):
    client = serve(recipients=5432, seconds=0)
    message = raw_request(client)
    last = message.replace(b"Host: a", b"Host: a\r\nConnection: close")
    answers = talk(client, message + last).split(b"HTTP/1.1 200 OK")[1:]
    assert len(answers) == 2
    for answer in answers:
        head, rest = answer.split(b"\r\n\r\n", 1)
        assert b"Transfer-Encoding: chunked" in head
        sizes, body = [], b""
        while not sizes or sizes[-1]:
            line, rest = rest.split(b"\r\n", 1)
            sizes.append(int(line, 16))
            body, rest = body + rest[: sizes[-1]], rest[sizes[-1] + 2 :]
        assert len(json.loads(body)) == 5432
        assert min(sizes[:5]) >= 2**16


def test_an_old_client_gets_no_chunks(serve):
    client = serve(recipients=2345, seconds=0)
    head, body = talk(client, raw_request(client, "HTTP/1.0")).split(b"\r\n\r\n", 1)
    assert b"Transfer-Encoding" not in head
    assert len(json.loads(body)) == 2345


def test_gzip_only_where_both_want_it(serve):
    plain, packed = serve(recipients=23_456, seconds=0), serve(recipients=23_456, seconds=0, gzip=True)
    accept = {"Accept-Encoding": "deflate, gzip"}
    for client, headers in ((plain, accept), (packed, {})):
        reply = client.post("/json.fcgi", request(client), headers)
        assert reply.headers["Content-Encoding"] is None
    reply = packed.post("/json.fcgi", request(packed), accept)
    assert reply.headers["Content-Encoding"] == "gzip"
    assert json.loads(gzip.decompress(reply.body)) == plain.recipients()
    assert packed.xmlrpc(RECIPIENTS, 5004) == "Invalid ID_send"


def test_a_client_that_leaves_is_no_fault(serve, capfd):
    client = serve(recipients=2_000_000, seconds=0, quiet=False)
    address = ("127.0.0.1", int(client.sandbox.base_url.rsplit(":", 1)[1]))
    for message in (raw_request(client), raw_request(client)[:-9], b"POST /js"):
        connection = socket.create_connection(address)
        connection.sendall(message)
        if message.endswith(b"}"):
            assert connection.recv(1000)
        # No orderly goodbye: the next write of the server meets a reset.
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.close()
    assert len(client.json(MAILING_LISTS)) == 3
    client.sandbox.stop()
    log = capfd.readouterr().err
    assert "Traceback" not in log
    assert f"json {RECIPIENTS} ended midway" in log


def test_stop_does_not_wait_for_slow_or_idle_clients(serve, capfd):
    client = serve(recipients=2_000_000, seconds=0, quiet=False)
    address = ("127.0.0.1", int(client.sandbox.base_url.rsplit(":", 1)[1]))
    with socket.create_connection(address) as slow, socket.create_connection(address):
        slow.sendall(raw_request(client))
        assert slow.recv(1000)
        client.sandbox.stop()
    assert "Traceback" not in capfd.readouterr().err


def test_the_log_holds_no_secret_and_no_address(serve, capfd):
    client = serve(recipients=57, seconds=0, quiet=False)
    client.recipients()
    client.xmlrpc(CAMPAIGN, client.sandbox.id_message)
    client.json(client.sandbox.client_md5)
    client.json(RECIPIENTS, {"ID_send": "jana@example.cz"})
    client.post("/json.fcgi", request(client)[1:])
    client.post(f"/{client.sandbox.client_md5}", request(client))
    client.sandbox.stop()
    log = capfd.readouterr().err
    lines = {line.split(maxsplit=1)[1].split(" (")[0] for line in log.splitlines()}
    assert lines == {
        f"json {RECIPIENTS} id_send=5001 sent=55 failed=2 wait=0 wait_ab=0",
        f"xmlrpc {CAMPAIGN} records=3",
        "json unknown function error: Unknown function: the sandbox does not have it",
        f"json {RECIPIENTS} error: Invalid ID_send",
        "400 Bad Request: the body is not JSON",
        "404 Not Found: the sandbox answers POST /json.fcgi and POST /rpc.fcgi",
    }
    for secret in ("@", client.sandbox.client_md5, client.sandbox.client_id):
        assert secret not in log


def test_every_line_of_the_log_is_written_at_once(serve, monkeypatch):
    # In two pieces, the lines of requests that come at the same time run into one another.
    written: list[str] = []
    client = serve(recipients=57, seconds=0, quiet=False)
    monkeypatch.setattr(sys.stderr, "write", written.append)
    client.recipients()
    client.xmlrpc(CAMPAIGN, client.sandbox.id_message)
    client.sandbox.stop()
    monkeypatch.undo()
    assert len(written) == 2
    assert all(line.endswith("\n") and line.count("\n") == 1 for line in written)


def test_quiet_is_quiet(serve, capfd):
    serve(recipients=57, seconds=0).recipients()
    assert capfd.readouterr().err == ""


def test_as_a_context():
    with Sandbox(recipients=57, deliveries=2, first_id_send=70) as sandbox:
        assert sandbox.base_url.startswith("http://127.0.0.1:")
        assert list(sandbox.id_sends) == [70, 71]
        assert sandbox.connection["host"] == sandbox.base_url
    sandbox.stop()
    with pytest.raises(RuntimeError, match="not running"):
        _ = sandbox.base_url
    with sandbox:
        assert sandbox.base_url


@pytest.mark.parametrize(
    "settings",
    [
        {"recipients": -1},
        {"seconds": -0.5},
        {"seconds": float("nan")},
        {"deliveries": 0},
        {"first_id_send": 0},
        {"client_id": "abc"},
        {"client_md5": "short"},
        {"port": 65_536},
        {"host": "localhost"},
        {"host": ""},
        {"host": EVERY_ADDRESS, "client_id": "1000002"},
        {"host": "::", "client_md5": "f" * 32},
        {"host": "192.0.2.1", "client_md5": "f" * 32},
        {"recipients": 1_000_001, "deliveries": 1000},
    ],
)
def test_settings_that_cannot_be(settings):
    with pytest.raises(ValueError, match=f"{list(settings)[-1]}.* must be"):
        Sandbox(**settings)


def test_containers_can_call_it_with_what_it_makes_up(serve):
    client = serve(recipients=57, seconds=0, host=EVERY_ADDRESS)
    assert client.sandbox.base_url.startswith("http://127.0.0.1:")
    assert not client.sandbox.is_local
    # All of 127.0.0.0/8 is this machine, but only who listens on every address hears all of it.
    address = ("127.0.0.2", int(client.sandbox.base_url.rsplit(":", 1)[1]))
    with socket.create_connection(address) as connection:
        connection.sendall(raw_request(client))
        assert connection.recv(15) == b"HTTP/1.1 200 OK"


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.3", "::1"])
def test_addresses_of_this_machine_take_any_credentials(serve, host):
    try:
        client = serve(host=host, client_md5="f" * 32)
    except OSError:
        assert host == "::1", "only IPv6 may be switched off"
        pytest.skip("this machine has no IPv6")
    assert client.sandbox.is_local
    assert client.sandbox.connection["host"] == client.sandbox.base_url
    assert client.json(MAILING_LISTS, client_md5="f" * 32)[0]["ID_USER_LIST"] == "41001"
