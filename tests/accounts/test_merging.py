"""Two become one: nothing is lost, totals stay true, and it can be taken back."""

import datetime
from decimal import Decimal
from typing import Any

import pytest
from django.apps import apps
from django.db.models import Sum
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts import services
from accounts.merging import fields, ties
from accounts.merging.rules import relations_of, rules_for
from accounts.models import (
    Account,
    Contact,
    ContactExternalId,
    LedgerEntry,
    MonthTotal,
)
from accounts.services.ledger import enter_activity_costs, enter_sales_lines
from kam.access.dates import business_today
from tests.factories.accounts import (
    AccountFactory,
    ActivityFactory,
    CategoryPurchaseFactory,
    ContactFactory,
    ExternalIdFactory,
    FactFactory,
    InteractionFactory,
    SiteFactory,
    StatusChangeFactory,
)
from tests.factories.documents import AttachmentFactory
from tests.factories.plans import ActionFactory, ObjectiveFactory, PlanFactory
from tests.factories.profiles import SuccessFactorFactory
from tests.factories.reviews import StageReviewFactory
from tests.factories.teams import ProgrammeFactory, RoleGrantFactory

pytestmark = pytest.mark.django_db

MAY = datetime.date(2026, 5, 1)
FLOWING = {"version", "updated_at"}
"""What every write moves."""
OWN = {"accounts.Merge", "accounts.MergeStep", "changes.Change"}


@pytest.fixture
def programme() -> Any:
    return ProgrammeFactory()


@pytest.fixture
def manager(programme) -> Any:
    return RoleGrantFactory(programme_manager=True, programme=programme).user


@pytest.fixture
def pair(programme) -> tuple[Account, Account]:
    return (
        AccountFactory(programme=programme, name="Birch Logistics Ltd"),
        AccountFactory(programme=programme, name="Birch Logistics", country="Norway"),
    )


def rows_of_everything() -> dict[str, list[dict[str, Any]]]:
    """All rows of the customers, plans and reviews, without what every write moves."""
    found = {}
    for model in apps.get_models(include_auto_created=True):
        if model._meta.app_label in ("accounts", "plans", "reviews", "documents") and (
            model._meta.label not in OWN
        ):
            rows = model._base_manager.order_by("pk").values()
            found[model._meta.label] = [
                {name: value for name, value in row.items() if name not in FLOWING} for row in rows
            ]
    return found


def totals() -> dict[tuple[Any, ...], tuple[Any, ...]]:
    """Sums of all accounts by month and currency."""
    rows = MonthTotal.objects.values_list("month", "currency").order_by("month", "currency")
    sums = rows.annotate(Sum("revenue"), Sum("cost"), Sum("lines"), Sum("lines_without_cost"))
    return {row[:2]: row[2:] for row in sums}


def line(day: int, amount: int, currency: str = "GBP", **values: Any) -> dict[str, Any]:
    booked = MAY + datetime.timedelta(days=day)
    return {"booked_on": booked, "amount": Decimal(amount), "currency": currency, **values}


def test_every_relation_has_a_rule():
    for model in (Account, Contact):
        named = {rule.relation for rule in rules_for(model)}
        assert named == set(relations_of(model))


def test_every_column_is_chosen_or_follows():
    tracked = {"version", "created_at", "updated_at", "archived_at"}
    for model, groups in fields.GROUPS.items():
        columns = {field.name for field in model._meta.concrete_fields} - tracked
        chosen = {column for columns in groups.values() for column in columns}
        assert chosen | fields.UNCHOSEN[model] == columns


def test_ties_are_those_known():
    found = {(tie.owner_label, tie.far_label) for tie in ties.ties() if tie.owner != tie.far_owner}
    assert {pair for pair in found if pair[0] != pair[1]} == {
        ("accounts.CategoryPurchase", "accounts.Site"),
        ("accounts.Contact", "accounts.Site"),
        ("accounts.ContactExternalId", "accounts.Contact"),
        ("accounts.Interaction", "accounts.Contact"),
        ("accounts.Merge", "accounts.Contact"),
        ("accounts.Position", "accounts.CriteriaSet"),
        ("plans.Action", "plans.Plan"),
        ("plans.Plan", "accounts.SuccessFactor"),
        ("plans.Plan", "plans.CustomerGoal"),
    }


