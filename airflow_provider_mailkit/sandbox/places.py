"""Places and browsers of people. IP addresses come from the ranges for documentation."""

from __future__ import annotations

from airflow_provider_mailkit.sandbox.people import person

_NETWORKS = ("192.0.2", "198.51.100", "203.0.113")
_BROWSERS = (
    ("Firefox", "128", "0", "Browser", "Linux", "", "Personal computer"),
    ("Chrome", "126", "0", "Browser", "Windows", "11", "Personal computer"),
    ("Safari", "17", "5", "Mobile Browser", "iOS", "17.5", "Smartphone"),
    ("", "", "", "", "", "", ""),
)


def place_of(seed: int, index: int) -> dict[str, str]:
    """Return a recipient's network and browser, under lower-case names."""
    somebody = person(seed, index)
    bits = somebody.bits
    browser, major, minor, kind, system, version, device = _BROWSERS[bits >> 24 & 3]
    ip = f"{_NETWORKS[bits % 3]}.{bits >> 26 & 0xFF}"
    return {
        "continent": "europe",
        "country": "Czechia",
        "code": "CZ",
        "region": somebody.city,
        "region_code": f"{10 + (bits >> 13 & 3)}",
        "city": somebody.city,
        "org": f"Example Networks & Sons {bits >> 34 & 3}",
        "IP": ip,
        "IP_orig": ip if bits >> 36 & 1 else "",
        # The query of some pages has the address.
        "referer": f"https://example.com/mail?to={somebody.address}" if bits >> 37 & 7 == 0 else "",
        "user_agent": f"Mozilla/5.0 ({system}) {browser}/{major}.{minor}" if browser else "",
        "browser": browser,
        "browser_major": major,
        "browser_minor": minor,
        "browser_type": kind,
        "os": system,
        "os_version": version,
        "device": device,
    }
