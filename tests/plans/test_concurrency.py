"""Two people at the same moment."""

import pytest

from kam.changes.errors import VersionConflict
from plans import services
from plans.models import Objective, Plan, PlanVersion
from tests.concurrency import run_together
from tests.factories.plans import ObjectiveFactory

pytestmark = pytest.mark.django_db(transaction=True)


def test_two_editors_of_one_text_both_survive(people, plan):
    """One is saved, the other is told with the stored text at hand and can still be saved."""
    row = ObjectiveFactory(plan=plan, title="Old")

    def write(actor, text):
        def call():
            return services.update_content(
                actor=actor, row=row, changes={"title": text}, expected_version=1
            )

        return call

    outcomes = run_together(write(people.kam, "Kira's"), write(people.deputy, "Dan's"))

    stored = Objective.objects.get()
    refused = [item.error for item in outcomes if item.error]
    assert [type(error) for error in refused] == [VersionConflict]
    assert stored.version == 2
    assert stored.title in ("Kira's", "Dan's")
    assert refused[0].current.title == stored.title


def test_two_editors_of_two_fields_do_not_disturb(people, plan):
    row = ObjectiveFactory(plan=plan, title="Old")
    title = {"changes": {"title": "New"}, "read": {"title": "Old"}}
    kpi = {"changes": {"kpi": "Revenue"}, "read": {"kpi": ""}}

    outcomes = run_together(
        lambda: services.update_content(actor=people.kam, row=row, expected_version=1, **title),
        lambda: services.update_content(actor=people.deputy, row=row, expected_version=1, **kpi),
    )

    assert [item.error for item in outcomes] == [None, None]
    stored = Objective.objects.get()
    assert (stored.title, stored.kpi, stored.version) == ("New", "Revenue", 3)


def test_submission_freezes_what_was_written_or_refuses_the_edit(people, plan):
    """An edit at the moment of submission is either in the version or refused."""
    row = ObjectiveFactory(plan=plan, title="Old")

    edit, submit = run_together(
        lambda: services.update_content(actor=people.deputy, row=row, changes={"title": "New"}),
        lambda: services.submit_plan(actor=people.kam, plan=plan),
    )

    assert submit.error is None
    frozen = PlanVersion.objects.get().content["objectives"][0]["title"]
    assert frozen == Objective.objects.get().title == ("Old" if edit.error else "New")


def test_two_approvals_make_one_version(people, plan, today):
    ObjectiveFactory(plan=plan)
    plan = services.submit_plan(actor=people.kam, plan=plan)

    outcomes = run_together(
        lambda: services.approve_plan(actor=people.sponsor, plan=plan, today=today),
        lambda: services.approve_plan(actor=people.senior, plan=plan, today=today),
    )

    assert sum(item.error is None for item in outcomes) == 1
    assert Plan.objects.get().status == "approved"
    assert list(PlanVersion.objects.values_list("number", flat=True)) == [2, 1]
