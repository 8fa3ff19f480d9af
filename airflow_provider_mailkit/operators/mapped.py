"""Mapped tasks: no two of them may write the same file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from airflow_provider_mailkit.exceptions import MailkitArgumentError
from airflow_provider_mailkit.storage.path_text import shown_path
from airflow_provider_mailkit.storage.target import is_path

if TYPE_CHECKING:
    from airflow_provider_mailkit._compat import BaseOperator, Context

# Names in templates whose values are the same for all map indexes. A name before a dot covers its attributes.
# Everything else may differ.
_SAME_IN_A_RUN = frozenset({
    "conn", "dag", "dag_run", "data_interval_end", "data_interval_start", "ds", "ds_nodash", "execution_date",
    "inlets", "logical_date", "macros.datetime_diff_for_humans", "macros.ds_add", "macros.ds_format",
    "macros.ds_format_locale", "macros.timedelta", "next_ds", "next_ds_nodash", "outlets", "prev_ds",
    "prev_ds_nodash", "prev_data_interval_end_success", "prev_data_interval_start_success",
    "prev_end_date_success", "prev_start_date_success", "run_id", "task_instance_key_str",
    "triggering_asset_events", "triggering_dataset_events", "ts", "ts_nodash", "ts_nodash_with_tz", "var",
    *(f"{task}.{id_}" for task in ("task", "ti.task", "task_instance.task") for id_ in ("dag_id", "task_id")),
    *(
        f"{ti}.{name}"
        for ti in ("ti", "task_instance")
        for name in ("dag_id", "dag_run", "execution_date", "logical_date", "run_id", "task_id", "try_number")
    ),
})  # fmt: skip
_WAY_OUT = (
    "put what differs into output_path, such as {{ ti.task.id_send }} or {{ ti.map_index }}, "
    "or map output_path together with id_send by expand_kwargs()"
)


def check_no_shared_file(operator: BaseOperator, written: Mapping[str, Any], context: Context) -> None:
    """Refuse a file that other map indexes of the task would write too.

    :param operator: the task, rendered.
    :param written: the arguments that say where the file is, as they were before rendering.
    :raises MailkitError: the path is the same for several map indexes.
    """
    dag, map_index = operator.get_dag(), getattr(context.get("ti"), "map_index", None)
    if dag is None or not isinstance(map_index, int) or map_index < 0:
        return
    declared = dag.get_task(operator.task_id)
    if any(_differs(declared, name, written[name], dag.default_args or {}) for name in written):
        return
    if any(_varying_names(operator, text) for text in written.values() if text is not None):
        return
    rendered = {name: operator.render_template(text, context) for name, text in written.items()}
    # A text that the template does not produce was set by a subclass, which knows what it does.
    if all(getattr(operator, name) == text for name, text in rendered.items()):
        path = shown_path(str(rendered["output_path"]))
        raise MailkitArgumentError(
            f"Several map indexes of this task would write the same file {path}: {_WAY_OUT}."
        )


def _differs(declared: Any, name: str, text: Any, defaults: Mapping[str, Any]) -> bool:
    """Whether an argument may differ between map indexes before it is rendered."""
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
    """Tell whether several map indexes have this value of an argument."""
    if not isinstance(expanded, Mapping):
        # expand_kwargs() has a list with the arguments of each index, unless another task makes it.
        given = (
            [item.get(name) for item in expanded if isinstance(item, Mapping)]
            if isinstance(expanded, list)
            else []
        )
        return given.count(text) > 1
    # expand() combines each value with all values of the others.
    lists = {key: values for key, values in expanded.items() if isinstance(values, list)}
    others = [values for key, values in lists.items() if key not in ("output_path", "output_conn_id")]
    same = lists.get(name, []).count(text)
    return same > 1 or (same == 1 and any(len(values) > 1 for values in others))


def _varying_names(operator: BaseOperator, text: Any) -> set[str]:
    """Return the names in a template whose values may differ between map indexes."""
    from jinja2 import meta

    tree = operator.get_template_env().parse(str(text))
    return meta.find_undeclared_variables(tree).intersection(_varying(tree))


def _varying(node: Any) -> Iterator[str]:
    from jinja2 import nodes

    if _dotted(node) in _SAME_IN_A_RUN:
        return
    if isinstance(node, nodes.Name):
        yield node.name
    for child in node.iter_child_nodes():
        yield from _varying(child)


def _dotted(node: Any) -> str:
    """Return what a node of a template refers to, such as ``ti.run_id``; empty if it is something else."""
    from jinja2 import nodes

    if isinstance(node, nodes.Name):
        return str(node.name)
    if isinstance(node, nodes.Getitem) and isinstance(node.arg, nodes.Const):
        return f"{_dotted(node.node)}.{node.arg.value}"
    return f"{_dotted(node.node)}.{node.attr}" if isinstance(node, nodes.Getattr) else ""
