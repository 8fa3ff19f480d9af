"""Addresses in unknown members, hashed or removed: the hash is that of the address, the rest stays."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from support.exports import client_of, export_to, report_server
from support.process import within_s
from support.read_back import FORMATS, everything_in, rows_in
from support.server import plain

from airflow_provider_mailkit.catalogue.columns import ADDRESS, INTEGER, OTHER, Column
from airflow_provider_mailkit.catalogue.function import READ, Answer, Function
from airflow_provider_mailkit.catalogue.parameters import ID, ID_OR_ADDRESS, INTEGER as NUMBER, Parameter
from airflow_provider_mailkit.catalogue.report import Context, Report
from airflow_provider_mailkit.catalogue.reports import REPORTS
from airflow_provider_mailkit.export.privacy import AddressHider, hash_with
from airflow_provider_mailkit.export.rows import RowOptions
from airflow_provider_mailkit.operators.mailkit import MailkitExportOperator

HIDER = AddressHider(lambda address: f"[{address}]")


@pytest.mark.parametrize(
    ("text", "hidden"),
    [
        ("anna@example.com", "[anna@example.com]"),
        ("to anna@example.com.", "to [anna@example.com]."),
        ("Anna <anna@example.com>, Jan", "Anna <[anna@example.com]>, Jan"),
        ("&lt;anna@example.com&gt;", "&lt;[anna@example.com]&gt;"),
        ("'anna@example.com'", "'[anna@example.com]'"),
        ("mailto:anna@example.com?subject=1", "mailto:[anna@example.com]?subject=1"),
        (
            "https://x.example/?email=anna%40example.com&b=1",
            "https://x.example/?email=[anna@example.com]&b=1",
        ),
        ("https://x.example/u/anna@example.com/b", "https://x.example/u/[anna@example.com]/b"),
        ("email=anna@example.com;b=1", "email=[anna@example.com];b=1"),
        ("a@example.com,b@example.cz|c", "[a@example.com],[b@example.cz]|c"),
        ("anna=40example.com", "[anna@example.com]"),
        ("an=6Ea=40example=2Ecom", "[anna@example.com]"),
        ("anna (at) example (dot) com", "[anna@example.com]"),
        ("jan dot anna at example dot com", "[jan.anna@example.com]"),
        ("&#97;nna&#64;example&#46;com", "[anna@example.com]"),
        ("anna\\u0040example.com", "[anna@example.com]"),
        ("anna\uff20example.com", "[anna@example.com]"),
        ("o'brien@example.com", "[o'brien@example.com]"),
        ("john/doe@example.com", "[john/doe@example.com]"),
        ("b+john=example.com@example.org", "[b+john=example.com@example.org]"),
        ('"john doe"@example.com', '["john doe"@example.com]'),
        ("anna @example.com", "[anna@example.com]"),
        ("anna@ example.com, anna @ example.com", "[anna@example.com], [anna@example.com]"),
        (
            "https://x.example/?e=YW5uYUBleGFtcGxlLmNvbQ==&b=1",
            "https://x.example/?e=[anna@example.com]&b=1",
        ),
        ("https://x.example/u/anVhbkBleGFtcGxlLmNvbQ/b", "https://x.example/u/[juan@example.com]/b"),
        ("id-amFuYS5uQGV4YW1wbGUuY29t!", "[jana.n@example.com]!"),
        ("YW5uYUBleGFtcGxlLmNvbQ jan@example.cz", "[anna@example.com] [jan@example.cz]"),
        ("eyJtYWlsIjoiYW5uYUBleGFtcGxlLmNvbSJ9", "[anna@example.com]"),
        # Of a short address, of one that is not ASCII, and of a link in which one is percent-encoded.
        ("https://x.example/?m=YUBiLnRsZA==&b=1", "https://x.example/?m=[a@b.tld]&b=1"),
        ("amFuYUBtxJtzw61jLmV4YW1wbGUuY3o=", "[jana@měsíc.example.cz]"),
        ("aHR0cHM6Ly9zLmV4YW1wbGUvP2U9amFuYS5uJTQwZXhhbXBsZS5jb20=", "[jana.n@example.com]"),
        ("Meet me @ noon, MessageQABackUpA0B", "Meet me [@] noon, MessageQABackUpA0B"),
        ("no address (at all), 40 = 40", "no address (at all), 40 = 40"),
    ],
)
def test_an_address_is_found_whatever_it_is_disguised_as(text: str, hidden: str) -> None:
    assert HIDER.hide(text) == hidden
    assert HIDER.hide({text: [text, 5, None]}) == {hidden: [hidden, 5, None]}


@pytest.mark.parametrize(
    "sign",
    [
        "@",
        "a",
        " at ",
        "=40",
        "&#64;",
        "(at)",
        "a=",
        "/",
        "//",
        "QA",
        "@ ",
        "?a",
        "&a",
        "&amp;",
        "dot ",
        "\\x40",
        '"',
    ],
)
def test_a_long_text_of_any_sign_takes_linear_time(sign: str) -> None:
    text = sign * (100_000 // len(sign))
    with within_s(1.5):
        for whole in (text, f"{text}@example.com", f"a@example.com {text}"):
            HIDER.hide(whole)


#: A report whose rows begin with the address that it was asked for.
ORDERS_OF = Report(
    Function(
        "mailkit.shop.orders.of",
        READ,
        "What somebody has ordered.",
        (Parameter("who", ID_OR_ADDRESS, required=True),),
        answer=Answer("rows"),
    ),
    row="order",
    context=(Context(Column("WHO", personal=ADDRESS), "who"),),
    columns=(Column("ID_ORDER", INTEGER, key=True),),
)


@pytest.mark.parametrize(
    "asked",
    ["anna@example.com", ["anna@example.com", "jana@example.com"], [777123, "anna@example.com", "777124"]],
    ids=str,
)
@pytest.mark.parametrize("file_format", FORMATS)
def test_an_address_that_was_asked_for_is_hidden_too(asked: Any, file_format: str, tmp_path: Path) -> None:
    """In the column that has it, and in the summary whatever the rows have."""
    asks = asked if isinstance(asked, list) else [asked]
    for addresses in ("keep", "hash", "drop"):
        path = tmp_path / f"{addresses}.{file_format}"
        with report_server([plain(b'[{"ID_ORDER": 5}]')]) as server:
            client = client_of(server.base_url, "json")
            options = RowOptions(None, addresses, hash_secret="a secret key")  # type: ignore[arg-type]
            summary = export_to(path, client, ORDERS_OF, options, who=asked)
        assert summary["who"] == "***"
        columns, rows = rows_in(path.read_bytes(), file_format)
        assert len(rows) == len(asks)
        if addresses == "drop":
            assert "WHO" not in columns
        else:
            # An ID is a text there, too.
            texts = [str(each) for each in asks]
            hashed = [hash_with("a secret key")(each) for each in texts]
            assert [row["WHO"] for row in rows] == (texts if addresses == "keep" else hashed)
        for needle in (b"anna", *([b"777123"] if len(asks) > 2 else [])):
            assert (needle in everything_in(path.read_bytes())) is (addresses == "keep")


#: A report whose rows begin with numbers that are about somebody.
VISITS_OF = Report(
    Function(
        "mailkit.shop.visits.of",
        READ,
        "The visits of somebody.",
        (Parameter("ID_visitor", ID, required=True), Parameter("zip", NUMBER), Parameter("ID_shop", ID)),
        answer=Answer("rows"),
    ),
    row="visit",
    context=(
        Context(Column("ID_VISITOR", INTEGER, personal=OTHER), "ID_visitor"),
        Context(Column("ZIP", INTEGER, personal=OTHER), "zip"),
        Context(Column("ID_SHOP", INTEGER), "ID_shop"),
    ),
    columns=(Column("ID_VISIT", INTEGER, key=True),),
)


@pytest.mark.parametrize("personal", ["keep", "drop"])
@pytest.mark.parametrize("visitor", [777123456, [777123456, 777123457]], ids=str)
def test_a_number_that_is_personal_is_shown_nowhere(
    personal: Any, visitor: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: Any
) -> None:
    """In the summary, the log, the rendered arguments and the label of a mapped task."""
    monkeypatch.setitem(REPORTS, VISITS_OF.name, VISITS_OF)
    caplog.set_level(0)
    asked = {"ID_visitor": visitor, "zip": 60200, "ID_shop": 7}
    path, ti = tmp_path / "visits.csv", SimpleNamespace(map_index=0, rendered_map_index=None)
    with report_server([plain(b'[{"ID_VISIT": 5}]')]) as server:
        connection = {"conn_type": "mailkit", "login": "1", "password": "2", "host": server.base_url}
        monkeypatch.setenv("AIRFLOW_CONN_MAILKIT_DEFAULT", json.dumps(connection))
        operator = MailkitExportOperator(
            task_id="x", function=VISITS_OF.name, parameters=asked, output_path=path, personal=personal
        )
        operator.pre_execute({"ti": ti})
        summary = operator.execute({})
    assert operator.parameters == {"ID_visitor": "***", "zip": "***", "ID_shop": 7}
    assert {name: summary[name] for name in ("id_visitor", "zip", "id_shop")} == {
        "id_visitor": "***", "zip": "***", "id_shop": 7
    }  # fmt: skip
    assert ti.rendered_map_index == "7"
    assert VISITS_OF.row in caplog.text
    assert not any(number in caplog.text for number in ("777123", "60200"))
    assert ("777123456" in path.read_text()) is (personal == "keep")
