"""Every code block of README.md and of docs/ does what the page says; a block that nothing checks fails."""

from __future__ import annotations

import ast
import configparser
import importlib.util
import json
import re
import shlex
from collections.abc import Callable
from typing import Any

import duckdb
import pytest
import sqlglot
import yaml
from docs.blocks import BLOCKS, MD5, PAGES, ROOT, Block, commands_of
from docs.page_runs import IS_AIRFLOW_2, kept_in, normal

from airflow_provider_mailkit.probe.__main__ import make_parser as make_probe_parser
from airflow_provider_mailkit.sandbox.__main__ import make_parser
from airflow_provider_mailkit.waiting.deliveries import Delivery

CONNECTION = "AIRFLOW_CONN_MAILKIT_DEFAULT"
FixtureOf = Callable[[str], Any]


@pytest.mark.parametrize("block", BLOCKS, ids=str)
def test_block(block: Block, request: pytest.FixtureRequest) -> None:
    if not block.is_possible:
        pytest.skip("it is about Airflow {}.{} and later".format(*block.needs))
    check = CHECKS.get(block.language)
    assert check, f"nothing checks blocks of the language {block.language!r}"
    check(block, request.getfixturevalue)


def check_python(block: Block, fixture: FixtureOf) -> None:
    if block.file:
        check_file_of_a_project(block, fixture)
    if block.needs_scheduler:
        block.execute()
    elif block.dag_ids:
        runs = fixture("runs")
        assert {dag_id: runs.states[dag_id] for dag_id in block.dag_ids} == dict.fromkeys(
            block.dag_ids, "success"
        )
    elif block.file:
        return
    elif "pyspark" in block.text:
        # It needs Java; the page says so.
        compile(block.text, str(block), "exec")
    else:
        if "boto3" in block.text:
            fixture("aws")
        capsys = fixture("capsys")
        fixture("files")
        if '"/tmp/' in block.text:
            # What a DAG of the page has written there, the tests have kept elsewhere.
            fixture("runs")
            block = kept_in(fixture("environment")["AIRFLOW__CORE__DAGS_FOLDER"], block)
        block.execute()
        printed = capsys.readouterr().out.splitlines()
        for shown in re.findall(r"print\(.*?\)  # (.*)", block.text):
            assert any(shape(shown) in shape(line) for line in printed), printed


def check_file_of_a_project(block: Block, fixture: FixtureOf) -> None:
    """It is one of those that the reader's own tests are made of, and all of those pass."""
    project = fixture("project_of_a_reader")
    assert (project.folder / block.file).read_text() == block.text
    if "/test_" in block.file:
        tests = re.findall(r"^def (test_\w+)", block.text, re.MULTILINE)
        assert tests
        for test in tests:
            assert f"{block.file.rpartition('/')[2]}::{test} PASSED" in project.printed


def shape(text: str) -> str:
    """Return a text without what differs from run to run, and what the page has left out."""
    return re.sub(r"\d+", "0", text.removeprefix("…"))


def check_commands(block: Block, fixture: FixtureOf) -> None:
    for words in commands_of(block):
        match words:
            case ["pip", "install", airflow, requirement, "--constraint", constraints]:
                pinned = (ROOT / constraints.removeprefix("airflow-provider-mailkit/")).read_text()
                assert airflow in pinned.splitlines()
                extras = re.fullmatch(r"\./airflow-provider-mailkit\[([\w,]+)\]", requirement)[1]
                assert set(extras.split(",")) <= set(project()["optional-dependencies"])
            case ["export", setting]:
                fixture("monkeypatch").setenv(CONNECTION, setting.removeprefix(f"{CONNECTION}="))
                check_account()
            case ["airflow", *_]:
                # Run, or if it would only start what is tested elsewhere, understood by Airflow.
                assert fixture("commands")[shlex.join(words)] == "done"
            case ["python", "-m", "airflow_provider_mailkit.sandbox", *options]:
                make_parser().parse_args(options)
            case ["python", "-m", "airflow_provider_mailkit.probe", *options]:
                make_probe_parser().parse_args(options)
            case [".venv/bin/python", "-m", module, *_]:
                assert importlib.util.find_spec(module)
            case ["make", target]:
                assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(), re.MULTILINE)
            case _:
                pytest.fail(f"nothing checks the command {words}")


def project() -> Any:
    import tomllib

    return tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def check_account() -> None:
    """The connection is that of every page: the same account, in Prague."""
    from airflow_provider_mailkit.hooks.mailkit import MailkitHook

    endpoint = MailkitHook().account.endpoint
    assert (endpoint.credentials.client_id, endpoint.credentials.client_md5) == ("1000001", MD5)
    assert endpoint.zone.key == "Europe/Prague"


