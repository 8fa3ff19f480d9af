"""From a fresh clone to a finished export: the sandbox, a real Airflow, a file and a page of the delivery.

Writes only to demo-output/ and .airflow/demo/, and uses only the loopback interface.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
import time
from importlib.metadata import version
from pathlib import Path
from types import FrameType
from typing import Any

from demo_airflow import Airflow, DemoError, Watcher

from airflow_provider_mailkit.sandbox import Sandbox

ROOT = Path(__file__).resolve().parent.parent
HOME = ROOT / ".airflow" / "demo"
OUTPUT = ROOT / "demo-output"
RECIPIENTS = 50_000
DELIVERY_S = 13.0
# With this seed the winner of the A/B test is also the version that is read more often in the end.
SEED = 26
KEY_FIGURES = {
    "delivered": "recipients", "bounced": "recipients", "readers": "delivered", "clickers": "delivered",
    "unsubscribed": "delivered",
}  # fmt: skip


class TimeLapse:
    """The sandbox's clock: it runs twenty times as fast once the delivery is over.

    Otherwise hardly anybody would have read an e-mail at the time of the export.
    """

    def __init__(self) -> None:
        self._begun: float | None = None

    def __call__(self) -> float:
        """Return the seconds since the first call, accelerated."""
        now = time.monotonic()
        self._begun = self._begun or now
        passed = now - self._begun
        return passed + 19 * max(0.0, passed - DELIVERY_S)


def say(text: str = "") -> None:
    """Print a line at once, also into a pipe."""
    print(text, flush=True)


def show(task_id: str, text: str) -> None:
    """Print a line of a task."""
    say(f"  {time.strftime('%H:%M:%S')}  {task_id:<6}  {text}")


class Demo:
    """A fresh Airflow that runs examples for one delivery of a sandbox."""

    def __init__(self, sandbox: Sandbox, exported: Path) -> None:
        self._airflow = Airflow(HOME, ROOT / "dags_examples", sandbox.connection)
        self._conf = {"id_send": sandbox.id_sends[0], "output_folder": str(exported)}
        say(f"Airflow {version('apache-airflow')}: making a database, about ten seconds …")
        self._airflow.run("db", "migrate", timeout_s=120)

    def run(self, dag_id: str, task_id: str) -> dict[str, Any]:
        """Run an example; return what one of its tasks has returned."""
        conf = json.dumps(self._conf)
        say(f"\n$ airflow dags test {dag_id} --conf '{{\"id_send\": {self._conf['id_send']}, …}}'\n")
        self._airflow.run("dags", "test", dag_id, "--conf", conf, timeout_s=150, each_line=Watcher(show))
        return self._airflow.result(task_id)


def publish(summary: dict[str, Any], page: dict[str, Any], exported: Path) -> None:
    """Put file, summary and page where people look for them."""
    for name, result in (("recipients.parquet", summary), ("delivery.html", page)):
        os.replace(exported / result["uri"].rpartition("/")[2], OUTPUT / name)
        result["uri"] = (OUTPUT / name).as_uri()
    (OUTPUT / "summary.json").write_text(json.dumps(summary, indent=2) + "\n")
    for what, number in (("file", summary["rows"]), ("page", page["recipients"])):
        if number != RECIPIENTS:
            raise DemoError(f"The {what} has {number} recipients instead of {RECIPIENTS}.")


def print_table(page: dict[str, Any]) -> None:
    """Print the figures at the top of the page."""
    say()
    for what, whole in KEY_FIGURES.items():
        say(f"{what:<13}{page[what]:>8,}   {100 * page[what] / page[whole]:>5.1f} % of {whole}")


def demo() -> None:
    """Run the demo. Raises DemoError if something is wrong."""
    exported = HOME / "exported"
    OUTPUT.mkdir(exist_ok=True)
    for name in ("recipients.parquet", "summary.json", "delivery.html"):
        (OUTPUT / name).unlink(missing_ok=True)
    with Sandbox(recipients=RECIPIENTS, seconds=DELIVERY_S, seed=SEED, clock=TimeLapse()) as sandbox:
        say(f"Sandbox: a Mailkit of our own at {sandbox.base_url}, {RECIPIENTS:,} recipients per delivery.")
        demo = Demo(sandbox, exported)
        summary = demo.run("example_mailkit_wait_and_export", "export")
        page = demo.run("example_mailkit_delivery_page", "page")
    publish(summary, page, exported)
    print_table(page)
    say(f"\nDelivery {page['id_send']} is in {os.path.relpath(OUTPUT)}/:")
    size = summary["bytes"] / 1e6
    say(f"  recipients.parquet  {summary['rows']:,} rows, {size:.1f} MB, one per recipient")
    say("  summary.json        what the task of the export returned")
    say("  delivery.html       the delivery as a page for marketing: open it in a browser")


def _on_sigterm(_number: int, _frame: FrameType | None) -> None:
    # As an exception, it stops the started processes on its way out.
    raise KeyboardInterrupt


def main() -> int:
    """Return the exit status."""
    signal.signal(signal.SIGTERM, _on_sigterm)
    begun = time.monotonic()
    try:
        demo()
    except (DemoError, OSError, ImportError) as error:
        print(f"\nThe demo has failed: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nThe demo was interrupted.", file=sys.stderr)
        return 130
    finally:
        shutil.rmtree(HOME / "tmp", ignore_errors=True)
    say(f"\nDone in {time.monotonic() - begun:.0f} seconds.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
