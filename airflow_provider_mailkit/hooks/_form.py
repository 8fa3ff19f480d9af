"""The connection form for Airflow before 3.2, made from the data that later versions read themselves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

#: Airflow 2 treats this as "unchanged" when a form with a secret in the extra is saved.
UNCHANGED = "RATHER_LONG_SENSITIVE_FIELD_PLACEHOLDER"


def make_widgets(fields: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Return a form field for each field of the connection's extra.

    :param fields: as in the provider info under ``conn-fields``.
    """
    from flask_appbuilder.fieldwidgets import BS3PasswordFieldWidget, BS3TextFieldWidget
    from wtforms import IntegerField, PasswordField, StringField
    from wtforms.validators import Optional, any_of

    class SecretWidget(BS3PasswordFieldWidget):  # type: ignore[misc]
        """Tells the browser whether a secret is set, but not the secret.

        Airflow 2 leaves the field empty. Then the secret would be lost whenever the connection is edited.
        """

        def __init__(self) -> None:
            super().__init__()
            self.hide_value = False

        def __call__(self, field: Any, **attributes: Any) -> Any:
            return super().__call__(field, **attributes, value=UNCHANGED if field.data else "")

    widgets: dict[str, Any] = {}
    for name, field in fields.items():
        schema = field["schema"]
        options: dict[str, Any] = {
            "description": field["description"],
            "default": schema.get("default"),
            "validators": [Optional(), *([any_of(schema["enum"])] if "enum" in schema else [])],
        }
        if schema.get("format") == "password":
            widgets[name] = PasswordField(field["label"], widget=SecretWidget(), **options)
        elif "integer" in schema["type"]:
            widgets[name] = IntegerField(field["label"], widget=BS3TextFieldWidget(), **options)
        else:
            widgets[name] = StringField(field["label"], widget=BS3TextFieldWidget(), **options)
    return widgets
