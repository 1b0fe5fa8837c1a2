"""Any sequence of steps keeps a plan's rules (handbook 4.2)."""

import datetime

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from plans import services
from plans.models import Objective, Plan, PlanDecision, PlanVersion
from tests.factories.plans import ObjectiveFactory

TODAY = datetime.date(2026, 12, 31)
ALLOWED = {
    "draft": {"submit", "edit"},
    "in_review": {"request_changes", "approve"},
    "approved": {"activate", "revise"},
    "active": {"revise", "close"},
    "closed": set(),
}
NEXT = {
    "submit": "in_review",
    "request_changes": "draft",
    "approve": "approved",
    "activate": "active",
    "revise": "draft",
    "close": "closed",
    "edit": "draft",
}
WHO = ("kam", "deputy", "sponsor", "programme_manager", "member")
MAY = {
    "submit": {"kam"},
    "request_changes": {"sponsor", "programme_manager"},
    "approve": {"sponsor", "programme_manager"},
    "activate": {"kam", "programme_manager"},
    "revise": {"kam", "programme_manager"},
    "close": {"programme_manager"},
    "edit": {"kam", "deputy", "programme_manager"},
}
STEPS = st.lists(st.tuples(st.sampled_from(sorted(NEXT)), st.sampled_from(WHO)), max_size=14)


def take(step, actor, plan):
    common = {"actor": actor, "plan": plan}
    if step == "edit":
        row = Objective.objects.get(plan=plan)
        services.update_content(actor=actor, row=row, changes={"title": f"By {actor}"})
    elif step == "request_changes":
        services.request_changes(**common, comment="Why?")
    elif step in ("approve", "activate"):
        getattr(services, f"{step}_plan")(**common, today=TODAY)
    elif step == "close":
        services.close_plan(**common, result="Done", today=TODAY)
    else:
        getattr(services, f"{step}_plan")(**common)


@pytest.mark.django_db
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(STEPS)
def test_any_sequence_of_steps_keeps_the_rules(people, plan, steps):
    with transaction.atomic():
        ObjectiveFactory(plan=plan)
        in_force, author = False, "kam"
        for step, who in steps:
            before = Plan.objects.get(pk=plan.pk)
            legal = step in ALLOWED[before.status] or (
                step == "close" and in_force and before.status != "closed"
            )
            party = {author} | ({"kam"} if before.status == "in_review" else set())
            fits = who in MAY[step] and not (
                step in ("approve", "request_changes") and who in party
            )
            try:
                with transaction.atomic():
                    take(step, getattr(people, who), before)
            except (PermissionDenied, ValidationError):
                assert not (legal and fits), (step, who, before.status)
                after = Plan.objects.get(pk=plan.pk)
                assert (after.status, after.version) == (before.status, before.version)
                continue
            assert legal, (step, who, before.status)
            assert fits, (step, who, before.status)
            in_force = (in_force or step == "activate") and step != "close"
            author = who if step == "revise" else author
            after = Plan.objects.get(pk=plan.pk)
            assert after.status == NEXT[step]
            assert after.in_force == in_force
        numbers = PlanVersion.objects.filter(plan=plan).values_list("number", flat=True)
        assert sorted(numbers) == list(range(1, len(numbers) + 1))
        for decision in PlanDecision.objects.filter(plan=plan, step="approve"):
            assert decision.decided_by_id != people.kam.pk
        transaction.set_rollback(True)
