"""What a merge refuses, chooses, and says; and what stays when it is taken back."""

import datetime
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.utils import timezone

from accounts import services
from accounts.merging.preview import preview
from accounts.models import (
    Account,
    ActivityCost,
    Conflict,
    Contact,
    ContactExternalId,
    DuplicatePair,
    ExternalId,
    Fact,
    Interaction,
    LedgerEntry,
    Merge,
    MergeStep,
    MonthTotal,
    StatusChange,
)
from accounts.services.ledger import enter_sales_lines, remove_sales_line
from accounts.services.merge import carry_stragglers
from accounts.tasks import settle_merges
from kam.access.dates import business_today
from kam.changes.errors import VersionConflict
from kam.changes.models import Change
from plans.models import Action
from tests.factories.accounts import (
    AccountFactory,
    ActivityCostFactory,
    ActivityFactory,
    ConflictFactory,
    ContactFactory,
    DuplicatePairFactory,
    ExternalIdFactory,
    FactFactory,
    InteractionFactory,
    SiteFactory,
)
from tests.factories.imports import RunFactory
from tests.factories.plans import ActionFactory, ObjectiveFactory, PlanFactory
from tests.factories.teams import (
    BusinessUnitFactory,
    MembershipFactory,
    ProgrammeFactory,
    RoleGrantFactory,
    TeamFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db

MAY = datetime.date(2026, 5, 1)


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
        AccountFactory(programme=programme, name="Birch Logistics"),
    )


def merge(manager: Any, pair: Any, **values: Any) -> Any:
    return services.merge_accounts(actor=manager, survivor=pair[0], loser=pair[1], **values)


def code_of(call: Any) -> str:
    """The code of the refusal of `call`."""
    with pytest.raises(ValidationError) as refusal:
        call()
    error = refusal.value
    return (
        error.error_list[0].code
        if not hasattr(error, "error_dict")
        else next(iter(error.error_dict.values()))[0].code
    )


# Who may, and what stands against it


def test_only_who_manages_both_may_merge(programme, pair):
    team = TeamFactory(programme=programme)
    user = MembershipFactory(team=team, role="kam").user
    for account in pair:
        Account.objects.filter(pk=account.pk).update(team=team)
    with pytest.raises(PermissionDenied):
        merge(user, pair)
    assert not Account.objects.exclude(merged_into=None).exists()


@pytest.mark.parametrize("kind", ["exclusive", "ring_fence"])
def test_conflict_between_them_refuses(manager, pair, kind):
    ConflictFactory(a=pair[0], b=pair[1], kind=kind)
    assert code_of(lambda: merge(manager, pair)) == "conflict"
    assert preview(*pair, reader=manager).refusals


def test_conflict_with_what_lies_above_or_below_refuses(manager, programme, pair):
    survivor, loser = pair
    child = AccountFactory(parent=loser)
    ConflictFactory(a=survivor, b=child)
    assert code_of(lambda: merge(manager, pair)) == "conflict"
    Conflict.objects.all().delete()
    top = AccountFactory(programme=programme)
    services.update_account(
        actor=manager, account=loser, expected_version=None, changes={"parent": top}
    )
    ConflictFactory(a=survivor, b=top)
    assert code_of(lambda: merge(manager, (survivor, Account.objects.get(pk=loser.pk)))) == (
        "conflict"
    )


def test_conflict_that_is_over_does_not_refuse(manager, pair):
    ended = ConflictFactory(a=pair[0], b=pair[1], valid_until=MAY)
    merge(manager, pair)
    ended.refresh_from_db()
    assert (ended.a, ended.b) == tuple(sorted(pair, key=lambda one: one.pk))


def test_import_under_way_refuses(manager, programme, pair):
    RunFactory(scope=programme, owner=manager, status="running", lane="customers")
    assert code_of(lambda: merge(manager, pair)) == "import"


