"""The raw reports: rows of all campaigns, ordered by ID, in pages that begin with the start ID."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from itertools import islice

from airflow_provider_mailkit.sandbox.answers import Function, Rows
from airflow_provider_mailkit.sandbox.asked import Asked
from airflow_provider_mailkit.sandbox.deliveries import Delivery, is_wide
from airflow_provider_mailkit.sandbox.encoding import Record, Value, number
from airflow_provider_mailkit.sandbox.people import person
from airflow_provider_mailkit.sandbox.places import place_of
from airflow_provider_mailkit.sandbox.reactions import (
    CLICK,
    FIRST_LOG,
    FIRST_UNDELIVERED_LOG,
    LINKS,
    UNSUBSCRIBE,
    Logged,
    bounces,
    logged,
    reactions,
    until,
)
from airflow_provider_mailkit.sandbox.reports import bounce_of, link_of, subject_of
from airflow_provider_mailkit.sandbox.world import World

PAGE = 25_000


def _messages(world: World, asked: Asked) -> Rows:
    start = asked.id("ID_send_message") or 0
    view = world.logs.look("messages")
    deliveries = [(each, world.progress(each)) for each in world.chosen(asked)]
    # Wide IDs are greater than all others, whatever the delivery.
    messages = (
        (delivery, progress, index)
        for wide in (False, True)
        for delivery, progress in deliveries
        for index in _from(delivery, view.begin(start), wide)
    )
    shown = view.shown(messages, lambda row: row[0].message_id(row[2]), start)
    return Rows(_message(world, *each) for each in islice(shown, asked.limit(PAGE)))


def _from(delivery: Delivery, start: int, wide: bool) -> Iterator[int]:
    """Yield the recipients whose message IDs are of one kind, and not below `start`."""
    everybody = range(delivery.recipients)
    first = bisect_left(everybody, start, key=lambda index: delivery.message_id_of_kind(index, wide))
    return (index for index in everybody[first:] if is_wide(index) == wide)


def _message(world: World, delivery: Delivery, progress: float, index: int) -> Record:
    people = world.lists[0]
    somebody = person(world.seed, index)
    state = delivery.state(index, progress)
    id_message_sent = delivery.message_id(index)
    where = place_of(world.seed, index)
    return {
        "ID_message": number(delivery.id_message),
        "ID_send": number(delivery.id_send),
        "ID_send_message": number(id_message_sent),
        "ID_user_list": number(people.id_user_list),
        "ID_email": number(people.id_email(index)),
        "ID_template": "",
        "type_message": "email",
        "email": somebody.address,
        "email_date": str(people.joined(index)),
        "message_date": str(delivery.start),
        "date_sent": state.date,
        "ab_version": state.ab_version,
        "message_status": state.status,
        "tld": somebody.domain.rpartition(".")[2],
        "domain": somebody.domain,
        **{f"custom_{position}": _custom(index, position) for position in range(1, 26)},
        "prefix": "Ing." if somebody.bits >> 40 & 7 == 0 else "",
        "vocative": "",
        "first_name": somebody.first_name,
        "last_name": somebody.last_name,
        "full_name": f"{somebody.first_name} {somebody.last_name}",
        "nick_name": "",
        "gender": somebody.gender,
        "reply_to": somebody.address if somebody.bits >> 43 & 7 == 0 else "",
        "company": "",
        "street": f"Dlouhá {index % 90 + 1}",
        "city": somebody.city,
        "state": "",
        "country": "Czechia",
        "zip": f"{10_000 + index % 60_000:05d}",
        "phone": "",
        "mobile": somebody.mobile,
        "fax": "",
        **{
            f"s_{name}": where[name]
            for name in ("continent", "country", "region", "city", "org", "browser", "os")
        },
        "preview_url": f"https://example.com/preview?m={id_message_sent}",
    }


def _custom(index: int, position: int) -> str:
    return (
        f"tier {index % 3}"
        if position == 1
        else "line one\nline two"
        if position == 2 and index % 50 == 7
        else ""
    )


def _responses(world: World, asked: Asked) -> Rows:
    start, wanted = asked.id("ID_log") or 0, asked.id("ID_send_message")
    view = world.logs.look("responses")
    rows = (
        (delivery, row)
        for delivery in world.chosen(asked)
        for row in logged(
            delivery, until(reactions(delivery), world.progress(delivery)), FIRST_LOG, view.begin(start)
        )
    )
    shown = view.shown(rows, lambda row: row[1].id_log, start)
    chosen = (each for each in shown if wanted is None or each[0].message_id(each[1].who) == wanted)
    return Rows(_response(world, *each) for each in islice(chosen, asked.limit(PAGE)))


def _response(world: World, delivery: Delivery, row: Logged) -> Record:
    somebody, event = person(world.seed, row.who), row.event
    link = link_of(delivery, event.link) if event.kind == CLICK else None
    url = link.url if link else ""
    return {
        "ID_log": number(row.id_log),
        "date": str(delivery.instant(event.time)),
        "type": event.kind,
        "email": somebody.address,
        "ID_email": number(world.lists[0].id_email(row.who)),
        "ID_user_list": number(world.lists[0].id_user_list),
        "ID_message": number(delivery.id_message),
        "ID_send": number(delivery.id_send),
        "ID_send_message": number(delivery.message_id(row.who)),
        "ab_version": delivery.fate(row.who).version,
        "domain": somebody.domain,
        "tld": somebody.domain.rpartition(".")[2],
        "ID_url": number(link.id_url) if link else "",
        "link_type": "link" if link else "",
        # The link to the profile has the reader's address in it.
        "link_url": f"{url}&email={somebody.address}" if link and event.link == LINKS - 1 else url,
        "link_text": link.anchor if link else "",
        "link_title": link.title if link else "",
        "unsubscribe_answer": "Too many messages" if event.kind == UNSUBSCRIBE else "",
        **place_of(world.seed, row.who),
        "code3": "CZE",
    }


def _raw_bounces(world: World, asked: Asked) -> Rows:
    start = asked.id("ID_undelivered_log") or 0
    view = world.logs.look("bounces")
    rows = (
        (delivery, row)
        for delivery in world.chosen(asked)
        for row in logged(
            delivery,
            until(bounces(delivery), world.progress(delivery)),
            FIRST_UNDELIVERED_LOG,
            view.begin(start),
        )
    )
    shown = view.shown(rows, lambda row: row[1].id_log, start)
    return Rows(_bounce(world, *each) for each in islice(shown, asked.limit(PAGE)))


def _bounce(world: World, delivery: Delivery, row: Logged) -> Record:
    somebody, campaign = person(world.seed, row.who), world.campaign_of(delivery)
    code, category, _ = bounce_of(world, row.who)
    record: dict[str, Value] = {
        "ID_UNDELIVERED_LOG": number(row.id_log),
        "ID_MESSAGE": number(delivery.id_message),
        "CAMPAIGN_NAME": campaign.name,
        "SUBJECT": subject_of(campaign, delivery),
        "UTM_CAMPAIGN": f"news_{delivery.start.date()}",
        "ID_SEND": number(delivery.id_send),
        # As Mailkit spells it.
        "ID_SEND_MESSGE": number(delivery.message_id(row.who)),
        "ID_USER_LIST": number(world.lists[0].id_user_list),
        "ID_EMAIL": number(world.lists[0].id_email(row.who)),
        "EMAIL": somebody.address,
        "STATUS": code,
        "TEXT_STATUS": f"smtp;{'550' if code[0] == '5' else '452'} {code} <{somebody.address}>: not accepted",
        "BOUNCE_CAT": category,
    }
    # Mailkit's records differ in their members.
    return record | ({"REMOTE_MTA": f"mx.{somebody.domain}"} if code[0] == "5" else {})


ANSWERS: dict[str, Function] = {
    "mailkit.report.raw.messages": _messages,
    "mailkit.report.raw.responses": _responses,
    "mailkit.report.raw.bounces": _raw_bounces,
}
