"""Looks at what an account really answers, and describes the form without any person's data.

``python -m airflow_provider_mailkit.probe --help``
"""
