"""Airflow's whole database as text, to look for what must not be in it."""

from __future__ import annotations

from typing import Any

from cryptography.fernet import Fernet
from sqlalchemy import MetaData, create_engine, select


def search_text(url: str, fernet_key: str) -> str:
    """Return every value of every table, one a line; what Airflow has encrypted is decrypted."""
    fernet = Fernet(fernet_key)
    engine = create_engine(url)
    try:
        tables = MetaData()
        tables.reflect(engine)
        with engine.connect() as connection:
            return "\n".join(
                f"{table.name}.{name}: {_text(value, fernet)}"
                for table in tables.sorted_tables
                for row in connection.execute(select(table)).mappings()
                for name, value in row.items()
            )
    finally:
        engine.dispose()


def _text(value: Any, fernet: Fernet) -> str:
    if isinstance(value, bytes | memoryview):
        # Pickled or JSON: the texts in it are readable as they are.
        value = bytes(value).decode("latin-1")
    if isinstance(value, str) and value.startswith("gAAAA"):
        return fernet.decrypt(value.encode()).decode()
    return str(value)
