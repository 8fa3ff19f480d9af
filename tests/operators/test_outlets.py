"""Every kind of outlet gets the summary, and none of them can fail a task whose file is published."""

from __future__ import annotations

import pytest
from support.reports import encode, recipient
from support.server import FaultServer, plain

from airflow_provider_mailkit._compat import IS_AIRFLOW_2, Asset, AssetAlias
from airflow_provider_mailkit.operators.mailkit import MailkitRecipientsOperator
from airflow_provider_mailkit.operators.outlets import tell_outlets

if IS_AIRFLOW_2:
    from airflow.utils.context import OutletEventAccessors
else:
    from airflow.sdk.execution_time.context import OutletEventAccessors

only_airflow_3 = pytest.mark.skipif(IS_AIRFLOW_2, reason="Airflow 2 has no references to assets")
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


def alias_events(accessor):
    """Return the assets of an alias's events, with what each says."""
    if IS_AIRFLOW_2:
        return [(event["dest_dataset_uri"], event["extra"]) for event in accessor.dataset_alias_events]
    return [(event.dest_asset_key.uri, event.extra) for event in accessor.asset_alias_events]


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
    assert "without output_path there is no file" in task_log()


def test_other_things_among_the_outlets_are_left_alone():
    events = OutletEventAccessors()
    tell_outlets([object(), "text", None], events, SUMMARY)
    assert len(events) == 0
