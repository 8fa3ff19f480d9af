"""Checks of the text of an output path, without access to a disk or a store."""

from __future__ import annotations

import os
import re
import unicodedata
from pathlib import PurePath
from typing import Any

from airflow_provider_mailkit._arguments import is_known, wrong
from airflow_provider_mailkit._shown import HIDDEN
from airflow_provider_mailkit.exceptions import MailkitArgumentError

_PASSWORD = re.compile(r"(?<=//)([^/@]*):[^/]*@")
_UNPRINTABLE = frozenset({"Cc", "Cs", "Zl", "Zp"})
_DRIVE = re.compile(r"[A-Za-z]:")
_ONE_SLASH = re.compile(r"(?!(?:file|local):)([A-Za-z][A-Za-z0-9+.-]*):/(?!/)", re.IGNORECASE)
_LOCAL_SCHEME = re.compile(r"(?:file|local):(?://)?", re.IGNORECASE)
# Templates render a missing value as this, in a folder, in a name or in "day=None".
_NOTHING = re.compile(r"\bNone\b")
# What templates get for an argument that is hidden, perhaps encoded for a URL.
_NOT_SHOWN = re.compile(rf"{re.escape(HIDDEN)}|%2A%2A%2A|values?(?:,|%2C)(?: |%20|\+)not(?: |%20|\+)shown")
_SHELL = re.compile(r"/?(?:~|\$\{?[A-Za-z_])")
_TEMPLATE = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}", re.DOTALL)


def read_path(name: str, value: Any) -> str:
    """Read the argument for a file: a text, a ``Path`` or Airflow's ``ObjectStoragePath``.

    :raises MailkitError: it has another type, or is probably a mistake.
    """
    path = _text_of(value)
    if path is None:
        raise wrong(name, "a text, a Path or an ObjectStoragePath", value)
    if isinstance(value, PurePath) and not is_known(path):
        raise MailkitArgumentError(
            f"{name} is a Path, and templates in it are not rendered: write {path!r} as a text."
        )
    return _checked(name, path, path)


def check_template(name: str, template: str) -> None:
    """Check the parts of a path outside templates.

    :raises MailkitError: it is wrong, whatever the templates are rendered to.
    """
    _checked(name, template, _TEMPLATE.sub("_", template))


def _checked(name: str, path: str, text: str) -> str:
    try:
        check_path_text(text)
    except ValueError as error:
        raise MailkitArgumentError(f"{name} {shown_path(path)} cannot be used: {error}.") from None
    return path


def _text_of(value: Any) -> str | None:
    # ObjectStoragePath has a protocol. Its text has the connection ID, which its path lacks.
    if isinstance(value, str | PurePath) or hasattr(value, "protocol"):
        return str(value)
    path = os.fspath(value) if isinstance(value, os.PathLike) else None
    return path if isinstance(path, str) else None


def shown_path(path: str) -> str:
    """Return a path as an error shows it: without a password, and without a query, which may be signed."""
    return repr(_PASSWORD.sub("***@", path).partition("?")[0])


def check_path_text(path: str) -> None:
    """Refuse a path that is probably a mistake.

    :raises ValueError: the text says what is wrong with it and what to write instead.
    """
    if not path.strip():
        raise ValueError("it is empty: write a URL such as s3://bucket/key.csv, or a local path")
    if path != path.strip():
        raise ValueError("it begins or ends with a blank or a line break: check its template")
    if _UNPRINTABLE.intersection(map(unicodedata.category, path)):
        raise ValueError("it has a character that cannot be printed: check its template")
    if _NOTHING.search(path):
        raise ValueError("it contains None, which a template renders for a missing value: check its template")
    if match := _NOT_SHOWN.search(path):
        # Several tasks could write one file, each over that of another person.
        raise ValueError(
            f"it contains {match[0]!r}, which templates get instead of a value that may be about a person: "
            "use {{ ti.map_index }} or an ID of your own"
        )
    if "\\" in path or _DRIVE.match(path):
        raise ValueError('Windows paths cannot be used: write "/", without the letter of a drive')
    if match := _ONE_SLASH.match(path):
        raise ValueError(f"a slash is missing: write {match[1].lower()}://bucket/key, with two of them")
    if "://" not in path or _LOCAL_SCHEME.match(path):
        _check_local(_LOCAL_SCHEME.sub("", path, count=1) if _LOCAL_SCHEME.match(path) else path)


def _check_local(path: str) -> None:
    # A shell would replace it. Here it would be the name of a folder.
    if _SHELL.match(path) or "~" in path.split("/"):
        raise ValueError('nothing fills in "~" or "$HOME" here: write the absolute path')
