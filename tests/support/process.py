"""What this process uses."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def resident_bytes() -> int:
    """Return the memory that is in use, from Linux's count of pages."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def open_files() -> int:
    """Return the number of open files and sockets."""
    return len(os.listdir("/proc/self/fd"))


@contextmanager
def within_s(seconds: float) -> Iterator[None]:
    """See that a block takes less processor time than this; three times as much under a tracer."""
    began = time.process_time()
    yield
    assert time.process_time() - began < seconds * (3 if sys.gettrace() else 1)
