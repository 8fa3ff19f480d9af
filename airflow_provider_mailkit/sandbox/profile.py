"""mailkit.profile.*, mailkit.filemanager.list and mailkit.sendmail_mass.results."""

from __future__ import annotations

from itertools import islice

from airflow_provider_mailkit.sandbox.answers import Function, Rows, Whole, same
from airflow_provider_mailkit.sandbox.asked import Asked, Refusal
from airflow_provider_mailkit.sandbox.encoding import Record, Value, number
from airflow_provider_mailkit.sandbox.people import person
from airflow_provider_mailkit.sandbox.world import SENDER, World

#: Requests of mailkit.sendmail_mass: nothing has failed in the first, a few messages in the second.
REQUEST_OK, REQUEST_WITH_FAILURES = 9001, 9002

_ROOT = 0


def _senders(world: World, asked: Asked) -> Whole:
    senders: list[Value] = [
        {"NAME": name, "ID_ALLOW_EMAIL": number(id_email), "EMAIL": address, "STATUS": "active", "SPF": spf}
        for id_email, name, address, spf in (
            (71, "Café & shop", SENDER, "TRUE"),
            (72, "Příběhy", "stories@example.org", "FALSE"),
        )
    ]
    # The same list, which only JSON wraps.
    return Whole({"emails": senders}, senders)


def _queries(world: World, asked: Asked) -> Whole:
    queries: list[Value] = [
        {
            "ID_QUERY": number(id_query),
            "NAME": name,
            "DESCRIPTION": "",
            "DATE": f"{world.last_day} 04:00:00",
            "CHANGE_DATE": "0000-00-00 00:00:00",
            "CREATE_NAME": "Dana",
            "CHANGE_NAME": "",
        }
        for id_query, name in ((301, "Readers"), (302, "Clicked <twice> & more"))
    ]
    return same({"error_status": 0, "data": queries})


def _files(world: World, asked: Asked) -> Rows:
    folder = asked.id("ID_folder") or _ROOT
    if folder == _ROOT:
        return Rows(
            {
                "NAME": name,
                "DATE": f"{world.last_day} 04:00:00",
                "ID_FOLDER": number(id_folder),
                "PARENT": "",
                "TYPE": "DIR",
            }
            for id_folder, name in ((51, "images"), (52, "archive"))
        )
    if folder == 51:
        logo: Record = {
            "NAME": "logo.png",
            "DATE": f"{world.last_day} 04:00:00",
            "PARENT": number(folder),
            "TYPE": "FILE",
        }
        return Rows([logo])
    if folder == 52:
        return Rows([])
    raise Refusal("Invalid ID_folder")


def _mass_results(world: World, asked: Asked) -> Whole:
    request = asked.required_id("request_id")
    delivery = next(iter(world.deliveries.values()))
    if asked.has("ID_send"):
        delivery, _ = world.asked_delivery(asked)
    if request == REQUEST_OK:
        return same({"error_status": 0, "status": "OK"})
    if request != REQUEST_WITH_FAILURES:
        raise Refusal("Invalid request_id")
    people = world.lists[0]
    reasons = {"permanent": ("invalid email status permanent", 2), "unsubscribe": ("unsubscribed email", 6)}
    refused = (index for index in range(people.members) if people.state(index) in reasons)
    results: list[Value] = [
        {
            "ID_EMAIL": people.id_email(index),
            "EMAIL": person(world.seed, index).address,
            "ID_SEND": delivery.id_send,
            "ID_SEND_MESSAGE": delivery.message_id(index),
            "DATE": str(delivery.start),
            "INFO": reasons[people.state(index)][0],
            "ERROR_CODE": reasons[people.state(index)][1],
        }
        for index in islice(refused, 5)
    ]
    return same({"error_status": 0, "status": "", "results": results})


ANSWERS: dict[str, Function] = {
    "mailkit.profile.emails.list": _senders,
    "mailkit.profile.queries.list": _queries,
    "mailkit.filemanager.list": _files,
    "mailkit.sendmail_mass.results": _mass_results,
}
