"""A folder that logs are landed in, the loader that empties it, and what is found there in the end."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Callable
from typing import Any

from storage.child import Child, Job
from storage.place import Place
from support.raw_log import FUNCTION, KEY, RawLog
from support.tally import Tally

LIMITS = {"page_size": 40, "rows_per_file": 30, "max_rows": 90, "overlap": 10, "file_format": "jsonl"}


class Lake:
    """A folder to export to, a loader that takes away what is done, and a count of all."""

    def __init__(self, place: Place, log: RawLog, tally: Tally) -> None:
        self.place, self.log, self.tally = place, log, tally
        self.taken: Counter[int] = Counter()

    def job(self, **options: Any) -> Job:
        unsafe = not (self.place.is_local or self.place.store.conditional)
        arguments = {"function": FUNCTION, "output_path": self.place.path("").rstrip("/"), **LIMITS}
        names = [name for name in os.environ if name.startswith(("AIRFLOW", "GCSFS"))]
        environment = {name: os.environ[name] for name in names}
        return Job({**arguments, "allow_unsafe_storage": unsafe}, environment, increments=True, **options)

    def run(self) -> dict[str, Any]:
        """Run to the end, in a process of its own."""
        with Child(self.job()) as child:
            result: dict[str, Any] = child.expect("done")
            return result

    def ids(self, name: str) -> list[int]:
        return [json.loads(line)[KEY] for line in self.place.get(name).splitlines()]

    def load(self) -> None:
        """Take away what is done."""
        names = self.place.names()
        claims = sorted(name for name in names if name.endswith(".json"))
        if claims:
            # What was claimed need not be in Mailkit any more.
            known = json.loads(self.place.get(claims[-1]))["window"]["ids"]
            self.log.forget(sum(id_ < known[0] for id_ in self.log.ids))
        for name in names:
            if name.startswith("part-") and f"_mailkit/{name.split('-')[1]}.done" in names:
                self.taken.update(self.ids(name))
                self.place.remove(name)

    def grow(self, rows: int) -> None:
        """Let rows come between two runs."""
        log = self.log
        log.add(*range(log.last + 1, log.last + rows + 1))
        log.last += rows
        log.ever.update(log.ids)

    def stop(self, child: Child, signal: str, go_on: Callable[[], object] = lambda: None) -> None:
        """Kill a process; after SIGTERM it is let go on, and SIGKILL comes when it has ended or hangs."""
        self.tally.kill()
        if signal != "SIGKILL":
            child.terminate()
            go_on()
            child.process.join(20)
        child.kill()

    def check(self) -> None:
        """Export what is left, and compare every ID."""
        self.log.on_call = lambda number: None
        while not self.run()["caught_up"]:
            pass
        self.load()
        assert not [name for name in self.place.names() if name.startswith("part-")]
        self.tally.compare(self.log.ever, self.taken)
