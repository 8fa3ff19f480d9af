"""What Mailkit offers, as data: its functions with what they take and answer, and the reports."""
