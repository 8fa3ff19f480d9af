"""Imitates Mailkit on loopback for people without an account.

For the command line see `python -m airflow_provider_mailkit.sandbox --help`. It uses only the standard
library: no Airflow, and nothing else of this package.
"""

from airflow_provider_mailkit.sandbox.sandbox import Sandbox

__all__ = ["Sandbox"]
