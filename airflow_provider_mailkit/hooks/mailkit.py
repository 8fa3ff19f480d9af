"""The hook: Mailkit's API through an Airflow connection."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Collection, Iterator, Mapping
from contextlib import aclosing, closing
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from airflow_provider_mailkit import _metrics
from airflow_provider_mailkit._compat import BaseHook
from airflow_provider_mailkit.hooks._lookups import look_up_once
from airflow_provider_mailkit.provider_info import CONN_FIELDS, CONN_TYPE, HOOK_NAME, UI_FIELD_BEHAVIOUR

if TYPE_CHECKING:
    from airflow_provider_mailkit._compat import Connection
    from airflow_provider_mailkit.account import Account
    from airflow_provider_mailkit.transport.async_client import AsyncClient
    from airflow_provider_mailkit.transport.sync_client import SyncClient

__all__ = ["MailkitHook"]


class MailkitHook(BaseHook):
    """Calls Mailkit's API, over JSON or XML-RPC as the connection says.

    The connection is looked up at the first call, not in the constructor. Methods whose names begin with
    ``a`` are for triggers. They never block the event loop.

    :param mailkit_conn_id: the connection, of type ``mailkit``.
    """

    conn_name_attr = "mailkit_conn_id"
    default_conn_name = "mailkit_default"
    conn_type = CONN_TYPE
    hook_name = HOOK_NAME

    def __init__(self, mailkit_conn_id: str = default_conn_name, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.mailkit_conn_id = mailkit_conn_id
        self._account: Account | None = None
        self._is_being_tested = False

    @classmethod
    def get_connection_form_widgets(cls) -> dict[str, Any]:
        """Return the form's own fields, for Airflow before 3.2."""
        from airflow_provider_mailkit.hooks._form import make_widgets

        return make_widgets(CONN_FIELDS)

    @classmethod
    def get_ui_field_behaviour(cls) -> dict[str, Any]:
        """Return what the form does with the common fields, for Airflow before 3.2."""
        return {key.replace("-", "_"): value for key, value in UI_FIELD_BEHAVIOUR.items()}

    @property
    def account(self) -> Account:
        """The account that the connection describes.

        :raises MailkitError: the connection cannot be used.
        """
        if self._account is None:
            connection = self.get_connection(self.mailkit_conn_id)
            self._check(connection)
            account = self._read(connection, connection.extra_dejson)
            md5 = account.endpoint.credentials.client_md5
            # The API server that makes a test also fills the form. A masked hash secret would appear there as
            # "***", and be saved so. A test does not use it.
            _mask((md5,) if self._is_being_tested else account.secrets)
            self._account = account
        return self._account

    async def aaccount(self) -> Account:
        """Return :attr:`account`, looked up without blocking the event loop.

        Callers that ask at the same time share one look-up and its result, or its error. So a thousand waits
        that start together ask the secrets backend once.

        :raises MailkitError: the connection cannot be used, or (with ``retryable``) could not be looked up.
        """
        if self._account is None:
            self._account = await look_up_once(self.mailkit_conn_id, self._look_up)
        return self._account

    async def _look_up(self) -> Account:
        from asgiref.sync import sync_to_async

        from airflow_provider_mailkit._compat import get_async_connection, get_async_extra

        connection = await get_async_connection(self.mailkit_conn_id, self)
        self._check(connection)
        account = self._read(connection, await get_async_extra(connection))
        # Registering a secret calls the supervisor, and blocks.
        await sync_to_async(_mask)(account.secrets)
        return account

    def _check(self, connection: Connection) -> None:
        from airflow_provider_mailkit.account import check_extra

        check_extra(self.mailkit_conn_id, connection.extra)

    def _read(self, connection: Connection, extra: Mapping[str, Any]) -> Account:
        from airflow_provider_mailkit.account import read_account

        return read_account(
            self.mailkit_conn_id,
            on_retry=_metrics.retried,
            login=connection.login,
            password=connection.password,
            host=connection.host,
            schema=connection.schema,
            port=connection.port,
            extra=extra,
        )

    def get_conn(self) -> SyncClient:
        """Return the client of the methods below. It can be shared, since every call has its own session."""
        from airflow_provider_mailkit.transport.sync_client import SyncClient

        return SyncClient(self.account.endpoint)

    async def aget_conn(self) -> AsyncClient:
        """Return the client of the asynchronous methods; use it as ``async with``."""
        from airflow_provider_mailkit.transport.async_client import AsyncClient

        return AsyncClient((await self.aaccount()).endpoint)

    def call(
        self, function: str, parameters: Mapping[str, Any] | None = None, *, checked: bool = True
    ) -> Any:
        """Call any function of the API.

        A failed call is repeated only if the function only reads. Others might act twice.

        :param function: the full name, such as ``mailkit.report.campaign``.
        :param parameters: names and values, checked against the table of functions before anything is sent.
            None counts as not given. Pass plain values; what Mailkit wants in Base64 is encoded here.
        :param checked: False passes everything on unchanged. Over XML-RPC the values are sent in the dict's
            order.
        :return: the decoded answer. In a checked call, IDs and counts are int in both protocols.
        :raises MailkitError: the call is wrong, it failed, or Mailkit answered with an error.
        """
        return self.get_conn().call(function, parameters, checked=checked)

    async def acall(
        self, function: str, parameters: Mapping[str, Any] | None = None, *, checked: bool = True
    ) -> Any:
        """Do what :meth:`call` does, on an event loop."""
        async with await self.aget_conn() as client:
            return await client.call(function, parameters, checked=checked)

    def iter_rows(
        self, function: str, parameters: Mapping[str, Any] | None = None
    ) -> Iterator[dict[str, Any]]:
        """Yield every row of a report while it arrives. Memory does not grow with the report.

        An ID may be a list, or ``all`` where the report allows it. All pages are read. A call is tried again
        until its first rows have been yielded, and a page until it is complete. A later failure is raised,
        since the rows before it have been yielded already.

        :param function: the full name of a function that has rows, such as ``mailkit.report.message.links``.
        :param parameters: names and values, checked against the table of functions. For a range of days, both
            ends are always sent: by default, the last 30 days.
        :return: dicts from column to value. IDs and counts are int, amounts float, instants and days ISO
            8601, other values str, absent values None.
        :raises MailkitError: the call is wrong, or the report could not be read to its end.
        """
        from airflow_provider_mailkit.protocol.plan import plan_for

        client = self.get_conn()
        plan = plan_for(function, parameters, client.endpoint.zone)
        with closing(client.read(plan, plan.decoders(client.endpoint), hold_rows=1)) as batches:
            for batch in batches:
                yield from batch.rows()

    async def aiter_rows(
        self, function: str, parameters: Mapping[str, Any] | None = None
    ) -> AsyncGenerator[dict[str, Any]]:
        """Do what :meth:`iter_rows` does, on an event loop."""
        from airflow_provider_mailkit.protocol.plan import plan_for

        async with await self.aget_conn() as client:
            plan = plan_for(function, parameters, client.endpoint.zone)
            async with aclosing(client.read(plan, plan.decoders(client.endpoint), hold_rows=1)) as batches:
                async for batch in batches:
                    for row in batch.rows():
                        yield row

    def iter_recipients(self, id_send: int | str) -> Iterator[dict[str, Any]]:
        """Yield every recipient of a delivery while the report arrives, as :meth:`iter_rows` does.

        :return: dicts with ``ID_SEND_MESSAGE``, ``ID_EMAIL``, ``EMAIL``, ``STATUS``, ``AB_VERSION``, ``DATE``
            (ISO 8601), ``READ_COUNT`` and ``CLICK_COUNT``. IDs and counts are int, absent values None.
        :raises MailkitError: the report could not be read to its end.
        """
        from airflow_provider_mailkit.catalogue.functions import RECIPIENTS
        from airflow_provider_mailkit.protocol.request import parse_id_send

        asked = {"ID_send": parse_id_send(id_send)}
        for row in self.iter_rows(RECIPIENTS, asked):
            del row["ID_SEND"]
            yield row

    async def aiter_recipients(self, id_send: int | str) -> AsyncIterator[dict[str, Any]]:
        """Do what :meth:`iter_recipients` does, on an event loop."""
        from airflow_provider_mailkit.catalogue.functions import RECIPIENTS
        from airflow_provider_mailkit.protocol.request import parse_id_send

        asked = {"ID_send": parse_id_send(id_send)}
        async with aclosing(self.aiter_rows(RECIPIENTS, asked)) as rows:
            async for row in rows:
                del row["ID_SEND"]
                yield row

    def count_recipients(
        self, id_send: int | str, stop_at: Collection[str] = (), limit_s: float = math.inf
    ) -> Counter[str]:
        """Count the recipients of a delivery by status. Memory does not grow with the report.

        :param stop_at: statuses; reading ends at the first recipient who has one of them.
        :param limit_s: seconds after which to give up, including all tries. A single try ends after an hour
            at the latest, or after 30 times the connection's ``read_timeout``.
        :return: the number of recipients for each status that occurs. Recipients without a status count under
            ``""``.
        :raises MailkitError: the report could not be read.
        """
        from airflow_provider_mailkit.hooks._counting import count

        return count(self.get_conn(), id_send, stop_at, limit_s)

    async def acount_recipients(self, id_send: int | str, stop_at: Collection[str] = ()) -> Counter[str]:
        """Do what :meth:`count_recipients` does, on an event loop."""
        from airflow_provider_mailkit.hooks._counting import count_once

        async with await self.aget_conn() as client:
            return await client.retrying(lambda: count_once(client, id_send, stop_at))

    def test_connection(self) -> tuple[bool, str]:
        """Make one call that only reads, for the Test button.

        :return: whether it worked, and a sentence. It never raises, and returns within 15 seconds.
        """
        from airflow_provider_mailkit.hooks._test_button import press

        self._is_being_tested = True
        return press(self.mailkit_conn_id, lambda: self.account.endpoint)


def _mask(secrets: Collection[str]) -> None:
    from airflow_provider_mailkit._compat import mask_secret

    for secret in secrets:
        mask_secret(secret)
        if quote(secret, safe="") != secret:
            mask_secret(quote(secret, safe=""))
