"""Where the time of an export goes: ``python -m bench.profile`` samples its thread and prints the shares."""

from __future__ import annotations

import sys
from collections import Counter

from bench.lab import Lab
from bench.sampling import PARTS, REST

_RECIPIENTS = 1_000_000
_FORMATS = ("jsonl", "csv", "parquet")


def measure_profiles(lab: Lab, recipients: int) -> list[str]:
    """Export to every format over JSON; return a table in Markdown, a row for each part."""
    profiles = [Counter(lab.run("profile", "json", recipients, f"profile.{f}").result) for f in _FORMATS]
    lines = ["| an export's own thread, JSON | JSONL | CSV | Parquet |", "| --- | --- | --- | --- |"]
    for part in dict.fromkeys((*PARTS.values(), REST)):
        shares = (f"{100 * profile[part] / profile.total():.0f} %" for profile in profiles)
        lines.append(f"| {part} | {' | '.join(shares)} |")
    return lines


def main() -> int:
    """Measure and print."""
    with Lab({"json": [_RECIPIENTS], "xmlrpc": []}) as lab:
        print("\n".join(measure_profiles(lab, _RECIPIENTS)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
