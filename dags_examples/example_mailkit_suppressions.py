"""
### Tell a CRM whom not to write to, every day

The DAG writes two files: who has unsubscribed, and whose address is permanently unavailable, in any mailing
list. Both are full snapshots that replace those of the day before, so a CRM can load them as they are.

Note two things when you load them. If `ID_UNSUBSCRIBE_GROUP` is empty, the person wants no e-mails at all.
Otherwise the unsubscription covers only the topics with these IDs. `EMAIL` of an unsubscription may be a
phone number.

**Set up:** a connection `mailkit_default` of type Mailkit.

**Run:** set `since` to the day on which your account was opened, and `output_folder` to a folder that only
the CRM can read, since the files hold addresses. Then unpause it.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pendulum

from airflow_provider_mailkit.operators.mailkit import MailkitExportOperator

try:
    from airflow.sdk import DAG, Param, task
except ImportError:  # Airflow 2
    from airflow import DAG
    from airflow.decorators import task
    from airflow.models.param import Param

with DAG(
    dag_id="example_mailkit_suppressions",
    doc_md=__doc__,
    start_date=pendulum.datetime(2026, 1, 1, tz="UTC"),
    schedule="@daily",
    catchup=False,
    max_active_runs=1,
    tags=["mailkit"],
    default_args={"retries": 3, "retry_delay": timedelta(minutes=5)},
    params={
        "since": Param("2020-01-01", type="string", format="date", title="First day of unsubscriptions"),
        "output_folder": Param("file:///tmp/mailkit", type="string", minLength=1, title="Output folder"),
    },
):
    MailkitExportOperator(
        task_id="unsubscribed",
        function="mailkit.mailinglist.unsubscribed",
        # Give the first day: nobody has seen what Mailkit returns without it.
        parameters={"range_from": "{{ params.since }}"},
        columns=["EMAIL", "DATE", "ID_UNSUBSCRIBE_GROUP"],
        output_path="{{ params.output_folder }}/unsubscribed.csv",
    )

    # Without `output_path` the rows go to XCom. They are few, and hold no personal data.
    lists = MailkitExportOperator(
        task_id="lists", function="mailkit.mailinglist.list", columns=["ID_USER_LIST"]
    )

    @task
    def ids(rows: list[dict[str, Any]]) -> list[int]:
        return [row["ID_USER_LIST"] for row in rows]

    MailkitExportOperator(
        task_id="permanent",
        function="mailkit.mailinglist.getstatus",
        # A list of IDs makes one file. Its column ID_USER_LIST says which mailing list a row belongs to.
        parameters={"ID_user_list": ids(lists.output), "status": "permanent"},
        columns=["EMAIL", "CHANGE_DATE", "ID_USER_LIST"],
        output_path="{{ params.output_folder }}/permanent.csv",
    )
