"""The decisions of a wait for a delivery, without I/O and Airflow."""
