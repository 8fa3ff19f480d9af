"""mailkit.report and the reports of one campaign or delivery."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta
from typing import NamedTuple

from airflow_provider_mailkit.sandbox.answers import Function, Recipients, Rows, Whole, same
from airflow_provider_mailkit.sandbox.asked import Asked, Refusal
from airflow_provider_mailkit.sandbox.deliveries import Delivery
from airflow_provider_mailkit.sandbox.encoding import Record, Value, mixed, money, number
from airflow_provider_mailkit.sandbox.people import MailingList, person
from airflow_provider_mailkit.sandbox.places import place_of
from airflow_provider_mailkit.sandbox.reactions import (
    CLICK,
    LINKS,
    READ,
    REVENUE,
    SPAM_REPORT,
    UNSUBSCRIBE,
    Event,
    LinkTotals,
    bounces,
    clicks_of,
    logged,
    reactions,
    total_reactions,
    until,
    visits,
)
from airflow_provider_mailkit.sandbox.world import SENDER, Campaign, World

_PERIODS = {"DAY": timedelta(days=1), "WEEK": timedelta(days=7), "MONTH": timedelta(days=31)}
_LINK_IDS = 8_000_000


class Link(NamedTuple):
    """A link of a campaign."""

    id_url: int
    url: str
    title: str
    anchor: str


def link_of(delivery: Delivery, link: int) -> Link:
    """Return link number `link` of a delivery. All deliveries of a campaign have the same links."""
    id_url = _LINK_IDS + delivery.id_message % 100_000 * 10 + link
    if link == LINKS - 1:
        return Link(id_url, "https://example.org/profile?unsubscribe=1", "Your profile", "profile.png")
    title = f"Offer {link + 1}: cups & saucers in every colour that we have in our shop"
    return Link(id_url, f"https://example.com/offer/{link + 1}?utm_campaign=news", title, f"offer {link + 1}")


def subject_of(campaign: Campaign, delivery: Delivery) -> str:
    """Return the subject of a delivery."""
    return f"{campaign.subject}, issue {delivery.issue}"


def bounce_of(world: World, index: int) -> tuple[str, str, str]:
    """Return why a message has bounced: the code, the category, and the state of the address since then."""
    state = world.lists[0].state(index)
    if state == "permanent":
        return "5.1.1", "bad-mailbox", state
    return ("4.4.2", "bad-connection", state) if state == "temporary" else ("4.2.2", "quota-issues", state)


def _overview(world: World, asked: Asked) -> Rows:
    return Rows(_campaign_totals(world, *asked.days()), is_loose=False)


def _campaign_totals(world: World, first: date, last: date) -> Iterator[Record]:
    for campaign in world.campaigns:
        within = [each for each in campaign.deliveries if first <= each.start.date() <= last]
        if within:
            sums: Counter[str] = Counter()
            for delivery in within:
                sums.update(_counts(delivery, world.progress(delivery)))
            yield {
                "ID_MESSAGE": number(campaign.id_message),
                "NAME": campaign.name,
                **{name: number(sums[name]) for name in _COUNTS},
                "CLICK_RATE": _rate(sums["CLICK_COUNT_U"], sums["DELIVERED_COUNT"]),
            }


_COUNTS = ("SEND_COUNT", "DELIVERED_COUNT", "READ_COUNT", "READ_COUNT_U", "CLICK_COUNT", "CLICK_COUNT_U")


def _counts(delivery: Delivery, progress: float) -> dict[str, int]:
    totals = delivery.totals(progress)
    return {
        # This includes recipients who still wait: they are neither delivered nor failed.
        "SEND_COUNT": delivery.recipients,
        "DELIVERED_COUNT": totals.statuses["sent"],
        "READ_COUNT": totals.reads,
        "READ_COUNT_U": totals.readers,
        "CLICK_COUNT": totals.clicks,
        "CLICK_COUNT_U": totals.clickers,
    }


def _rate(part: int, whole: int) -> str:
    return f"{100 * part / whole:.2f}" if whole else ""


def _campaign(world: World, asked: Asked) -> Rows:
    campaign = world.campaign(asked.required_id("ID_message"))
    first, last = asked.days()
    within = [each for each in campaign.deliveries if first <= each.start.date() <= last]
    return Rows((_delivery(world, campaign, each) for each in within), is_loose=False)


def _delivery(world: World, campaign: Campaign, delivery: Delivery) -> Record:
    progress = world.progress(delivery)
    counts = _counts(delivery, progress)
    totals = total_reactions(delivery, progress)
    return {
        "ID_SEND": number(delivery.id_send),
        "DATE": str(delivery.start),
        "DATE2": str(delivery.start.date()),
        "FROM": SENDER,
        "SUBJECT": subject_of(campaign, delivery),
        **{name: number(count) for name, count in counts.items()},
        "CLICK_RATE": _rate(counts["CLICK_COUNT_U"], counts["DELIVERED_COUNT"]),
        "CLICK_RATE2": _rate(counts["CLICK_COUNT_U"], counts["READ_COUNT_U"]),
        "CONVERSION_COUNT": number(totals.conversions),
        "CONVERSION_COUNT_U": number(totals.converters),
        "REV": money(totals.conversions * REVENUE),
        "UNSUBSCRIBE": mixed(totals.unsubscribed),
        "SPAM_REPORT": mixed(totals.complaints),
        "FORWARD_COUNT": mixed(0),
        "PRINT_COUNT": mixed(0),
    }


def _message(world: World, asked: Asked) -> Whole:
    delivery, progress = world.asked_delivery(asked)
    counts = _counts(delivery, progress)
    failed = delivery.totals(progress).statuses["failed"]
    totals = total_reactions(delivery, progress)
    return same({
        "SUBJECT": subject_of(world.campaign_of(delivery), delivery),
        "SEND_DATE": str(delivery.start),
        "SEND_COUNT": number(counts.pop("SEND_COUNT")),
        "DELIVERED_COUNT": number(counts.pop("DELIVERED_COUNT")),
        "FAILED_COUNT": number(failed) if failed else "",
        **{name: number(count) for name, count in counts.items()},
        "MINIPAGE_CLICK_COUNT": number(0),
        "CONVERSION_COUNT": number(totals.conversions),
        "CONVERSION_COUNT_U": number(totals.converters),
        "REV": money(totals.conversions * REVENUE),
        "UTM": f"news_{delivery.start.date()}",
    })  # fmt: skip


def _recipients(world: World, asked: Asked) -> Recipients:
    return Recipients(*world.asked_delivery(asked))


def _feedback(world: World, asked: Asked) -> Rows:
    period = asked.text("period").upper() or "DAY"
    delivery, progress = world.asked_delivery(asked)
    if period not in _PERIODS:
        raise Refusal("Invalid period")
    end = delivery.start + _PERIODS[period]
    # By hours, written without seconds; a month by days, written without time.
    length = len("2026-03-01") if period == "MONTH" else len("2026-03-01 08")
    sums: dict[str, Counter[str]] = {}
    for event in until(reactions(delivery), progress):
        instant = delivery.instant(event.time)
        if instant < end:
            counts = sums.setdefault(str(instant)[:length], Counter())
            counts.update(dict.fromkeys(_counters_of(event), delivery.copies(event.who)))
    return Rows(_feedback_record(when, counts) for when, counts in sums.items())


def _counters_of(event: Event) -> tuple[str, ...]:
    if event.kind == READ:
        return ("READ", "OPEN") if event.nth == 1 else ("READ",)
    if event.kind == CLICK:
        return ("CLICK", "VISIT") if event.nth == 1 else ("CLICK",)
    return ({UNSUBSCRIBE: "UNSUBSCRIBE", SPAM_REPORT: "SPAM_REPORT"}[event.kind],)


def _feedback_record(when: str, counts: Counter[str]) -> Record:
    return {
        "DATE": f"{when}:00" if " " in when else when,
        "READ": mixed(counts["READ"]),
        "OPEN": mixed(counts["OPEN"]),
        "OPEN_P": mixed(counts["OPEN"]),
        "CLICK": mixed(counts["CLICK"]),
        "VISIT": mixed(counts["VISIT"]),
        "VISIT_P": mixed(counts["VISIT"]),
        "UNSUBSCRIBE": counts["UNSUBSCRIBE"],
        "SPAM_REPORT": counts["SPAM_REPORT"],
    }


def _links(world: World, asked: Asked) -> Rows:
    delivery, progress = world.asked_delivery(asked)
    links = total_reactions(delivery, progress).links
    return Rows(_link_records(delivery, links[key], *key) for key in sorted(links))


def _link_records(delivery: Delivery, totals: LinkTotals, number_of_link: int, version: str) -> Record:
    link = link_of(delivery, number_of_link)
    return {
        "ID_URL": link.id_url,
        "URL": link.url,
        "TITLE": link.title,
        "TITLE_SHORT": link.title[:25],
        "ANCHOR": link.anchor,
        "AB_VERSION": version,
        "CLICK": totals.clicks,
        "VISIT": visits(delivery, totals),
        "CONVERSION": totals.conversions,
    }


def _visitors(world: World, asked: Asked) -> Rows:
    delivery, progress = world.asked_delivery(asked)
    wanted = asked.required_id("ID_url")
    links = [link for link in range(LINKS) if link_of(delivery, link).id_url == wanted]
    if not links:
        raise Refusal("Invalid ID_url")
    clicks = clicks_of(delivery, links[0], progress)
    return Rows(_visitor(world, delivery, *each) for each in clicks)


def _visitor(world: World, delivery: Delivery, index: int, count: int, time: float) -> Record:
    data: dict[str, Value] = {name.upper(): value for name, value in place_of(world.seed, index).items()}
    return {
        "ID_EMAIL": number(world.lists[0].id_email(index)),
        "EMAIL": person(world.seed, index).address,
        "COUNT": number(count),
        "DATA": data | {"DATETIME": str(delivery.instant(time))},
    }


def _bounces(world: World, asked: Asked) -> Rows:
    delivery, progress = world.asked_delivery(asked)
    happened = until(bounces(delivery), progress)
    people = world.lists[0]
    return Rows(
        _bounce(world, people, delivery, row.who, row.event.time)
        for row in logged(delivery, happened, first_log=0, start=0)
    )


def _bounce(world: World, people: MailingList, delivery: Delivery, index: int, time: float) -> Record:
    code, _, state = bounce_of(world, index)
    return {
        "EMAIL": person(world.seed, index).address,
        "ID_EMAIL": number(people.id_email(index)),
        "ID_USER_LIST": number(people.id_user_list),
        "ID_SEND_MESSAGE": number(delivery.message_id(index)),
        "DATE": str(delivery.instant(time)),
        "STATUS": code,
        "EMAIL_STATUS": state,
    }


ANSWERS: dict[str, Function] = {
    "mailkit.report": _overview,
    "mailkit.report.campaign": _campaign,
    "mailkit.report.message": _message,
    "mailkit.report.message.recipients": _recipients,
    "mailkit.report.message.feedback": _feedback,
    "mailkit.report.message.links": _links,
    "mailkit.report.message.links.visitors": _visitors,
    "mailkit.report.message.bounces": _bounces,
}
