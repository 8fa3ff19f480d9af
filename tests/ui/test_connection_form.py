"""A newcomer types a Mailkit connection into Airflow, tests it, and uses it."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest
import requests
from support.airflow_processes import IS_AIRFLOW_2, VERSION
from support.ports import free_port
from ui.field import Field

from airflow_provider_mailkit.provider_info import CONN_FIELDS, UI_FIELD_BEHAVIOUR
from airflow_provider_mailkit.sandbox import Sandbox

if TYPE_CHECKING:
    from ui.browser import Record

pytestmark = pytest.mark.ui

IS_AIRFLOW_3_0 = VERSION.startswith("3.0.")
# Airflow 3.0 to 3.2 do not know of fields in the extra that hide what is typed.
HIDES_TYPED_EXTRAS = not VERSION.startswith(("3.0.", "3.1.", "3.2."))
SHOWS_OUR_FORM = not IS_AIRFLOW_3_0 or find_spec("flask_appbuilder") is not None
# There, Airflow's Test button answers "Bad Request" for every connection without a port.
TESTS_NOTHING_WITHOUT_PORT = VERSION in ("3.3.1", "3.3.2")
HASH_KEY = "our/secret hash key"
LABELS, PLACEHOLDERS = UI_FIELD_BEHAVIOUR["relabeling"], UI_FIELD_BEHAVIOUR["placeholders"]


def expected_fields() -> dict[str, Field]:
    standard = {label: Field(PLACEHOLDERS[name], "", name == "password") for name, label in LABELS.items()}
    extra = {
        field["label"]: Field(
            PLACEHOLDERS.get(name, "") if IS_AIRFLOW_2 else "",
            field["description"],
            name == "hash_secret" and HIDES_TYPED_EXTRAS,
        )
        for name, field in CONN_FIELDS.items()
    }
    return standard | extra


def test_the_form_explains_itself(form, keep_picture):
    form.open_new("Mailkit")
    if not SHOWS_OUR_FORM:
        assert {"Host", "Login", "Password", "Schema", "Port"} < form.fields().keys()
        assert not form.has_extra_fields
        return
    form.fill({"conn_id": "mailkit_default", "login": "1000001", "password": "0" * 32})
    if IS_AIRFLOW_2:
        form.fill({"timezone": "Europe/Prague"})
        keep_picture("connection-form-airflow-2", form.picture)
    else:
        keep_picture(f"connection-form-airflow-{VERSION[:3]}", form.picture)
    fields = form.fields()
    assert {name: fields.get(name) for name in expected_fields()} == expected_fields()
    assert not {"Schema", "Port", "Host", "Login", "Password"} & fields.keys()
    if not IS_AIRFLOW_2:
        form.fill({"timezone": "Europe/Prague"})
        keep_picture(f"connection-extra-airflow-{VERSION[:3]}", form.picture)


def cases(sandbox: Sandbox, refusing: Sandbox) -> dict[str, tuple[dict[str, str], str]]:
    """Return what is typed, and what the Test button must say to it."""
    good = {"host": sandbox.base_url, "login": sandbox.client_id, "password": sandbox.client_md5}
    nowhere = f"http://127.0.0.1:{free_port()}"
    return {
        "wrong code": (
            good | {"password": "f" * 32},
            "Mailkit answered with the error: Unauthorized. Check the client ID (login) and the MD5 code "
            "(password) of the connection.",
        ),
        "disallowed address": (
            good | {"host": refusing.base_url},
            "Mailkit answered with the error: Disallowed IP 127.0.0.1. Add the address to the allowed IPs of "
            "the Mailkit account (Profile / Integration).",
        ),
        "unreachable": (
            good | {"host": nowhere},
            f"No usable answer from {nowhere}: the connection failed (Connection refused).",
        ),
        "good": (good, "Mailkit accepted the credentials."),
    }


@contextmanager
def refusing_sandbox(sandbox: Sandbox) -> Iterator[Sandbox]:
    with Sandbox(client_md5=sandbox.client_md5, disallow_ip=True) as refusing:
        yield refusing


def test_the_test_button_tells_the_cases_apart(airflow, sandbox, form, record, keep_picture):
    with refusing_sandbox(sandbox) as refusing:
        if IS_AIRFLOW_2:
            form.open_new("Mailkit")
            form.fill({"conn_id": "mailkit_tested"})
            for case, (typed, said) in cases(sandbox, refusing).items():
                form.fill(typed)
                assert (case, form.test_typed()) == (case, said)
        else:
            check_saved_connections(airflow, sandbox, refusing, form, keep_picture)
        # On Airflow 2 the form is still open, with what was typed in its fields.
        record.read_on(fields=not IS_AIRFLOW_2)
    assert_no_secret(record, sandbox)


def check_saved_connections(airflow, sandbox, refusing, form, keep_picture):
    """On Airflow 3 a connection is saved first, and tested from the list."""
    number_of_cases = 0
    for case, (typed, said) in cases(sandbox, refusing).items():
        conn_id = f"mailkit_{case.replace(' ', '_')}"
        form.open_new("Mailkit")
        form.fill({"conn_id": conn_id} | typed)
        form.save()
        if IS_AIRFLOW_3_0:
            assert not form.has_test_button(conn_id)
            asked = {"connection_id": conn_id, "conn_type": "mailkit"} | typed
            answer = airflow.api.call("POST", "/connections/test", json=asked).json()
            assert (case, answer["message"]) == (case, said)
            assert answer["status"] is (case == "good")
        else:
            if TESTS_NOTHING_WITHOUT_PORT:
                assert form.test_saved(conn_id) == "Bad Request"
                port = {"connection_id": conn_id, "conn_type": "mailkit", "port": 443}
                airflow.api.call(
                    "PATCH", f"/connections/{conn_id}", params={"update_mask": "port"}, json=port
                )
            assert (case, form.test_saved(conn_id)) == (case, said)
            form.page.set_viewport_size({"width": 1000, "height": 420})
            keep_picture(f"connection-test-{case.replace(' ', '-')}-airflow-{VERSION[:3]}", form.page)
        # The next picture shows its own connection only.
        airflow.api.call("DELETE", f"/connections/{conn_id}")
        number_of_cases += 1
    assert number_of_cases == 4


def test_a_typed_connection_is_used_and_its_secrets_stay_hidden(airflow, sandbox, form, record, tmp_path):
    form.open_new("Mailkit")
    form.fill({
        "conn_id": "mailkit_default",
        "host": sandbox.base_url,
        "login": sandbox.client_id,
        "password": sandbox.client_md5,
        "timezone": "Europe/Prague",
        "hash_secret": HASH_KEY,
    })  # fmt: skip
    form.save()
    form.open_saved("mailkit_default")
    assert form.fields()
    record.read_on()
    form.fill({"description": "Edited after it was saved"})
    form.save()
    form.open_saved("mailkit_default")
    assert form.page.locator("textarea[name=description]").input_value() == "Edited after it was saved"
    record.read_on()

    check_run(airflow, sandbox, form, record, tmp_path)
    if IS_AIRFLOW_2:
        answer = airflow.api.call("GET", "/connections/mailkit_default")
        record.answers.append(("GET connection", answer.text))
    assert_no_secret(record, sandbox)


def check_run(airflow, sandbox, form, record, folder):
    """Run a DAG with the connection; what it wrote proves that no edit has changed the secrets."""
    airflow.api.unpause("uses_the_connection")
    run_id = airflow.api.trigger("uses_the_connection", {"folder": str(folder)})
    ended = airflow.api.wait_for_run("uses_the_connection", run_id, timeout_s=120)
    told = airflow.api.log("uses_the_connection", run_id, "tell")
    assert ended == "success", told + airflow.api.log("uses_the_connection", run_id, "export")
    assert "The rendered text is: *** and ***." in told
    assert "The secrets are: ***, ***." in told
    record.answers.append(("log", told))
    rows = [json.loads(line) for line in (folder / "5001.jsonl").read_text().splitlines()]
    assert len(rows) == sandbox.recipients
    assert {row["ID_SEND_MESSAGE"]: row["EMAIL"] for row in rows} == hashed_addresses(sandbox)
    assert rows[0]["DATE"][-6:] in ("+01:00", "+02:00"), "the time zone that was typed"
    (run,) = airflow.api.runs("uses_the_connection")
    for address in form.run_pages("uses_the_connection", run_id, run["logical_date"], "tell"):
        form.page.goto(address)
        form.page.get_by_text("*** and ***").first.wait_for()
        record.read_on()


def hashed_addresses(sandbox: Sandbox) -> dict[int, str]:
    """Return the addresses of the delivery by the ID of their row, hashed by hand."""
    question = {
        "function": "mailkit.report.message.recipients",
        "id": sandbox.client_id,
        "md5": sandbox.client_md5,
        "parameters": {"ID_send": "5001"},
    }
    recipients = requests.post(f"{sandbox.base_url}/json.fcgi", json=question, timeout=30).json()
    return {
        int(row["ID_SEND_MESSAGE"]): hmac.new(
            HASH_KEY.encode(), row["EMAIL"].lower().encode(), hashlib.sha256
        ).hexdigest()
        for row in recipients
    }


def assert_no_secret(record: Record, sandbox: Sandbox) -> None:
    """Neither an answer that the browser got nor a page that it showed holds a secret."""
    assert record.answers
    assert record.unread == []
    for secret in (sandbox.client_md5, HASH_KEY, quote(HASH_KEY, safe="")):
        shown = [where for where, text in record.answers if secret in text]
        assert shown == [], f"{secret} is shown"
