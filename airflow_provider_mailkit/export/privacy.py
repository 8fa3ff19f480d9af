"""Hashes or removes addresses in unexpected places, even in disguise."""

from __future__ import annotations

import hmac
from collections.abc import Callable, Mapping
from typing import Any

from airflow_provider_mailkit.catalogue.columns import ADDRESS
from airflow_provider_mailkit.catalogue.report import Report
from airflow_provider_mailkit.exceptions import MailkitArgumentError
from airflow_provider_mailkit.protocol.addresses import addresses_in, holds_address


def check_hash_secret(addresses: str, hash_secret: str) -> None:
    """Refuse to hash without a key.

    :raises MailkitError: there is none.
    """
    if addresses == "hash" and not hash_secret:
        raise MailkitArgumentError(
            "addresses='hash' needs a secret key: set the extra 'hash_secret' of the Mailkit connection."
        )


def hash_with(hash_secret: str) -> Callable[[str], str]:
    """Return a function that hashes a trimmed, lower-cased address: HMAC-SHA256 in hexadecimal."""
    key = hash_secret.encode()
    return lambda address: hmac.digest(
        key, address.strip().lower().encode("utf-8", "surrogatepass"), "sha256"
    ).hex()


def hider_of(addresses: str, hash_secret: str) -> AddressHider:
    """Return an object that hashes or removes addresses in texts.

    :param addresses: ``hash`` or ``drop``.
    """
    return AddressHider(hash_with(hash_secret) if addresses == "hash" else lambda address: "")


def hide_context(
    report: Report, context: Mapping[str, Any], addresses: str, hash_secret: str
) -> dict[str, Any]:
    """Return the values of context columns as they are written.

    :param addresses: ``keep``, ``hash`` or ``drop``.
    """
    if addresses == "keep":
        return dict(context)
    hide, hash_ = hider_of(addresses, hash_secret).hide, hash_with(hash_secret)
    is_hashed = {name for name in context if report.column(name).personal == ADDRESS and addresses == "hash"}
    return {
        name: hash_(str(value)) if name in is_hashed and value is not None else hide(value)
        for name, value in context.items()
    }


class AddressHider:
    """Replaces addresses in texts, and in anything that holds texts.

    :param replace: returns the replacement of an address.
    """

    def __init__(self, replace: Callable[[str], str]) -> None:
        self._replace = replace

    def hide(self, value: Any) -> Any:
        """Return a value of an answer, without addresses in its texts, names and bytes."""
        match value:
            case str():
                return self._hide_in_text(value) if holds_address(value) else value
            case bytes():
                return self.hide(value.decode("latin-1")).encode("latin-1")
            case dict():
                return {self.hide(name): self.hide(item) for name, item in value.items()}
            case list():
                return [self.hide(item) for item in value]
        return value

    def _hide_in_text(self, text: str) -> str:
        parts: list[str] = []
        done = 0
        for found in addresses_in(text):
            parts += [text[done : found.begin], self._replace(found.address)]
            done = found.end
        return "".join([*parts, text[done:]])
