"""Where an operator writes its file: found and checked before Mailkit is called."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_provider_mailkit.exceptions import MailkitError
from airflow_provider_mailkit.storage.path_text import shown_path

if TYPE_CHECKING:
    from airflow_provider_mailkit.storage.target import Target


def check_path_was_rendered(written: Any, rendered: Any) -> None:
    """Refuse a path that rendering has made None of.

    :param written: ``output_path`` as the author has written it.
    :param rendered: what it is now.
    :raises MailkitError: nothing is left of it.
    """
    if written is not None and rendered is None:
        # Native rendering makes None of nothing, and all would go to XCom, where everybody can read.
        raise MailkitError(f"output_path {shown_path(str(written))} became None: check its template.")


def find_target(output_path: str, conn_id: str | None, *, overwrite: bool) -> Target:
    """Return the target that ``output_path`` names.

    :param conn_id: ID of the storage connection; empty or None: the one in the path, if any.
    :param overwrite: whether something may be there already.
    :raises MailkitError: there can be no such target, or it exists and may not be replaced.
    """
    from airflow_provider_mailkit.storage.target import resolve_target

    try:
        target = resolve_target(output_path, conn_id or None)
    except ValueError as error:
        raise MailkitError(f"output_path {shown_path(output_path)} cannot be used: {error}.") from error
    if not overwrite and target.exists():
        raise MailkitError(
            f"{target.uri} exists already, and overwrite is False. Nothing was read or written."
        )
    return target
