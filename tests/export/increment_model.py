"""A log, a store and runs of an export that stop at every step: what the state machine plays with."""

from __future__ import annotations

import hashlib
import io
import json
import threading
from bisect import insort
from collections import Counter
from collections.abc import Callable, Generator, Iterator
from contextlib import suppress
from functools import partial
from typing import Any

import msgspec
from support.batches import of_page

from airflow_provider_mailkit.catalogue.reports import REPORTS
from airflow_provider_mailkit.exceptions import MailkitError
from airflow_provider_mailkit.export.increments import IncrementalExport, Limits
from airflow_provider_mailkit.export.rows import RowOptions
from airflow_provider_mailkit.protocol.records import Batch
from airflow_provider_mailkit.protocol.request import Credentials
from airflow_provider_mailkit.transport.endpoint import Endpoint
from airflow_provider_mailkit.transport.sync_client import SyncClient
from airflow_provider_mailkit.writers import OutputFormat

KEY = "ID_UNDELIVERED_LOG"
REPORT = REPORTS["mailkit.report.raw.bounces"]
WAIT_S = 30
Row = msgspec.defstruct("Row", [(KEY, int)])


class Killed(BaseException):
    """The process is gone."""


class Log:
    """A raw log: rows come, some of them late, and old ones are deleted."""

    def __init__(self) -> None:
        self.visible: list[int] = []
        self.ever: list[int] = []
        self.hidden: list[int] = []
        self.last = 0

    def append(self, shown: list[bool]) -> None:
        for is_shown in shown:
            self.last += 1
            if is_shown:
                self.visible.append(self.last)
                self.ever.append(self.last)
            else:
                self.hidden.append(self.last)

    def reveal(self, latest: int) -> None:
        """Show hidden rows that are at most this many rows late; those that are later never come."""
        while self.hidden:
            id_ = self.hidden.pop(0)
            if sum(other > id_ for other in self.ever) <= latest:
                insort(self.visible, id_)
                insort(self.ever, id_)

    def page(self, start: int, limit: int) -> list[int]:
        return [id_ for id_ in self.visible if id_ >= start][:limit]


class Publication:
    """Like the real one, in a store in memory."""

    def __init__(self, folder: MemoryFolder, name: str, overwrite: bool) -> None:
        self._folder, self._name, self._overwrite = folder, name, overwrite
        self.file = io.BytesIO()
        self._aborted = False

    @property
    def bytes_written(self) -> int:
        return len(self.file.getvalue())

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.file.getvalue()).hexdigest()

    def commit(self) -> None:
        if self._aborted:
            raise ValueError("aborted")
        data, files = self.file.getvalue(), self._folder.files

        def put() -> None:
            if not self._overwrite and self._name in files:
                raise FileExistsError(self._name)
            files[self._name] = data

        self._folder.step(put, self._name.rpartition(".")[2])

    def abort(self) -> None:
        self._aborted = True

    def __enter__(self) -> Publication:
        return self

    def __exit__(self, *_: object) -> None:
        pass


class MemoryFolder:
    """The folder as one run sees it; the files are those of all runs."""

    uri = "memory://lake"

    def __init__(self, files: dict[str, bytes], step: Callable[..., Any], renames: bool) -> None:
        self.files = files
        self.step = step
        self._renames = renames

    def names(self, folder: str = "") -> list[str]:
        def names() -> list[str]:
            return [name.rpartition("/")[2] for name in self.files if name.rpartition("/")[0] == folder]

        found: list[str] = self.step(names)
        return found

    def read(self, name: str) -> bytes:
        def read() -> bytes:
            if name not in self.files:
                raise FileNotFoundError(name)
            return self.files[name]

        data: bytes = self.step(read)
        return data

    def publication(self, name: str, *, overwrite: bool = True) -> Publication:
        return Publication(self, name, overwrite)

    def exists(self, name: str) -> bool:
        there: bool = self.step(lambda: name in self.files)
        return there

    def remove(self, name: str) -> None:
        self.step(lambda: self.files.pop(name, None))

    def creates_only_once(self, folder: str) -> bool:
        return True

    def move(self, source: str, name: str, size: int) -> None:
        def copy() -> None:
            if source not in self.files:
                raise FileNotFoundError(source)
            self.files[name] = self.files[source]

        def rename() -> None:
            copy()
            del self.files[source]

        if self._renames:
            self.step(rename, "move")
            return
        self.step(copy, "move")
        self.step(lambda: self.files.pop(source, None), "remove")


