"""A plan's life, its locks, and what readers see meanwhile (handbook 4.2, `design.md` 11)."""

import datetime

import pytest
from django.core.exceptions import PermissionDenied, ValidationError

from kam.changes.errors import VersionConflict
from kam.changes.models import Change
from plans import reading, services
from plans.models import Milestone, Objective, Plan, PlanDecision, PlanVersion, Risk
from tests.factories.plans import (
    MilestoneFactory,
    ObjectiveFactory,
    PlanFactory,
    RiskFactory,
    StrategyFactory,
)
from tests.factories.teams import MembershipFactory

TODAY = datetime.date(2026, 6, 1)


def approved(people, plan):
    plan = services.submit_plan(actor=people.kam, plan=plan)
    return services.approve_plan(actor=people.sponsor, plan=plan, today=TODAY)


def test_create_plan_takes_the_currency_of_the_account(people):
    values = {
        "title": "Plan 2027",
        "starts_on": datetime.date(2027, 1, 1),
        "ends_on": datetime.date(2027, 12, 31),
    }

    plan = services.create_plan(actor=people.deputy, account=people.account, values=values)

    assert (plan.currency, plan.status, plan.author) == ("GBP", "draft", people.deputy)
    assert Change.objects.of(plan).get().audience == "plan"
    assert PlanDecision.objects.get().step == "create"


@pytest.mark.parametrize("who", ["sponsor", "member", "observer", "senior", "finance", "outsider"])
def test_create_plan_refuses_others(people, who):
    values = {"title": "P", "starts_on": TODAY, "ends_on": datetime.date(2027, 1, 1)}

    with pytest.raises(PermissionDenied):
        services.create_plan(actor=getattr(people, who), account=people.account, values=values)

    assert not Plan.objects.exists()


@pytest.mark.parametrize("status", ["maintained", "diplomatic", "exited"])
def test_create_plan_refuses_accounts_that_are_not_planned(people, status):
    people.account.status = status
    people.account.save(update_fields=["status"])
    values = {"title": "P", "starts_on": TODAY, "ends_on": datetime.date(2027, 1, 1)}

    with pytest.raises(ValidationError) as caught:
        services.create_plan(actor=people.kam, account=people.account, values=values)

    assert set(caught.value.error_dict) == {"account"}


def test_create_plan_refuses_a_second_one_for_the_period(people, plan):
    values = {"title": "Again", "starts_on": plan.starts_on, "ends_on": plan.ends_on}

    with pytest.raises(ValidationError, match="has a plan for this period"):
        services.create_plan(actor=people.kam, account=people.account, values=values)


def test_submit_plan_without_objective_is_blocked(people, plan):
    with pytest.raises(ValidationError, match="No objective yet"):
        services.submit_plan(actor=people.kam, plan=plan)

    plan.refresh_from_db()
    assert (plan.status, plan.version) == ("draft", 1)
    assert not PlanVersion.objects.exists()


def test_submit_plan_without_manager_is_blocked(people, plan):
    ObjectiveFactory(plan=plan)
    people.account.team.memberships.filter(role="kam").update(valid_until="2020-01-01")
    MembershipFactory(team=people.account.team, user=people.kam, role="deputy")

    assert services.submission_blockers(plan) == ["The account has no manager."]


@pytest.mark.parametrize("who", ["deputy", "sponsor", "programme_manager", "member"])
def test_submit_plan_is_the_managers_alone(people, plan, who):
    ObjectiveFactory(plan=plan)

    with pytest.raises(PermissionDenied):
        services.submit_plan(actor=getattr(people, who), plan=plan)

    assert Plan.objects.get().status == "draft"


