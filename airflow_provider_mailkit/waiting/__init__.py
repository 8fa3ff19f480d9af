"""What a wait for a delivery decides: no I/O and no Airflow."""
