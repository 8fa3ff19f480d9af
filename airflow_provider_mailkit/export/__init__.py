"""From batches to a finished file: rows, privacy, summary, and the run of an export."""
