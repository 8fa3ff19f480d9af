"""Mapped tasks: no two of them may write the same file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from airflow_provider_mailkit.exceptions import MailkitError
from airflow_provider_mailkit.storage.target import is_path

if TYPE_CHECKING:
    from airflow_provider_mailkit._compat import BaseOperator, Context

# What a template may name without a difference between map indexes. Whatever else it names may differ.
_SAME_IN_A_RUN = frozenset({
    "conn", "dag", "dag_run", "data_interval_end", "data_interval_start", "ds", "ds_nodash", "logical_date",
    "run_id", "task_instance_key_str", "ts", "ts_nodash", "ts_nodash_with_tz", "var",
})  # fmt: skip
_WAY_OUT = (
    "put what differs into output_path, such as {{ ti.task.id_send }} or {{ ti.map_index }}, "
    "or map output_path together with id_send by expand_kwargs()"
)


def check_no_shared_file(operator: BaseOperator, written: Mapping[str, Any], context: Context) -> None:
    """Refuse a file that other map indexes of the task would write too; log it if that is only likely.

    :param operator: the task, rendered.
    :param written: the arguments that say where the file is, as they were before rendering.
    :raises MailkitError: certainly nothing differs in them.
    """
    dag, map_index = operator.get_dag(), getattr(context.get("ti"), "map_index", None)
    if dag is None or not isinstance(map_index, int) or map_index < 0:
        return
    declared = dag.get_task(operator.task_id)
    if any(_differs(declared, name, written[name], dag.default_args or {}) for name in written):
        return
    # What rendering leaves as it is holds no template.
    templates = [text for name, text in written.items() if text != getattr(operator, name)]
    if not templates:
        raise MailkitError(f"Several map indexes of this task would write the same file: {_WAY_OUT}.")
    if _names(operator, templates) <= _SAME_IN_A_RUN:
        operator.log.warning("The map indexes of this task may write the same file: %s.", _WAY_OUT)


def _differs(declared: Any, name: str, text: Any, defaults: Mapping[str, Any]) -> bool:
    """Whether an argument may differ between the map indexes before it is rendered."""
    if text is None:
        return False
    if not is_path(text):
        return True
    if not hasattr(declared, "partial_kwargs"):
        return False
    if text in (declared.partial_kwargs.get(name), defaults.get(name)):
        return False
    return not _is_combined(declared.expand_input.value, name, text)


def _is_combined(expanded: Any, name: str, text: Any) -> bool:
    # expand() combines each value with all values of the others; expand_kwargs() has no dict here.
    if not isinstance(expanded, Mapping):
        return False
    lists = {key: values for key, values in expanded.items() if isinstance(values, list)}
    others = [values for key, values in lists.items() if key not in ("output_path", "output_conn_id")]
    return text in lists.get(name, ()) and any(len(values) > 1 for values in others)


def _names(operator: BaseOperator, templates: list[str]) -> set[str]:
    from jinja2 import meta

    environment = operator.get_template_env()
    return {
        name for text in templates for name in meta.find_undeclared_variables(environment.parse(str(text)))
    }
