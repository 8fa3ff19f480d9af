"""What Airflow is told, and the form that it makes of it."""

from __future__ import annotations

import importlib.metadata
import json
import os
import pkgutil
import subprocess
import sys
import warnings
from importlib import import_module, resources
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any

import airflow
import jsonschema
import pytest
from packaging.version import Version

from airflow_provider_mailkit import __version__, _compat
from airflow_provider_mailkit.account import read_account
from airflow_provider_mailkit.hooks.mailkit import MailkitHook
from airflow_provider_mailkit.operators.mailkit import MailkitExportOperator
from airflow_provider_mailkit.provider_info import CONN_FIELDS, UI_FIELD_BEHAVIOUR, get_provider_info

AIRFLOW = Version(Version(airflow.__version__).base_version)
READS_THE_FORM = Version("3.2") <= AIRFLOW
WAY = "data" if READS_THE_FORM else "widgets" if find_spec("flask_appbuilder") else "api server"
FIELDS = [
    "protocol", "timezone", "connect_timeout", "read_timeout", "max_attempts", "max_concurrent_requests",
    "hash_secret",
]  # fmt: skip


def _schema(name: str) -> dict[str, Any] | None:
    path = resources.files("airflow") / name
    return json.loads(path.read_text()) if path.is_file() else None


def test_the_info_is_valid_for_this_airflow() -> None:
    schema = _schema("provider_info.schema.json")
    assert schema is not None
    jsonschema.validate(get_provider_info(), schema)


def test_the_info_is_valid_as_provider_yaml() -> None:
    schema = _schema("provider.yaml.schema.json")
    if schema is None:
        pytest.skip("this Airflow has no provider.yaml.schema.json")
    schema = {
        name: value for name, value in schema.items() if name not in ("required", "additionalProperties")
    }
    jsonschema.validate(get_provider_info(), schema)


def test_the_info_is_json_and_new_each_time() -> None:
    info = get_provider_info()
    assert json.loads(json.dumps(info)) == info
    info["name"] = "changed"
    assert get_provider_info()["name"] == "Mailkit"


def test_names() -> None:
    info = get_provider_info()
    assert info["package-name"] == "airflow-provider-mailkit"
    (connection,) = info["connection-types"]
    assert connection["connection-type"] == "mailkit"
    assert connection["hook-class-name"] == f"{MailkitHook.__module__}.{MailkitHook.__qualname__}"
    assert "hook-class-names" not in info
    assert __version__


@pytest.mark.parametrize(
    ("kind", "base"),
    [
        ("operators", "BaseOperator"),
        ("sensors", "BaseSensorOperator"),
        ("hooks", "BaseHook"),
        ("triggers", "BaseTrigger"),
    ],
)
def test_the_modules_that_are_listed_have_every_class_of_their_kind(kind: str, base: str) -> None:
    info = get_provider_info()
    (integration,) = info["integrations"]
    (listed,) = info[kind]
    assert listed["integration-name"] == integration["integration-name"]
    listed_classes = {
        name for module in listed["python-modules"] for name in classes_of(import_module(module), base)
    }
    folder = import_module(f"airflow_provider_mailkit.{kind}")
    found = {
        name
        for module in pkgutil.iter_modules(folder.__path__)
        for name in classes_of(import_module(f"{folder.__name__}.{module.name}"), base)
    }
    assert listed_classes == found != set()


def classes_of(module: ModuleType, base: str) -> set[str]:
    # A module that loads its classes when they are asked for lists them.
    names = [name for name in getattr(module, "__all__", dir(module)) if name.startswith("Mailkit")]
    values = {name: getattr(module, name) for name in names}
    kind = getattr(_compat, base)
    return {name for name, value in values.items() if isinstance(value, type) and issubclass(value, kind)}


def test_every_link_of_an_operator_is_listed() -> None:
    (path,) = get_provider_info()["extra-links"]
    module, _, name = path.rpartition(".")
    assert [type(link) for link in MailkitExportOperator.operator_extra_links] == [
        getattr(import_module(module), name)
    ]


def test_the_entry_point() -> None:
    """Only where the package is installed; the tests may also run from a checkout."""
    try:
        entry_points = importlib.metadata.distribution("airflow-provider-mailkit").entry_points
    except importlib.metadata.PackageNotFoundError:
        pytest.skip("the package is not installed here")
    (entry_point,) = [point for point in entry_points if point.group == "apache_airflow_provider"]
    assert entry_point.load() is get_provider_info


