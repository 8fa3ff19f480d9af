"""A page about a delivery: figures from Mailkit's reports, counted and shown."""
