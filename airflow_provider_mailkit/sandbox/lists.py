"""mailkit.mailinglist.* and mailkit.email.*: the recipients of lists, and their history."""

from __future__ import annotations

from datetime import date, datetime, time
from itertools import islice

from airflow_provider_mailkit.sandbox.answers import Function, Rows, Whole
from airflow_provider_mailkit.sandbox.asked import Asked, Refusal
from airflow_provider_mailkit.sandbox.calls import ID_OR_ADDRESS
from airflow_provider_mailkit.sandbox.deliveries import PATTERN, Delivery, is_wide
from airflow_provider_mailkit.sandbox.encoding import Record, Value, number
from airflow_provider_mailkit.sandbox.members import Members
from airflow_provider_mailkit.sandbox.people import MailingList, person
from airflow_provider_mailkit.sandbox.places import place_of
from airflow_provider_mailkit.sandbox.reactions import CLICK, reactions, until
from airflow_provider_mailkit.sandbox.reports import link_of, subject_of
from airflow_provider_mailkit.sandbox.world import SENDER, World

STATUS_PAGE = 10_000
ENGAGEMENT_PAGE = 25_000


def _lists(world: World, asked: Asked) -> Rows:
    return Rows([
        {
            "ID_USER_LIST": number(each.id_user_list),
            "NAME": each.name,
            "STATUS": each.status,
            "DESCRIPTION": each.description,
        }
        for each in world.lists
    ])  # fmt: skip


def _members(world: World, asked: Asked) -> Rows:
    members = Members(world, world.mailing_list(asked))
    status, since = asked.text("status"), asked.instant("change_date") or datetime.min
    found = (
        index
        for index in range(members.first_from(asked.id("ID_email") or 0), members.size)
        if status in ("", members.state(index)) and members.changed(index) >= since
    )
    return Rows(members.record(index) for index in islice(found, asked.limit(STATUS_PAGE)))


def _unsubscribed(world: World, asked: Asked) -> Rows:
    since = datetime.combine(asked.day("range_from") or date.min, time())
    return Rows(
        _departure(members, index)
        for members in (Members(world, people) for people in world.lists)
        for index in members.unsubscribed()
        if members.changed(index) >= since
    )


def _departure(members: Members, index: int) -> Record:
    # People who get text messages are known by their phone numbers.
    by_phone = index % 9 == 4 and not members.is_added(index)
    return {
        "EMAIL": person(members.people.seed, index).mobile if by_phone else members.address(index),
        "DATE": str(members.changed(index)),
        "ID_UNSUBSCRIBE_GROUP": "" if members.is_added(index) else ("", "", "17", "17,23")[index % 4],
    }


def _engagement(world: World, asked: Asked) -> Rows:
    members = Members(world, world.mailing_list(asked))
    numbers = range(members.first_from(asked.id("ID_email") or 0), members.size)
    return Rows(
        {
            "ID_EMAIL": members.people.id_email(index),
            "EMAIL": members.address(index),
            "SCORE": index * 7 % 11,
            "TREND": index * 3 % 5 - 2,
        }
        for index in islice(numbers, asked.limit(ENGAGEMENT_PAGE))
    )


def entries(world: World, asked: Asked) -> list[tuple[Members, int]]:
    """Return the list entries of a recipient, found by ID, address or message; or refuse."""
    id_email, address = asked.text("ID_email"), asked.text("email")
    either = asked.text(ID_OR_ADDRESS)
    if either.isdecimal():
        id_email = either
    elif either:
        address = either
    lists = [Members(world, people) for people in world.lists]
    if id_email:
        found = [(members, members.find(int(id_email) if id_email.isdecimal() else -1)) for members in lists]
        entries = [(members, index) for members, index in found if index is not None]
        if not entries:
            raise Refusal("Invalid ID_email")
        return entries
    if address:
        by_address = [(members, members.find_address(address)) for members in lists]
        return [(members, index) for members, index in by_address if index is not None]
    if asked.has("ID_send_message"):
        index = _recipient_of(world, asked.required_id("ID_send_message"))
        if index is None:
            raise Refusal("Invalid ID_send_message")
        return [(lists[0], index)]
    raise Refusal("Missing ID email")


