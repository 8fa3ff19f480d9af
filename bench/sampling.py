"""Counts what the thread of an export is working on.

A timer interrupts the thread every millisecond. A sample counts for the part of the package whose code was
running, or had called what was: Python handles the signal when a call into C has returned.
"""

from __future__ import annotations

import signal
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

_EVERY_S = 0.001
#: The work of the modules, by the first matching beginning of a module's path.
PARTS = {
    "transport": "receiving",
    "protocol/dates": "dates and empty texts",
    "protocol/records": "dates and empty texts",
    "protocol": "decoding",
    "export/measures": "summary",
    "export/keys": "summary",
    "export/duplicates": "summary",
    "writers/background": "waiting for the second thread",
    "writers": "encoding rows",
}
# Loops over a field of all records: they count for whoever runs them.
_LOOPS = "protocol/fields"
#: What any other code works on.
REST = "the rest"


@contextmanager
def sampling(package: Path) -> Iterator[Counter[str]]:
    """Count samples by what the package was working on in the calling thread, which is the main one.

    :param package: the folder whose modules :data:`PARTS` names.
    """
    samples: Counter[str] = Counter()

    def note(_: int, frame: FrameType | None) -> None:
        path = ""
        while frame is not None and (not path or path.startswith(_LOOPS)):
            name = frame.f_code.co_filename
            path = Path(name).relative_to(package).as_posix() if name.startswith(str(package)) else path
            frame = frame.f_back
        samples[next((part for start, part in PARTS.items() if path.startswith(start)), REST)] += 1

    former = signal.signal(signal.SIGALRM, note)
    signal.setitimer(signal.ITIMER_REAL, _EVERY_S, _EVERY_S)
    try:
        yield samples
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, former)
