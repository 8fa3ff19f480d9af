"""A loopback Mailkit for people without an account; `python -m airflow_provider_mailkit.sandbox --help`.

It stands alone: standard library only, no Airflow, nothing else of this package.
"""

from airflow_provider_mailkit.sandbox.sandbox import Sandbox

__all__ = ["Sandbox"]
