"""What a report is asked for with: lists of IDs, all, and what is not known yet, in every combination."""

from __future__ import annotations

from itertools import product

import pytest

from airflow_provider_mailkit.catalogue.columns import INTEGER, Column
from airflow_provider_mailkit.catalogue.function import READ, Answer, Function
from airflow_provider_mailkit.catalogue.parameters import ID_OR_ADDRESS, Parameter
from airflow_provider_mailkit.catalogue.report import Context, Report
from airflow_provider_mailkit.catalogue.reports.deliveries import VISITORS
from airflow_provider_mailkit.exceptions import MailkitError
from airflow_provider_mailkit.protocol.plan import Plan, check_parameters

SENDS = (5001, "5001", [5001, 5002, "5003"], (5001,))
URLS = (7, "7", [7, 8], "all", " ALL ")


@pytest.mark.parametrize(("id_send", "id_url"), list(product(SENDS, URLS)), ids=str)
def test_ids_of_two_parameters_go_together(id_send, id_url):
    check_parameters(VISITORS, {"ID_send": id_send, "ID_url": id_url})


def test_all_of_each_of_several_are_asked_for():
    calls = Plan(VISITORS, {"ID_send": [5001, 5002], "ID_url": "all"}).calls()
    asked = []
    call = next(calls)
    while True:
        asked.append((call.is_listing, call.parameters.get("ID_send"), call.parameters.get("ID_url")))
        try:
            call = calls.send([7, 8] if call.is_listing else None)
        except StopIteration:
            break
    assert asked == [
        (True, 5001, None), (False, 5001, 7), (False, 5001, 8),
        (True, 5002, None), (False, 5002, 7), (False, 5002, 8),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("id_send", "id_url"),
    [([5001, "x"], 7), ([5001, 0], "all"), (5001, [7, None]), ([5001], [7, "all"]), ("all", 7), ([], "all")],
    ids=str,
)
def test_a_wrong_id_in_a_list_is_named_wherever_it_stands(id_send, id_url):
    with pytest.raises(MailkitError, match=r"ID_send|ID_url"):
        check_parameters(VISITORS, {"ID_send": id_send, "ID_url": id_url})


@pytest.mark.parametrize("known", [5001, [5001, 5002]], ids=str)
def test_a_list_is_checked_beside_what_is_not_known_yet(known):
    check_parameters(VISITORS, {"ID_send": known, "ID_url": "{{ x }}"}, unknown=["ID_url"])
    check_parameters(VISITORS, {"ID_send": ["{{ x }}", 5002], "ID_url": "all"}, unknown=["ID_send"])
    with pytest.raises(MailkitError, match="ID_send"):
        check_parameters(VISITORS, {"ID_send": [5001, "x"], "ID_url": "{{ x }}"}, unknown=["ID_url"])


def test_an_id_in_a_column_of_addresses_is_a_text_in_the_rows_and_a_number_in_the_call():
    who = Parameter("who", ID_OR_ADDRESS)
    function = Function("mailkit.shop.orders.of", READ, "Orders.", (who,), answer=Answer("rows"))
    report = Report(
        function,
        row="order",
        context=(Context(Column("WHO"), "who"),),
        columns=(Column("ID_ORDER", INTEGER, key=True),),
    )
    made = list(Plan(report, {"who": [5001, "jan@example.com", " 5001", "7"]}).calls())
    assert [(call.parameters["who"], call.context["WHO"]) for call in made] == [
        (5001, "5001"), ("jan@example.com", "jan@example.com"), (7, "7")
    ]  # fmt: skip
    assert Plan(report, {"who": "5001"}).constant_context() == {"WHO": "5001"}
    assert Plan(report, {}).constant_context() == {"WHO": None}
