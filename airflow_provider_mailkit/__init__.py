"""Apache Airflow provider for Mailkit, the e-mail campaign platform."""

__version__ = "0.1.0"
