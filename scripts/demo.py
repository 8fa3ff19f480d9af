"""From a fresh clone to a finished export: the sandbox, a real Airflow, a file and a picture of the delivery.

Writes to demo-output/ and .airflow/demo/ only, talks to the loopback interface only.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
import time
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from types import FrameType
from typing import Any

from demo_airflow import Airflow, DemoError, Watcher
from demo_picture import Delivery, draw, percent, read_delivery

from airflow_provider_mailkit.sandbox import Sandbox

ROOT = Path(__file__).resolve().parent.parent
HOME = ROOT / ".airflow" / "demo"
OUTPUT = ROOT / "demo-output"
DAG_ID = "example_mailkit_wait_and_export"
RECIPIENTS = 50_000
DELIVERY_S = 13.0
# With this seed the winner of the A/B test is the version that turns out to be read more often, too.
SEED = 26


class TimeLapse:
    """The sandbox's clock: it runs twenty times as fast once the delivery is over.

    Otherwise the export, a moment after the last e-mail, would find that hardly anybody has read one.
    """

    def __init__(self) -> None:
        self._begun: float | None = None

    def __call__(self) -> float:
        """Return the seconds since the first call, more of them than have passed."""
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


def run_airflow(sandbox: Sandbox, exported: Path) -> dict[str, Any]:
    """Run the example on a fresh Airflow; return the operator's summary."""
    airflow = Airflow(HOME, ROOT / "dags_examples", sandbox.connection)
    say(f"Airflow {version('apache-airflow')}: making a database, about ten seconds …")
    airflow.run("db", "migrate", timeout_s=120)
    id_send = sandbox.id_sends[0]
    conf = {"id_send": id_send, "output_folder": str(exported)}
    say(f"\n$ airflow dags test {DAG_ID} --conf '{{\"id_send\": {id_send}, …}}'\n")
    airflow.run("dags", "test", DAG_ID, "--conf", json.dumps(conf), timeout_s=150, each_line=Watcher(show))
    return airflow.result("export")


def publish(summary: dict[str, Any], exported: Path) -> Delivery:
    """Put file, summary and picture where people look for them."""
    source = exported / f"recipients_{summary['id_send']}.parquet"
    target = OUTPUT / "recipients.parquet"
    os.replace(source, target)
    summary["uri"] = target.as_uri()
    (OUTPUT / "summary.json").write_text(json.dumps(summary, indent=2) + "\n")
    day = datetime.fromisoformat(summary["first_date"])
    delivery = read_delivery(target, summary["id_send"], f"{day.day} {day:%B %Y}")
    if not delivery.recipients == summary["rows"] == RECIPIENTS:
        raise DemoError(f"{target} has {delivery.recipients} rows instead of {RECIPIENTS}.")
    draw(delivery, OUTPUT / "summary.png")
    return delivery


def print_table(delivery: Delivery) -> None:
    """Print what the picture shows."""
    columns = {"all": delivery.everybody} | {
        f"version {name}": group for name, group in delivery.versions.items()
    }
    say(f"\n{'':<12}" + "".join(f"{name:>18}" for name in columns))
    for what in ("delivered", "readers", "clickers"):
        cells = []
        for group in columns.values():
            number = getattr(group, what)
            share = "" if what == "delivered" else percent(number, group.delivered, 1)
            cells.append(f"{number:>10,} {share:>7}")
        say((f"{what:<12}" + "".join(cells)).rstrip())
    say(f"{'bounced':<12}{delivery.bounced:>10,}")


def demo() -> None:
    """Do it all; raises DemoError when something is not as it should be."""
    exported = HOME / "exported"
    OUTPUT.mkdir(exist_ok=True)
    for name in ("recipients.parquet", "summary.json", "summary.png"):
        (OUTPUT / name).unlink(missing_ok=True)
    with Sandbox(recipients=RECIPIENTS, seconds=DELIVERY_S, seed=SEED, clock=TimeLapse()) as sandbox:
        say(f"Sandbox: a Mailkit of our own at {sandbox.base_url}, {RECIPIENTS:,} recipients per delivery.")
        summary = run_airflow(sandbox, exported)
    delivery = publish(summary, exported)
    print_table(delivery)
    say(f"\nDelivery {delivery.id_send} is in {os.path.relpath(OUTPUT)}/:")
    size = summary["bytes"] / 1e6
    say(f"  recipients.parquet  {summary['rows']:,} rows, {size:.1f} MB, one per recipient")
    say("  summary.json        what the operator's task returned")
    say("  summary.png         the delivery in a picture")


def _on_sigterm(_number: int, _frame: FrameType | None) -> None:
    # As an exception it ends what we have started on its way out.
    raise KeyboardInterrupt


def main() -> int:
    """Return the exit status."""
    signal.signal(signal.SIGTERM, _on_sigterm)
    begun = time.monotonic()
    # Matplotlib would keep its list of fonts in the user's home.
    os.environ["MPLCONFIGDIR"] = str(HOME.parent / "matplotlib")
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
