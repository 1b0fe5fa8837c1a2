"""The grid of scores and the score card (K044-K046, K051, K053, K056, K062; handbook 3.1, 3.2)."""

import datetime
import re

import pytest
from django.urls import reverse

from accounts.models import Position, Score
from accounts.services.scoring import Given, give_scores
from tests.factories.accounts import (
    AccountFactory,
    CategoryPurchaseFactory,
    ChannelFactory,
    MonthTotalFactory,
)
from tests.factories.selection import handbook_programme
from tests.factories.teams import MembershipFactory, TeamFactory

pytestmark = pytest.mark.django_db
GRID = reverse("accounts:scores")


@pytest.fixture
def example():
    return handbook_programme()


@pytest.fixture
def director(client, example):
    client.force_login(example.director)
    return example.director


@pytest.fixture
def member(example):
    """A member of Birch's team: contributes to that account alone."""
    birch = example.accounts["Birch"]
    birch.team = TeamFactory(programme=example.programme)
    birch.save()
    return MembershipFactory(team=birch.team, role="member").user


def shown(client, **query):
    """What the page would send back as it is."""
    page = client.get(GRID, query).content.decode()
    found = re.findall(r'<input[^>]* name="((?:s|was)-[^"]+)"[^>]* value="([^"]*)"', page)
    return dict(found)


def cell(account, code):
    return f"s-{account.pk}-{code}"


def agreed(account, code, **more):
    rows = Score.objects.in_force().filter(account=account, code=code, scorer=None, **more)
    return rows.values_list("value", flat=True).first()


def test_grid_shows_each_candidate_with_scores_index_and_share(client, director, example):
    page = client.get(GRID)
    body = shown(client)
    assert body[cell(example.accounts["Fir"], "A8")] == "10"
    row = next(row for row in page.context["grid"].rows if row.account.name == "Alder Foods")
    assert (str(row.worth.value), row.worth.scored, row.readiness.is_thin) == ("6.77", 1, True)
    text = page.content.decode()
    assert "thin data" in text
    assert "more than 15 % a year" in text
    AccountFactory(programme=example.programme, name="Maple", status="maintained")
    AccountFactory(programme=example.programme, name="Ivy", status="groomed")
    names = [row.account.name for row in client.get(GRID).context["grid"].rows]
    assert "Ivy" in names
    assert "Maple" not in names
    few = client.get(GRID, {"search": "bir"}).context["grid"].rows
    assert [row.account.name for row in few] == ["Birch Logistics"]
    few = client.get(GRID, {"status": "groomed"}).context["grid"].rows
    assert [row.account.name for row in few] == ["Ivy"]
    assert "No account fits" in client.get(GRID, {"search": "nobody"}).content.decode()


def test_what_comes_back_unchanged_changes_nothing(client, director):
    before = Score.objects.count()
    assert client.post(GRID, shown(client)).status_code == 302
    assert Score.objects.count() == before


def test_changed_cells_are_saved_together_and_positions_follow(client, director, example):
    alder, gorse = example.accounts["Alder"], example.accounts["Gorse"]
    body = shown(client) | {cell(alder, "A1"): "10", cell(gorse, "A2"): "", cell(gorse, "A1"): "6"}
    answer = client.post(GRID, body, follow=True)
    assert "3 scores saved." in answer.content.decode()
    assert (agreed(alder, "A1"), agreed(gorse, "A1"), agreed(gorse, "A2")) == (10, 6, None)
    place = Position.objects.in_force().get(account=gorse, horizon="today")
    assert (place.is_provisional, str(place.attractiveness_scored)) == (True, "0.880000")
    assert "provisional" in client.get(GRID).content.decode()


def test_one_refused_cell_keeps_all_from_being_saved_and_what_was_typed(client, director, example):
    alder, birch = example.accounts["Alder"], example.accounts["Birch"]
    typed = {cell(alder, "A1"): "8", cell(alder, "A2"): "11", cell(birch, "A3"): "x"}
    answer = client.post(GRID, shown(client) | typed)
    assert answer.status_code == 422
    assert agreed(alder, "A1") == 9
    cells = {item.name: item for row in answer.context["grid"].rows for item in row.cells}
    assert {name: cells[name].text for name in typed} == typed
    assert [bool(cells[name].errors) for name in typed] == [False, True, True]
    assert "2 scores are refused" in answer.content.decode()


def test_partnership_above_five_is_refused_at_its_cell(client, director, example):
    """K046: evidence from the customer, given on the score card."""
    alder = example.accounts["Alder"]
    name = cell(alder, "A10")
    answer = client.post(GRID, shown(client) | {name: "6"})
    cells = {item.name: item for row in answer.context["grid"].rows for item in row.cells}
    assert "needs evidence from the customer" in cells[name].errors[0]
    give = reverse("accounts:score_give", args=[alder.pk]) + "?code=A10"
    said = {"value": "6", "horizon": "today", "whose": "agreed", "confidence": "confirmed"}
    assert client.post(give, said).status_code == 422
    said |= {"evidence": "Said in May: you are our partner.", "customer_said": "on"}
    assert client.post(give, said).status_code == 302
    assert agreed(alder, "A10") == 6
    card = client.get(reverse("accounts:scores_of", args=[alder.pk])).content.decode()
    assert "Said in May: you are our partner." in card
    assert "customer said so" in card
    assert "1 earlier score" in card