def test_submit_plan_freezes_the_content(people, plan):
    objective = ObjectiveFactory(plan=plan, title="Raise revenue")
    StrategyFactory(objective=objective, text="Open Rail")

    services.submit_plan(actor=people.kam, plan=plan, comment="First try")

    version = PlanVersion.objects.get()
    assert (version.number, version.kind, version.comment) == (1, "submission", "First try")
    assert [row["title"] for row in version.content["objectives"]] == ["Raise revenue"]
    assert version.content["strategies"][0]["objective"] == objective.pk
    assert version.content["plan"]["ambition"] == plan.ambition


def test_content_is_locked_in_review_and_execution_is_open(people, plan):
    objective = ObjectiveFactory(plan=plan)
    milestone = MilestoneFactory(objective=objective)
    risk = RiskFactory(plan=plan)
    services.submit_plan(actor=people.kam, plan=plan)

    for row, changes in (
        (objective, {"title": "Other"}),
        (milestone, {"result": "Other"}),
        (risk, {"contingency": "Other"}),
    ):
        with pytest.raises(ValidationError, match="being reviewed"):
            services.update_content(actor=people.kam, row=row, changes=changes)
        with pytest.raises(ValidationError, match="being reviewed"):
            services.archive_content(actor=people.kam, row=row)
    with pytest.raises(ValidationError, match="being reviewed"):
        services.update_plan(actor=people.kam, plan=plan, changes={"ambition": "Other"})
    with pytest.raises(ValidationError, match="being reviewed"):
        services.add_content(actor=people.kam, row=ObjectiveFactory.build(plan=plan))

    services.update_content(actor=people.kam, row=milestone, changes={"reached_on": TODAY})
    services.update_content(actor=people.kam, row=risk, changes={"state": "closed"})
    services.update_content(
        actor=people.kam, row=objective, changes={"actual": 5, "actual_on": TODAY}
    )
    assert Milestone.objects.get().reached_on == TODAY
    assert Risk.objects.get().state == "closed"
    assert Objective.objects.get().actual == 5


def test_request_changes_needs_a_comment_and_opens_the_content(people, plan):
    objective = ObjectiveFactory(plan=plan)
    plan = services.submit_plan(actor=people.kam, plan=plan)

    with pytest.raises(ValidationError):
        services.request_changes(actor=people.finance, plan=plan, comment="  ")
    plan = services.request_changes(actor=people.finance, plan=plan, comment="Which rate?")

    assert (plan.status, plan.locked_at) == ("draft", None)
    services.update_content(actor=people.kam, row=objective, changes={"title": "Other"})
    assert PlanDecision.objects.first().comment == "Which rate?"


@pytest.mark.parametrize("who", ["kam", "deputy", "member", "observer", "finance", "auditor"])
def test_approve_plan_refuses_who_is_not_entitled(people, plan, who):
    ObjectiveFactory(plan=plan)
    plan = services.submit_plan(actor=people.kam, plan=plan)

    with pytest.raises(PermissionDenied):
        services.approve_plan(actor=getattr(people, who), plan=plan, today=TODAY)

    assert Plan.objects.get().status == "in_review"


def test_approve_plan_is_never_the_authors_or_submitters(people, plan):
    """A programme manager who wrote the plan, or a sponsor who is also manager, is no second
    person."""
    ObjectiveFactory(plan=plan)
    Plan.objects.update(author=people.programme_manager)
    MembershipFactory(team=people.account.team, user=people.kam, role="sponsor")
    plan = services.submit_plan(actor=people.kam, plan=plan)

    for actor in (people.kam, people.programme_manager):
        with pytest.raises(PermissionDenied):
            services.approve_plan(actor=actor, plan=plan, today=TODAY)

    plan = services.approve_plan(actor=people.senior, plan=plan, today=TODAY)
    assert plan.status == "approved"


@pytest.mark.parametrize("who", ["sponsor", "senior", "programme_manager"])
def test_approve_plan_by_each_second_person_entitled(people, plan, who):
    ObjectiveFactory(plan=plan)
    plan = services.submit_plan(actor=people.kam, plan=plan)

    plan = services.approve_plan(actor=getattr(people, who), plan=plan, today=TODAY, comment="Go")

    assert (plan.status, plan.approved_on) == ("approved", TODAY)
    version = PlanVersion.objects.first()
    assert (version.number, version.kind, version.comment) == (2, "approval", "Go")


