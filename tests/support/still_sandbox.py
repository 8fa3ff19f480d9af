"""The sandbox with deliveries that stand still during their first poll, which has up to three looks.

``python still_sandbox.py OPTION...`` is the sandbox's command line with such deliveries.
"""

from __future__ import annotations

import sys
from contextlib import AbstractContextManager
from unittest import mock

from airflow_provider_mailkit.sandbox.__main__ import main
from airflow_provider_mailkit.sandbox.world import World

#: Longer than the three looks of a poll take on a busy machine.
STILL_S = 5.0


def standing_still(seconds: float) -> AbstractContextManager[object]:
    """Let each delivery begin this many seconds after it was first asked for, on the sandbox's clock."""
    progress = World._progress

    def later(world: World, began: float, now: float) -> float:
        return progress(world, began, max(began, now - seconds))

    return mock.patch.object(World, "_progress", later)


if __name__ == "__main__":
    with standing_still(STILL_S):
        sys.exit(main())
