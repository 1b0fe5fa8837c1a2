"""The record card: all filled fields on one page, and how much is known beyond purchasing."""

import datetime

import pytest
from django.urls import reverse

from tests.factories.accounts import (
    AccountFactory,
    CategoryPurchaseFactory,
    ChannelFactory,
    ContactFactory,
    ExternalIdFactory,
    FactFactory,
    LedgerEntryFactory,
    MonthTotalFactory,
    SiteFactory,
    StageChangeFactory,
)
from tests.factories.teams import MembershipFactory, ProgrammeFactory, TeamFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def birch():
    programme = ProgrammeFactory(currency="EUR")
    return AccountFactory(programme=programme, name="Birch", team=TeamFactory(programme=programme))


@pytest.fixture
def keeper(client, birch):
    user = MembershipFactory(team=birch.team, role="kam").user
    client.force_login(user)
    return user


def shown(client, account):
    return client.get(reverse("accounts:card", args=[account.pk]))


def test_empty_card_says_what_is_missing(client, keeper, birch):
    answer = shown(client, birch)
    assert answer.status_code == 200
    whole, beyond = answer.context["whole"], answer.context["beyond"]
    assert (whole.filled, whole.fields) == (1, 18)  # the team
    assert (beyond.filled, beyond.fields) == (1, 15)
    assert "Industry" in answer.context["missing"]


def test_card_prints_all_filled_fields(client, keeper, birch):
    """K094."""
    group = AccountFactory(programme=birch.programme, team=birch.team, name="Birch Group")
    filled = {
        "description": "Moves goods by rail",
        "industry": "Logistics",
        "country": "Poland",
        "website": "https://birch.example",
        "stage": "mid",
        "target_stage": "partnership",
        "target_stage_by": datetime.date(2027, 6, 30),
        "review_due_on": datetime.date(2026, 12, 1),
        "rationale": "Opens the rail market",
        "channel": ChannelFactory(programme=birch.programme, name="Transport"),
        "parent": group,
    }
    for name, value in filled.items():
        setattr(birch, name, value)
    birch.path = f"{group.path}{birch.pk}/"
    birch.root = group
    birch.save()
    AccountFactory(parent=birch, team=birch.team, name="Birch Rail")
    StageChangeFactory(account=birch, reason="Joint forecast agreed")
    SiteFactory(account=birch, name="Poznan depot")
    ExternalIdFactory(account=birch, value="100482")
    FactFactory(account=birch, kind="satisfaction")
    ContactFactory(account=birch, name="Jonas Umar", job_title="Buyer", buying_roles=["decider"])
    MonthTotalFactory(account=birch, month=datetime.date(2025, 1, 1), revenue=10_400_000)
    LedgerEntryFactory(account=birch, booked_on=datetime.date(2025, 3, 1), amount=10_400_000)
    CategoryPurchaseFactory(account=birch, amount=26_000_000)
    answer = shown(client, birch)
    text = answer.content.decode().replace("\xa0", " ")
    for words in (
        *(value for value in filled.values() if isinstance(value, str) and " " in value),
        "Logistics",
        "Poland",
        "https://birch.example",
        "Transport",
        "Birch Group",
        "Birch Rail",
        "Joint forecast agreed",
        "Poznan depot",
        "erp 100482",
        "satisfaction: 8",
        "Jonas Umar, Buyer, decider",
        "26,000,000 EUR",
        "share of wallet 40.0 %",
        "gap 15,600,000 EUR",
        str(keeper),
    ):
        assert words in text, words
    assert answer.context["missing"] == []
    assert (answer.context["whole"].filled, answer.context["beyond"].filled) == (18, 15)


def test_buyers_alone_do_not_fill_the_rest(client, keeper, birch):
    """K034: what a buyer tells us says nothing of the business."""
    ContactFactory(account=birch)
    CategoryPurchaseFactory(account=birch)
    answer = shown(client, birch)
    assert (answer.context["whole"].filled, answer.context["beyond"].filled) == (3, 1)


def test_card_names_no_group_that_the_reader_may_not_see(client, keeper, birch):
    group = AccountFactory(programme=birch.programme, name="Secret group")
    birch.parent, birch.path = group, f"{group.path}{birch.pk}/"
    birch.save()
    AccountFactory(parent=birch, name="Secret child")
    assert b"Secret" not in shown(client, birch).content


@pytest.mark.parametrize("count", [1, 3])
def test_query_count_of_the_card(client, keeper, birch, count, django_assert_num_queries):
    for rows in (SiteFactory, ContactFactory, ExternalIdFactory, FactFactory):
        rows.create_batch(count, account=birch)
    AccountFactory.create_batch(count, parent=birch, team=birch.team)
    CategoryPurchaseFactory(account=birch)
    shown(client, birch)
    with django_assert_num_queries(CARD_QUERIES):
        shown(client, birch)


CARD_QUERIES = 19