def test_another_programme_refuses(manager, pair):
    other = AccountFactory()
    RoleGrantFactory(user=manager, programme_manager=True, programme=other.programme)
    assert code_of(lambda: merge(manager, (pair[0], other))) == "foreign"


def test_account_itself_and_archived_ones_refuse(manager, pair):
    assert code_of(lambda: merge(manager, (pair[0], pair[0]))) == "same"
    Account.objects.filter(pk=pair[1].pk).update(archived_at=timezone.now())
    assert code_of(lambda: merge(manager, pair)) == "archived"


def test_stale_version_of_either_refuses(manager, pair):
    with pytest.raises(VersionConflict):
        merge(manager, pair, expected_version=pair[0].version + 1)
    with pytest.raises(VersionConflict):
        merge(manager, pair, expected_loser_version=pair[1].version + 1)
    assert not Account.objects.exclude(merged_into=None).exists()


def test_unknown_choice_refuses(manager, pair):
    assert code_of(lambda: merge(manager, pair, choices={"path": "loser"})) == "choices"


def test_key_account_is_not_merged_into_a_conflict(manager, programme, pair):
    rival = AccountFactory(programme=programme, status="key")
    ConflictFactory(a=pair[1], b=rival, kind="exclusive")
    Account.objects.filter(pk=pair[0].pk).update(status="key")
    assert code_of(lambda: merge(manager, pair)) == "exclusive"
    assert Conflict.objects.get().a_id in (pair[1].pk, rival.pk)


def test_key_account_below_is_not_brought_into_a_conflict(manager, programme, pair):
    """What excluded the one excludes all below the other from then on."""
    rival = AccountFactory(programme=programme, status="key")
    below = AccountFactory(programme=programme, status="key", parent=pair[0])
    ConflictFactory(a=pair[1], b=rival, kind="exclusive")
    assert code_of(lambda: merge(manager, pair)) == "exclusive"
    below.refresh_from_db()
    assert (below.parent, Conflict.objects.get().a_id in (pair[1].pk, rival.pk)) == (pair[0], True)


def test_person_would_be_on_both_sides_of_a_barrier(manager, programme, pair):
    user = UserFactory()
    rival_team, team = (TeamFactory(programme=programme) for _number in range(2))
    for one in (rival_team, team):
        MembershipFactory(team=one, user=user, role="member")
    rival = AccountFactory(programme=programme, team=rival_team)
    Account.objects.filter(pk=pair[0].pk).update(team=team)
    ConflictFactory(a=pair[1], b=rival)
    assert code_of(lambda: merge(manager, pair)) == "barrier"
    assert MergeStep.objects.count() == 0


def test_team_of_another_group_refuses(manager, programme, pair):
    team = TeamFactory(programme=programme)
    top = AccountFactory(programme=programme, team=team)
    loser = AccountFactory(parent=top, team=team)
    choices = {"team": "loser", "parent": "survivor"}
    assert code_of(lambda: merge(manager, (pair[0], loser), choices=choices)) == "shared"


# Fields


def test_empty_values_are_filled_and_chosen_ones_taken(manager, programme):
    survivor = AccountFactory(programme=programme, name="Birch", industry="Road")
    loser = AccountFactory(programme=programme, name="Birch Ltd", industry="Rail", country="Norway")
    merged = merge(manager, (survivor, loser), choices={"name": "loser"})
    survivor.refresh_from_db()
    assert (survivor.name, survivor.industry, survivor.country) == ("Birch Ltd", "Road", "Norway")
    assert merged.summary["fields"] == ["name", "country"]


def test_status_of_the_other_is_a_step_of_history(manager, programme, pair):
    Account.objects.filter(pk=pair[1].pk).update(status="groomed", status_since=MAY)
    merge(manager, pair, choices={"status": "loser"})
    survivor = Account.objects.get(pk=pair[0].pk)
    step = StatusChange.objects.get(account=survivor)
    assert (survivor.status, step.from_status, step.to_status) == (
        "groomed",
        "candidate",
        "groomed",
    )


