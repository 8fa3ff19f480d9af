"""The statuses of recipients. A separate module, since every DAG file with a sensor imports it."""

from __future__ import annotations

#: Waiting statuses of Mailkit's reference: in the queue, and waiting for the A/B test.
WAITING_STATUSES = ("wait", "wait_ab")
#: Final statuses of Mailkit's reference: sent, and bounced.
FINAL_STATUSES = ("sent", "failed")
#: How a recipient without a status is counted.
NO_STATUS = ""
