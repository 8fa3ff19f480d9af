"""The same calls with requests (for workers) and with aiohttp (for triggers)."""
