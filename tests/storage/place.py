"""A folder of its own for one test, in one store."""

from __future__ import annotations

from storage.proxy import Proxy
from storage.stores import BUCKET, Local, Store

from airflow_provider_mailkit.storage.target import Target, resolve_target


class Place:
    """A folder of its own for one test, in one store."""

    def __init__(self, store: Store, folder: str) -> None:
        self.store = store
        self.folder = folder

    @property
    def is_local(self) -> bool:
        return isinstance(self.store, Local)

    @property
    def proxy(self) -> Proxy:
        return self.store.proxy

    def path(self, name: str) -> str:
        """Return what a user writes as ``output_path``."""
        if isinstance(self.store, Local):
            return str(self.store.root / self.folder / name)
        return f"{self.store.scheme}://{self.store.conn_id}@{BUCKET}/{self.folder}/{name}"

    def uri(self, name: str) -> str:
        """Return the one identity of the file, on every version of Airflow."""
        if isinstance(self.store, Local):
            return f"file://{self.path(name)}"
        return f"{self.store.scheme}://{BUCKET}/{self.folder}/{name}"

    def target(self, name: str) -> Target:
        return resolve_target(self.path(name))

    def put(self, name: str, data: bytes) -> None:
        self.store.put(f"{self.folder}/{name}", data)

    def get(self, name: str) -> bytes:
        return self.store.get(f"{self.folder}/{name}")

    def remove(self, name: str) -> None:
        self.store.remove(f"{self.folder}/{name}")

    def names(self) -> list[str]:
        return [key.removeprefix(f"{self.folder}/") for key in self.store.keys(self.folder)]

    def unfinished(self) -> list[str]:
        return [key.removeprefix(f"{self.folder}/") for key in self.store.unfinished(self.folder)]
