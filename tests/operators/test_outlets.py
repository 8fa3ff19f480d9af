"""Every kind of outlet gets the summary, and none of them can fail a task whose file is published."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from support.outlets import OutletEventAccessors, alias_events
from support.reports import encode, recipient
from support.server import FaultServer, plain

from airflow_provider_mailkit import _compat
from airflow_provider_mailkit._compat import AIRFLOW_VERSION, IS_AIRFLOW_2, Asset, AssetAlias
from airflow_provider_mailkit.operators.mailkit import MailkitExportOperator, MailkitRecipientsOperator
from airflow_provider_mailkit.operators.outlets import delivery_keys, tell_outlets

only_airflow_3 = pytest.mark.skipif(IS_AIRFLOW_2, reason="Airflow 2 has no references to assets")
only_with_partitions = pytest.mark.skipif(
    AIRFLOW_VERSION < (3, 3), reason="from Airflow 3.3 on, tasks can choose partitions"
)
FUNCTION = "mailkit.report.message.recipients"
SUMMARY = {"id_send": 5001, "uri": "file:///tmp/mailkit/5001.csv", "rows": 3}


@pytest.fixture
def mailkit(mailkit_connection):
    with FaultServer([plain(encode("json", [recipient(number) for number in range(3)]))]) as server:
        mailkit_connection(server.base_url)
        yield server


@pytest.fixture
def supervisor(monkeypatch):
    """Resolve references as Airflow's supervisor does; returns the assets that it knows."""
    from airflow.sdk.execution_time import context

    known = {}

    def find(name=None, uri=None):
        return known[name or uri]

    monkeypatch.setattr(context._AssetRefResolutionMixin, "_get_asset_from_db", staticmethod(find))
    monkeypatch.setattr(context._AssetRefResolutionMixin, "_asset_ref_cache", {})
    return known


def export(outlets, events, **arguments):
    operator = MailkitRecipientsOperator(task_id="export", id_send=5001, outlets=outlets, **arguments)
    return operator.execute({"outlet_events": events})


def test_an_asset_and_an_alias_get_the_summary(mailkit, tmp_path):
    events, alias = OutletEventAccessors(), AssetAlias("mailkit_exports")
    asset = Asset("s3://bucket/recipients")
    summary = export([asset, alias], events, output_path=f"{tmp_path}/a.csv")
    assert events[asset].extra == summary
    assert summary["rows"] == 3
    assert alias_events(events[alias]) == [(f"file://{tmp_path}/a.csv", summary)]


@only_airflow_3
@pytest.mark.parametrize("by", ["name", "uri"])
def test_a_reference_gets_the_summary(mailkit, tmp_path, supervisor, by):
    asset = Asset(name="recipients", uri="s3://bucket/recipients")
    supervisor |= {"recipients": asset, "s3://bucket/recipients": asset}
    events = OutletEventAccessors()
    ref = Asset.ref(name=asset.name) if by == "name" else Asset.ref(uri=asset.uri)
    summary = export([ref], events, output_path=f"{tmp_path}/a.csv")
    assert events[ref].extra == events[asset].extra == summary


@only_airflow_3
def test_a_reference_to_nothing_is_logged_and_does_not_fail_the_task(mailkit, tmp_path, supervisor, task_log):
    asset, events = Asset("s3://bucket/recipients"), OutletEventAccessors()
    ref = Asset.ref(name="nothing")
    summary = export([ref, asset], events, output_path=f"{tmp_path}/a.csv")
    assert events[asset].extra == summary
    assert "gets no summary: KeyError" in task_log()
    assert (tmp_path / "a.csv").is_file()


@pytest.mark.parametrize("uri", ["file:///tmp/příjemci.csv", f"file:///tmp/{'a' * 3001}"])
def test_a_file_that_cannot_be_an_asset_is_no_event_of_an_alias(uri, task_log):
    events, alias, asset = OutletEventAccessors(), AssetAlias("exports"), Asset("s3://bucket/a")
    tell_outlets([alias, asset], events, SUMMARY | {"uri": uri})
    if alias_events(events[alias]):
        # Newer versions take what others refuse.
        assert alias_events(events[alias])[0][1]["rows"] == 3
    else:
        assert "gets no summary: ValueError" in task_log()
    assert events[asset].extra["rows"] == 3


def test_without_a_file_an_alias_gets_no_event(mailkit, task_log):
    events, alias, asset = OutletEventAccessors(), AssetAlias("exports"), Asset("s3://bucket/a")
    rows = export([alias, asset], events, do_xcom_push=False)
    assert len(rows) == 3
    assert alias_events(events[alias]) == []
    assert events[asset].extra["rows"] == 3
    assert "since it stands for a file: set output_path" in task_log()


def test_other_things_among_the_outlets_are_left_alone():
    events = OutletEventAccessors()
    tell_outlets([object(), "text", None], events, SUMMARY)
    assert len(events) == 0


class RunTimetable:
    """Stands for a timetable of Airflow 3.3; the DAG is asked for nothing else."""

    def __init__(self, partitioned_at_runtime):
        self.partitioned_at_runtime = partitioned_at_runtime


class ExportOfDag(MailkitExportOperator):
    """An export in a DAG with such a timetable."""

    partitioned = True

    def get_dag(self):
        return SimpleNamespace(timetable=RunTimetable(self.partitioned))


class PlainExport(ExportOfDag):
    partitioned = False


def keys_of(events, asset, operator_class=ExportOfDag, id_send=5001, context=None, function=FUNCTION):
    operator = operator_class(
        task_id="export", function=function, parameters={"ID_send": id_send}, outlets=[asset]
    )
    operator.execute({"outlet_events": events, **(context or {})})
    return events[asset].partition_keys


@only_with_partitions
@pytest.mark.parametrize(("id_send", "keys"), [(5001, {"5001"}), ([5002, "5003"], {"5002", "5003"})])
def test_where_tasks_choose_partitions_the_event_is_about_the_deliveries(mailkit, id_send, keys):
    events, asset, alias = OutletEventAccessors(), Asset("s3://bucket/a"), AssetAlias("exports")
    assert keys_of(events, asset, id_send=id_send) == keys
    assert events[asset].extra["rows"] == 3 * len(keys)
    # Airflow refuses keys for an alias.
    tell_outlets([alias], events, SUMMARY, ["5001"])
    assert events[alias].partition_keys == set()


@only_with_partitions
def test_elsewhere_an_event_has_no_partition_since_it_would_start_nothing(mailkit):
    assert keys_of(OutletEventAccessors(), Asset("s3://bucket/a"), PlainExport) == set()


@only_with_partitions
def test_the_key_of_the_run_and_the_keys_of_the_author_go_before(mailkit):
    events, asset = OutletEventAccessors(), Asset("s3://bucket/a")
    assert keys_of(events, asset, context={"partition_key": "today"}) == set()
    events[asset].add_partitions("mine")
    assert keys_of(events, asset) == {"mine"}


@only_with_partitions
def test_a_report_that_is_not_about_deliveries_has_no_partition(mailkit):
    operator = ExportOfDag(task_id="export", function="mailkit.mailinglist.list")
    assert delivery_keys(operator, {}, {"function": "mailkit.mailinglist.list", "rows": 3}) == []


def test_before_airflow_3_3_no_dag_chooses_partitions(monkeypatch):
    monkeypatch.setattr(_compat, "AIRFLOW_VERSION", (3, 2))
    operator = ExportOfDag(task_id="export", function=FUNCTION, parameters={"ID_send": 5001})
    assert delivery_keys(operator, {}, SUMMARY) == []
