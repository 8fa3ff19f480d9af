"""Check that the Airflow of this interpreter finds our provider; run by check-wheel."""

import json
import subprocess
import sys
from importlib.metadata import version
from typing import Any

PACKAGE = "airflow-provider-mailkit"
CONNECTION_TYPE = "mailkit"
HOOK = "airflow_provider_mailkit.hooks.mailkit.MailkitHook"
# Listing does not import the hook. This does, like Airflow: it reports what does not fit, and goes on.
IMPORT_HOOK = f"""
from airflow.providers_manager import ProvidersManager
if not ProvidersManager().hooks[{CONNECTION_TYPE!r}]:
    raise SystemExit("{HOOK} cannot be imported")
"""


def run_python(*arguments: str) -> list[str]:
    """Return the lines printed, unless the command failed or complained about our provider."""
    done = subprocess.run([sys.executable, *arguments], capture_output=True, text=True, check=False)  # noqa: S603 - fixed commands
    lines = done.stdout.splitlines()
    said = [line for line in lines if not line.startswith("[{")] + done.stderr.splitlines()
    if done.returncode or any("mailkit" in line.lower() for line in said):
        sys.exit("\n".join(["Airflow complains about the provider:", *said]))
    return lines


def provider_rows(command: str) -> list[dict[str, Any]]:
    """Return the rows of a listing, which some Airflow releases print after lines of their log."""
    lines = run_python("-m", "airflow", "providers", command, "--output", "json")
    rows: list[dict[str, Any]] = json.loads(next(line for line in lines if line.startswith("[{")))
    return rows


def expect(what: str, found: object, expected: object) -> None:
    """End the check with both values unless they are the same."""
    if found != expected:
        sys.exit(f"{what}: expected {expected!r}, found {found!r}")


def main(release: str) -> None:
    """Check every way in which Airflow finds the provider."""
    expect("Airflow installed", version("apache-airflow"), release)
    providers = {row["package_name"]: row["version"] for row in provider_rows("list")}
    expect(f"version of {PACKAGE} listed", providers.get(PACKAGE), version(PACKAGE))
    hooks = {row["connection_type"]: (row["class"], row["package_name"]) for row in provider_rows("hooks")}
    expect(f"hook of connection type {CONNECTION_TYPE}", hooks.get(CONNECTION_TYPE), (HOOK, PACKAGE))
    run_python("-c", IMPORT_HOOK)
    python = ".".join(map(str, sys.version_info[:3]))
    print(f"Airflow {release} on Python {python} finds {PACKAGE}, its connection type and its hook")


if __name__ == "__main__":
    main(sys.argv[1])
