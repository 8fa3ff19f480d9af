"""Labels of mapped tasks: the UI shows the delivery instead of the map index."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from airflow_provider_mailkit._compat import send_map_index_name

if TYPE_CHECKING:
    from airflow_provider_mailkit._compat import BaseOperator, Context

# Neither an address nor a template; Airflow keeps 250 characters.
_SHOWABLE = re.compile(r"[A-Za-z0-9][\w.:-]{0,59}", re.ASCII)
_NAMING = re.compile(r"ID_|range_|period", re.IGNORECASE)
_MOST_VALUES = 3
_LONGEST = 100
# Some DAGs map over these, so they distinguish map indexes too.
_ALSO = ("function", "mailkit_conn_id")


def name_map_index(operator: BaseOperator, named_after: Iterable[str], context: Context) -> None:
    """Label the map index of a running task, unless it is not mapped or the DAG has a label for it.

    Airflow shows the label when the task ends or is deferred; from 3.2 on, at once.

    :param named_after: the arguments that make the label.
    """
    ti = context.get("ti")
    if getattr(ti, "map_index", -1) < 0 or context.get("map_index_template") is not None:
        return
    name = _name(operator, named_after)
    if name is None:
        return
    dag = operator.get_dag()
    is_native = getattr(dag, "render_template_as_native_obj", False)
    # Native rendering would make it a number, which Airflow does not accept as a label.
    context["map_index_template"] = repr(name) if is_native else name
    ti.rendered_map_index = name  # type: ignore[union-attr]
    send_map_index_name(name)


def _name(operator: BaseOperator, named_after: Iterable[str]) -> str | None:
    """Return a label that differs between the map indexes; None if it would not differ."""
    mapped, is_product = _mapped_arguments(operator)
    names = [name for name in named_after if mapped is None or name in mapped]
    names += [name for name in _ALSO if mapped is not None and name in mapped]
    if is_product and mapped is not None and mapped.difference(names):
        return None
    texts = [text for name in names if (text := _shown(getattr(operator, name)))]
    return ", ".join(texts)[:_LONGEST] if len(texts) == len(names) and texts else None


def _mapped_arguments(operator: BaseOperator) -> tuple[set[str] | None, bool]:
    """Return what the task is mapped over, and whether each value is combined with all others.

    Return None in a mapped group, or if another task makes the arguments.
    """
    dag = operator.get_dag()
    declared = dag.get_task(operator.task_id) if dag else None
    expanded = getattr(getattr(declared, "expand_input", None), "value", None)
    if isinstance(expanded, Mapping):
        return set(expanded), True
    if isinstance(expanded, list) and all(isinstance(item, Mapping) for item in expanded):
        return set().union(*expanded), False
    return None, False


def _shown(value: Any) -> str:
    """Return an argument as a part of a label; empty if it must not or need not be shown."""
    if isinstance(value, Mapping):
        # Others may be a person's name.
        named = [_shown(item) for name, item in value.items() if _NAMING.match(str(name))]
        return ", ".join(filter(None, named))
    if isinstance(value, list | tuple):
        shown = [text for text in map(_shown, value[:_MOST_VALUES]) if text]
        more = len(value) - _MOST_VALUES
        return ", ".join(shown) + (f" and {more} more" if shown and more > 0 else "")
    text = "" if value is None else str(value).strip()
    return text if _SHOWABLE.fullmatch(text) else ""
