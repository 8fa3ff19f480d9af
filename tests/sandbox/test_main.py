from __future__ import annotations

import contextlib
import http.client
import json
import re
import shlex
import signal
import subprocess
import sys
import xmlrpc.client
from pathlib import Path

import pytest

MODULE = "airflow_provider_mailkit.sandbox"
RECIPIENTS = "mailkit.report.message.recipients"
MD5 = "0123456789abcdef0123456789abcdef"
EVERY_ADDRESS = "0.0.0.0"  # noqa: S104 - what containers need
MB = 2**20


@contextlib.contextmanager
def running(*options):
    """The command as a process, with the two lines that it printed; it is ended and must end well."""
    command = [sys.executable, "-W", "error", "-m", MODULE, "--port", "0", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            ready, connection = process.stdout.readline(), process.stdout.readline()
            yield process, ready.rstrip("\n"), connection.rstrip("\n")
        finally:
            if process.poll() is None:
                process.terminate()
            process.communicate(timeout=10)


def drain(ready, path, body):
    """Ask, read the answer without keeping it, and return its size in bytes."""
    connection = http.client.HTTPConnection(re.search(r"http://(\S+)", ready)[1], timeout=20)
    with contextlib.closing(connection):
        connection.request("POST", path, body)
        response = connection.getresponse()
        room, size = bytearray(MB), 0
        while count := response.readinto(room):
            size += count
        return size


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGINT])
def test_starts_announces_itself_and_ends_cleanly(ending):
    options = ("--recipients", "57", "--first-id-send", "70", "--deliveries", "2", "--client-id", "12")
    with running(*options) as (process, ready, connection):
        pattern = rf"Mailkit sandbox ready: (http://127\.0\.0\.1:\d+) client_id=12 client_md5={MD5} "
        match = re.fullmatch(pattern + r"id_send=70\.\.71 id_message=3001", ready)
        assert match
        name, value = shlex.split(connection)[0].split("=", 1)
        assert name == "AIRFLOW_CONN_MAILKIT_DEFAULT"
        assert json.loads(value) == {
            "conn_type": "mailkit",
            "host": match[1],
            "login": "12",
            "password": MD5,
        }
        with xmlrpc.client.ServerProxy(f"{match[1]}/rpc.fcgi") as proxy:
            assert len(proxy.mailkit.report.message.recipients(12, MD5, 70)) == 57
        process.send_signal(ending)
        out, err = process.communicate(timeout=10)
        assert process.returncode == 0
        assert out == ""
        assert re.fullmatch(rf"\d\d:\d\d:\d\d xmlrpc {RECIPIENTS} id_send=70 [^\n]*\n", err)


def test_quiet():
    with running("--quiet", "--disallow-ip") as (process, ready, _):
        assert drain(ready, "/json.fcgi", '{"function": "mailkit.mailinglist.list"}') > 0
        process.terminate()
        assert process.communicate(timeout=10)[1] == ""


def run(*arguments):
    return subprocess.run(
        [sys.executable, *arguments], capture_output=True, text=True, timeout=20, check=False
    )


def test_a_taken_port_is_one_sentence():
    with running() as (_, ready, _):
        port = re.search(r":(\d+) client", ready)[1]
        second = run("-m", MODULE, "--port", port)
    assert second.returncode == 1
    assert second.stderr == f"cannot listen on port {port} of 127.0.0.1: Address already in use\n"


def test_help_and_wrong_options():
    explained = run("-m", MODULE, "--help")
    assert explained.returncode == 0
    for word in (
        "--seconds",
        "AIRFLOW_CONN_MAILKIT_DEFAULT",
        "examples:",
        "waits for\nit",
        "--no-ab-test",
    ):
        assert word in explained.stdout
    wrong = run("-m", MODULE, "--recipients", "-5")
    assert wrong.returncode == 2
    assert wrong.stderr.endswith("error: recipients must be 0 or more\n")
    assert "invalid day value" in run("-m", MODULE, "--last-day", "today").stderr


def test_stands_alone():
    listing = (
        "import sys, json, airflow_provider_mailkit.sandbox.__main__; print(json.dumps(list(sys.modules)))"
    )
    modules = json.loads(run("-c", listing).stdout)
    own = {name for name in modules if name.startswith("airflow_provider_mailkit.")}
    assert all(name.startswith(MODULE) for name in own)
    others = {name.split(".")[0] for name in modules} & {
        "airflow",
        "requests",
        "aiohttp",
        "msgspec",
        "pyarrow",
    }
    assert not others


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the peak is read from /proc")
@pytest.mark.parametrize("protocol", ["json", "xmlrpc"])
def test_memory_does_not_grow_with_the_delivery(protocol):
    if protocol == "json":
        call = {"function": RECIPIENTS, "id": "1000001", "md5": MD5, "parameters": {"ID_send": 5001}}
        path, body, row = "/json.fcgi", json.dumps(call), 180
    else:
        path, body, row = "/rpc.fcgi", xmlrpc.client.dumps((1000001, MD5, 5001), RECIPIENTS), 500
    peaks = []
    for recipients in (100_000, 5_000_000):
        with running("--recipients", str(recipients), "--seconds", "0") as (process, ready, _):
            assert drain(ready, path, body) > recipients * row
            status = Path(f"/proc/{process.pid}/status").read_text()
            peaks.append(int(re.search(r"VmHWM:\s+(\d+) kB", status)[1]) / 1024)
    assert peaks[1] < 100
    assert peaks[1] < peaks[0] * 1.1 + 2


def test_says_how_others_reach_it():
    with running("--host", EVERY_ADDRESS) as (process, _, connection):
        assert '"host": "http://127.0.0.1:' in connection
        assert "host.docker.internal" in process.stdout.readline()
    refused = run("-m", MODULE, "--host", EVERY_ADDRESS, "--client-md5", "f" * 32)
    assert refused.returncode == 2
    assert "must be the made-up ones" in refused.stderr