def test_approve_plan_is_blocked_without_contingencies(people, plan):
    """K127: no defection contingency; L3: a risk of 10 or more without contingency."""
    ObjectiveFactory(plan=plan)
    RiskFactory(plan=plan, likelihood=2, impact=5)
    RiskFactory(plan=plan, likelihood=3, impact=3)
    Plan.objects.update(defection_contingency=" ")
    plan = services.submit_plan(actor=people.kam, plan=plan)

    with pytest.raises(ValidationError) as caught:
        services.approve_plan(actor=people.sponsor, plan=plan, today=TODAY)

    assert caught.value.messages == [
        "Nothing is said about what happens if the customer leaves.",
        "1 high risk has no contingency.",
    ]
    assert Plan.objects.get().status == "in_review"


def test_full_approval_takes_finance_then_the_sponsor(people, plan):
    people.account.programme.approval = "full"
    people.account.programme.save(update_fields=["approval"])
    ObjectiveFactory(plan=plan)
    plan = services.submit_plan(actor=people.kam, plan=plan)

    with pytest.raises(PermissionDenied):
        services.approve_plan(actor=people.senior, plan=plan, today=TODAY)
    with pytest.raises(ValidationError, match="Finance has not checked"):
        services.approve_plan(actor=people.sponsor, plan=plan, today=TODAY)
    services.check_finance(actor=people.finance, plan=plan)

    assert services.approve_plan(actor=people.sponsor, plan=plan, today=TODAY).status == "approved"


def test_full_approval_without_sponsor_is_the_programme_managers(people, plan):
    people.account.programme.approval = "full"
    people.account.programme.save(update_fields=["approval"])
    people.account.team.memberships.filter(role="sponsor").delete()
    ObjectiveFactory(plan=plan)
    plan = services.submit_plan(actor=people.kam, plan=plan)
    services.check_finance(actor=people.finance, plan=plan)

    plan = services.approve_plan(actor=people.programme_manager, plan=plan, today=TODAY)

    assert plan.status == "approved"


def test_activate_plan_supersedes_the_former_one(people, plan):
    former = PlanFactory(
        account=people.account,
        starts_on=datetime.date(2025, 1, 1),
        ends_on=datetime.date(2025, 12, 31),
        status="active",
        in_force=True,
    )
    ObjectiveFactory(plan=plan)
    plan = approved(people, plan)

    plan = services.activate_plan(actor=people.kam, plan=plan, today=TODAY)

    former.refresh_from_db()
    assert (plan.status, plan.in_force) == ("active", True)
    assert (former.status, former.in_force) == ("superseded", False)


def test_activate_plan_waits_for_its_period(people, plan):
    ObjectiveFactory(plan=plan)
    plan = approved(people, plan)

    with pytest.raises(ValidationError, match="has not begun"):
        services.activate_plan(actor=people.kam, plan=plan, today=datetime.date(2025, 12, 31))


def test_second_plan_in_force_is_refused_by_the_database(people, plan):
    """K058."""
    Plan.objects.update(status="active", in_force=True)
    second = PlanFactory.build(
        account=people.account,
        starts_on=datetime.date(2027, 1, 1),
        ends_on=datetime.date(2027, 12, 31),
        status="active",
        in_force=True,
    )

    with pytest.raises(ValidationError, match="has an active plan"):
        second.full_clean()