def test_preview_says_everything_and_writes_nothing(manager, pair):
    SiteFactory.create_batch(2, account=pair[1])
    ExternalIdFactory(account=pair[1])
    AccountFactory(parent=pair[1])
    changes = Change.objects.count()
    shown = preview(*pair, reader=manager)
    assert {item.words: item.rows for item in shown.counts} == {
        "Accounts below it": 1,
        "Numbers in other systems": 1,
        "Sites": 2,
    }
    assert shown.refusals == []
    assert [item.name for item in shown.choices if not item.same] == ["name"]
    assert len(shown.remarks) == 1
    assert Change.objects.count() == changes


def told(merged: Any) -> str:
    """All that the merge says on its page, and the log about it."""
    logged = Change.objects.filter(verb__startswith="merge").values_list("after", flat=True)
    return str([merged.summary, *logged])


def test_what_not_everybody_sees_is_not_told_to_everybody(manager, programme, pair):
    survivor, loser = pair
    for name in ("Below one", "Below two"):
        AccountFactory(programme=programme, parent=loser, name=name)
    ConflictFactory(a=loser, b=AccountFactory(programme=programme, name="Rival"))
    for account in pair:
        PlanFactory(account=account, title="Buy the rival")
    shown = preview(survivor, loser, reader=manager)
    merged = merge(manager, pair)
    assert {"accounts.Account.parent", "accounts.Conflict.a", "plans.Plan.account"} <= {
        item.relation for item in shown.counts
    }
    assert merged.summary["counts"] == []
    assert not {"Rival", "Buy", "below"} & set(told(merged).replace("“", " ").split())


def test_preview_counts_what_the_reader_sees(programme, pair):
    survivor, loser = pair
    rival, hidden = (AccountFactory(programme=programme, team=TeamFactory()) for _ in range(2))
    hidden.parent = loser
    hidden.path = f"{loser.path}{hidden.pk}/"
    hidden.save()
    barrier = ConflictFactory(a=rival, b=hidden, kind="ring_fence")
    fenced = MembershipFactory(team=rival.team, role="member").user
    RoleGrantFactory(programme_manager=True, programme=programme, user=fenced)
    shown = preview(survivor, loser, reader=fenced)
    assert (shown.counts, shown.remarks) == ([], [])
    barrier.delete()
    assert [item.rows for item in preview(survivor, loser, reader=fenced).counts] == [1]


def test_merge_that_was_taken_back_names_neither_to_who_sees_the_other_alone(
    manager, programme, pair
):
    survivor, loser = pair
    team = TeamFactory(programme=programme)
    Account.objects.filter(pk=survivor.pk).update(team=team)
    survivor.refresh_from_db()
    member = MembershipFactory(team=team, role="member").user
    merged = merge(manager, (survivor, loser))
    assert Merge.objects.visible_to(member).count() == 1
    assert Change.objects.visible_to(member).filter(verb="merged").count() == 1
    services.undo_merge(actor=manager, merge=merged)
    assert not Merge.objects.visible_to(member).exists()
    assert not Change.objects.visible_to(member).filter(verb__startswith="merge").exists()
    assert Change.objects.visible_to(manager).filter(verb="merge_undone").count() == 2


