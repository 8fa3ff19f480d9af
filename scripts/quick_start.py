"""Do as the first page says with the package that is installed here: sandbox, DAG, file; run by release-day.

Beside that: Airflow finds the hook, every module can be imported, and the wait goes on in a trigger.
"""

from __future__ import annotations

import importlib
import os
import pkgutil
import re
import shlex
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

from airflow.providers_manager import ProvidersManager
from check_installed_provider import HOOK

import airflow_provider_mailkit

PAGE = Path(__file__).resolve().parent.parent / "docs" / "index.md"
DAG_ID = "mailkit_first_export"


def import_everything() -> int:
    """Import every module of the installed package; returns how many there are."""
    names = [
        found.name
        for found in pkgutil.walk_packages(airflow_provider_mailkit.__path__, "airflow_provider_mailkit.")
        # Running it is what it is for.
        if not found.name.endswith("__main__")
    ]
    for name in names:
        importlib.import_module(name)
    return len(names)


def write_dag(folder: Path, files: Path) -> None:
    """Write the page's DAG, with another folder for its file and shorter pauses."""
    (text,) = re.findall(rf"```python\n(.*?{DAG_ID}.*?)```", PAGE.read_text(), re.DOTALL)
    folder.mkdir(parents=True)
    text = text.replace("/tmp/mailkit", str(files)).replace("poke_interval=5", "poke_interval=1")  # noqa: S108 - the page's
    (folder / f"{DAG_ID}.py").write_text(text)


def airflow(*arguments: str) -> str:
    """Run one of Airflow's commands; returns what it printed, or ends with that if it has failed."""
    command = [sys.executable, "-m", "airflow", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - fixed commands
    # "dags test" of some releases exits with 0 whatever happens to the run.
    if done.returncode or "state=failed" in done.stdout + done.stderr:
        sys.exit(f"airflow {shlex.join(arguments)} failed:\n{done.stdout[-6000:]}\n{done.stderr[-6000:]}")
    return done.stdout + done.stderr


def main(home: Path) -> None:
    """Go the whole way."""
    if "site-packages" not in Path(airflow_provider_mailkit.__file__).parts:
        sys.exit(f"this is not the installed package: {airflow_provider_mailkit.__file__}")
    modules = import_everything()
    hook = ProvidersManager().hooks["mailkit"]
    if hook is None or hook.hook_class_name != HOOK:
        sys.exit(f"Airflow finds another hook: {hook}")
    files = home / "files"
    write_dag(home / "dags", files)
    # The page sets nothing. With this, the wait first polls on the worker, then in a trigger.
    os.environ["AIRFLOW__OPERATORS__DEFAULT_DEFERRABLE"] = "True"
    airflow("db", "migrate")
    options = ["--port", "0", "--seconds", "2", "--quiet"]
    with subprocess.Popen(  # noqa: S603 - a fixed command
        [sys.executable, "-u", "-m", "airflow_provider_mailkit.sandbox", *options],
        stdout=subprocess.PIPE,
        text=True,
    ) as sandbox:
        try:
            printed = iter(sandbox.stdout or ())
            line = next(line for line in printed if line.startswith("AIRFLOW_CONN_MAILKIT_DEFAULT="))
            name, _, value = shlex.split(line)[0].partition("=")
            os.environ[name] = value
            printed_by_run = airflow("dags", "test", DAG_ID)
        finally:
            sandbox.terminate()
    file = files / "5001.parquet"
    if "running trigger in line" not in printed_by_run:
        sys.exit(f"the wait was not deferred:\n{printed_by_run[-6000:]}")
    print(
        f"Airflow {version('apache-airflow')}: {modules} modules imported, hook found, waited and exported"
        f" {file.stat().st_size} bytes"
    )


if __name__ == "__main__":
    main(Path(os.environ["AIRFLOW_HOME"]))
