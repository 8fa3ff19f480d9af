"""mailkit.campaigns.*: campaigns, their deliveries, and their schedules."""

from __future__ import annotations

import math
from datetime import datetime, timedelta
from itertools import islice

from airflow_provider_mailkit.sandbox.answers import Function, Rows, Whole
from airflow_provider_mailkit.sandbox.asked import Asked, Refusal
from airflow_provider_mailkit.sandbox.clock import zone
from airflow_provider_mailkit.sandbox.encoding import Record, Value, number
from airflow_provider_mailkit.sandbox.reports import subject_of
from airflow_provider_mailkit.sandbox.schedules import Schedule
from airflow_provider_mailkit.sandbox.world import FIRST_ID_MESSAGE, IDS_OF_A_CAMPAIGN, Campaign, World

_ZONES = (("Europe/Prague", ["CET", "CEST"]), ("Europe/London", ["GMT", "BST"]), ("Africa/Abidjan", ["GMT"]))
_MOST = 50
_ALWAYS_WAITING = 63_001


def _campaigns(world: World, asked: Asked) -> Rows:
    wanted = asked.id("ID_message")
    # A campaign that does not exist gives an empty list, and no error.
    return Rows(
        _campaign(world, campaign)
        for campaign in world.campaigns
        if wanted is None or campaign.id_message == wanted
    )


def _campaign(world: World, campaign: Campaign) -> Record:
    last = campaign.deliveries[-1]
    has_test = last.ab_test
    # A list of one is a number in Mailkit's own sample.
    lists: list[Value] = [world.lists[0].id_user_list]
    if campaign.id_message == FIRST_ID_MESSAGE:
        lists.append(world.lists[2].id_user_list)
    return {
        "NAME": campaign.name,
        "ID_MESSAGE": campaign.id_message,
        "SUBJECT": campaign.subject,
        "SUBJECT_B": f"{campaign.subject}!" if has_test else "",
        "MSG_TYPE": "email",
        "CAMPAIGN_TYPE": "normal",
        "USE_AB": has_test,
        "TEST_MODE": campaign.test_mode,
        "SEND_DATE": str(last.start),
        "TIME_ZONE": "Europe/Prague",
        "LAST_SENT": str(last.start),
        "REPEAT": True,
        "REPEAT_COUNT": len(campaign.deliveries),
        "PERIOD": "week",
        "DAYS": "1,2,3,4,5,6,7",
        "STATUS": campaign.status,
        "TYPE": "single",
        "USER_LIST": lists if len(lists) > 1 else lists[0],
    }


def _history(world: World, asked: Asked) -> Rows:
    count = asked.id("list_count")
    if count is not None and not 1 <= count <= _MOST:
        raise Refusal("Invalid list_count")
    wanted = asked.id("ID_message")
    campaigns = world.campaigns if wanted is None else [world.campaign(wanted)]
    newest = sorted(
        (delivery for campaign in campaigns for delivery in campaign.deliveries),
        key=lambda delivery: (delivery.start, delivery.id_send),
        reverse=True,
    )
    return Rows(
        {
            "ID_MESSAGE": number(delivery.id_message),
            "ID_SEND": number(delivery.id_send),
            "DATE": str(delivery.start),
            "PREVIEW": f"https://example.com/preview?s={delivery.id_send}",
        }
        for delivery in islice(newest, count or 10)
    )


def _schedule(world: World, asked: Asked) -> Whole:
    campaign = world.campaign(asked.required_id("ID_message"))
    when = asked.text("send_date")
    if not when:
        raise Refusal("Missing send_date")
    try:
        due = None if when == "now" else datetime.fromisoformat(when).replace(tzinfo=None)
    except ValueError:
        raise Refusal("Invalid send_date") from None
    if len(campaign.deliveries) + len(world.schedules.of(campaign.id_message)) >= IDS_OF_A_CAMPAIGN:
        raise Refusal("The sandbox has no more room for this campaign")
    made = world.schedules.add(campaign.id_message, asked.text("subject") or campaign.subject, due)
    # Nobody has seen Mailkit's answer.
    return Whole({"error_status": 0, "data": made.id_queue}, number(made.id_queue))


def _schedules(world: World, asked: Asked) -> Whole:
    """Answer the schedules: those of callers, and one that the first campaign always has."""
    wanted = asked.id("ID_message")
    campaign = world.campaign(FIRST_ID_MESSAGE if wanted is None else wanted)
    last = campaign.deliveries[-1]
    waiting = world.schedules.of(campaign.id_message)
    if campaign.id_message == FIRST_ID_MESSAGE:
        # Of the day after today, as the last delivery was yesterday.
        due, subject = last.start + timedelta(days=2), subject_of(campaign, last)
        waiting.append(Schedule(_ALWAYS_WAITING, campaign.id_message, subject, last.start, due, math.inf))
    data: list[Value] = [
        {
            "ID_SEND_MESSAGE_QUEUE": schedule.id_queue,
            "DATE": str(schedule.made),
            "DATE_SEND": str(schedule.due),
            "TIME_ZONE": schedule.made.replace(tzinfo=zone()).isoformat()[-6:],
            "SUBJECT": schedule.subject,
            "SUBJECT_B": "",
            "USE_AB": "TRUE" if last.ab_test else "FALSE",
        }
        for schedule in waiting
    ]
    about: Value = number(wanted) if wanted is not None else ""
    shown: Value = data or ""
    return Whole(
        {"ID_message": about, "error_status": 0, "data": shown},
        {"ID_message": about, "error": 0, "data": shown},
    )


def _zones(world: World, asked: Asked) -> Rows:
    return Rows({"TIMEZONE": name, "TZ_CODES": list(codes)} for name, codes in _ZONES)


ANSWERS: dict[str, Function] = {
    "mailkit.campaigns.list": _campaigns,
    "mailkit.campaigns.history": _history,
    "mailkit.campaigns.single.schedule": _schedule,
    "mailkit.campaigns.schedule.list": _schedules,
    "mailkit.campaigns.schedule.timezone": _zones,
    "mailkit.campaigns.schedule.timezones": _zones,
}
