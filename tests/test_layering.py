"""The direction of imports, and what importing costs a DAG file."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

import airflow_provider_mailkit
from airflow_provider_mailkit.catalogue.functions import FUNCTIONS
from airflow_provider_mailkit.operators import mailkit as operators

PACKAGE = Path(airflow_provider_mailkit.__file__).parent
NAME = "airflow_provider_mailkit"

# What the modules of a folder may import of this package, besides their own folder. Top to bottom.
ALLOWED = {
    "exceptions": set(),
    "_shown": set(),
    "_arguments": {"_shown", "exceptions"},
    "_worker": set(),
    "catalogue": {"_shown", "exceptions"},
    "protocol": {"_shown", "exceptions", "_arguments", "catalogue"},
    "transport": {"__init__", "exceptions", "catalogue", "protocol"},
    "waiting": {"_arguments", "exceptions", "catalogue", "protocol"},
    "account": {"_arguments", "exceptions", "protocol", "transport"},
    "writers": {"_arguments", "_shown", "_worker", "exceptions", "catalogue"},
    "storage": {"_arguments", "_shown", "_compat", "_worker", "exceptions"},
    "export": {
        "_shown",
        "_arguments",
        "_worker",
        "exceptions",
        "catalogue",
        "protocol",
        "transport",
        "writers",
        "storage",
    },
    "imports": {
        "_worker",
        "exceptions",
        "catalogue",
        "protocol",
        "transport",
        "writers",
        "storage",
    },
    "pages": {"catalogue", "protocol", "transport", "export"},
    "provider_info": set(),
    "_compat": set(),
    "_metrics": {"_compat"},
    "_progress": {"_compat"},
    "_boundary": {"_compat", "_worker", "exceptions"},
    "_map_index": {"_compat"},
    "_hidden": {"_arguments", "_shown", "exceptions"},
    "_checked": {"_arguments", "_boundary", "_compat", "_hidden", "_map_index"},
    "hooks": {
        "_compat",
        "_metrics",
        "provider_info",
        "account",
        "catalogue",
        "exceptions",
        "protocol",
        "transport",
        "waiting",
    },
    "triggers": {
        "_arguments",
        "_metrics",
        "_compat",
        "_boundary",
        "hooks",
        "catalogue",
        "exceptions",
        "protocol",
        "transport",
        "waiting",
    },
    "sensors": {
        "_arguments",
        "_hidden",
        "_progress",
        "_checked",
        "_compat",
        "_boundary",
        "hooks",
        "triggers",
        "exceptions",
        "protocol",
        "waiting",
    },
    "links": {"_compat"},
    "operators": {
        "_shown",
        "_arguments",
        "links",
        "_hidden",
        "_metrics",
        "_progress",
        "_checked",
        "_compat",
        "_boundary",
        "hooks",
        "catalogue",
        "exceptions",
        "protocol",
        "export",
        "imports",
        "pages",
        "storage",
        "writers",
        "waiting",
    },
    "probe": {"__init__", "hooks", "catalogue", "exceptions", "transport"},
    "sandbox": set(),
    "__init__": set(),
}
MODULES = sorted(PACKAGE.rglob("*.py"))


def imports_of(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_point_one_way(path):
    part = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
    assert part in ALLOWED, "a new folder needs its place in the order above"
    for name in imports_of(path):
        top, _, rest = name.partition(".")
        if top == NAME:
            target = rest.split(".")[0] if rest.split(".")[0] in ALLOWED else "__init__"
            assert target == part or target in ALLOWED[part], f"{path.name} imports {name}"
        if top == "airflow":
            assert part == "_compat", f"{path.name} imports {name}; versions differ in where that is"
        if rest.startswith(("_compat.IS_", "_compat.AIRFLOW_")):
            pytest.fail(f"{path.name} asks for {name}: branches on Airflow's version belong into _compat")


# These may know functions by name: the catalogue, what waits for a delivery, what imitates Mailkit, and
# operators that call one function.
NAMING = {"catalogue", "waiting", "sandbox", "operators"}
# These read particular reports, and take the declarations from the catalogue.
READING = {
    "hooks/_counting.py": "counts the recipients of a delivery",
    "imports/lists.py": "counts the recipients of a mailing list after an import",
    "pages/gather.py": "makes a page of the reports of a delivery",
}


def texts_of(tree: ast.Module) -> set[str]:
    """Return the strings of a module, without its docstrings."""
    explained = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    return {
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in explained
    }


def test_no_other_module_knows_a_function_by_name():
    found = {
        f"{path.relative_to(PACKAGE)}: {name}"
        for path in MODULES
        if path.relative_to(PACKAGE).parts[0] not in NAMING
        for text in texts_of(ast.parse(path.read_text()))
        for name in FUNCTIONS
        if re.search(rf"(?<![\w.]){re.escape(name)}(?![\w.]*\w)", text)
    }
    assert not found


def test_few_modules_know_a_report():
    declared = f"{NAME}.catalogue.reports."
    found = {
        path.relative_to(PACKAGE).as_posix()
        for path in MODULES
        if path.relative_to(PACKAGE).parts[0] not in NAMING
        for name in imports_of(path)
        if name.startswith(declared) and name != f"{declared}REPORTS"
    }
    assert found == set(READING)


def name_of(path: Path) -> str:
    return ".".join([NAME, *path.relative_to(PACKAGE).with_suffix("").parts]).removesuffix(".__init__")


def test_no_modules_import_each_other():
    """Neither directly nor in a circle, even inside a folder. Imports for type checking count, too."""
    names = {name_of(path) for path in MODULES}
    imported = {
        name_of(path): {found if found in names else found.rpartition(".")[0] for found in imports_of(path)}
        & names
        for path in MODULES
    }
    TopologicalSorter(imported).prepare()


def test_one_module_knows_of_object_storage_and_none_subclasses_it():
    """Its class is another one in Airflow 2.11 than in 3.3; what is not asked of it cannot break."""
    trees = {path.relative_to(PACKAGE).as_posix(): ast.parse(path.read_text()) for path in MODULES}
    users = {
        name
        for name, tree in trees.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and "ObjectStoragePath" in {alias.name for alias in node.names}
    }
    assert users == {"_compat.py", "storage/target.py"}
    for tree in trees.values():
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef):
                assert "ObjectStoragePath" not in {ast.unparse(base).split(".")[-1] for base in node.bases}


COST = """
import json, sys, time
from airflow_provider_mailkit import _compat
for name in ("BaseOperator", "BaseSensorOperator", "PokeReturnValue", "conf", "AirflowSensorTimeout"):
    getattr(_compat, name)
