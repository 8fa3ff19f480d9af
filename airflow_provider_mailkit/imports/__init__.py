"""Imports into Mailkit: rows from files are checked, and sent in batches."""
