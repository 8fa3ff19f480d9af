"""The process that fuzzes one decoder: ``python -m fuzz.target PROTOCOL REPORT LIBFUZZER-ARGUMENTS``."""

from __future__ import annotations

import sys

import atheris

with atheris.instrument_imports(include=["airflow_provider_mailkit.protocol"]):
    from fuzz.check import check
    from fuzz.seeds import SAMPLE

if __name__ == "__main__":
    protocol, report = sys.argv.pop(1), SAMPLE[sys.argv.pop(1)]
    atheris.Setup(sys.argv, lambda data: check("json" if protocol == "json" else "xmlrpc", report, data))
    atheris.Fuzz()
