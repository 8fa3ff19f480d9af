from __future__ import annotations

import pytest

from airflow_provider_mailkit.transport.hosts import ascii_host, is_loopback


@pytest.mark.parametrize(
    ("host", "known_as"),
    [
        ("API.Mailkit.eu", "api.mailkit.eu"),
        ("api.mailkit.eu.", "api.mailkit.eu."),
        ("api_1.example.com", "api_1.example.com"),
        ("příklad.example.cz", "xn--pklad-zsa96e.example.cz"),
        ("api。example.com", "api.example.com"),
        ("192.0.2.1", "192.0.2.1"),
        ("2001:DB8::1", "2001:db8::1"),
        ("x" * 63 + ".example.com", "x" * 63 + ".example.com"),
        ("1.example", "1.example"),
    ],
)
def test_hosts_that_can_be_looked_up(host: str, known_as: str) -> None:
    assert ascii_host(host) == known_as


@pytest.mark.parametrize(
    "host",
    [
        "",
        ".",
        "api..example.com",
        ".example.com",
        "example.com..",
        "x" * 64 + ".example.com",
        ".".join(["x" * 60] * 5),
        "á" * 60 + ".example.com",
        "a b",
        "a/b",
        "a@b",
        "*.example.com",
        "192.0.2.256",
        "192.0.2",
        "1",
        "example.1",
        "01.2.3.4",
        ":::1",
        "[2001:db8::1",
        "fe80::1%eth0",
        "\0",
    ],
)
def test_what_is_not_a_host(host: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        ascii_host(host)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.8.8.8", "::1"])
def test_this_machine(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize("host", ["", "localhost.", "localhost.example.com", "127.1", "192.0.2.1", "::2"])
def test_other_machines(host: str) -> None:
    assert not is_loopback(host)
