"""What lets an import fail rather than do what nobody meant."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from airflow_provider_mailkit.exceptions import MailkitArgumentError
from airflow_provider_mailkit.imports.audience import Audience


@dataclass(frozen=True)
class Guards:
    """The limits of an import.

    :param on_invalid: ``reject``: rows that cannot be sent are left out; ``fail``: one of them is enough.
    :param max_invalid: the largest part of the rows that may be rejected here or refused by Mailkit, 0 to 1.
    :param min_rows: how many recipients there must be, after rejections and without duplicates.
    """

    on_invalid: str = "reject"
    max_invalid: float = 0.05
    min_rows: int = 1

    def check_source(self, audience: Audience) -> None:
        """Check what was read, before anything is sent.

        :raises MailkitError: too much of it is rejected, or too little is left.
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
        """Check how many rows cannot be used.

        :raises MailkitError: more than may be.
        """
        if invalid > self.max_invalid * rows:
            raise MailkitArgumentError(
                f"{invalid} of {rows} rows {what}, more than max_invalid ({self.max_invalid:.1%}). {so}"
            )


def describe_reasons(reasons: Mapping[str, int]) -> str:
    """Return counts by reason as a person reads them: ``no address: 3, not an address: 1``."""
    return ", ".join(f"{reason}: {count}" for reason, count in sorted(reasons.items()))
