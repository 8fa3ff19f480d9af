"""Mailkit's API as data: its functions with their parameters and answers, and the reports."""
