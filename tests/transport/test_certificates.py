"""Whom both clients trust: one rule, and a sentence when it cannot be followed."""

from __future__ import annotations

import gc
import os
import ssl
import subprocess
from pathlib import Path

import pytest
from support.reports import assert_discreet, encode, recipients
from support.server import FaultServer, Pause, plain
from support.tls import make_certificate, trust
from transport.bodies import COUNT, JSON_BODY
from transport.clients import Client, Got, assert_transport_error, endpoint

from airflow_provider_mailkit.exceptions import MailkitEnvironmentError
from airflow_provider_mailkit.transport.certificates import CA_VARIABLES, tls_context

BODY = encode("json", recipients(3))


@pytest.fixture(autouse=True)
def no_variables(monkeypatch: pytest.MonkeyPatch, no_proxies: None) -> None:
    for variable in CA_VARIABLES:
        monkeypatch.delenv(variable, raising=False)


@pytest.fixture
def folder(certificate: Path, tmp_path: Path) -> Path:
    """A folder with the certificate under the name that OpenSSL looks for."""
    ran = subprocess.run(
        ["openssl", "x509", "-hash", "-noout", "-in", certificate],
        check=True,
        capture_output=True,
        text=True,
    )
    place = tmp_path / "authorities"
    place.mkdir()
    (place / f"{ran.stdout.strip()}.0").write_bytes(certificate.read_bytes())
    return place


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The certificate of somebody else."""
    return make_certificate(tmp_path_factory.mktemp("tls") / "other.pem")


def ask_tls(client: Client, tls: ssl.SSLContext) -> tuple[Got, int]:
    """Read a report over TLS; returns also how many requests came."""
    with FaultServer([plain(BODY)], tls) as server:
        return client.report(endpoint(server.base_url)), len(server.requests)


@pytest.mark.parametrize("variable", CA_VARIABLES)
def test_each_variable_makes_a_company_trusted(
    client: Client,
    tls: ssl.SSLContext,
    certificate: Path,
    folder: Path,
    variable: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(variable, str(folder if variable == "SSL_CERT_DIR" else certificate))
    got, requests = ask_tls(client, tls)
    assert (got.error, len(got.rows), requests) == (None, 3, 1)


@pytest.mark.parametrize("variable", CA_VARIABLES)
def test_a_folder_does_for_every_variable(
    client: Client, tls: ssl.SSLContext, folder: Path, variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, str(folder))
    got, _ = ask_tls(client, tls)
    assert (got.error, len(got.rows)) == (None, 3)


def test_the_folder_of_openssl_may_be_a_list(
    client: Client,
    tls: ssl.SSLContext,
    folder: Path,
    other: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    first = tmp_path / "first"
    first.mkdir()
    (first / "01234567.0").write_bytes(other.read_bytes())
    monkeypatch.setenv("SSL_CERT_DIR", f"{first}{os.pathsep}{folder}{os.pathsep}")
    got, _ = ask_tls(client, tls)
    assert (got.error, len(got.rows)) == (None, 3)


@pytest.mark.parametrize("first", range(len(CA_VARIABLES) - 1))
def test_the_first_variable_counts(
    client: Client,
    tls: ssl.SSLContext,
    certificate: Path,
    other: Path,
    first: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """An empty one counts as absent."""
    for variable in CA_VARIABLES[:first]:
        monkeypatch.setenv(variable, " ")
    monkeypatch.setenv(CA_VARIABLES[first], str(other))
    for variable in CA_VARIABLES[first + 1 :]:
        monkeypatch.setenv(variable, str(certificate))
    got, requests = ask_tls(client, tls)
    assert_transport_error(got, match="TLS")
    assert requests == 0
    monkeypatch.setenv(CA_VARIABLES[first], str(certificate))
    got, _ = ask_tls(client, tls)
    assert got.error is None


def test_nobody_else_is_trusted_without_variables(client: Client, tls: ssl.SSLContext) -> None:
    got, requests = ask_tls(client, tls)
    assert_transport_error(got, match="TLS")
    assert requests == 0


def test_the_web_is_trusted_without_variables_even_where_the_machine_has_no_authorities(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(ssl.SSLContext, "load_default_certs", lambda *arguments: None)
    assert len(tls_context("mailkit.report").get_ca_certs()) > 50


@pytest.mark.parametrize("variable", CA_VARIABLES)
@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("missing.pem", "does not exist"),
        ("folder/missing.pem", "does not exist"),
        ("empty.pem", "holds no certificate"),
        ("key.pem", "holds no certificate"),
        ("text.pem", "holds no certificate"),
        ("binary.pem", "holds no certificate"),
        ("empty", "holds no certificate"),
        ("x" * 256, "cannot be read"),
    ],
)
def test_what_holds_no_certificate_is_named(
    client: Client,
    tls: ssl.SSLContext,
    certificate: Path,
    variable: str,
    name: str,
    why: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """At once, without a call, and for good: nothing changes while it is tried again."""
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty.pem").touch()
    (tmp_path / "key.pem").write_text(certificate.read_text().partition("-----BEGIN CERTIFICATE")[0])
    (tmp_path / "text.pem").write_text("no certificate\n" * 3)
    (tmp_path / "binary.pem").write_bytes(bytes(range(256)))
    monkeypatch.setenv(variable, str(tmp_path / name))
    got, requests = ask_tls(client, tls)
    assert got.kind is MailkitEnvironmentError, got.error
    assert not got.error.retryable
    for shown in (variable, str(tmp_path / name), why):
        assert shown in str(got.error)
    assert_discreet(got.error)
    assert got.error.__cause__ is got.error.__context__ is None
    assert requests == 0


def test_plain_http_asks_for_no_certificates(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nowhere")
    with FaultServer([plain(BODY)]) as server:
        assert client.report(endpoint(server.base_url)).error is None


def test_a_renewed_bundle_is_read_again(
    client: Client,
    tls: ssl.SSLContext,
    certificate: Path,
    other: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bundle = tmp_path / "bundle.pem"
    bundle.write_bytes(other.read_bytes())
    monkeypatch.setenv("SSL_CERT_FILE", str(bundle))
    assert_transport_error(ask_tls(client, tls)[0], match="TLS")
    bundle.write_bytes(certificate.read_bytes())
    os.utime(bundle, (1, 1))
    assert ask_tls(client, tls)[0].error is None


def test_authorities_are_read_once(certificate: Path) -> None:
    environment = {"CURL_CA_BUNDLE": str(certificate)}
    assert tls_context("mailkit.report", environment) is tls_context("mailkit.report", environment)


def test_tls_with_a_certificate_that_is_trusted(
    client: Client,
    tls: ssl.SSLContext,
    certificate: Path,
    tempting: FaultServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """No login out of a .netrc file is added here either."""
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    trust(certificate, monkeypatch)
    with FaultServer([[*plain(JSON_BODY), Pause(0.1)]], tls) as server:
        got = client.report(endpoint(server.base_url))
        (request,) = server.requests
        # A connection that is left open is a ResourceWarning now, not in some later test.
        gc.collect()
    assert (got.error, len(got.rows)) == (None, COUNT)
    assert "authorization" not in request.headers
    assert not tempting.requests


def test_tls_with_a_certificate_that_is_not_trusted(client: Client, tls: ssl.SSLContext) -> None:
    with FaultServer([plain(JSON_BODY)], tls) as server:
        got = client.report(endpoint(server.base_url))
        assert not server.requests
    assert_transport_error(got, match="TLS")
