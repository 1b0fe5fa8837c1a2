"""The record card: all filled fields on one page, and how much is known beyond purchasing."""

import datetime

import pytest
from django.urls import reverse

from accounts.profiles.catalogue import ASKED
from accounts.views.card import sheet_of
from kam.documents.pdf import Block, Item, Sheet, set_sheet
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
from tests.factories.profiles import (
    PreferredBenefitFactory,
    ProfileEntryFactory,
    RatingFactory,
    SuccessFactorFactory,
    TargetFactory,
    TargetRangeFactory,
)
from tests.factories.teams import MembershipFactory, ProgrammeFactory, TeamFactory

pytestmark = pytest.mark.django_db
VALUES = {
    name: row.options[0][0] if row.options else "12"
    for name, row in ASKED.items()
    if row.options or row.whole
}
"""Answers to questions that take no free text."""


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
    assert (whole.filled, whole.fields) == (1, 43)  # the team
    assert (beyond.filled, beyond.fields) == (1, 36)
    assert "Industry" in answer.context["missing"]


def test_card_prints_all_filled_fields(client, keeper, birch):
    """K094."""
    group = AccountFactory(programme=birch.programme, team=birch.team, name="Birch Group")
    filled = {
        "description": "Moves goods by rail",
        "industry": "Logistics",
        "country": "Poland",
        "website": "https://birch.example",
        "size": "large",
        "intent": "strategic",
        "criticality": "critical",
        "potential_contribution": 4_200_000,
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
    for name in ASKED:
        ProfileEntryFactory(account=birch, field=name, value=VALUES.get(name, f"Known {name}"))
    wanted = TargetRangeFactory(profile__programme=birch.programme, at_least=2)
    RatingFactory(account=birch, parameter=wanted.parameter)
    TargetFactory(account=birch, brand=wanted.profile.brand, status="listed", note="Autumn")
    PreferredBenefitFactory(account=birch, text="First call on new crates")
    SuccessFactorFactory(account=birch, name="On-time delivery", weight=25, ours=6, best_other=8)
    answer = shown(client, birch)
    text = answer.content.decode().replace("\xa0", " ")
    for words in (
        *(f"Known {name} (assumed)" for name in ASKED if name not in VALUES),
        "Central: one place decides (assumed)",
        f"{wanted.parameter}: 3 (assumed, 4 May 2026)",
        f"{wanted.profile.brand}: 100 %",
        f"{wanted.profile.brand}: Listed, 4 May 2026, Autumn",
        "First call on new crates (not told yet)",
        *(value for value in filled.values() if isinstance(value, str) and " " in value),
        "large, strategic",
        "critical",
        "4,200,000 EUR",
        "On-time delivery: weight 25, we 6, best other 8",
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
    assert (answer.context["whole"].filled, answer.context["beyond"].filled) == (43, 36)


def test_card_is_a_file_of_the_same_fields(client, keeper, birch):
    """K094; what people type is data: nothing of it is executed."""
    birch.description = '#read("/etc/passwd") *bold* $x$ <script>'
    birch.name = "Birch #panic()"
    birch.save()
    page = shown(client, birch)
    answer = client.get(reverse("accounts:card_pdf", args=[birch.pk]))
    assert answer.status_code == 200
    assert answer.content.startswith(b"%PDF-")
    assert answer["Content-Type"] == "application/pdf"
    assert answer["Content-Disposition"].startswith("attachment")
    assert "no-store" in answer["Cache-Control"]
    sheet = sheet_of(page.context["account"], page.context["card"])
    assert [row.title for row in sheet.sections] == [
        str(row.title) for row in page.context["sections"]
    ]
    assert sheet.sections[0].fields[0].value == birch.description


def test_a_long_card_goes_on_over_further_pages():
    sections = [Block(f"Part {n}", [Item("Field", "words " * 200)] * 8) for n in range(6)]
    sheet = Sheet("Birch", "", "", "", [], sections)
    short = sheet._replace(sections=sections[:1])
    assert len(set_sheet(sheet)) > len(set_sheet(short))


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
    PreferredBenefitFactory.create_batch(count, account=birch)
    for _place in range(count):
        wanted = TargetRangeFactory(profile__programme=birch.programme)
        RatingFactory(account=birch, parameter=wanted.parameter)
        TargetFactory(account=birch, brand=wanted.profile.brand)
    shown(client, birch)
    with django_assert_num_queries(CARD_QUERIES):
        shown(client, birch)


CARD_QUERIES = 26