def test_what_was_merged_is_seen_by_who_sees_what_it_is_part_of(manager, programme, pair):
    first, second, third = (TeamFactory(programme=programme) for _ in range(3))
    old, new, other = (
        MembershipFactory(team=team, role="member").user for team in (first, second, third)
    )
    unit = BusinessUnitFactory(programme=programme)
    senior = RoleGrantFactory(senior_manager=True, business_unit=unit, programme=None).user
    survivor, loser = pair
    before = AccountFactory(programme=programme, name="Birch before")
    services.merge_accounts(actor=manager, survivor=loser, loser=before)
    for account, team in ((survivor, first), (loser, third)):
        services.assign_team(actor=manager, account=account, team=team, expected_version=None)
        account.refresh_from_db()
    merged = merge(manager, pair)
    three = {survivor.pk, loser.pk, before.pk}

    def seen(user: Any) -> set[int]:
        return set(Account.objects.visible_to(user).values_list("pk", flat=True))

    assert (seen(old), seen(new), seen(other)) == (three, set(), set())
    services.assign_team(actor=manager, account=survivor, team=second, expected_version=None)
    assert (seen(old), seen(new), seen(senior)) == (set(), three, set())
    services.update_account(
        actor=manager, account=survivor, expected_version=None, changes={"business_unit": unit}
    )
    assert seen(senior) == three
    services.undo_merge(actor=manager, merge=merged)
    assert (seen(old), seen(new)) == (set(), {survivor.pk})
    assert (seen(other), seen(senior)) == ({loser.pk, before.pk}, {survivor.pk})


def test_invisible_parent_is_not_named(manager, programme, pair):
    hidden = AccountFactory(programme=programme, name="Hidden Holding")
    loser = AccountFactory(parent=hidden)
    fenced = AccountFactory(programme=programme, team=TeamFactory(programme=programme))
    MembershipFactory(team=fenced.team, user=manager, role="observer")
    shown = preview(pair[0], loser, reader=manager)
    assert "Hidden Holding" in [item.loser for item in shown.choices]
    Conflict.objects.create(a=hidden, b=fenced, kind="ring_fence")
    shown = preview(pair[0], loser, reader=manager)
    assert "Hidden Holding" not in str(shown)


# Children with rules of their own


def test_parent_taken_up_by_its_child(manager, programme):
    top = AccountFactory(programme=programme)
    parent = AccountFactory(parent=top)
    child = AccountFactory(parent=parent)
    sibling = AccountFactory(parent=parent)
    below = AccountFactory(parent=sibling)
    merged = merge(manager, (child, parent))
    paths = dict(Account.objects.values_list("pk", "path"))
    at = f"/{top.pk}/{child.pk}/"
    assert paths[child.pk] == at
    assert paths[parent.pk] == f"{at}{parent.pk}/"
    assert paths[below.pk] == f"{at}{sibling.pk}/{below.pk}/"
    services.undo_merge(actor=manager, merge=merged)
    paths = dict(Account.objects.values_list("pk", "path"))
    assert paths[below.pk] == f"/{top.pk}/{parent.pk}/{sibling.pk}/{below.pk}/"
    assert paths[child.pk] == f"/{top.pk}/{parent.pk}/{child.pk}/"


def test_barriers_hold_for_the_survivor_as_long_as_either_did(manager, programme, pair):
    rival, other = (AccountFactory(programme=programme) for _number in range(2))
    mine = ConflictFactory(a=pair[0], b=rival, valid_from=MAY, valid_until=business_today())
    ConflictFactory(a=pair[1], b=rival, valid_from=None, valid_until=None)
    theirs = ConflictFactory(a=pair[1], b=other)
    merge(manager, pair)
    mine.refresh_from_db()
    theirs.refresh_from_db()
    assert (mine.valid_from, mine.valid_until) == (None, None)
    assert {theirs.a_id, theirs.b_id} == {pair[0].pk, other.pk}


def test_two_plans_of_a_period_leave_one(manager, pair):
    kept = PlanFactory(account=pair[0], status="active", in_force=True)
    other = PlanFactory(account=pair[1], status="active", in_force=True)
    assert len(preview(*pair, reader=manager).remarks) == 1
    merged = merge(manager, pair)
    kept.refresh_from_db()
    other.refresh_from_db()
    assert (kept.status, kept.archived_at) == ("active", None)
    assert (other.status, other.in_force, other.account) == ("superseded", False, pair[0])
    assert other.archived_at is not None
    services.undo_merge(actor=manager, merge=merged)
    other.refresh_from_db()
    assert (other.status, other.in_force, other.archived_at) == ("active", True, None)


