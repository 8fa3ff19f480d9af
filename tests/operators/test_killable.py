"""A task that has run can be copied and pickled, and one that runs can be killed."""

from __future__ import annotations

import copy
import os
import pickle
import threading

import pytest
from support.reports import PROTOCOLS, encode, recipient
from support.server import FaultServer, Pause, close_delimited, plain

from airflow_provider_mailkit.exceptions import MailkitError
from airflow_provider_mailkit.operators.mailkit import MailkitDeliveriesOperator, MailkitRecipientsOperator

REPORT = [recipient(number) for number in range(5)]


def pickled(operator):
    return pickle.loads(pickle.dumps(operator))  # noqa: S301 - our own


every_way = pytest.mark.parametrize("remake", [copy.copy, copy.deepcopy, pickled])


@every_way
@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("suffix", ["csv", "jsonl.gz", "parquet", None])
def test_an_export_can_be_copied_after_it_has_run(mailkit_connection, tmp_path, remake, protocol, suffix):
    with FaultServer([plain(encode(protocol, REPORT))]) as server:
        mailkit_connection(server.base_url, protocol)
        path = None if suffix is None else f"{tmp_path}/a.{suffix}"
        operator = MailkitRecipientsOperator(
            task_id="export", id_send=5001, output_path=path, do_xcom_push=False
        )
        operator.execute({})
        again = remake(operator)
        again.execute({})
    assert len(server.requests) == 2
    assert again.output_path == path
    assert os.listdir(tmp_path) == ([] if path is None else [f"a.{suffix}"])


@every_way
def test_so_can_one_that_has_failed(mailkit_connection, tmp_path, remake):
    body = encode("json", REPORT)
    with FaultServer([close_delimited(body[:-30]), plain(body)]) as server:
        mailkit_connection(server.base_url, max_attempts=1)
        operator = MailkitRecipientsOperator(task_id="export", id_send=5001, output_path=f"{tmp_path}/a.csv")
        with pytest.raises(MailkitError):
            operator.execute({})
        assert remake(operator).execute({})["rows"] == 5


@every_way
def test_a_listing_can_be_copied_after_it_has_run(mailkit_connection, remake):
    with FaultServer([plain(encode("json", [{"ID_SEND": "5001"}, {"ID_SEND": "5002"}]))]) as server:
        mailkit_connection(server.base_url)
        operator = MailkitDeliveriesOperator(task_id="list", id_message=3001, do_xcom_push=False)
        assert operator.execute({}) == remake(operator).execute({}) == [5001, 5002]


@pytest.mark.parametrize("times", [1, 2])
def test_one_that_is_killed_publishes_nothing_and_can_be_copied(mailkit_connection, tmp_path, times):
    body = encode("json", REPORT)
    answer = plain(body)
    reached = threading.Event()

    def slow(*_):
        yield answer[0]
        yield body[:100]
        reached.set()
        yield Pause(0.3)
        yield body[100:]

    with FaultServer(slow) as server:
        mailkit_connection(server.base_url, max_attempts=1)
        operator = MailkitRecipientsOperator(task_id="export", id_send=5001, output_path=f"{tmp_path}/a.csv")

        def kill():
            reached.wait(10)
            for _ in range(times):
                operator.on_kill()

        killer = threading.Thread(target=kill)
        killer.start()
        with pytest.raises(Exception, match=r"\S") as caught:
            operator.execute({})
        killer.join()
    assert not isinstance(caught.value, AttributeError)
    assert os.listdir(tmp_path) == []
    operator.on_kill()
    copy.deepcopy(operator).on_kill()
    pickled(operator).on_kill()