def test_score_that_somebody_changed_meanwhile_is_not_overwritten(client, director, example):
    alder = example.accounts["Alder"]
    body = shown(client)
    give_scores(actor=director, scores=[Given(alder, "A1", 4)])
    answer = client.post(GRID, body | {cell(alder, "A2"): "9"})  # A1 as it was read
    assert answer.status_code == 302
    assert (agreed(alder, "A1"), agreed(alder, "A2")) == (4, 9)
    answer = client.post(GRID, body | {cell(alder, "A1"): "7"})
    assert "Somebody changed it to 4 meanwhile." in answer.content.decode()
    assert agreed(alder, "A1") == 4
    again = dict(re.findall(r'name="(was-[^"]+)" value="([^"]*)"', answer.content.decode()))
    assert client.post(GRID, again | {cell(alder, "A1"): "7"}).status_code == 302
    assert agreed(alder, "A1") == 7


def test_year_three_strength_and_own_scores_have_grids_of_their_own(client, director, example):
    alder = example.accounts["Alder"]
    later = {"horizon": "year3", "kind": "strength"}
    assert shown(client, **later)[cell(alder, "S3")] == ""
    address = f"{GRID}?horizon=year3&kind=strength"
    assert (
        client.post(address, shown(client, **later) | {cell(alder, "S3"): "7"}).status_code == 302
    )
    assert (agreed(alder, "S3", horizon="year3"), agreed(alder, "S3", horizon="today")) == (7, 1)
    mine = f"{GRID}?whose=mine"
    body = shown(client, whose="mine")
    assert client.post(mine, body | {cell(alder, "A1"): "3"}).status_code == 302
    assert agreed(alder, "A1") == 9
    assert shown(client, whose="mine")[cell(alder, "A1")] == "3"


def test_suggestion_stands_below_the_score_it_differs_from(client, director, example):
    alder = example.accounts["Alder"]
    for holder in ({"account": alder}, {"channel": ChannelFactory(programme=example.programme)}):
        amount = 38 if "account" in holder else 400
        CategoryPurchaseFactory(**holder, amount=amount, currency=example.programme.currency)
    row = client.get(GRID, {"search": "alder"}).context["grid"].rows[0]
    found = next(item for item in row.cells if item.code == "A2")
    assert (found.suggestion.score, found.was, found.differs) == (8, "10", True)
    card = client.get(reverse("accounts:scores_of", args=[alder.pk])).content.decode()
    assert "Data say 8" in card


def test_member_scores_for_themselves_and_agrees_on_nothing(client, member, example):
    birch = example.accounts["Birch"]
    client.force_login(member)
    assert [row.may_write for row in client.get(GRID).context["grid"].rows] == [False]
    sent = {f"was-{birch.pk}": "A1=7", cell(birch, "A1"): "1"}
    assert client.post(GRID, sent).status_code == 403
    body = shown(client, whose="mine")
    assert client.post(f"{GRID}?whose=mine", body | {cell(birch, "A1"): "2"}).status_code == 302
    assert agreed(birch, "A1") == 7
    give = reverse("accounts:score_give", args=[birch.pk])
    page = client.get(f"{give}?code=A1").content.decode()
    assert "agreed by the group" not in page
    assert client.get(f"{give}?code=nothing").status_code == 404


def test_ways_on_are_those_that_the_reader_may_go(client, member, director):
    ways = [reverse(f"accounts:{name}") for name in ("market_map", "selections", "look_again")]
    assert all(f'href="{way}"' in client.get(GRID).content.decode() for way in ways)
    client.force_login(member)
    assert not any(f'href="{way}"' in client.get(GRID).content.decode() for way in ways)


def test_single_score_that_somebody_changed_meanwhile_is_not_overwritten(client, director, example):
    alder = example.accounts["Alder"]
    give = reverse("accounts:score_give", args=[alder.pk]) + "?code=A1"
    seen = client.get(give).context["form"]["seen"].value()
    assert seen == "agreed:today:9"
    give_scores(actor=director, scores=[Given(alder, "A1", 4)])
    sent = {"value": "7", "horizon": "today", "whose": "agreed", "confidence": "assumed"}
    answer = client.post(give, sent | {"seen": seen})
    assert answer.status_code == 422
    assert "Somebody changed it to 4 meanwhile." in answer.content.decode()
    assert agreed(alder, "A1") == 4
    elsewhere = sent | {"seen": seen, "horizon": "year3"}
    assert client.post(give, elsewhere).status_code == 302
    again = client.get(give).context["form"]["seen"].value()
    assert client.post(give, sent | {"seen": again}).status_code == 302
    assert agreed(alder, "A1", horizon="today") == 7