def test_costs_of_one_month_both_count(manager, programme, pair):
    activity = ActivityFactory(programme=programme)
    for account in pair:
        ActivityCostFactory(
            account=account, activity=activity, month=MAY, currency="GBP", amount=7, source="erp"
        )
    merge(manager, pair)
    rows = ActivityCost.objects.filter(account=pair[0]).order_by("pk")
    assert [row.amount for row in rows] == [7, 7]
    assert [row.source for row in rows] == ["erp", "erp (Birch Logistics)"]


def test_number_of_a_person_that_is_taken_stays_where_it_is(manager, pair):
    people = [ContactFactory(account=account) for account in pair]
    for person in people:
        ContactExternalId.objects.create(
            contact=person, account=person.account, system="crm", value="7"
        )
    assert len(preview(*pair, reader=manager).remarks) == 1
    merged = merge(manager, pair)
    assert ContactExternalId.objects.get().contact == people[0]
    services.undo_merge(actor=manager, merge=merged)
    assert ContactExternalId.objects.get(account=pair[1]).contact == people[1]


def test_history_of_both_is_readable_on_the_survivor(manager, pair):
    services.update_account(
        actor=manager, account=pair[1], expected_version=None, changes={"country": "Norway"}
    )
    merge(manager, pair)
    rows = Change.objects.visible_to(manager).filter(account_id=pair[0].pk)
    assert set(rows.values_list("verb", flat=True)) == {"updated", "merged"}
    assert Change.objects.get(account_id=pair[1].pk).verb == "merged_into"


def test_people_of_the_team_that_is_not_chosen_are_told(manager, programme, pair):
    team = TeamFactory(programme=programme)
    user = MembershipFactory(team=team, role="kam").user
    Account.objects.filter(pk=pair[1].pk).update(team=team)
    survivor = Account.objects.get(pk=pair[0].pk)
    Account.objects.filter(pk=survivor.pk).update(team=TeamFactory(programme=programme))
    merge(manager, (Account.objects.get(pk=pair[0].pk), Account.objects.get(pk=pair[1].pk)))
    told = Change.objects.filter(audience="private", audience_id=user.pk)
    assert [(row.verb, row.object_id) for row in told] == [("access.revoked", pair[1].pk)]


# Afterwards


def test_nobody_writes_to_what_was_merged(manager, pair):
    merge(manager, pair)
    loser = Account.objects.get(pk=pair[1].pk)
    assert Account.objects.visible_to(manager).filter(pk=loser.pk).exists()
    with pytest.raises(PermissionDenied):
        services.create_contact(actor=manager, account=loser, changes={"name": "Ann"})
    with pytest.raises(PermissionDenied):
        services.restore_account(actor=manager, account=loser, expected_version=None)


def test_upsert_by_the_number_of_the_loser_reaches_the_survivor(manager, programme, pair):
    ExternalIdFactory(account=pair[1], system="erp", value="4711")
    merge(manager, pair)
    put = services.put_account(
        actor=manager,
        programme=programme,
        system="erp",
        value="4711",
        changes={"industry": "Rail"},
    )
    assert (put.account.pk, put.created, put.account.industry) == (pair[0].pk, False, "Rail")


def test_chain_of_merges_leads_to_the_last(manager, programme, pair):
    last = AccountFactory(programme=programme, team=TeamFactory(programme=programme))
    first = merge(manager, pair)
    second = merge(manager, (last, Account.objects.get(pk=pair[0].pk)))
    assert set(Account.objects.filter(merged_into=last, team=last.team)) == set(pair)
    assert code_of(lambda: services.undo_merge(actor=manager, merge=first)) == "merged"
    services.undo_merge(actor=manager, merge=second)
    services.undo_merge(actor=manager, merge=first)
    assert not Account.objects.exclude(merged_into=None).exists()


