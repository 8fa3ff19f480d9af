"""Airflow's whole database as text, to look for what must not be in it."""

from __future__ import annotations

from contextlib import closing
from typing import Any

from cryptography.fernet import Fernet


def search_text(url: str, fernet_key: str) -> str:
    """Return every value of every table, one a line; what Airflow has encrypted is decrypted.

    :param url: of a PostgreSQL, as SQLAlchemy takes it.
    """
    import psycopg2

    fernet = Fernet(fernet_key)
    lines = [""]
    with closing(psycopg2.connect(url.replace("+psycopg2", ""))) as connection, connection.cursor() as cursor:
        cursor.execute("select table_name from information_schema.tables where table_schema = 'public'")
        for (table,) in cursor.fetchall():
            cursor.execute(f'select * from "{table}"')  # noqa: S608 - the database's own name
            names = [column.name for column in cursor.description or ()]
            for row in cursor.fetchall():
                values = zip(names, row, strict=True)
                lines += [f"{table}.{name}: {_text(value, fernet)}" for name, value in values]
    return "\n".join(lines)


def _text(value: Any, fernet: Fernet) -> str:
    if isinstance(value, bytes | memoryview):
        # Pickled or JSON: the texts in it are readable as they are.
        value = bytes(value).decode("latin-1")
    if isinstance(value, str) and value.startswith("gAAAA"):
        return fernet.decrypt(value.encode()).decode()
    return str(value)
