"""The statuses of recipients; a module of its own, since every DAG file with a sensor imports it."""

from __future__ import annotations

#: Statuses by Mailkit's reference: queued without word from the receiving side; waiting for the A/B test.
WAITING_STATUSES = ("wait", "wait_ab")
#: Statuses by Mailkit's reference: sent; bounced.
FINAL_STATUSES = ("sent", "failed")
#: How a recipient without a status is counted.
NO_STATUS = ""
