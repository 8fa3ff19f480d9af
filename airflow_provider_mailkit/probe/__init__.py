"""Looks at what an account really answers, and tells the forms of it without a single value of a person.

``python -m airflow_provider_mailkit.probe --help``
"""