def _recipient_of(world: World, id_send_message: int) -> int | None:
    for delivery in world.deliveries.values():
        for wide in (False, True):
            low, high = (
                delivery.message_id_of_kind(index, wide) for index in (0, max(0, delivery.recipients - 1))
            )
            index = id_send_message - low
            if id_send_message <= high and 0 <= index < delivery.recipients and is_wide(index) == wide:
                return index
    return None


def _status(world: World, asked: Asked) -> Rows:
    found = entries(world, asked)
    if not found:
        # For an unknown address there is an error without a text.
        raise Refusal("")
    return Rows(
        members.record(index)
        | {"ID_EMAIL": members.people.id_email(index), "ID_MAILING_LIST": members.people.id_user_list}
        for members, index in found
    )


def _history(world: World, asked: Asked) -> Rows:
    # Imported recipients have received nothing yet.
    found = [
        (members.people, index)
        for members, index in entries(world, asked)
        if members.people is world.lists[0] and not members.is_added(index)
    ]
    return Rows(
        _sent(world, people, delivery, index)
        for people, index in found
        for delivery in world.deliveries.values()
        if delivery.state(index, world.progress(delivery)).date
    )


def _sent(world: World, people: MailingList, delivery: Delivery, index: int) -> Record:
    campaign, progress = world.campaign_of(delivery), world.progress(delivery)
    state = delivery.state(index, progress)
    where = place_of(world.seed, index)
    responses: list[Value] = [
        {
            "URL": link_of(delivery, event.link).url if event.kind == CLICK else "",
            "COUNTRY": where["country"],
            "REGION_CODE": where["region_code"],
            "CITY": where["city"],
            "DATE": str(delivery.instant(event.time)),
        }
        for event in until(reactions(delivery), progress)
        if event.who == index % PATTERN
    ]
    return {
        "MESSAGE_NAME": campaign.name,
        "ID_MESSAGE": number(campaign.id_message),
        "SUBJECT": subject_of(campaign, delivery),
        "PREVIEW": f"https://example.com/preview?m={delivery.message_id(index)}",
        "READ_COUNT": number(state.reads),
        "CLICK_COUNT": number(state.clicks),
        "ID_EMAIL": number(people.id_email(index)),
        "ID_SEND": number(delivery.id_send),
        "ID_SEND_MESSAGE": number(delivery.message_id(index)),
        "DATE_SEND": state.date,
        "EMAIL_FROM": SENDER,
        "NAME_FROM": "Café & shop",
        "ID_USER_LIST": number(people.id_user_list),
        "TYPE_MESSAGE": "email",
        "RESPONSE_DATA": responses,
    }


def _is_unsubscribed(world: World, asked: Asked) -> Whole:
    found = entries(world, asked)
    if not found:
        raise Refusal("")
    members, index = found[0]
    answer = "TRUE" if any(each.state(number) == "unsubscribe" for each, number in found) else "FALSE"
    record: Value = {
        "email": members.address(index),
        "ID_email": number(members.people.id_email(index)),
        "error_status": "0",
        "unsubscribe": answer,
        "topics": None,
        "timeout": {"date": "0000-00-00"},
    }
    return Whole(record, answer)


ANSWERS: dict[str, Function] = {
    "mailkit.mailinglist.list": _lists,
    "mailkit.mailinglist.getstatus": _members,
    "mailkit.mailinglist.unsubscribed": _unsubscribed,
    "mailkit.mailinglist.engagement": _engagement,
    "mailkit.email.getstatus": _status,
    "mailkit.email.getstatus.history": _history,
    "mailkit.email.unsubscribe.getstatus": _is_unsubscribed,
}