def test_scores_of_accounts_that_one_does_not_see_are_left_alone(client, member, example):
    alder = example.accounts["Alder"]
    client.force_login(member)
    sent = {f"was-{alder.pk}": "A1=9", cell(alder, "A1"): "1"}
    client.post(f"{GRID}?whose=mine", sent)
    assert not Score.objects.filter(account=alder, scorer=member).exists()


def test_card_shows_everybodys_scores_with_spread_and_groups(client, director, example):
    birch = example.accounts["Birch"]
    birch.team = TeamFactory(programme=example.programme)
    birch.save()
    for value in (4, 9):
        user = MembershipFactory(team=birch.team, role="sponsor" if value == 4 else "member").user
        give_scores(actor=user, scores=[Given(birch, "A1", value, is_agreed=False)])
    page = client.get(reverse("accounts:scores_of", args=[birch.pk]))
    text = page.content.decode()
    assert "spread 5" in text
    assert "6.89 of 10" in text
    worth, rank = page.context["card"].halves
    growth = [line.criterion.code for line in worth.lines if line.criterion.group == "growth"]
    assert growth == ["A1", "A4", "A5"]  # K044
    harmony = [
        line.criterion.code
        for half in (worth, rank)
        for line in half.lines
        if line.criterion.group == "harmony"
    ]
    assert harmony == ["A9", "S1"]  # K045


def test_account_that_buys_nothing_from_us_still_has_its_index(client, director, example):
    """K051: scored 0 on A3, and a Star all the same."""
    row = client.get(GRID, {"search": "fir"}).context["grid"].rows[0]
    assert [item.was for item in row.cells if item.code == "A3"] == ["0"]
    assert str(row.worth.value) == "6.79"


def test_account_archived_meanwhile_is_not_scored_and_one_maintained_meanwhile_is(
    client, director, example
):
    gone, moved = example.accounts["Gorse"], example.accounts["Hazel"]
    body = shown(client) | {cell(gone, "A1"): "1", cell(moved, "A1"): "9"}
    type(moved).objects.filter(pk=moved.pk).update(status="maintained")
    type(gone).objects.filter(pk=gone.pk).update(archived_at="2026-01-01T00:00Z")
    answer = client.post(GRID, body)
    assert "It is archived: restore it first." in answer.content.decode()
    assert client.post(GRID, body | {cell(gone, "A1"): "5"}).status_code == 302
    assert (agreed(gone, "A1"), agreed(moved, "A1")) == (5, 9)


@pytest.fixture
def sold(example):
    """Two more candidates, with sales long ago: an old ledger is judged by its own year."""
    accounts = []
    for name, amount in (("Quill", 90_000), ("Reed", 10_000)):
        account = AccountFactory(programme=example.programme, name=name)
        for month in (datetime.date(2010, 5, 1), datetime.date(2011, 5, 1)):
            MonthTotalFactory(account=account, month=month, revenue=amount)
        accounts.append(account)
    return accounts


def test_grid_is_ordered_by_size(client, director, example, sold):
    CategoryPurchaseFactory(account=example.accounts["Elm"])
    for order, first in (("sales", "Quill"), ("purchases", "Elm Retail"), ("name", "Alder Foods")):
        rows = client.get(GRID, {"order": order}).context["grid"].rows
        assert rows[0].account.name == first
        assert len(rows) == 10


def test_what_the_data_say_is_taken_for_all_empty_scores_at_once(client, director, example, sold):
    quill, reed = sold
    birch = example.accounts["Birch"]
    page = client.get(GRID)
    assert page.context["may_take"]
    body = shown(client) | {cell(reed, "A1"): "7", "take": "1"}
    assert client.post(GRID, body).status_code == 302
    assert (agreed(quill, "A3"), agreed(reed, "A3"), agreed(reed, "A1")) == (10, 8, 7)
    row = Score.objects.in_force().get(account=quill, code="A3")
    assert row.confidence == "assumed"
    currency = example.programme.currency
    assert row.evidence == f"our sales 90 of 100 k {currency} in 12 months to 31 May 2011"
    assert agreed(birch, "A3") == 7
    assert not client.get(GRID).context["may_take"]
    before = Score.objects.count()
    client.post(GRID, shown(client) | {"take": "1"})
    assert Score.objects.count() == before


def test_nothing_is_taken_where_a_typed_score_is_refused(client, director, example, sold):
    before = Score.objects.count()
    answer = client.post(GRID, shown(client) | {cell(sold[0], "A1"): "11", "take": "1"})
    assert answer.status_code == 422
    assert Score.objects.count() == before
