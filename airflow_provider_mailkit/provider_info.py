"""The provider's metadata for Airflow, including the connection form.

Airflow 3.2 and later read the form from here; for older versions the hook makes the same form from it.
"""

from __future__ import annotations

from typing import Any

CONN_TYPE = "mailkit"
HOOK_NAME = "Mailkit"
HOOK_CLASS = "airflow_provider_mailkit.hooks.mailkit.MailkitHook"

#: Fields of the connection form that are kept in the connection's extra.
CONN_FIELDS: dict[str, dict[str, Any]] = {
    "protocol": {
        "label": "Protocol",
        "description": "How the API is called: json or xmlrpc. Empty: json.",
        "schema": {"type": ["string", "null"], "enum": ["json", "xmlrpc"]},
    },
    "timezone": {
        "label": "Time zone",
        "description": "IANA name of the zone that the account's dates are in, such as Europe/Prague. "
        "Empty: dates stay without offset.",
        "schema": {"type": ["string", "null"]},
    },
    "connect_timeout": {
        "label": "Connect time-out (seconds)",
        "description": "Longest wait for a connection. Empty: 10.",
        "schema": {"type": ["integer", "null"], "minimum": 1},
    },
    "read_timeout": {
        "label": "Read time-out (seconds)",
        "description": "Longest silence while an answer arrives, which may take longer in all. Empty: 120.",
        "schema": {"type": ["integer", "null"], "minimum": 1},
    },
    "max_attempts": {
        "label": "Attempts",
        "description": "How often a call that only reads is made before it counts as failed. Empty: 5.",
        "schema": {"type": ["integer", "null"], "minimum": 1},
    },
    "max_concurrent_requests": {
        "label": "Polls at a time",
        "description": "How many waits of one triggerer may poll the account at a time. Empty: 8.",
        "schema": {"type": ["integer", "null"], "minimum": 1},
    },
    "hash_secret": {
        "label": "Hash secret",
        "description": "Secret key for addresses='hash'. Another key gives other hashes.",
        "schema": {"type": ["string", "null"], "format": "password"},
    },
}

#: What the form does with the fields that every connection has.
UI_FIELD_BEHAVIOUR: dict[str, Any] = {
    "hidden-fields": ["schema", "port"],
    "relabeling": {"login": "Client ID", "password": "Client MD5 code", "host": "Base URL"},
    "placeholders": {
        "login": "API ID, in Mailkit under Profile / Integration",
        "password": "MD5 code, in Mailkit under Profile / Integration",
        "host": "https://api.mailkit.eu",
        # Airflow 3 shows no placeholders in the fields of the extra.
        "protocol": "json",
        "timezone": "Europe/Prague",
        "connect_timeout": "10",
        "read_timeout": "120",
        "max_attempts": "5",
        "max_concurrent_requests": "8",
    },
}


def get_provider_info() -> dict[str, Any]:
    """Return the provider's metadata, as Airflow's entry point ``apache_airflow_provider`` wants it."""
    return {
        "package-name": "airflow-provider-mailkit",
        "name": "Mailkit",
        "description": "Mailkit, the e-mail campaign platform: https://www.mailkit.com/",
        "integrations": [
            {
                "integration-name": HOOK_NAME,
                "external-doc-url": "https://www.mailkit.com/",
                "tags": ["service"],
            }
        ],
        # Each of these modules has all classes of its kind.
        **{
            kind: [
                {
                    "integration-name": HOOK_NAME,
                    "python-modules": [f"airflow_provider_mailkit.{kind}.mailkit"],
                }
            ]
            for kind in ("operators", "sensors", "hooks", "triggers")
        },
        "extra-links": ["airflow_provider_mailkit.links.mailkit.MailkitPublishedObjectLink"],
        "connection-types": [
            {
                "connection-type": CONN_TYPE,
                "hook-class-name": HOOK_CLASS,
                "hook-name": HOOK_NAME,
                "conn-fields": CONN_FIELDS,
                "ui-field-behaviour": UI_FIELD_BEHAVIOUR,
            }
        ],
    }
