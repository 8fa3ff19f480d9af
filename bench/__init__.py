"""Measures the provider against what one would write without it: ``python -m bench``."""
