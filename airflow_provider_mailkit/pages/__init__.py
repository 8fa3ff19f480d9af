"""A delivery as a page for people: the figures of Mailkit's reports, counted and shown."""
