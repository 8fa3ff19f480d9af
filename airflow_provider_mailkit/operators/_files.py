"""Arguments about files that operators read, or write about their work."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from airflow_provider_mailkit._arguments import Kind, any_text, optional, wrong
from airflow_provider_mailkit.exceptions import MailkitArgumentError

if TYPE_CHECKING:
    from airflow_provider_mailkit.storage.source import SourceFile
    from airflow_provider_mailkit.storage.target import Target
    from airflow_provider_mailkit.writers import OutputFormat


def source_kinds() -> dict[str, Kind]:
    """Return the kinds of the arguments about a source."""
    from airflow_provider_mailkit.storage.path_text import read_path
    from airflow_provider_mailkit.writers import COMPRESSION, FILE_FORMAT

    return {
        "source": optional(read_path),
        "source_conn_id": optional(any_text),
        "file_format": FILE_FORMAT,
        "compression": COMPRESSION,
        "delimiter": delimiter,
    }


def delimiter(name: str, value: Any) -> str:
    """Read the delimiter of the cells."""
    if not isinstance(value, str) or len(value) != 1 or value in '"\r\n':
        raise wrong(name, "one character, such as ';'", value)
    return value


def check_one_of(arguments: Mapping[str, Any], given: Mapping[str, Any], *names: str) -> None:
    """Check that exactly one of several arguments is given.

    :param arguments: what is known.
    :param given: what is written.
    """
    set_ones = [name for name in names if arguments.get(name, given.get(name)) is not None]
    if len(set_ones) != 1 and all(name in given or name in arguments for name in names):
        raise MailkitArgumentError(f"Give either {' or '.join(names)}{', not both' if set_ones else ''}.")


def check_file_argument(name: str, known: Mapping[str, Any], given: Mapping[str, Any]) -> None:
    """Check the path of a written file as far as it is known. Its suffix says the format."""
    from airflow_provider_mailkit.storage.path_text import check_template
    from airflow_provider_mailkit.writers import check_format

    path = known.get(name, given.get(name))
    if isinstance(path, str):
        if name not in known:
            check_template(name, path)
        check_format(path, argument=name)


def find_files(arguments: Mapping[str, Any], conn_id: str | None) -> list[SourceFile]:
    """Return the files of ``source``.

    :raises MailkitError: the source is impossible, or (with ``retryable``) has no files now.
    :raises OSError: the folder cannot be listed.
    """
    from airflow_provider_mailkit.storage.path_text import shown_path
    from airflow_provider_mailkit.storage.source import list_files
    from airflow_provider_mailkit.storage.target import resolve_source

    path = arguments["source"]
    try:
        return list_files(resolve_source(path, conn_id or None))
    except ValueError as error:
        raise MailkitArgumentError(f"source {shown_path(path)} cannot be read: {error}.") from error
    except FileNotFoundError as error:
        # Another process may still be about to write it.
        raise MailkitArgumentError(
            f"source {shown_path(path)}: the file does not exist, or the folder is empty.", retryable=True
        ) from error


def resolve_file(name: str, path: str, conn_id: str | None) -> tuple[Target, OutputFormat]:
    """Return the target and the format of a written file.

    :raises MailkitError: the path cannot be used.
    """
    from airflow_provider_mailkit.storage.path_text import shown_path
    from airflow_provider_mailkit.storage.target import resolve_target
    from airflow_provider_mailkit.writers import choose_format

    output_format = choose_format(path, argument=name)
    try:
        return resolve_target(path, conn_id or None), output_format
    except ValueError as error:
        raise MailkitArgumentError(f"{name} {shown_path(path)} cannot be used: {error}.") from error


def check_apart(written: Mapping[str, Target], files: Iterable[SourceFile] = ()) -> None:
    """Check that no written file replaces another file of the task.

    :param written: the arguments that name written files, and their targets.
    :param files: the files that are read.
    :raises MailkitError: two of them are the same file.
    """
    taken = {file.uri: "source" for file in files}
    for name, target in written.items():
        if target.uri in taken:
            raise MailkitArgumentError(
                f"{name} is a file of {taken[target.uri]} as well, which it would replace. Nothing was sent: "
                "choose another path."
            )
        taken[target.uri] = name