def test_readers_see_the_approved_version_while_it_is_revised(people, plan):
    objective = ObjectiveFactory(plan=plan, title="As approved", owner=people.kam)
    gone = ObjectiveFactory(plan=plan, title="Taken out later")
    plan = approved(people, plan)
    plan = services.activate_plan(actor=people.kam, plan=plan, today=TODAY)
    plan = services.revise_plan(actor=people.kam, plan=plan)
    assert (plan.status, plan.in_force) == ("draft", True)
    services.update_content(
        actor=people.kam, row=objective, changes={"title": "Reworded", "owner": people.deputy}
    )
    services.update_content(
        actor=people.kam, row=objective, changes={"actual": 7, "actual_on": TODAY}
    )
    services.archive_content(actor=people.kam, row=gone)
    services.add_content(actor=people.kam, row=ObjectiveFactory.build(plan=plan, title="New"))
    services.update_plan(actor=people.kam, plan=plan, changes={"ambition": "More"})

    for reader in people.readers:
        rows = [reading.as_read(row) for row in Objective.objects.visible_to(reader).current()]
        assert [row.title for row in rows] == ["As approved", "Taken out later"]
        assert (rows[0].owner, rows[0].actual) == (people.kam, 7)
        seen = reading.as_read(Plan.objects.visible_to(reader).get())
        assert seen.ambition == "Preferred supplier in two units"
    for editor in (people.kam, people.deputy, people.programme_manager):
        rows = [reading.as_read(row) for row in Objective.objects.visible_to(editor).current()]
        assert [row.title for row in rows] == ["Reworded", "New"]
        assert reading.as_read(Plan.objects.visible_to(editor).get()).ambition == "More"
    assert not Objective.objects.visible_to(people.outsider).exists()


def test_a_first_draft_is_the_editors_and_in_review_the_deciders(people, plan):
    ObjectiveFactory(plan=plan)
    assert not Objective.objects.visible_to(people.sponsor).exists()
    assert reading.as_read(Plan.objects.visible_to(people.sponsor).get()).ambition == ""

    services.submit_plan(actor=people.kam, plan=plan)

    for decider in (people.sponsor, people.senior, people.finance):
        assert Objective.objects.visible_to(decider).count() == 1
    for reader in (people.member, people.observer, people.auditor):
        assert not Objective.objects.visible_to(reader).exists()
    assert not PlanVersion.objects.visible_to(people.member).exists()
    assert PlanVersion.objects.visible_to(people.sponsor).count() == 1


def test_close_plan_needs_a_result_and_its_end(people, plan):
    ObjectiveFactory(plan=plan)
    plan = services.activate_plan(actor=people.kam, plan=approved(people, plan), today=TODAY)
    close = {"actor": people.programme_manager, "plan": plan}
    end = datetime.date(2026, 12, 31)

    with pytest.raises(ValidationError, match="period is not over"):
        services.close_plan(**close, result="Grew 7 %", today=TODAY)
    with pytest.raises(ValidationError):
        services.close_plan(**close, result=" ", today=end)
    with pytest.raises(PermissionDenied):
        services.close_plan(actor=people.kam, plan=plan, result="Grew", today=end)
    plan = services.close_plan(**close, result="Grew 7 %", today=end)

    assert (plan.status, plan.in_force, plan.result) == ("closed", False, "Grew 7 %")


def test_close_plan_early_when_the_relationship_ends(people, plan):
    ObjectiveFactory(plan=plan)
    plan = services.activate_plan(actor=people.kam, plan=approved(people, plan), today=TODAY)
    people.account.stage = "uncoupling"
    people.account.save(update_fields=["stage"])

    plan = services.close_plan(
        actor=people.programme_manager, plan=plan, result="They left.", today=TODAY
    )

    assert plan.status == "closed"


def test_step_with_a_stale_version_is_a_conflict(people, plan):
    ObjectiveFactory(plan=plan)
    services.update_plan(actor=people.kam, plan=plan, changes={"ambition": "More"})

    with pytest.raises(VersionConflict):
        services.submit_plan(actor=people.kam, plan=plan, expected_version=1)

    assert Plan.objects.get().status == "draft"
