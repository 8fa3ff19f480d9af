"""Where the time of an export goes: ``python -m bench.profile`` samples its thread and prints the shares.

A timer interrupts the thread every millisecond. A sample counts for the part of the package whose code was
running, or had called what was: Python handles the signal when a call into C has returned.
"""

from __future__ import annotations

import signal
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from bench.lab import Lab

_EVERY_S = 0.001
_RECIPIENTS = 1_000_000
_FORMATS = ("jsonl", "csv", "parquet")
# The first beginning that a module's path has tells what it works on.
_PARTS = {
    "transport": "receiving",
    "protocol/dates": "dates and empty texts",
    "protocol/records": "dates and empty texts",
    "protocol": "decoding",
    "export/summary": "summary",
    "export/duplicates": "summary",
    "writers/background": "waiting for the second thread",
    "writers": "encoding rows",
}
_REST = "the rest"


@contextmanager
def sampling(package: Path) -> Iterator[Counter[str]]:
    """Count samples by what the package was working on in the calling thread, which is the main one.

    :param package: the folder whose modules :data:`_PARTS` names.
    """
    samples: Counter[str] = Counter()

    def note(_: int, frame: FrameType | None) -> None:
        while frame is not None and not frame.f_code.co_filename.startswith(str(package)):
            frame = frame.f_back
        path = Path(frame.f_code.co_filename).relative_to(package).as_posix() if frame else ""
        samples[next((part for start, part in _PARTS.items() if path.startswith(start)), _REST)] += 1

    former = signal.signal(signal.SIGALRM, note)
    signal.setitimer(signal.ITIMER_REAL, _EVERY_S, _EVERY_S)
    try:
        yield samples
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, former)


def measure_profiles(lab: Lab, recipients: int) -> list[str]:
    """Export to every format over JSON; return a table in Markdown, a row for each part."""
    profiles = [Counter(lab.run("profile", "json", recipients, f"profile.{f}").result) for f in _FORMATS]
    lines = ["| an export's own thread, JSON | JSONL | CSV | Parquet |", "| --- | --- | --- | --- |"]
    for part in dict.fromkeys((*_PARTS.values(), _REST)):
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
