"""The way back into Mailkit: rows from files, checked, and sent in batches."""