class Run(threading.Thread):
    """One try, which goes on by one step at a time: a call, or a request to the store."""

    def __init__(self, world: World) -> None:
        super().__init__(daemon=True)
        self._world = world
        self._go = threading.Semaphore(0)
        self._stopped = threading.Semaphore(0)
        self._order: Callable[[Callable[[], Any]], Any] = lambda effect: effect()
        self.result: dict[str, Any] | None = None
        self.error: BaseException | None = None
        self.is_over = False
        self.before = ""
        folder: Any = MemoryFolder(world.files, self.step, world.renames)
        self.export = IncrementalExport(
            SyncClient(Endpoint(Credentials("1000001", "0" * 32))),
            REPORT,
            {},
            RowOptions(columns=[KEY]),
            OutputFormat("jsonl", None),
            folder,
            world.limits,
        )
        self.export._client.read = self._read  # type: ignore[method-assign,assignment]
        self.export._ledger._restore = world.restored.append  # type: ignore[assignment]
        self.start()
        self._wait()

    def step(self, effect: Callable[[], Any], before: str = "") -> Any:
        """Stop before an effect, until told what is to happen to it.

        :param before: what it is, if runs are stopped before it on purpose.
        """
        self.before = before
        self._stopped.release()
        assert self._go.acquire(timeout=WAIT_S)
        return self._order(effect)

    def _read(self, plan: Any, decoder: Any) -> Generator[Batch]:
        for call in plan.calls():
            decoder(call)
            ids = self.step(partial(self._page, **call.parameters), "call")
            yield from of_page(call.pages, [Batch([Row(id_) for id_ in ids])])

    def _page(self, limit: int, ID_undelivered_log: int = 0) -> list[int]:
        return self._world.log.page(ID_undelivered_log, limit)

    def run(self) -> None:
        try:
            self.result = self.export.run()
        except (Killed, MailkitError, OSError, ValueError) as error:
            self.error = error
        finally:
            self.is_over = True
            self._stopped.release()

    def _wait(self) -> None:
        assert self._stopped.acquire(timeout=WAIT_S)

    def order(self, order: Callable[[Callable[[], Any]], Any]) -> None:
        """Let the run go on, with this done to the effect that it is stopped before."""
        if not self.is_over:
            self._order = order
            self._go.release()
            self._wait()

    def go_on(self) -> None:
        self.order(lambda effect: effect())

    def go_on_to(self, before: str) -> None:
        """Let it go on until it is about to do this, or to its end."""
        self.go_on()
        while not self.is_over and self.before != before:
            self.go_on()

    def end(self) -> None:
        while not self.is_over:
            self.go_on()

    def kill(self, in_flight: list[Callable[[], Any]] | None = None) -> None:
        """End it as SIGKILL does; the request that it was about to send may be on its way."""

        def die(effect: Callable[[], Any]) -> None:
            if in_flight is not None:
                in_flight.append(effect)
            raise Killed

        while not self.is_over:
            self.order(die)

    def fail(self, *, after: bool) -> None:
        """Let a request fail, before or after the store has heard of it."""

        def broken(effect: Callable[[], Any]) -> None:
            if after:
                effect()
            raise OSError("the answer is lost")

        self.order(broken)


class World:
    """The log, the store, what a consumer has taken, and the runs that live."""

    def __init__(self, limits: Limits, *, renames: bool) -> None:
        self.limits = limits
        self.renames = renames
        self.log = Log()
        self.files: dict[str, bytes] = {}
        self.taken: Counter[int] = Counter()
        self.runs: list[Run] = []
        self.in_flight: list[Callable[[], Any]] = []
        #: Claims whose rows were asked for once more.
        self.restored: list[Any] = []

    @property
    def latest(self) -> int:
        """How many rows a row may be late."""
        return min(self.limits.overlap, (self.limits.page_size - 1) // 2)

    def parts(self) -> dict[str, list[int]]:
        found = {name: data for name, data in self.files.items() if "/" not in name}
        return {name: [json.loads(line)[KEY] for line in data.splitlines()] for name, data in found.items()}

    def consume(self) -> None:
        """Move away the files that are done."""
        for name, ids in self.parts().items():
            if f"_mailkit/{name.split('-')[1]}.done" in self.files:
                self.taken.update(ids)
                del self.files[name]

    def published(self) -> Counter[int]:
        return self.taken + Counter(id_ for ids in self.parts().values() for id_ in ids)

    def land(self) -> None:
        """Let the store get a request whose sender is gone."""
        with suppress(OSError):
            self.in_flight.pop(0)()

    def alive(self) -> Iterator[Run]:
        self.runs = [run for run in self.runs if not run.is_over]
        return iter(self.runs)