for name in [name for name in sys.modules if name.startswith("airflow_provider_mailkit")]:
    del sys.modules[name]
before = set(sys.modules)
start = time.process_time()
from airflow_provider_mailkit.operators.mailkit import {operator}
from airflow_provider_mailkit.sensors.mailkit import MailkitRecipientsSensor
seconds = time.process_time() - start
print(json.dumps([seconds, sorted(set(sys.modules) - before)]))
"""
OPERATORS = sorted(operators.__all__)


@pytest.mark.parametrize("operator", OPERATORS)
def test_importing_operator_and_sensor_is_cheap_and_brings_nothing_heavy(operator):
    code = COST.format(operator=operator)
    runs = []
    # Whatever else the machine does makes an import dearer, never cheaper.
    while len(runs) < 10 and not any(seconds < 0.020 for seconds, _ in runs):
        run = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
        runs.append(json.loads(run.stdout.splitlines()[-1]))
    heavy = {"requests", "aiohttp", "msgspec", "pyarrow", "fsspec", "pandas", "wtforms", "zstandard", "upath"}
    assert not {name.split(".")[0] for name in runs[0][1]} & heavy
    # What decides and decodes is for the worker; a DAG file needs the classes, their defaults and the checks.
    own = {name.removeprefix(f"{NAME}.") for name in runs[0][1] if name.startswith(f"{NAME}.")}
    assert {name for name in own if name.split(".")[0] not in {"operators", "sensors"}} <= {
        "_arguments",
        "_boundary",
        "_checked",
        "_compat",
        "_hidden",
        "_shown",
        "_worker",
        "exceptions",
        "links",
        "links.mailkit",
        "waiting",
        "waiting.statuses",
    }
    assert min(seconds for seconds, _ in runs) < 0.020


def test_the_core_runs_without_airflow():
    code = (
        "import sys; sys.modules['airflow'] = None\n"
        f"import {NAME}.account, {NAME}.export.rows, {NAME}.writers, {NAME}.transport.sync_client\n"
        f"import {NAME}.transport.async_client, {NAME}.protocol.decoder\n"
        f"import {NAME}.pages.gather, {NAME}.pages.html\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
