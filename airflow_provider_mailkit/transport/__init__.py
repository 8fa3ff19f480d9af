"""The wire: the same calls with requests (workers) and with aiohttp (triggers)."""
