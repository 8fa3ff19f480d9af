"""The Mailkit protocol without I/O and without Airflow: requests to bytes, bytes to records and errors."""
