"""Every list, page and API, asks as often for three rows as for one.

`PAGES` and `RESOURCES` say how often, the person's session and rights included; a new resource of
the API without its number fails here. The reader is an administrator: no rule spares them a row.
"""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import Account, Channel, TargetProfile
from kam.access.dates import business_today
from kam.changes import record
from kam.mail.models import Mail
from tests.factories.accounts import (
    AccountFactory,
    ActivityCostFactory,
    BudgetLineFactory,
    CategoryPurchaseFactory,
    ChannelFactory,
    ConflictFactory,
    ContactFactory,
    CriteriaSetFactory,
    DecisionFactory,
    DuplicatePairFactory,
    ExchangeRateFactory,
    ExpectationFactory,
    ExternalIdFactory,
    FactFactory,
    InteractionFactory,
    LedgerEntryFactory,
    ManagerCapacityFactory,
    MergeFactory,
    MonthTotalFactory,
    OrganisationChangeFactory,
    PositionFactory,
    ProductFactory,
    ProductLineFactory,
    QualificationFactory,
    ReturnCaseFactory,
    ScoreFactory,
    SelectionFactory,
    SiteFactory,
    StageChangeFactory,
    StatusChangeFactory,
)
from tests.factories.api import TokenFactory
from tests.factories.documents import AttachmentFactory
from tests.factories.exports import ExportFactory
from tests.factories.imports import (
    FolderFactory,
    FolderFileFactory,
    RememberedMappingFactory,
    RunFactory,
)
from tests.factories.plans import (
    ActionFactory,
    CorporateObjectiveFactory,
    CustomerGoalFactory,
    MilestoneFactory,
    ObjectiveFactory,
    PlanFactory,
    PlanVersionFactory,
    RiskFactory,
    StrategyFactory,
    SwotEntryFactory,
)
from tests.factories.profiles import (
    PreferredBenefitFactory,
    ProfileEntryFactory,
    ProfileParameterFactory,
    RatingFactory,
    SuccessFactorFactory,
    TargetFactory,
    TargetProfileFactory,
    TargetRangeFactory,
)
from tests.factories.reviews import StageReviewFactory
from tests.factories.teams import (
    BusinessUnitFactory,
    FunctionFactory,
    MembershipFactory,
    ProgrammeFactory,
    ProgrammeSettingFactory,
    RoleGrantFactory,
    TeamFactory,
)
from tests.factories.webhooks import WebhookFactory
from tests.scoping import routes

