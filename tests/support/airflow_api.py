"""Airflow's REST API, the same to the tests on Airflow 2.11 and 3.x."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, TypeVar

import requests

_PAGE = 100
# Its first answers may wait for imports, on a machine that has more to do.
_TIMEOUT_S = 120
_T = TypeVar("_T")


class AirflowApi:
    """What the tests ask a running Airflow and tell it.

    :param base_url: of the web server or the API server, without a slash at the end.
    """

    def __init__(self, base_url: str, *, is_airflow_2: bool) -> None:
        self._base_url = base_url
        self._is_airflow_2 = is_airflow_2
        self._session = requests.Session()
        # No proxy of the environment, and no password file.
        self._session.trust_env = False

    def call(self, method: str, path: str, **options: Any) -> requests.Response:
        """Make a call, such as ``call("GET", "/dags")``; an error answer raises."""
        if not self._is_airflow_2 and "Authorization" not in self._session.headers:
            answer = self._session.get(f"{self._base_url}/auth/token", timeout=_TIMEOUT_S)
            answer.raise_for_status()
            self._session.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
        prefix = "/api/v1" if self._is_airflow_2 else "/api/v2"
        url = f"{self._base_url}{prefix}{path}"
        answer = self._session.request(method, url, timeout=_TIMEOUT_S, **options)
        if not answer.ok:
            raise requests.HTTPError(f"{method} {path}: {answer.status_code} {answer.text}", response=answer)
        return answer

    def health(self) -> dict[str, Any]:
        path = "/health" if self._is_airflow_2 else "/api/v2/monitor/health"
        answer = self._session.get(f"{self._base_url}{path}", timeout=10)
        answer.raise_for_status()
        told: dict[str, Any] = answer.json()
        return told

    def unpause(self, dag_id: str, timeout_s: float = 90) -> None:
        """Unpause a DAG, as soon as its file has been parsed."""
        deadline = time.monotonic() + timeout_s
        while True:
            try:
                self.call("PATCH", f"/dags/{dag_id}", json={"is_paused": False})
            except requests.HTTPError as error:
                if error.response.status_code != 404:
                    raise
                if time.monotonic() > deadline:
                    problems = self.call("GET", "/importErrors").json()
                    raise TimeoutError(f"No DAG {dag_id} within {timeout_s:.0f} s: {problems}") from error
                time.sleep(0.5)
            else:
                return

    def trigger(self, dag_id: str, conf: dict[str, Any] | None = None) -> str:
        """Start a run; return its ID."""
        no_date = {} if self._is_airflow_2 else {"logical_date": None}
        order = {"conf": conf or {}} | no_date
        run_id: str = self.call("POST", f"/dags/{dag_id}/dagRuns", json=order).json()["dag_run_id"]
        return run_id

    def runs(self, dag_id: str) -> list[dict[str, Any]]:
        """Return all runs of a DAG, those that an asset has started too."""
        return self._pages(f"/dags/{dag_id}/dagRuns", "dag_runs")

    def run_state(self, dag_id: str, run_id: str) -> str:
        state: str = self.call("GET", f"/dags/{dag_id}/dagRuns/{run_id}").json()["state"]
        return state

    def wait_for_run(self, dag_id: str, run_id: str, timeout_s: float) -> str:
        """Return ``success`` or ``failed``, when the run has come to that."""
        deadline = time.monotonic() + timeout_s
        while (state := self.run_state(dag_id, run_id)) not in ("success", "failed"):
            if time.monotonic() > deadline:
                tasks = self.states(dag_id, run_id)
                raise TimeoutError(f"{dag_id} is {state} after {timeout_s:.0f} s: {tasks}")
            time.sleep(0.5)
        return state

    def task_instances(self, dag_id: str, run_id: str) -> list[dict[str, Any]]:
        """Return the task instances of a run, mapped ones one by one, as the API shows them."""
        return self._pages(f"/dags/{dag_id}/dagRuns/{run_id}/taskInstances", "task_instances")

    def states(self, dag_id: str, run_id: str) -> dict[tuple[str, int], str | None]:
        """Return the states of a run by task ID and map index (-1: not mapped)."""
        return {(ti["task_id"], ti["map_index"]): ti["state"] for ti in self.task_instances(dag_id, run_id)}

    def task_instance(self, dag_id: str, run_id: str, task_id: str, map_index: int = -1) -> dict[str, Any]:
        for ti in self.task_instances(dag_id, run_id):
            if (ti["task_id"], ti["map_index"]) == (task_id, map_index):
                return ti
        raise LookupError(f"{dag_id} {run_id} has no task {task_id} [{map_index}]")

    def xcom(
        self, dag_id: str, run_id: str, task_id: str, key: str = "return_value", map_index: int = -1
    ) -> Any:
        path = f"/dags/{dag_id}/dagRuns/{run_id}/taskInstances/{task_id}/xcomEntries/{key}"
        options = {"map_index": map_index, "stringify": "false", "deserialize": "false"}
        return self.call("GET", path, params=options).json()["value"]

    def log(self, dag_id: str, run_id: str, task_id: str, try_number: int = 1, map_index: int = -1) -> str:
        """Return what a user reads in the UI: one line per message."""
        path = f"/dags/{dag_id}/dagRuns/{run_id}/taskInstances/{task_id}/logs/{try_number}"
        options = {"map_index": map_index, "full_content": "true"}
        kind = "text/plain" if self._is_airflow_2 else "application/json"
        try:
            answer = self.call("GET", path, params=options, headers={"Accept": kind})
        except requests.HTTPError as error:
            return f"(no log: {error})"
        return answer.text if self._is_airflow_2 else "\n".join(map(_log_line, answer.json()["content"]))

    def asset_events(self) -> list[dict[str, Any]]:
        if self._is_airflow_2:
            return self._pages("/datasets/events", "dataset_events")
        return self.when_begun(lambda: self._pages("/assets/events", "asset_events"))

    def when_begun(self, ask: Callable[[], _T], timeout_s: float = 60) -> _T:
        """Ask for asset events: Airflow 3.3.2 fails to tell them while a run of theirs has not begun."""
        deadline = time.monotonic() + timeout_s
        while True:
            try:
                return ask()
            except requests.HTTPError as error:
                if error.response.status_code != 500 or time.monotonic() > deadline:
                    raise
                time.sleep(0.5)

    def _pages(self, path: str, member: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        while True:
            options = {"limit": _PAGE, "offset": len(found)}
            page = self.call("GET", path, params=options).json()[member]
            found += page
            if len(page) < _PAGE:
                return found


def _log_line(message: Any) -> str:
    # Beside these there is what the UI does not show: IDs, file and line.
    begin = f"{message.get('timestamp') or ''} {(message.get('level') or '').upper():<7} {message['event']}"
    error = message.get("error_detail")
    return f"{begin}  {error}" if error else begin