def test_conflict_that_was_shortened_since_stays_short(manager, programme, pair):
    rival = AccountFactory(programme=programme)
    mine = ConflictFactory(a=pair[0], b=rival, valid_from=MAY, valid_until=business_today())
    theirs = ConflictFactory(a=pair[1], b=rival, valid_from=None, valid_until=None)
    merged = merge(manager, pair)
    Conflict.objects.filter(pk=mine.pk).update(valid_from=MAY, valid_until=business_today())
    settle_merges.func()
    mine.refresh_from_db()
    assert (mine.valid_from, mine.valid_until) == (MAY, business_today())
    services.undo_merge(actor=manager, merge=merged)
    theirs.refresh_from_db()
    assert {theirs.a_id, theirs.b_id} == {pair[1].pk, rival.pk}


def test_row_written_while_it_was_merged_is_carried_after_it(manager, pair):
    merged = merge(manager, pair)
    FactFactory(account_id=pair[1].pk, account=Account.objects.get(pk=pair[1].pk))
    assert settle_merges.func() == 1
    assert Fact.objects.get().account == pair[0]
    assert carry_stragglers(merge=merged) == 0
    services.undo_merge(actor=manager, merge=merged)
    assert Fact.objects.get().account == pair[1]


# Taking it back


def test_undo_after_thirty_days_refuses_and_steps_are_dropped(manager, pair):
    SiteFactory(account=pair[1])
    merged = merge(manager, pair)
    late = merged.undo_until + datetime.timedelta(seconds=1)
    assert code_of(lambda: services.undo_merge(actor=manager, merge=merged, now=late)) == "late"
    assert merged.undo_until - merged.merged_at == datetime.timedelta(days=30)
    type(merged).objects.update(undo_until=timezone.now() - datetime.timedelta(seconds=1))
    settle_merges.func()
    assert not MergeStep.objects.exists()


def test_undo_twice_refuses(manager, pair):
    merged = merge(manager, pair)
    services.undo_merge(actor=manager, merge=merged)
    assert code_of(lambda: services.undo_merge(actor=manager, merge=merged)) == "undone"


def test_undo_is_for_who_manages_it(manager, pair):
    merged = merge(manager, pair)
    with pytest.raises(PermissionDenied):
        services.undo_merge(actor=UserFactory(), merge=merged)


def test_what_came_since_stays_with_all_that_it_holds_on_to(manager, pair):
    talked, quiet = (ContactFactory(account=pair[1]) for _number in range(2))
    plan = PlanFactory(account=pair[1])
    objective = ObjectiveFactory(plan=plan)
    merged = merge(manager, pair)
    survivor = Account.objects.get(pk=pair[0].pk)
    InteractionFactory(account=survivor, user=manager, contacts=[talked])
    later = ActionFactory(account=survivor, objective=objective)
    merged = services.undo_merge(actor=manager, merge=merged)
    homes = dict(Contact.objects.values_list("pk", "account"))
    assert homes == {talked.pk: pair[0].pk, quiet.pk: pair[1].pk}
    plan.refresh_from_db()
    assert plan.account == pair[0] == Action.objects.get(pk=later.pk).account
    assert len(merged.kept) == 2
    Interaction.objects.get().full_clean()


def test_value_changed_since_stays(manager, programme, pair):
    Account.objects.filter(pk=pair[1].pk).update(country="Norway", industry="Rail")
    loser = Account.objects.get(pk=pair[1].pk)
    merged = merge(manager, (pair[0], loser))
    survivor = Account.objects.get(pk=pair[0].pk)
    services.update_account(
        actor=manager, account=survivor, expected_version=None, changes={"country": "Sweden"}
    )
    merged = services.undo_merge(actor=manager, merge=merged)
    survivor.refresh_from_db()
    assert (survivor.country, survivor.industry) == ("Sweden", "")
    assert len(merged.kept) == 1


