"""What an export notes for lineage; what OpenLineage makes of it is in tests/e2e/test_lineage.py."""

from __future__ import annotations

import pickle

import pytest
from support.reports import encode, recipient
from support.server import FaultServer, plain

from airflow_provider_mailkit.exceptions import MailkitError
from airflow_provider_mailkit.operators._lineage import Lineage, function_name
from airflow_provider_mailkit.operators.mailkit import MailkitExportOperator, MailkitRecipientsOperator
from airflow_provider_mailkit.storage.lineage import DatasetName

FUNCTION = "mailkit.report.message.recipients"


@pytest.fixture
def mailkit(mailkit_connection):
    answers = [plain(encode("json", [recipient(number) for number in range(3)]))]
    with FaultServer(answers) as server:
        mailkit_connection(server.base_url)
        yield server


def noted(operator):
    return operator._lineage._inputs, operator._lineage._outputs


def test_an_export_has_read_the_function_and_written_the_file(mailkit, tmp_path):
    path = f"{tmp_path}/a.csv"
    operator = MailkitRecipientsOperator(
        task_id="export", id_send=5001, output_path=path, columns=["STATUS", "DATE", "EXPORTED_AT", "ID_SEND"]
    )
    summary = operator.execute({})
    (read,), (written,) = noted(operator)
    assert read.name == (mailkit.base_url.replace("http", "mailkit"), FUNCTION)
    assert read.fields[:3] == (("ID_SEND", "int64"), ("ID_SEND_MESSAGE", "int64"), ("ID_EMAIL", "int64"))
    assert len(read.fields) == 9
    assert written.name == ("file", path)
    assert written.fields == (
        ("STATUS", "string"),
        ("DATE", "timestamp"),
        ("EXPORTED_AT", "timestamp"),
        ("ID_SEND", "int64"),
    )
    assert (written.rows, written.size) == (3, summary["bytes"])
    # OpenLineage may not be there, and a task is pickled and copied.
    assert noted(pickle.loads(pickle.dumps(operator))) == noted(operator)  # noqa: S301


def test_rows_to_xcom_have_no_output(mailkit):
    operator = MailkitExportOperator(task_id="e", function=FUNCTION, parameters={"ID_send": 5001})
    operator.execute({})
    (read,), written = noted(operator)
    assert read.name.name == FUNCTION
    assert written == []


def test_an_export_that_fails_has_written_nothing_and_the_next_try_begins_anew(mailkit, tmp_path):
    operator = MailkitRecipientsOperator(
        task_id="export", id_send=5001, output_path=f"{tmp_path}/a.csv", overwrite=False
    )
    operator.execute({})
    with pytest.raises(MailkitError, match="exists already"):
        operator.execute({})
    read, written = noted(operator)
    assert (len(read), written) == (1, [])


@pytest.mark.parametrize(
    ("base_url", "namespace"),
    [
        ("https://api.mailkit.eu", "mailkit://api.mailkit.eu"),
        ("http://127.0.0.1:8025", "mailkit://127.0.0.1:8025"),
        ("https://[::1]:8025", "mailkit://[::1]:8025"),
    ],
)
def test_the_name_of_a_function(base_url, namespace):
    assert function_name(base_url, "mailkit.report") == DatasetName(namespace, "mailkit.report")


def test_what_no_convention_names_is_left_out():
    lineage = Lineage()
    lineage.reads(None)
    lineage.has_written(None, rows=1)
    assert (lineage._inputs, lineage._outputs) == ([], [])
