"""The operator that makes a page about a delivery."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping, Sequence
from os import PathLike
from typing import TYPE_CHECKING, Any

from airflow_provider_mailkit._arguments import Kind, any_text, flag, identifier, optional, text
from airflow_provider_mailkit._checked import ChecksArguments
from airflow_provider_mailkit._compat import BaseOperator
from airflow_provider_mailkit._hidden import CheckedArgument, HiddenArgument
from airflow_provider_mailkit.operators._hidden import text_shown
from airflow_provider_mailkit.operators._publishing import PublishesFile

if TYPE_CHECKING:
    from airflow_provider_mailkit._compat import Context
    from airflow_provider_mailkit.pages.figures import Figures
    from airflow_provider_mailkit.storage.publication import Publication


class MailkitDeliveryPageOperator(PublishesFile, ChecksArguments, BaseOperator):
    """Makes an HTML page about a delivery, for marketing: what arrived, was read and was clicked.

    The page compares the versions of an A/B test, shows reads and clicks over time, links and bounces, and
    says how old its figures are. It is a single file, and loads no script, font or picture from elsewhere. It
    has no addresses: an address in a subject, a link or a title is replaced.

    With ``output_path`` the page appears whole or not at all, and the task returns a summary: ``id_send``,
    ``uri``, ``bytes``, ``sha256``, ``recipients``, ``delivered``, ``bounced``, ``readers``, ``clickers``,
    ``unsubscribed``, ``taken_at`` (ISO 8601, UTC), ``seconds``. Without it, the task returns a page that fits
    into the body of an e-mail: it has tables and inline styles, and is smaller than 48 KiB. The summary is
    then pushed to XCom under the key ``summary``.

    The task reads six reports: recipients, totals, feedback of a week and of a month, links, and bounces.
    Memory does not grow with them.

    :param id_send: ID of the delivery, int or str. Templated.
    :param output_path: any URL that Airflow's ObjectStoragePath accepts, or a local path, as a text, a Path
        or an ObjectStoragePath. Templated.
    :param title: the heading. Default: the subject of the delivery. Templated. Airflow shows it without
        addresses.
    :param output_conn_id: connection of the storage. Templated.
    :param overwrite: whether to replace an existing file. If False, an existing file fails the task before
        Mailkit is called.
    :param mailkit_conn_id: connection to Mailkit. Templated.
    """

    # The order matters: the others may refer to the rendered id_send as {{ ti.task.id_send }}.
    template_fields: Sequence[str] = ("id_send", "output_path", "title", "output_conn_id", "mailkit_conn_id")
    named_after: Sequence[str] = ("id_send",)
    ui_color = "#cde7f5"
    id_send = CheckedArgument()
    title = HiddenArgument(text_shown)

    def __init__(
        self,
        *,
        id_send: int | str,
        output_path: str | PathLike[str] | None = None,
        title: str | None = None,
        output_conn_id: str | None = None,
        overwrite: bool = True,
        mailkit_conn_id: str = "mailkit_default",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.id_send = id_send
        self.output_path = output_path
        self.title = title
        self.output_conn_id = output_conn_id
        self.overwrite = overwrite
        self.mailkit_conn_id = mailkit_conn_id
        self.check_when_parsed()
        self._place_as_written = {"output_path": output_path, "output_conn_id": output_conn_id}

    @classmethod
    def argument_kinds(cls) -> dict[str, Kind]:
        """Return what each argument may be."""
        from airflow_provider_mailkit.storage.path_text import read_path

        return {
            "id_send": identifier("delivery"),
            "output_path": optional(read_path),
            "title": optional(any_text),
            "output_conn_id": optional(any_text),
            "overwrite": flag,
            "mailkit_conn_id": text,
        }

    @classmethod
    def check_arguments_together(cls, known: Mapping[str, Any], given: Mapping[str, Any]) -> None:
        """Check the parts of the path outside templates."""
        from airflow_provider_mailkit.storage.path_text import check_template

        path = given.get("output_path")
        if isinstance(path, str) and "output_path" not in known:
            check_template("output_path", path)

    def execute(self, context: Context) -> Any:
        """Make the page; return the summary, or the page for an e-mail without ``output_path``."""
        from airflow_provider_mailkit._boundary import permanent_errors_fail_the_task
        from airflow_provider_mailkit.operators.outlets import tell_outlets

        with permanent_errors_fail_the_task():
            page, summary = self._make(context, self.read_arguments())
        self.log.info(
            "Page of delivery %d: %d of %d recipients delivered; %d bytes to %s.",
            summary["id_send"], summary["delivered"], summary["recipients"], summary["bytes"],
            summary["uri"] or "XCom",
        )  # fmt: skip
        if (events := context.get("outlet_events")) is not None:
            tell_outlets(self.outlets or (), events, summary)
        if summary["uri"]:
            return summary
        ti = context.get("ti")
        if self.do_xcom_push and ti is not None:
            ti.xcom_push(key="summary", value=summary)
        return page

    def _make(self, context: Context, arguments: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
        """Read the reports, and publish the page if ``output_path`` is set; return it and the summary."""
        from airflow_provider_mailkit.hooks.mailkit import MailkitHook
        from airflow_provider_mailkit.operators._lineage import function_name
        from airflow_provider_mailkit.pages.gather import REPORTS, gather
        from airflow_provider_mailkit.pages.html import render_mail, render_page

        began = time.monotonic()
        self._begin(context)
        client = MailkitHook(self.mailkit_conn_id).get_conn()
        target = self._target(arguments)
        for report in REPORTS:
            self._lineage.reads(function_name(client.endpoint.base_url, report.name), report.all_columns)
        figures = gather(client, arguments["id_send"])
        render = render_mail if target is None else render_page
        page = render(figures, arguments["title"])
        content = page.encode()

        def write(publication: Publication) -> dict[str, Any]:
            publication.file.write(content)
            publication.commit()
            return {"bytes": len(content)}

        if target is not None:
            self._publish(context, target, write)
        uri = target.uri if target else None
        return page, _summary(figures, uri, content) | {"seconds": round(time.monotonic() - began, 3)}


def _summary(figures: Figures, uri: str | None, content: bytes) -> dict[str, Any]:
    """Return the summary of the page, ready for JSON."""
    everybody = figures.everybody
    return {
        "id_send": figures.id_send,
        "uri": uri,
        "bytes": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
        "recipients": everybody.recipients,
        "delivered": everybody.delivered,
        "bounced": everybody.bounced,
        "readers": everybody.readers,
        "clickers": everybody.clickers,
        "unsubscribed": figures.unsubscribed,
        "taken_at": figures.taken_at.isoformat(timespec="milliseconds"),
    }
