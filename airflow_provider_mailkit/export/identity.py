"""What all claims of a folder have in common, so that only one export writes there. Does no I/O."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping
from typing import Any

from airflow_provider_mailkit._shown import shown
from airflow_provider_mailkit.exceptions import MailkitArgumentError

# Slow on purpose, because a client ID is a short number, which a plain hash would not hide.
_ROUNDS = 200_000
# The words for a difference. A change that also changes the columns comes before them, since the first
# difference is named.
_NOUNS = {
    "function": "another function",
    "parameters": "another filter",
    "host": "another host",
    "client": "another client",
    "addresses": "another addresses argument",
    "hash_secret": "another hash_secret of the connection",
    "columns": "other columns",
    "timezone": "another timezone of the connection",
    "file_format": "another format",
    "compression": "another compression",
}
_SHOWN = ("function", "parameters", "host", "addresses", "timezone", "file_format", "compression")


def secret_mark(secret: str, mark: str | None = None) -> str:
    """Return what stands for a secret in a claim: a salted hash that is slow to guess.

    :param mark: one whose salt is used again.
    """
    salt = mark.partition("$")[0] if mark else secrets.token_hex(16)
    digest = hashlib.pbkdf2_hmac("sha256", secret.encode(), salt.encode(), _ROUNDS).hex()
    return f"{salt}${digest}"


def check_identity(uri: str, claimed: Mapping[str, Any], ours: Mapping[str, Any]) -> None:
    """Refuse a folder of another export.

    :raises MailkitError: the folder belongs to another export. The message says what differs.
    """
    for name, noun in _NOUNS.items():
        if claimed.get(name) == ours.get(name):
            continue
        difference = (
            f": {shown(claimed.get(name))} there, {shown(ours.get(name))} here" if name in _SHOWN else ""
        )
        raise MailkitArgumentError(
            f"{uri} belongs to an export with {noun}{difference}. Its files would no longer fit "
            "together. Nothing was read or written. Name a new folder in output_path, or undo the change."
        )