def test_the_form_as_data() -> None:
    assert list(CONN_FIELDS) == FIELDS
    assert UI_FIELD_BEHAVIOUR["hidden-fields"] == ["schema", "port"]
    assert set(UI_FIELD_BEHAVIOUR) == {"hidden-fields", "relabeling", "placeholders"}
    assert UI_FIELD_BEHAVIOUR["relabeling"].keys() == {"login", "password", "host"}
    assert UI_FIELD_BEHAVIOUR["placeholders"]["host"] == "https://api.mailkit.eu"
    assert CONN_FIELDS["hash_secret"]["schema"]["format"] == "password"
    assert [name for name, field in CONN_FIELDS.items() if field["schema"].get("format") == "password"] == [
        "hash_secret"
    ]
    for field in CONN_FIELDS.values():
        assert "null" in field["schema"]["type"], "every field may be left empty"


def test_every_extra_that_is_read_has_a_field() -> None:
    read = set()

    class Extra(dict[str, Any]):
        def get(self, key: str, default: Any = None) -> Any:
            read.add(key)
            return default

    read_account("mailkit_default", login="1", password="x", extra=Extra({"any": 1}))
    assert read == set(FIELDS)


def test_airflows_api_hides_the_hash_secret_because_of_its_name() -> None:
    extra = json.dumps({"timezone": "Europe/Prague", "hash_secret": "a secret key"})
    if AIRFLOW.release[0] == 2:
        from airflow.models import Connection

        with warnings.catch_warnings(action="ignore"):
            from airflow.api_connexion.schemas.connection_schema import connection_schema

        shown = connection_schema.dump(
            Connection(conn_id="mailkit_default", conn_type="mailkit", extra=extra)
        )
        shown_extra = shown["extra"]
    else:
        from airflow.api_fastapi.core_api.datamodels.connections import ConnectionResponse

        fields: dict[str, Any] = dict.fromkeys(ConnectionResponse.model_fields)
        # One of the first two, depending on the version.
        fields |= {"connection_id": "mailkit_default", "conn_id": "mailkit_default", "conn_type": "mailkit"}
        shown_extra = ConnectionResponse.model_validate(fields | {"extra": extra}).extra
    assert json.loads(shown_extra) == {"timezone": "Europe/Prague", "hash_secret": "***"}


def test_the_behaviour_for_older_versions_is_the_same() -> None:
    behaviour = MailkitHook.get_ui_field_behaviour()
    assert behaviour == {key.replace("-", "_"): value for key, value in UI_FIELD_BEHAVIOUR.items()}
    schema = _schema("customized_form_field_behaviours.schema.json")
    if schema is not None:
        jsonschema.validate(behaviour, schema)


def test_the_widgets_for_older_versions_are_the_same() -> None:
    pytest.importorskip("flask_appbuilder", reason="only Airflow 2 makes forms of widgets")
    pytest.importorskip("wtforms")
    from wtforms import Form

    widgets = MailkitHook.get_connection_form_widgets()
    assert list(widgets) == FIELDS
    form = type("MailkitForm", (Form,), widgets)()
    assert {name: field.label.text for name, field in form._fields.items()} == {
        name: field["label"] for name, field in CONN_FIELDS.items()
    }
    assert {name: field.description for name, field in form._fields.items()} == {
        name: field["description"] for name, field in CONN_FIELDS.items()
    }
    assert [name for name, field in form._fields.items() if field.type == "PasswordField"] == ["hash_secret"]
    assert [name for name, field in form._fields.items() if field.type == "IntegerField"] == [
        "connect_timeout",
        "read_timeout",
        "max_attempts",
        "max_concurrent_requests",
    ]
    assert form.validate(), form.errors


def test_the_form_of_airflow_2_neither_shows_the_hash_key_nor_forgets_it() -> None:
    pytest.importorskip("flask_appbuilder", reason="only Airflow 2 makes forms of widgets")
    views = pytest.importorskip("airflow.www.views")
    from wtforms import Form

    form_class = type("MailkitForm", (Form,), MailkitHook.get_connection_form_widgets())
    shown = str(form_class(data={"hash_secret": "a secret key"}).hash_secret())
    assert 'type="password"' in shown
    assert f'value="{views.SENSITIVE_FIELD_PLACEHOLDER}"' in shown
    assert "a secret key" not in shown
    assert 'value=""' in str(form_class().hash_secret())