def check_json(block: Block, fixture: FixtureOf) -> None:
    shown = json.loads(block.text)
    runs = fixture("runs")
    real = [
        runs.results["mailkit_export"]["export"]["-1"],
        runs.results["mailkit_export_feedback"]["feedback"]["-1"],
        runs.results["mailkit_wait_deferrable"]["wait"]["-1"],
        runs.results["mailkit_logs"]["bounces"]["-1"],
    ]
    real.append(runs.results["mailkit_page"]["page"]["-1"])
    real.append({"id_message": 3001, **Delivery(5001).as_dict()})
    if not IS_AIRFLOW_2:
        real.append(fixture("watched").payload)
    assert list(shown) in [list(each) for each in real]


def check_ini(block: Block, fixture: FixtureOf) -> None:
    from airflow.configuration import conf

    parser = configparser.ConfigParser()
    parser.read_string(block.text)
    assert parser.sections()
    for section in parser.sections():
        for option in parser[section]:
            assert conf.has_option(section, option), (section, option)


def check_yaml(block: Block, fixture: FixtureOf) -> None:
    """The only YAML is that of a pod's resources."""
    ((key, resources),) = yaml.safe_load(block.text).items()
    assert key == "resources"
    assert set(resources) <= {"requests", "limits"}
    for amounts in resources.values():
        assert set(amounts) <= {"cpu", "memory", "ephemeral-storage"}
        assert all(re.fullmatch(r"\d+(m|Mi|Gi)?", str(amount)) for amount in amounts.values())


def check_sql(block: Block, fixture: FixtureOf) -> None:
    elsewhere = re.match(r"-- (BigQuery|Trino)\b", block.text)
    if elsewhere:
        for statement in sqlglot.parse(block.text, dialect=elsewhere[1].lower()):
            # What sqlglot does not understand it keeps as a command.
            assert statement.key in ("create", "loaddata", "select"), statement
    else:
        fixture("files")
        with duckdb.connect() as connection:
            assert connection.sql(block.text).fetchall()


def check_lines(block: Block, fixture: FixtureOf) -> None:
    """Lines of a log: the run that the page speaks of has printed them, in this order."""
    if block.page == "docs/design.md":
        check_picture(block)
        return
    printed = iter(fixture("log_lines"))
    for line in block.text.splitlines():
        level, text = re.fullmatch(r"(?:(INFO|WARNING|ERROR) +)?(.*)", line).groups()
        assert any(normal(text) in each and (level or "").lower() in each.lower() for each in printed), line


def check_picture(block: Block) -> None:
    """All folders of the package are in it, and no file that is not there."""
    words = set(re.findall(r"\w+", block.text))
    package = ROOT / "airflow_provider_mailkit"
    folders = {path.parent.name for path in package.glob("*/__init__.py")} - {"sandbox"}
    assert folders - {"writers", "storage"} <= words
    assert folders <= words or "──►" not in block.text
    assert {word for word in words if "_" in word} <= {path.stem for path in package.rglob("*.py")}


CHECKS: dict[str, Callable[[Block, FixtureOf], None]] = {
    "python": check_python,
    "bash": check_commands,
    "json": check_json,
    "ini": check_ini,
    "toml": check_file_of_a_project,
    "yaml": check_yaml,
    "sql": check_sql,
    "text": check_lines,
    "": check_lines,
}


def test_no_two_dags_have_the_same_id():
    dag_ids = [dag_id for block in BLOCKS for dag_id in block.dag_ids]
    assert len(dag_ids) == len(set(dag_ids)) > 10


@pytest.mark.parametrize(
    "page",
    [*PAGES, *(ROOT / f"{name}.md" for name in ("SECURITY", "CHANGELOG", "CONTRIBUTING", "RELEASE"))],
    ids=lambda page: page.name,
)
def test_links_into_the_repository_lead_somewhere(page):
    for link in re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text()):
        assert (page.parent / link).exists(), link


def test_the_errors_page_quotes_real_messages():
    """What stands in italics in the lists of that page is said by the code, or by the pretended Mailkit."""
    texts = "\0".join(
        node.value
        for path in (ROOT / "airflow_provider_mailkit").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    )
    page = (ROOT / "docs" / "errors.md").read_text()
    quoted = [
        part
        for line in re.findall(r"^- (\*.*)", page, re.MULTILINE)
        for part in re.findall(r"\*([^*]+)\*", line)
    ]
    assert len(quoted) > 15
    for quote in quoted:
        # What differs each time is left out of a quote, or an example of it.
        for part in re.split(r"…|a\.b\.c\.d|status 429", quote):
            assert part.strip() in texts, quote


def test_the_readme_names_every_class_that_dags_use_and_no_other():
    from airflow_provider_mailkit.operators import mailkit as operators

    named = set(re.findall(r"\bMailkit[A-Z]\w+", (ROOT / "README.md").read_text()))
    others = {"MailkitRecipientsSensor", "MailkitCampaignTrigger", "MailkitHook"}
    assert named == {*operators.__all__, *others}


def test_the_readme_is_a_page_of_short_lines():
    lines = (ROOT / "README.md").read_text().splitlines()
    assert len(lines) <= 130
    assert [
        line for line in lines if len(line) > 125 and "http" not in line and not line.startswith("|")
    ] == []
