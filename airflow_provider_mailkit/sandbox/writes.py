"""Functions that change something: imports, unsubscriptions and erasures. Each records an action."""

from __future__ import annotations

import threading

from airflow_provider_mailkit.sandbox.answers import Function, Whole, same
from airflow_provider_mailkit.sandbox.asked import Asked, Refusal
from airflow_provider_mailkit.sandbox.changes import Action, is_address
from airflow_provider_mailkit.sandbox.encoding import Value, number
from airflow_provider_mailkit.sandbox.lists import entries
from airflow_provider_mailkit.sandbox.members import Members
from airflow_provider_mailkit.sandbox.world import World

_UNKNOWN = "Invalid ID_email or email"
# Two callers at the same time must not both add an address.
_writing = threading.Lock()


def _import(world: World, asked: Asked) -> Whole:
    people = world.mailing_list(asked)
    if people.status != "enabled":
        # Nobody has seen Mailkit's answer.
        raise Refusal("Mailing list is disabled")
    recipients = asked.records("recipients")
    members, counts = Members(world, people), {"new": 0, "updated": 0}
    changes, refused = world.changes.of(people.id_user_list), []
    with _writing:
        for recipient in recipients:
            address = str(recipient.get("email", "")).strip()
            if not is_address(address):
                refused.append(address)
                continue
            is_new = members.find_address(address) is None
            counts["new" if is_new else "updated"] += 1
            changes.write(address, recipient, is_there=not is_new)
        subject = str(people.id_user_list)
        world.changes.actions.append(Action("mailkit.mailinglist.import", subject, len(recipients)))
    numbers = {"all": len(recipients), **counts, "bad": len(refused)}
    answer: dict[str, Value] = {
        f"count_{name}": number(0 if world.zero_counts else count) for name, count in numbers.items()
    }
    return same(answer | {"invalid_emails": [*refused]})


def _unsubscribe(world: World, asked: Asked) -> Whole:
    members, index, address = _found(world, asked)
    sends_mail = asked.flag("send_optout", default=True)
    with _writing:
        world.changes.unsubscribed.add(address.lower())
        world.changes.actions.append(Action("mailkit.email.unsubscribe", address, sends_mail=sends_mail))
    id_email = number(members.people.id_email(index))
    return Whole({"error_status": "0", "ID_email": id_email, "status": "1"}, id_email)


def _wipe(world: World, asked: Asked) -> Whole:
    members, index, address = _found(world, asked)
    with _writing:
        world.changes.actions.append(Action("mailkit.email.wipe", address))
        if address.lower() in world.changes.wiped:
            raise Refusal("Email has already been inserted")
        world.changes.wiped.add(address.lower())
    id_email = members.people.id_email(index)
    return same({"ID_email": id_email, "email": address, "error": "OK", "error_status": 0})


def _found(world: World, asked: Asked) -> tuple[Members, int, str]:
    """Return the person of a call, and the address; or refuse."""
    try:
        found = entries(world, asked)
    except Refusal as refusal:
        raise Refusal(_UNKNOWN if str(refusal).startswith("Invalid") else "Missing ID_email") from None
    if not found:
        raise Refusal(_UNKNOWN)
    members, index = found[0]
    return members, index, members.address(index)


ANSWERS: dict[str, Function] = {
    "mailkit.mailinglist.import": _import,
    "mailkit.email.unsubscribe": _unsubscribe,
    "mailkit.email.wipe": _wipe,
}
