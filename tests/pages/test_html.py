"""What is written into a page, and what must not be."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
from pages.cases import CASES, link, many, nobody, one, usual, without_test

from airflow_provider_mailkit.pages.html import render_mail, render_page

VOID = {"meta", "rect", "line", "circle"}
forms = pytest.mark.parametrize("render", [render_page, render_mail], ids=["page", "mail"])
every_case = pytest.mark.parametrize("case", CASES)


class Read(HTMLParser):
    """Takes a page apart; its elements must be closed in order."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.feed(page)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if "style" not in self.open:
            self.texts.append(data)

    @property
    def text(self) -> str:
        return re.sub(r"[ \n]+", " ", " ".join(self.texts))


@forms
@every_case
def test_a_page_needs_nothing_else_and_runs_nothing(render, case):
    page = render(CASES[case]())
    tags = Read(page).tags
    assert not {tag for tag, _ in tags} & {"script", "link", "img", "iframe", "object", "form", "base", "a"}
    for _, attributes in tags:
        assert not {"src", "href", "srcset", "action", "background"} & set(attributes)
        assert not [name for name in attributes if name.startswith("on")]
    assert not re.search(r"url\(|@import|https?:", page)


@every_case
def test_a_mail_has_what_programs_for_mails_know(case):
    mail = render_mail(CASES[case]())
    assert not {tag for tag, _ in Read(mail).tags} & {"svg", "style", "details", "section", "main", "dl"}
    assert "class=" not in mail
    assert "var(" not in mail
    assert len(mail.encode()) < 49_152


@forms
def test_texts_are_escaped(render):
    figures = usual("<script>alert(1)</script> & \"more\" 'of it'")
    figures.links.top[0] = link(1, 9, "</td><img src=x onerror=alert(1)>")
    page = render(figures, "<b>Title</b>")
    read = Read(page)
    assert "<b>Title</b>" in read.text
    assert "<script>alert(1)</script> & \"more\" 'of it'" in read.text
    assert "</td><img src=x onerror=alert(1)>" in read.text
    assert not {tag for tag, _ in read.tags} & {"script", "img"}


@forms
def test_an_address_in_the_title_is_not_shown(render):
    page = render(usual(), "For boss@example.com and boss%40example.org")
    assert not re.search(r"boss|@example|%40", page)
    assert "For [address] and [address]" in page


@forms
def test_the_figures_are_there(render):
    text = Read(render(usual())).text
    for shown in (
        "Delivery 5001 · sent 1 March 2026, 08:00 (Europe/Prague)",
        "Of 50\u202f000 recipients, 48\u202f544 got it. 49.7\u202f% of those read it, "
        "and 18.3\u202f% clicked.",
        "Delivered 48\u202f544 97.1\u202f% of all",
        "Bounced 1\u202f456 2.9\u202f% of all",
        "Read 24\u202f150 49.7\u202f% of delivered",
        "Clicked 8\u202f870 18.3\u202f% of delivered",
        "Unsubscribed 61 0.13\u202f% of delivered",
        "Version A was read more often",
        "No proven difference: A and B were clicked about equally often",
        "Offer 0: cups & saucers",
        "Mailbox is full",
        "Figures as of 3 March 2026, 10:30 (Europe/Prague).",
        "In all there were 48\u202f320 reads and 10\u202f890 clicks.",
        "1 person marked it as spam.",
    ):
        assert shown in text, shown


def test_the_page_has_the_course_and_its_numbers():
    page = render_page(usual())
    assert (
        'aria-label="Reads per hour: most of them, 1\u202f204, in the hour from 09:00 on 1 March 2026.'
        in page
    )
    text = Read(page).text
    assert "1 March 2026, 09:00 1\u202f204 310" in text
    assert "1 March 2026, 10:00 0 1" in text


@forms
def test_what_is_not_there_is_said(render):
    text = Read(render(nobody())).text
    assert "Mailkit's report of this delivery names no recipient." in text
    assert "No link has been clicked so far." in text
    assert "No e-mail has come back." in text
    assert "A against B" not in text
    assert "not final" not in text
    assert "\u2013" not in text


def test_of_one_recipient_nothing_is_said_in_the_plural():
    text = Read(render_page(one())).text
    assert "Of 1 recipient, 1 got it. 100.0\u202f% of those read it" in text
    # Nobody has clicked, so there is one picture.
    assert render_page(one()).count('class="course"') == 1


@forms
def test_who_waits_is_said(render):
    text = Read(render(many())).text
    assert "1\u202f234 e-mails are neither delivered nor bounced yet: the figures are not final." in text


@forms
def test_without_a_test_there_is_no_comparison(render):
    text = Read(render(without_test())).text
    assert "A against B" not in text
    assert "Fisher" not in text


def test_many_links_are_folded_and_counted():
    figures = many()
    page, mail = Read(render_page(figures)).text, Read(render_mail(figures)).text
    shown = sum(each.clicks for each in figures.links.top[:15])
    assert f"202 more links with {500_000 - shown:,} clicks together.".replace(",", "\u202f") in page
    assert "Show the next 185" in page
    assert "Offer 199:" in page
    assert "Offer 9:" in mail
    assert "Offer 10:" not in mail
    assert "207 more links with" in mail
    figures.links.more = 0
    assert "Show them" in render_page(figures)


def test_a_mail_stays_small_whatever_the_texts_are():
    figures = many()
    figures.links.top = [link(number, 9, "<" * 300) for number in range(200)]
    assert len(render_mail(figures, "ž" * 5000).encode()) < 49_152
