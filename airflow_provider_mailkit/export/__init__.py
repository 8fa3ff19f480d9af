"""From batches of recipients to a finished file: rows, privacy, summary, and the run through all of it."""
