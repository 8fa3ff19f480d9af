"""The answer of a call: in XCom, in a file, and in the log."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from airflow_provider_mailkit.exceptions import MailkitArgumentError, MailkitError
from airflow_provider_mailkit.protocol.excerpt import Redactor

if TYPE_CHECKING:
    from airflow_provider_mailkit.catalogue.function import Function
    from airflow_provider_mailkit.storage.publication import Publication

# What PostgreSQL's JSON does not have, as JSON writes it: half a surrogate pair as it is.
_NOT_IN_JSONB = re.compile(r"\\u0000|[\ud800-\udfff]")


def describe(answer: Any) -> str:
    """Describe an answer without its content."""
    match answer:
        case list():
            return f"a list of {len(answer)}"
        case dict():
            return f"an object with {len(answer)} members"
        case str():
            return f"a text of {len(answer)} characters"
    return f"a value of type {type(answer).__name__}"


def check_for_xcom(function: Function, answer: Any, max_bytes: int) -> None:
    """Refuse an answer that XCom cannot store.

    :param max_bytes: the maximum size as JSON.
    :raises MailkitError: the answer is too large, or has characters that XCom's database does not store.
    """
    with _kept(function):
        # As Airflow stores it.
        if len(json.dumps(answer)) > max_bytes:
            raise MailkitArgumentError(
                f"{function.name}: the answer is larger than the {max_bytes} bytes that may go to XCom "
                "(max_xcom_bytes). Set output_path to write it to a file or to object storage."
            )
        # A backslash of the text is doubled, and means nothing for what follows it.
        if _NOT_IN_JSONB.search(json.dumps(answer, ensure_ascii=False).replace(r"\\", "")):
            raise MailkitArgumentError(
                f"{function.name}: the answer has a character that XCom's database does not store (U+0000, "
                "or half of a surrogate pair). Set output_path to write it to a file or to object storage."
            )


def write_answer(function: Function, answer: Any, publication: Publication) -> dict[str, Any]:
    """Publish an answer as JSON; return the facts about the file.

    :raises MailkitError: the function has acted, and its answer could not be written.
    """
    import msgspec

    with _kept(function):
        publication.file.write(msgspec.json.encode(answer) + b"\n")
        size, sha256 = publication.bytes_written, publication.sha256
        publication.commit()
    rows = len(answer) if isinstance(answer, list) else None
    return {"rows": rows, "bytes": size, "sha256": sha256}


@contextmanager
def _kept(function: Function) -> Iterator[None]:
    """If keeping the answer fails after the function has acted, raise a permanent error that says so."""
    try:
        yield
    except Exception as error:
        if function.reads:
            raise
        said = str(error) if isinstance(error, MailkitError) else Redactor().clean(type(error).__name__)
        raise MailkitArgumentError(
            f"{function.name}: Mailkit has acted and answered, but the answer could not be kept. Do not make "
            f"the call again to get it. {said}",
            function=function.name,
        ) from error