PAGES = {
    "accounts:channels": 7,
    "accounts:conflicts": 8,
    "accounts:costs_planned": 6,
    "accounts:duplicates": 7,
    "accounts:groups": 7,
    "accounts:list": 7,
    "accounts:merges": 6,
    "accounts:products": 8,
    "accounts:rates": 8,
    "accounts:purchases": 6,
    "accounts:look_again": 8,
    "accounts:undecided": 5,
    "accounts:qualifications": 5,
    "accounts:organisation": 7,
    "accounts:register": 8,
    "accounts:capacities": 7,
    "accounts:selection_compare": 5,
    "accounts:selections": 7,
    "accounts:parameters": 6,
    "accounts:target_profiles": 8,
    "accounts:targets": 7,
    "accounts:violated": 8,
    "imports:folders": 5,
    "exports:list": 5,
    "imports:list": 8,
    "mail:list": 6,
    "plans:actions": 5,
    "plans:aims": 6,
    "reviews:list": 5,
    "reviews:my_day": 11,
    "reviews:portfolio": 15,
    "settings:index": 6,
    "settings:people": 7,
    "settings:tokens": 6,
    "settings:webhooks": 6,
    "teams:list": 6,
    "web:history": 7,
}
SEVERAL = {
    # a table beside what is said of all: the years of the ledger, totals, how many are over
    "accounts:effort": 11,
    # what each account is given beside the lines of the year
    "accounts:budget": 10,
    # cases beside key accounts without one
    "accounts:returns": 11,
    # scores, criteria, and what sales, purchases and sites suggest for each of them
    "accounts:scores": 11,
}
"""Pages that are made of several lists: no more than a part of an account's page (12)."""
PORTFOLIOS = {"accounts:matrix": 14, "accounts:market_map": 16}
"""Pages on all customers together: chart, figures and table."""
FEED = "changes"
"""Has its own test (`tests/kam/test_api_changes.py`): it shows nothing of an open transaction."""
RESOURCES = {
    "accounts": 5,
    "actions": 4,
    "activities": 4,
    "activity-costs": 4,
    "attachments": 5,
    "business-units": 4,
    "category-purchases": 4,
    "channels": 4,
    "conflicts": 5,
    "contacts": 5,
    "corporate-objectives": 4,
    "criteria": 5,
    "customer-goals": 4,
    "decisions": 4,
    "duplicates": 4,
    "exchange-rates": 4,
    "expectations": 4,
    "exports": 3,
    "facts": 4,
    "functions": 4,
    "import-files": 4,
    "import-folders": 4,
    "import-mappings": 4,
    "imports": 4,
    "interactions": 5,
    "ledger-entries": 4,
    "manager-capacities": 4,
    "memberships": 4,
    "merges": 4,
    "milestones": 4,
    "objectives": 4,
    "plans": 4,
    "positions": 5,
    "preferred-benefits": 4,
    "success-factors": 4,
    "product-lines": 4,
    "products": 5,
    "budget-lines": 4,
    "organisation-changes": 4,
    "return-cases": 4,
    "qualifications": 4,
    "profile-entries": 4,
    "profile-parameters": 4,
    "programme-settings": 4,
    "programmes": 4,
    "ratings": 4,
    "risks": 4,
    "role-grants": 4,
    "scorings": 4,
    "selections": 4,
    "sites": 4,
    "stage-changes": 4,
    "stage-reviews": 7,
    "status-changes": 4,
    "strategies": 4,
    "swot-entries": 4,
    "target-profiles": 5,
    "targets": 4,
    "teams": 6,
    "tokens": 3,
    "users": 5,
    "webhooks": 3,
}


@pytest.fixture
def reader(db):
    """Somebody who sees everything."""
    return RoleGrantFactory(user__username="reader").user


def fill(programme: Any, reader: Any, place: int) -> None:
    """One row of each kind, none shared with those made before."""
    ProgrammeSettingFactory(
        programme=ProgrammeFactory(), name="hurdle", value=6, valid_from=business_today()
    )
    unit = BusinessUnitFactory(programme=programme, name=f"Unit {place}")
    team = TeamFactory(programme=programme, name=f"Team {place}")
    member = MembershipFactory(team=team, role="kam").user
    RoleGrantFactory(finance=True, programme=programme)
    FunctionFactory(programme=programme)
    ExchangeRateFactory(programme=programme, currency=("EUR", "USD", "CHF")[place])
    line = ProductLineFactory(programme=programme)
    ProductFactory(programme=programme, line=line)
    CorporateObjectiveFactory(programme=programme)
    about = {"programme": programme, "team": team, "business_unit": unit}
    account = AccountFactory(name=f"Account {place}", status="key", **about)
    below = AccountFactory(name=f"Below {place}", parent=account, **about)
    ConflictFactory(a=account, b=below, kind="exclusive")
    ExternalIdFactory(account=account, value=f"N{place}")
    contact = ContactFactory(account=account)
    DuplicatePairFactory(account_a=account, account_b=below)
    MergeFactory(account=account, merged_by=member)
    SiteFactory(account=account)
    InteractionFactory(account=account, user=member, contacts=[contact])
    FactFactory(account=account)
    StatusChangeFactory(account=account, to_status="key", decided_by=member)
    StageChangeFactory(account=account)
    MonthTotalFactory(account=account)
    PositionFactory(account=account)
    LedgerEntryFactory(account=account)
    ActivityCostFactory(account=account)
    channel = ChannelFactory(programme=programme)
    CategoryPurchaseFactory(channel=channel)
    CategoryPurchaseFactory(account=account)
    ExpectationFactory(account=account)
    BudgetLineFactory(programme=programme, account=account)
    BudgetLineFactory(programme=programme)
    ReturnCaseFactory(account=account)
    OrganisationChangeFactory(programme=programme)
    decided = {"verdict": "go", "decided_on": business_today(), "decided_by": member}
    QualificationFactory(account=account, **decided)
    ScoreFactory(account=account, scored_by=member)
    CriteriaSetFactory(programme=programme, number=place + 1, published_by=member)
    ManagerCapacityFactory(programme=programme, user=member)
    parameter = ProfileParameterFactory(programme=programme, channel=channel)
    profile = TargetProfileFactory(programme=programme, brand=line)
    TargetRangeFactory(profile=profile, parameter=parameter)
    RatingFactory(account=account, parameter=parameter, rated_by=member)
    TargetFactory(account=account, brand=line, decided_by=member)
    ProfileEntryFactory(account=account, recorded_by=member)
    PreferredBenefitFactory(account=account)
    SuccessFactorFactory(account=account)
    run = SelectionFactory(programme=programme, created_by=member)
    DecisionFactory(account=account, selection=run, decided_by=member, manager=member)
    _plan(account, member)
    StageReviewFactory(account=account, author=member)
    RunFactory(scope=programme, owner=member)
    RememberedMappingFactory(scope=programme, owner=member)
    FolderFileFactory(folder=FolderFactory(scope=programme, owner=member))
    ExportFactory(owner=reader)
    AttachmentFactory(on=contact, uploaded_by=member)
    TokenFactory(owner=reader)
    WebhookFactory(owner=reader)
    Mail.objects.create(subject=f"Mail {place}")
    record.created(actor=member, obj=account, fields=("name", "team"))


