"""Where an operator writes its file."""

from __future__ import annotations

from os import PathLike

from airflow_provider_mailkit.exceptions import MailkitArgumentError
from airflow_provider_mailkit.storage.path_text import shown_path
from airflow_provider_mailkit.storage.target import Target, resolve_target


def check_path_was_rendered(written: str | PathLike[str] | None, rendered: object) -> None:
    """Refuse a path of which native rendering has made None: the data would go to XCom, which all can read.

    :param written: the path as the DAG has it.
    :raises MailkitError: the path is gone.
    """
    if written is not None and rendered is None:
        raise MailkitArgumentError(f"output_path {shown_path(str(written))} became None: check its template.")


def output_target(output_path: str, conn_id: str | None, *, overwrite: bool) -> Target:
    """Return what an operator's ``output_path`` names.

    :param conn_id: the connection of the storage.
    :param overwrite: whether a file may be there already.
    :raises MailkitError: the path cannot be used, or there is a file.
    """
    try:
        target = resolve_target(output_path, conn_id)
    except ValueError as error:
        raise MailkitArgumentError(
            f"output_path {shown_path(output_path)} cannot be used: {error}."
        ) from error
    if not overwrite and target.exists():
        raise MailkitArgumentError(
            f"{target.uri} exists already, and overwrite is False. Nothing was read or written."
        )
    return target
