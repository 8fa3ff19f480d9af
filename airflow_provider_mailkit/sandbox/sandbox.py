"""The sandbox as an object: its settings, its start and its end."""

from __future__ import annotations

import ipaddress
import math
import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from types import TracebackType
from typing import Self

from airflow_provider_mailkit.sandbox.account import Account
from airflow_provider_mailkit.sandbox.changes import Action, Changes
from airflow_provider_mailkit.sandbox.clock import yesterday
from airflow_provider_mailkit.sandbox.deliveries import BLOCK, MAX_RECIPIENTS_IN_ALL
from airflow_provider_mailkit.sandbox.growth import Logs
from airflow_provider_mailkit.sandbox.log import Log
from airflow_provider_mailkit.sandbox.server import SandboxServer
from airflow_provider_mailkit.sandbox.world import FIRST_ID_MESSAGE, IDS_OF_A_CAMPAIGN, World, make_campaigns

# The default credentials, which the provider's connections also know.
CLIENT_ID = "1000001"
CLIENT_MD5 = "0123456789abcdef0123456789abcdef"


@dataclass(kw_only=True)
class Sandbox:
    """A made-up Mailkit account on this machine, which runs in a thread of this process.

    Example::

        with Sandbox(recipients=5000, seconds=0) as sandbox:
            requests.post(f"{sandbox.base_url}/json.fcgi", json=...)

    :param recipients: recipients per delivery, 0 or more.
    :param seconds: how long a delivery takes, counted from the first request for one of its reports. 0: it is
        done at once.
    :param campaigns: how many campaigns the account has, at least 1. All are sent to the same people.
    :param deliveries: how many deliveries each campaign has, at least 1.
    :param first_id_send: ID of the first delivery. The others of the first campaign follow without gaps;
        those of the next campaign begin 10,000 later.
    :param ab_test: whether each delivery begins with an A/B test.
    :param seed: any integer. The same seed gives the same recipients.
    :param last_day: the day of the last delivery; by default yesterday, so that none lies ahead. The others
        are on the days before it.
    :param log_growth: how many rows each call adds to a raw report; one in ten of them appears late. 0: all
        rows are there from the start.
    :param log_kept: how many rows a growing raw report keeps; older ones are lost. 0: all.
    :param client_id: the only client ID that is accepted, digits.
    :param client_md5: its MD5 code, 32 hexadecimal digits.
    :param queue_seconds: how long a delivery waits in the queue if a caller asks for it to begin now.
    :param disallow_ip: refuse every call, as if its address was not allowed.
    :param zero_counts: answer 0 for all counts of an import, although it has worked.
    :param lose_answers: how many answers to calls that do more than read get lost: the sandbox acts, and
        closes the connection.
    :param gzip: compress answers for clients that accept it.
    :param host: the IP address to listen on: ``0.0.0.0`` (or ``::``) for containers and other machines. Then
        only the made-up credentials are accepted, since real ones must not travel over plain http.
    :param port: TCP port; 0 chooses a free one.
    :param quiet: do not log a line per request to stderr.
    :param clock: returns seconds on a clock that never goes back. Tests pass their own.
    """

    recipients: int = 1000
    seconds: float = 20
    campaigns: int = 2
    deliveries: int = 3
    first_id_send: int = 5001
    ab_test: bool = True
    seed: int = 1
    last_day: date = field(default_factory=yesterday)
    log_growth: int = 0
    log_kept: int = 0
    client_id: str = CLIENT_ID
    client_md5: str = CLIENT_MD5
    queue_seconds: float = 0
    disallow_ip: bool = False
    zero_counts: bool = False
    lose_answers: int = 0
    gzip: bool = False
    host: str = "127.0.0.1"
    port: int = 0
    quiet: bool = True
    clock: Callable[[], float] = time.monotonic
    _changes: Changes = field(default_factory=Changes, init=False, repr=False)
    _account: Account | None = field(default=None, init=False, repr=False)
    _server: SandboxServer | None = field(default=None, init=False, repr=False)
    _thread: threading.Thread | None = field(default=None, init=False, repr=False)

    def __post_init__(self) -> None:
        whole_blocks = -(-self.recipients // BLOCK) * BLOCK
        rules = {
            "recipients must be 0 or more": self.recipients >= 0,
            "seconds must be 0 or more": 0 <= self.seconds < math.inf,
            "queue_seconds must be 0 or more": 0 <= self.queue_seconds < math.inf,
            "lose_answers must be 0 or more": self.lose_answers >= 0,
            "campaigns must be 1 to 100": 1 <= self.campaigns <= 100,
            "deliveries must be 1 to 10000": 1 <= self.deliveries <= IDS_OF_A_CAMPAIGN,
            "log_growth and log_kept must be 0 or more": min(self.log_growth, self.log_kept) >= 0,
            "first_id_send must be 1 or more": self.first_id_send >= 1,
            "client_id must be digits": re.fullmatch("[0-9]{1,18}", self.client_id) is not None,
            "client_md5 must be 32 hexadecimal digits": re.fullmatch("[0-9a-fA-F]{32}", self.client_md5)
            is not None,
            "host must be an IP address": _is_address(self.host),
            "client_id and client_md5 must be the made-up ones unless host is a loopback address": (
                self.is_local or (self.client_id, self.client_md5) == (CLIENT_ID, CLIENT_MD5)
            ),
            "port must be 0 to 65535": 0 <= self.port <= 65535,
            f"recipients times campaigns times deliveries must be at most {MAX_RECIPIENTS_IN_ALL}": (
                whole_blocks * self.campaigns * self.deliveries <= MAX_RECIPIENTS_IN_ALL
            ),
        }
        for rule, kept in rules.items():
            if not kept:
                raise ValueError(rule)

    @property
    def base_url(self) -> str:
        """Base URL of the running sandbox on this machine, without a slash at the end."""
        if self._server is None:
            raise RuntimeError("the sandbox is not running")
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.host, self.host)  # noqa: S104 - asked for
        return f"http://{f'[{host}]' if ':' in host else host}:{self._server.server_address[1]}"

    @property
    def is_local(self) -> bool:
        """Whether only this machine can call the sandbox."""
        return _is_address(self.host) and ipaddress.ip_address(self.host).is_loopback

    @property
    def id_sends(self) -> range:
        """IDs of the deliveries of the first campaign."""
        return self.id_sends_of(self.id_message)

    @property
    def id_message(self) -> int:
        """ID of the first campaign."""
        return FIRST_ID_MESSAGE

    @property
    def id_messages(self) -> range:
        """IDs of the campaigns."""
        return range(FIRST_ID_MESSAGE, FIRST_ID_MESSAGE + self.campaigns)

    def id_sends_of(self, id_message: int) -> range:
        """Return the IDs of the deliveries of a campaign."""
        first = self.first_id_send + self.id_messages.index(id_message) * IDS_OF_A_CAMPAIGN
        return range(first, first + self.deliveries)

    @property
    def log(self) -> Log:
        """The calls since its start. It can still be read after the sandbox has stopped."""
        return self._started.log

    def set_campaign(
        self, id_message: int, *, status: str | None = None, test_mode: bool | None = None
    ) -> None:
        """Change the state of a campaign."""
        campaign = self._started.world.campaign(id_message)
        campaign.status = campaign.status if status is None else status
        campaign.test_mode = campaign.test_mode if test_mode is None else test_mode

    @property
    def _started(self) -> Account:
        if self._account is None:
            raise RuntimeError("the sandbox was not started")
        return self._account

    @property
    def connection(self) -> dict[str, object]:
        """The Airflow connection to the running sandbox, as Airflow writes connections in JSON."""
        # Without an extra: Airflow warns about values that it cannot mask, such as a protocol of four
        # letters.
        return {
            "conn_type": "mailkit",
            "host": self.base_url,
            "login": self.client_id,
            "password": self.client_md5,
        }

    @property
    def actions(self) -> list[Action]:
        """The changes that callers asked for, in their order."""
        return list(self._changes.actions)

    @property
    def wiped(self) -> frozenset[str]:
        """The addresses that are queued for erasure, in lower case. The sandbox never erases them."""
        return frozenset(self._changes.wiped)

    def start(self) -> None:
        """Listen and answer, in a thread. Raises `OSError` if the port is taken."""
        campaigns = make_campaigns(
            campaigns=self.campaigns,
            deliveries=self.deliveries,
            first_id_send=self.first_id_send,
            recipients=self.recipients,
            last_day=self.last_day,
            seed=self.seed,
            ab_test=self.ab_test,
        )
        world = World(
            campaigns=campaigns,
            recipients=self.recipients,
            seed=self.seed,
            last_day=self.last_day,
            seconds=self.seconds,
            queue_seconds=self.queue_seconds,
            clock=self.clock,
            zero_counts=self.zero_counts,
            changes=self._changes,
            logs=Logs(self.log_growth, self.log_kept),
        )
        self._account = Account(
            world=world,
            client_id=self.client_id,
            client_md5=self.client_md5,
            disallow_ip=self.disallow_ip,
            lost_answers=self.lose_answers,
        )
        self._server = SandboxServer(self.host, self.port, self._account, gzip=self.gzip, quiet=self.quiet)
        # The short interval is how often it checks whether to stop.
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.05,), name="mailkit-sandbox"
        )
        self._thread.start()

    def stop(self) -> None:
        """End all connections and free the port. Does nothing if the sandbox does not run."""
        if self._server is not None and self._thread is not None:
            self._server.close()
            self._thread.join()
            self._server = self._thread = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