def _plan(account: Any, owner: Any) -> None:
    plan = PlanFactory(account=account)
    objective = ObjectiveFactory(plan=plan)
    StrategyFactory(objective=objective)
    MilestoneFactory(objective=objective)
    SwotEntryFactory(plan=plan)
    RiskFactory(plan=plan, owner=owner)
    ActionFactory(account=account, objective=objective, owner=owner)
    CustomerGoalFactory(account=account)
    PlanVersionFactory(plan=plan)


@pytest.fixture(params=[1, 3])
def client_of_rows(request, client, reader):
    """How many rows of each kind there are, and the reader's browser."""
    programme = ProgrammeFactory()
    for place in range(request.param):
        fill(programme, reader, place)
    client.force_login(reader)
    client.get(reverse("reviews:my_day"))  # what a process asks once
    return request.param, client


def asked(client: Client, address: str) -> tuple[int, Any]:
    """How often `address` asks the database, and its answer."""
    with CaptureQueriesContext(connection) as queries:
        response = client.get(address)
    assert response.status_code == 200, address
    return len(queries), response


def test_pages_ask_as_often_for_three_rows_as_for_one(client_of_rows):
    _count, client = client_of_rows
    expected = PAGES | SEVERAL | PORTFOLIOS
    assert {name: asked(client, reverse(name))[0] for name in expected} == expected
    assert max(SEVERAL.values()) <= 12


def test_ranking_of_outlets_asks_as_often_whatever_is_filtered(client_of_rows):
    """A page of several lists: accounts, their ratings, parameters and channels to choose from."""
    _count, client = client_of_rows
    profile = TargetProfile.objects.earliest("pk")
    channel = Channel.objects.earliest("pk")
    address = reverse("accounts:target_profile", args=[profile.pk])
    Account.objects.update(channel=channel)
    questions = ("", "?status=none", f"?channel={channel.pk}", "?channel=x")
    assert [asked(client, address + question)[0] for question in questions] == [11, 11, 11, 11]


def test_resources_ask_as_often_for_three_rows_as_for_one(client_of_rows):
    count, client = client_of_rows
    found = {name: asked(client, f"/api/v1/{name}/") for name in RESOURCES}
    assert {name: number for name, (number, _answer) in found.items()} == RESOURCES
    assert all(len(answer.json()["results"]) >= count for _number, answer in found.values())


def test_every_list_of_the_api_has_its_number():
    ours = {
        path.removeprefix("api/v1/").strip("^").split("/")[0]
        for name, path in routes()
        if path.startswith("api/v1/") and name.endswith("-list")
    }
    assert ours == {*RESOURCES, FEED}