MANAGER = """
import json, logging, sys

if sys.argv[1] == "data":
    # Where Airflow reads the form as data, nothing may ask for the libraries of the old one.
    sys.modules["wtforms"] = sys.modules["flask_appbuilder"] = None

from airflow_provider_mailkit._compat import Connection
from airflow.providers_manager import ProvidersManager

complaints = []

class Keep(logging.Handler):
    def emit(self, record):
        if "ailkit" in record.getMessage():
            complaints.append(record.getMessage())

for name in (None, "airflow.providers_manager"):
    logging.getLogger(name).addHandler(Keep(level=logging.WARNING))
form = None
if sys.argv[1] == "api server":
    # Airflow 3.0 and 3.1 have no library for widgets: their API server puts stand-ins in its place.
    from airflow.api_fastapi.core_api.services.ui.connections import HookMetaService

    metas = HookMetaService.hook_meta_data()
    (form,) = [meta for meta in metas if meta.connection_type == "mailkit"]
    if all(meta.extra_fields is None for meta in metas):
        form = "no provider has one"
manager = ProvidersManager()
hook = manager.hooks.get("mailkit")
made = Connection(conn_id="mine", conn_type="mailkit").get_hook()
print("RESULT" + json.dumps({
    "known": "airflow-provider-mailkit" in manager.providers,
    "hook": hook and [hook.hook_class_name, hook.hook_name, hook.connection_id_attribute_name],
    "made": [type(made).__name__, made.mailkit_conn_id],
    "widgets": {
        name.rpartition("__")[2]: bool(widget.is_sensitive)
        for name, widget in manager.connection_form_widgets.items() if "mailkit" in name
    } if form is None or isinstance(form, str) else {
        name: field["schema"].get("format") == "password" for name, field in form.extra_fields.items()
    },
    "behaviour": manager.field_behaviours.get("mailkit"),
    "standard": form if form is None or isinstance(form, str) else {
        name: [field.hidden, field.title, field.placeholder] if field else None
        for name, field in form.standard_fields
    },
    "links": sorted(name for name in manager.extra_links_class_names if "mailkit" in name),
    "complaints": complaints,
}))
"""


@pytest.fixture(scope="module")
def managed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What Airflow's own manager makes of the info, in a process of its own with our warnings as errors.

    Where the package is not installed, an entry point is put beside it, as an installation would.
    """
    place = tmp_path_factory.mktemp("site")
    root = str(Path(__file__).resolve().parents[1])
    try:
        importlib.metadata.distribution("airflow-provider-mailkit")
    except importlib.metadata.PackageNotFoundError:
        info = place / f"airflow_provider_mailkit-{__version__}.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: airflow-provider-mailkit\nVersion: {__version__}\n"
        )
        (info / "entry_points.txt").write_text(
            "[apache_airflow_provider]\nprovider_info=airflow_provider_mailkit.provider_info:get_provider_info\n"
        )
    done = subprocess.run(
        [
            sys.executable,
            "-W",
            "error:::airflow_provider_mailkit",
            "-c",
            MANAGER,
            WAY,
        ],
        env=os.environ | {"PYTHONPATH": f"{place}{os.pathsep}{root}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    _, _, result = done.stdout.rpartition("RESULT")
    found: dict[str, Any] = json.loads(result)
    return found


def test_airflow_knows_the_provider_and_its_hook(managed: dict[str, Any]) -> None:
    assert managed["known"]
    assert managed["hook"] == [
        "airflow_provider_mailkit.hooks.mailkit.MailkitHook",
        "Mailkit",
        "mailkit_conn_id",
    ]


def test_get_hook_of_a_connection_makes_ours(managed: dict[str, Any]) -> None:
    assert managed["made"] == ["MailkitHook", "mine"]


def test_airflow_loads_the_provider_without_complaint(managed: dict[str, Any]) -> None:
    assert managed["complaints"] == []


def shows_no_form(managed: dict[str, Any]) -> bool:
    """Airflow 3.0 shows the form of no provider at all, unless its provider for FAB is installed."""
    return AIRFLOW.release[:2] == (3, 0) and managed["standard"] == "no provider has one"


def test_airflow_shows_the_form(managed: dict[str, Any]) -> None:
    if shows_no_form(managed):
        return
    assert list(managed["widgets"]) == FIELDS
    sensitive = [name for name, is_sensitive in managed["widgets"].items() if is_sensitive]
    assert sensitive == ["hash_secret"]


def test_airflow_shows_the_common_fields_as_told(managed: dict[str, Any]) -> None:
    labels, placeholders = UI_FIELD_BEHAVIOUR["relabeling"], UI_FIELD_BEHAVIOUR["placeholders"]
    if shows_no_form(managed):
        return
    if WAY == "api server":
        assert managed["standard"] == {
            "description": None,
            "url_schema": [True, None, None],
            "port": [True, None, None],
            **{name: [False, label, placeholders[name]] for name, label in labels.items()},
        }
        return
    behaviour = managed["behaviour"]
    hidden = behaviour.get("hidden_fields", behaviour.get("hidden-fields"))
    assert hidden == ["schema", "port"]
    assert behaviour["relabeling"] == labels
    shown = {name.removeprefix("extra__mailkit__"): text for name, text in behaviour["placeholders"].items()}
    assert shown == placeholders


def test_the_manager_knows_the_link(managed: dict[str, Any]) -> None:
    assert managed["links"] == get_provider_info()["extra-links"]
