"""A secrets back end of our own: a file."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from airflow.secrets import BaseSecretsBackend


class Vault(BaseSecretsBackend):
    """Has the connections of one file, as JSON each."""

    def get_conn_value(self, conn_id: str, *args: Any, **kwargs: Any) -> str | None:
        found = json.loads(Path(os.environ["MAILKIT_VAULT"]).read_text()).get(conn_id)
        return None if found is None else json.dumps(found)
