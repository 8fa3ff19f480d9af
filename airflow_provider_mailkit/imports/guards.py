"""Limits that make an import fail instead of doing something unintended."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from airflow_provider_mailkit.exceptions import MailkitArgumentError
from airflow_provider_mailkit.imports.audience import Audience


@dataclass(frozen=True)
class Guards:
    """The limits of an import.

    :param on_invalid: ``reject``: rows that cannot be sent are left out. ``fail``: one such row fails the
        import.
    :param max_invalid: the maximum share of rows, 0 to 1, that may be rejected here or refused by Mailkit.
    :param min_rows: the minimum number of recipients, without rejected rows and duplicates.
    """

    on_invalid: str = "reject"
    max_invalid: float = 0.05
    min_rows: int = 1

    def check_source(self, audience: Audience) -> None:
        """Check the rows before anything is sent.

        :raises MailkitError: too many rows are rejected, or too few are left.
        """
        reasons = describe_reasons(audience.reasons)
        if audience.rejected and self.on_invalid == "fail":
            raise MailkitArgumentError(
                f"{audience.rejected} of {audience.rows} rows cannot be sent ({reasons}), and on_invalid is "
                "fail. Nothing was sent."
            )
        self.check_part(audience.rejected, audience.rows, f"cannot be sent ({reasons})", "Nothing was sent.")
        if audience.size < self.min_rows:
            raise MailkitArgumentError(
                f"The source has {audience.size} recipients, fewer than min_rows ({self.min_rows}): "
                f"{audience.rows} rows, {audience.rejected} rejected, {audience.duplicates} duplicates. "
                "Nothing was sent."
            )

    def check_part(self, invalid: int, rows: int, what: str, so: str) -> None:
        """Check the number of unusable rows.

        :raises MailkitError: there are too many.
        """
        if invalid > self.max_invalid * rows:
            raise MailkitArgumentError(
                f"{invalid} of {rows} rows {what}, more than max_invalid ({self.max_invalid:.1%}). {so}"
            )


def describe_reasons(reasons: Mapping[str, int]) -> str:
    """Return counts by reason for a message: ``no address: 3, not an address: 1``."""
    return ", ".join(f"{reason}: {count}" for reason, count in sorted(reasons.items()))
