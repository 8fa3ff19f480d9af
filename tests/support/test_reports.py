"""What the reports that tests are made of must be like."""

from __future__ import annotations

from support.reports import recipient, recipients


def test_recipients_of_the_fixtures_have_unequal_counts() -> None:
    """A test that mixes up rows and columns must not pass by chance."""
    assert len({len(recipients(23)), len(recipient(1)), 1}) == 3
