"""Buttons on the page of a task."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from airflow_provider_mailkit._compat import TASKS_KNOW_THEIR_LINKS, BaseOperatorLink

if TYPE_CHECKING:
    from airflow_provider_mailkit._compat import BaseOperator

log = logging.getLogger(__name__)


class MailkitPublishedObjectLink(BaseOperatorLink):
    """A button of a task that opens its published file in the console of Amazon S3 or Google Cloud Storage.

    Tasks that publish to other places have no button, or one without an address.
    """

    name = "Published object"
    #: The entry in XCom that holds the URL, under Airflow 3's name.
    key = "_link_MailkitPublishedObjectLink"

    @property
    def xcom_key(self) -> str:
        """The entry in XCom from which Airflow 3 reads the URL."""
        return self.key

    def get_link(self, operator: BaseOperator, *, ti_key: Any) -> str:
        """Return the URL; empty if there is none.

        Airflow 3 asks the task when it has ended. The web server of Airflow 2 finds what the task has left in
        XCom.
        """
        if TASKS_KNOW_THEIR_LINKS:
            return getattr(operator, "object_address", None) or ""
        from airflow_provider_mailkit._compat import XCom

        address = XCom.get_value(ti_key=ti_key, key=self.key)
        return address if isinstance(address, str) else ""


def keep_address(context: Any, address: str | None) -> None:
    """Leave the URL of a published file in XCom for Airflow 2. Airflow 3 does this itself."""
    ti = context.get("ti")
    if TASKS_KNOW_THEIR_LINKS or not address or ti is None:
        return
    try:
        ti.xcom_push(key=MailkitPublishedObjectLink.key, value=address)
    except Exception as error:
        log.warning("The button to the file could not be given its address: %s", type(error).__name__)