def furnish(account: Account, actor: Any, place: int) -> None:
    """One of everything that hangs on an account."""
    site = SiteFactory(account=account)
    CategoryPurchaseFactory(account=account, site=site)
    boss = ContactFactory(account=account, site=site)
    contact = ContactFactory(account=account, reports_to=boss)
    ContactExternalId.objects.create(
        contact=contact, account=account, system="crm", value=f"P{place}"
    )
    InteractionFactory(account=account, user=actor, contacts=[contact, boss])
    FactFactory(account=account)
    StatusChangeFactory(account=account)
    ExternalIdFactory(account=account)
    StageReviewFactory(account=account, author=actor)
    plan = PlanFactory(
        account=account,
        starts_on=datetime.date(2026 + place, 1, 1),
        ends_on=datetime.date(2026 + place, 12, 31),
    )
    factor = SuccessFactorFactory(account=account)
    ActionFactory(account=account, objective=ObjectiveFactory(plan=plan, success_factor=factor))
    AccountFactory(parent=account, name=f"Below {place}")
    for on in (account, contact, plan):
        AttachmentFactory(on=on)
    enter_sales_lines(actor=actor, account=account, lines=[line(2, 100 + place), line(40, 7)])
    enter_activity_costs(
        actor=actor,
        account=account,
        costs=[
            {
                "activity": ActivityFactory(programme=account.programme),
                "month": MAY,
                "amount": Decimal(5),
                "currency": "GBP",
            }
        ],
    )


def test_merge_moves_everything_and_undo_gives_it_back(manager, pair):
    survivor, loser = pair
    furnish(survivor, manager, 0)
    furnish(loser, manager, 1)
    before, sums = rows_of_everything(), totals()
    merge = services.merge_accounts(actor=manager, survivor=survivor, loser=loser)
    left = {rule.relation: rule.rows(loser.pk).count() for rule in rules_for(Account) if rule.shown}
    assert {name: count for name, count in left.items() if count} == {}
    assert totals() == sums
    loser.refresh_from_db()
    survivor.refresh_from_db()
    assert loser.merged_into == survivor
    assert loser.path == f"{survivor.path}{loser.pk}/"
    assert survivor.country == "Norway"
    assert Account.objects.filter(parent=survivor, archived_at=None).count() == 2
    services.undo_merge(actor=manager, merge=merge)
    merge.refresh_from_db()
    assert merge.kept == []
    assert rows_of_everything() == before


def test_files_go_where_goes_what_they_hang_on(manager, pair):
    survivor, loser = pair
    on = {name: ContactFactory(account=loser) for name in ("stays", "goes")}
    files = {name: AttachmentFactory(on=contact) for name, contact in on.items()}
    files["own"] = AttachmentFactory(on=loser, confidentiality="team")
    merge = services.merge_accounts(actor=manager, survivor=survivor, loser=loser)
    assert "documents.Attachment.account" not in [
        item["relation"] for item in merge.summary["counts"]
    ]
    for file in files.values():
        file.refresh_from_db()
    assert {file.account_id for file in files.values()} == {survivor.pk}
    assert files["own"].object_id == survivor.pk
    InteractionFactory(account=survivor, user=manager, contacts=[on["stays"]])
    services.undo_merge(actor=manager, merge=merge)
    for name, file in files.items():
        file.refresh_from_db()
        if name in on:
            on[name].refresh_from_db()
            assert file.account_id == on[name].account_id
    assert (on["stays"].account_id, on["goes"].account_id) == (survivor.pk, loser.pk)
    assert (files["own"].account_id, files["own"].object_id) == (loser.pk, loser.pk)


def test_files_of_a_person_move_with_them_and_back(manager, programme):
    account = AccountFactory(programme=programme)
    survivor, loser = ContactFactory(account=account), ContactFactory(account=account)
    file = AttachmentFactory(on=loser)
    merge = services.merge_contacts(actor=manager, survivor=survivor, loser=loser)
    file.refresh_from_db()
    assert (file.object_id, file.version) == (survivor.pk, 2)
    services.undo_merge(actor=manager, merge=merge)
    file.refresh_from_db()
    assert file.object_id == loser.pk


LINES = st.lists(
    st.tuples(
        st.integers(0, 70),
        st.integers(-500, 500),
        st.sampled_from(["GBP", "EUR"]),
        st.booleans(),
        st.integers(0, 2),
    ),
    max_size=6,
)


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(mine=LINES, theirs=LINES, people=st.integers(0, 2), shared=st.booleans())
def test_merge_keeps_totals_and_undo_every_row(programme, manager, mine, theirs, people, shared):
    parent = AccountFactory(programme=programme)
    survivor = AccountFactory(programme=programme, parent=parent if shared else None)
    loser = AccountFactory(programme=programme, parent=survivor if shared else None)
    today = business_today()
    for account, rows in ((survivor, mine), (loser, theirs)):
        lines = [
            line(day, amount, currency, cost=Decimal(amount) / 3 if costed else None)
            | {"recorded_on": today - datetime.timedelta(days=ago)}
            for day, amount, currency, costed, ago in rows
        ]
        for entry in lines:
            entry["cost"] = entry["cost"] and round(entry["cost"], 6)
        enter_sales_lines(actor=manager, account=account, lines=lines)
        for _number in range(people):
            ContactFactory(account=account)
    before, sums = rows_of_everything(), totals()
    merge = services.merge_accounts(actor=manager, survivor=survivor, loser=loser)
    assert totals() == sums
    assert not MonthTotal.objects.filter(account=loser).exists()
    assert LedgerEntry.objects.filter(account=survivor).count() == len(mine) + len(theirs)
    services.undo_merge(actor=manager, merge=merge)
    assert rows_of_everything() == before