def test_totals_follow_the_lines_that_are_there(manager, pair):
    def line(amount: int) -> dict[str, Any]:
        return {"booked_on": MAY, "amount": Decimal(amount), "currency": "GBP"}

    enter_sales_lines(actor=manager, account=pair[0], lines=[line(10)])
    enter_sales_lines(actor=manager, account=pair[1], lines=[line(20), line(40)])
    merged = merge(manager, pair)
    survivor = Account.objects.get(pk=pair[0].pk)
    enter_sales_lines(actor=manager, account=survivor, lines=[line(80)])
    gone = LedgerEntry.objects.get(amount=20)
    remove_sales_line(actor=manager, entry=gone)
    services.undo_merge(actor=manager, merge=merged)
    sums = {row.account_id: (row.revenue, row.lines) for row in MonthTotal.objects.all()}
    assert sums == {pair[0].pk: (90, 2), pair[1].pk: (40, 1)}


def test_merge_decides_the_pair_and_undo_opens_it(manager, pair):
    found = DuplicatePairFactory(account_a=pair[0], account_b=pair[1])
    merged = merge(manager, pair)
    found.refresh_from_db()
    assert (found.state, found.decided_by) == ("merged", manager)
    services.undo_merge(actor=manager, merge=merged)
    found.refresh_from_db()
    assert (found.state, found.decided_by) == (DuplicatePair.State.OPEN, None)


# People


def test_people_become_one_with_talks_reports_and_numbers(manager, pair):
    account = pair[0]
    boss = ContactFactory(account=account, name="Anna Smith", email="anna@birch.example")
    double = ContactFactory(account=account, name="A. Smith", phone="0113 555", reports_to=boss)
    report = ContactFactory(account=account, reports_to=double)
    ContactExternalId.objects.create(contact=double, account=account, system="crm", value="9")
    both = InteractionFactory(account=account, user=manager, contacts=[boss, double])
    alone = InteractionFactory(
        account=account, user=manager, contacts=[double], happened_on=datetime.date(2026, 6, 2)
    )
    merged = services.merge_contacts(actor=manager, survivor=double, loser=boss)
    double.refresh_from_db()
    report.refresh_from_db()
    assert (double.email, double.phone, double.reports_to) == (
        "anna@birch.example",
        "0113 555",
        None,
    )
    assert report.reports_to == double
    assert [list(talk.contacts.all()) for talk in (both, alone)] == [[double], [double]]
    assert double.last_talked_on == datetime.date(2026, 6, 2)
    boss.refresh_from_db()
    assert boss.merged_into == double
    assert boss.last_talked_on is None
    services.undo_merge(actor=manager, merge=merged)
    double.refresh_from_db()
    assert (double.email, double.reports_to) == ("", boss)
    assert set(both.contacts.all()) == {boss, double}
    assert ExternalId.objects.count() == 0


def test_people_of_two_accounts_are_not_merged(manager, pair):
    people = [ContactFactory(account=account) for account in pair]
    call = dict(zip(("survivor", "loser"), people, strict=True))
    assert code_of(lambda: services.merge_contacts(actor=manager, **call)) == "foreign"


def test_people_are_merged_by_editors_of_their_account_alone(programme, pair):
    team = TeamFactory(programme=programme)
    Account.objects.filter(pk=pair[0].pk).update(team=team)
    account = Account.objects.get(pk=pair[0].pk)
    people = ContactFactory.create_batch(2, account=account)
    call = dict(zip(("survivor", "loser"), people, strict=True))
    member = MembershipFactory(team=team, role="member").user
    with pytest.raises(PermissionDenied):
        services.merge_contacts(actor=member, **call)
    deputy = MembershipFactory(team=team, role="deputy").user
    services.merge_contacts(actor=deputy, **call)
    with pytest.raises(ValidationError):
        services.update_contact(
            actor=deputy, contact=people[1], expected_version=None, changes={"phone": "1"}
        )
