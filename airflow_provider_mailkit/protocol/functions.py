"""What has to be known about single functions of the API, besides their names.

Source: Mailkit's public reference pages and public client code. A function that is not listed can be
called all the same: it is taken for one that changes something, and it is never repeated.
"""

from __future__ import annotations

RECIPIENTS = "mailkit.report.message.recipients"
CAMPAIGN = "mailkit.report.campaign"
MAILING_LISTS = "mailkit.mailinglist.list"

#: Functions that only read, so that a call whose answer got lost may be made again.
READ_ONLY = frozenset(
    {
        "mailkit.campaigns.history",
        "mailkit.campaigns.list",
        "mailkit.campaigns.schedule.list",
        "mailkit.campaigns.schedule.timezone",
        "mailkit.campaigns.schedule.timezones",
        "mailkit.email.getstatus",
        "mailkit.email.getstatus.history",
        "mailkit.email.unsubscribe.getstatus",
        "mailkit.filemanager.list",
        MAILING_LISTS,
        "mailkit.mailinglist.engagement",
        "mailkit.mailinglist.getstatus",
        "mailkit.mailinglist.unsubscribed",
        "mailkit.profile.emails.list",
        "mailkit.profile.queries.list",
        "mailkit.report",
        CAMPAIGN,
        "mailkit.report.message",
        "mailkit.report.message.bounces",
        "mailkit.report.message.feedback",
        "mailkit.report.message.links",
        "mailkit.report.message.links.visitors",
        RECIPIENTS,
        "mailkit.report.raw.bounces",
        "mailkit.report.raw.messages",
        "mailkit.report.raw.responses",
        "mailkit.sendmail_mass.results",
    }
)

#: Functions whose JSON parameters stand beside ``function`` instead of inside ``parameters``.
JSON_TOP_LEVEL = frozenset({"mailkit.campaigns.list", "mailkit.sendmail_mass"})

#: Functions whose XML-RPC answer is never a plain string unless it is an error text.
XMLRPC_NEVER_TEXT = (READ_ONLY - {"mailkit.email.unsubscribe.getstatus"}) | {
    "mailkit.campaigns.create",
    "mailkit.email.delete",
    "mailkit.email.move",
    "mailkit.email.unsubscribe",
    "mailkit.email.wipe",
    "mailkit.filemanager.upload",
    "mailkit.mailinglist.create",
    "mailkit.mailinglist.delete",
    "mailkit.sendmail",
}
