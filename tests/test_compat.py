"""Airflow's names, found on the Airflow that is installed here."""

from __future__ import annotations

import ast
import asyncio
import threading
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace

import airflow
import pytest
from packaging.version import Version

from airflow_provider_mailkit import _compat

# Tests make of every warning an error, those about names that have moved among them.
INSTALLED = sorted(
    name
    for name, place in _compat._PLACES.items()
    if not place.startswith("airflow.providers.openlineage") or find_spec("airflow.providers.openlineage")
)


def test_events_are_confirmed_from_airflow_3_3_2_on():
    has_them = Version("3.3.2") <= Version(airflow.__version__)
    assert _compat.CONFIRMS_EVENTS is has_them


@pytest.mark.parametrize("name", INSTALLED)
def test_a_name_is_where_the_table_says(name):
    assert getattr(_compat, name) is not None


def test_types_are_checked_for_the_names_of_the_table():
    tree = ast.parse(Path(_compat.__file__).read_text())
    checking = next(node for node in tree.body if isinstance(node, ast.If))
    typed = {
        alias.asname for node in checking.body if isinstance(node, ast.ImportFrom) for alias in node.names
    }
    assert typed == set(_compat._PLACES)


def test_a_misspelt_name_is_an_error():
    with pytest.raises(ImportError, match="BaseOperater"):
        exec("from airflow_provider_mailkit._compat import BaseOperater")  # noqa: S102


class Hook:
    """What looks a connection up, and remembers in which thread."""

    def __init__(self):
        self.threads = []

    def get_connection(self, conn_id):
        self.threads.append(threading.current_thread())
        return SimpleNamespace(conn_id=conn_id, extra_dejson={"a": 1})

    async def aget_connection(self, conn_id):
        return SimpleNamespace(conn_id=conn_id, aextra_dejson=self._extra)

    async def _extra(self):
        return {"a": 1}


@pytest.mark.parametrize("is_asynchronous", [False, True])
def test_a_connection_is_looked_up_beside_the_event_loop(monkeypatch, is_asynchronous):
    kind = SimpleNamespace(aextra_dejson=None) if is_asynchronous else SimpleNamespace()
    load = _compat._load
    monkeypatch.setattr(_compat, "_load", lambda name: kind if name == "Connection" else load(name))
    hook = Hook()

    async def run():
        connection = await _compat.get_async_connection("one", hook)
        return connection.conn_id, await _compat.get_async_extra(connection)

    assert asyncio.run(run()) == ("one", {"a": 1})
    assert len(hook.threads) == (0 if is_asynchronous else 1)
    assert threading.main_thread() not in hook.threads


@pytest.mark.parametrize("is_asynchronous", [False, True])
def test_the_state_of_an_asset_is_kept(is_asynchronous):
    kept = {}

    async def aget(key):
        return kept.get(key)

    async def aset(key, value):
        kept[key] = value

    blocking = SimpleNamespace(get=kept.get, set=kept.__setitem__)
    store = SimpleNamespace(aget=aget, aset=aset) if is_asynchronous else blocking

    async def run():
        before = await _compat.read_state(store, "a")
        await _compat.write_state(store, "a", {"5001": "2026-03-01"})
        return before, await _compat.read_state(store, "a")

    assert asyncio.run(run()) == (None, {"5001": "2026-03-01"})


def test_a_trigger_of_several_assets_has_several_stores():
    one, two, three = object(), object(), object()
    assert _compat.asset_stores(None) == []
    assert _compat.asset_stores(one) == [one]
    of_three = SimpleNamespace(_by_name={"a": one, "b": two}, _by_uri={"c": three})
    assert _compat.asset_stores(of_three) == [one, two, three]


@pytest.mark.parametrize(
    ("method", "kwargs", "is_ended"),
    [
        ("__fail__", {"error": "Trigger timeout"}, True),
        ("__fail__", {"error": "Trigger/execution timeout"}, True),
        ("__fail__", {"error": "Trigger failure"}, False),
        ("__fail__", None, False),
        ("execute_complete", {"error": "Trigger timeout"}, False),
    ],
)
def test_only_a_time_out_of_the_deferral_counts_as_one(method, kwargs, is_ended):
    assert _compat.ended_by_scheduler(method, kwargs) is is_ended
