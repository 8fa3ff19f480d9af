"""What both forms are read into."""

from __future__ import annotations

from typing import NamedTuple


class Field(NamedTuple):
    """How one field of the form looks to whoever fills it in."""

    placeholder: str
    help: str
    is_hidden_while_typed: bool
