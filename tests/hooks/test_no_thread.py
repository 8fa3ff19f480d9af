"""The Test button on a machine that has no thread left: it never raises, and does not wait either."""

from __future__ import annotations

import threading

from airflow_provider_mailkit.hooks.mailkit import MailkitHook


def test_the_test_button_says_so(mailkit_connection, monkeypatch):
    def start(_):
        raise RuntimeError("can't start new thread")

    mailkit_connection("http://127.0.0.1:9")
    monkeypatch.setattr(threading.Thread, "start", start)
    assert MailkitHook().test_connection() == (
        False,
        "The test could not be made: this machine has no thread left.",
    )
