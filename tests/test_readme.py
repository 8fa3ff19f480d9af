"""The README's examples work as they stand."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from airflow_provider_mailkit.hooks.mailkit import MailkitHook
from airflow_provider_mailkit.sandbox import Sandbox

README = (Path(__file__).parent.parent / "README.md").read_text()
BLOCKS = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
MD5 = "0123456789abcdef0123456789abcdef"


def test_there_are_examples_of_everything():
    text = "".join(BLOCKS)
    for name in ("MailkitHook", "MailkitRecipientsOperator", "MailkitRecipientsSensor", ".expand("):
        assert name in text


@pytest.mark.parametrize("code", BLOCKS, ids=[re.findall(r"import (\w+)\n\n", block)[-1] for block in BLOCKS])
def test_example_runs(code, monkeypatch, capsys):
    with Sandbox(recipients=1003, seconds=0) as sandbox:
        monkeypatch.setenv("AIRFLOW_CONN_MAILKIT_DEFAULT", json.dumps(sandbox.connection))
        names: dict[str, object] = {}
        exec(compile(code, "README.md", "exec"), names)  # noqa: S102
    if "MailkitHook" in code:
        assert re.search(r"Counter\(\{'sent': \d+, 'failed': \d+\}\)\nsent \d", capsys.readouterr().out)


def test_both_notations_of_the_connection_are_the_same_account(monkeypatch):
    accounts = []
    for notation in re.findall(r"export AIRFLOW_CONN_MAILKIT_DEFAULT='(.*?)'", README, re.DOTALL):
        monkeypatch.setenv("AIRFLOW_CONN_MAILKIT_DEFAULT", notation.replace("<MD5 code>", MD5))
        accounts.append(MailkitHook().account)
    first, second = accounts
    assert first == second
    assert first.endpoint.zone.key == "Europe/Prague"
    assert first.endpoint.credentials.client_md5 == MD5


def test_the_summary_shown_has_the_keys_of_a_real_one(monkeypatch, tmp_path):
    from airflow_provider_mailkit.operators.mailkit import MailkitRecipientsOperator

    shown = json.loads(re.search(r"```json\n(.*?)```", README, re.DOTALL)[1])
    with Sandbox(recipients=17, seconds=0) as sandbox:
        monkeypatch.setenv("AIRFLOW_CONN_MAILKIT_DEFAULT", json.dumps(sandbox.connection))
        operator = MailkitRecipientsOperator(task_id="x", id_send=5001, output_path=f"{tmp_path}/a.parquet")
        assert list(operator.execute({})) == list(shown)
