"""Stopping in the middle, restoring, deleting, and choosing managers of a scenario."""

from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse

from accounts.models import ManagerCapacity, Selection
from accounts.services import archive_account, solving
from accounts.services import selection as runs
from kam.jobs.models import Job
from kam.jobs.progress import Cancelled, InlineJob
from kam.jobs.worker import Worker
from tests.factories.selection import BUDGET, handbook_programme
from tests.factories.teams import RoleGrantFactory

pytestmark = [pytest.mark.django_db, pytest.mark.one_database]


@pytest.fixture
def example():
    return handbook_programme()


@pytest.fixture
def run(example):
    return runs.create_selection(
        actor=example.director, programme=example.programme, changes={"budget": BUDGET}
    )


@pytest.fixture
def browser(example):
    client = Client()
    client.force_login(example.director)
    return client


class StoppedJob(InlineJob):
    """Somebody stops the run as soon as the solver looks up."""

    def __init__(self, example, run) -> None:
        super().__init__()
        self.example, self.run = example, run

    def checkpoint(self) -> None:
        runs.stop_selection(actor=self.example.director, selection=self.run)
        raise Cancelled


def test_run_stopped_while_it_is_solved_keeps_no_answer(example, run) -> None:
    runs.solve_selection(actor=example.director, selection=run)
    with pytest.raises(Cancelled):
        solving.solve(run.pk, example.director, StoppedJob(example, run))
    run.refresh_from_db()
    assert (run.status, run.result, run.objective) == (Selection.Status.CANCELLED, {}, None)
    runs.solve_selection(actor=example.director, selection=run)
    Worker(heartbeat=False).drain()
    run.refresh_from_db()
    assert run.status == Selection.Status.OPTIMAL


def test_archived_scenario_comes_back_and_a_draft_can_be_deleted(example, run, browser) -> None:
    runs.archive_selection(actor=example.director, selection=run)
    run.refresh_from_db()
    page = browser.get(reverse("accounts:selections"), {"archived": "1"})
    assert run.name in page.content.decode()
    back = browser.post(
        reverse("accounts:selection_restore", args=[run.pk]), {"version": run.version}
    )
    assert back.status_code == 302
    run.refresh_from_db()
    assert run.archived_at is None
    browser.post(reverse("accounts:selection_delete", args=[run.pk]), {"version": run.version})
    assert not Selection.objects.exists()


def test_solved_scenario_is_not_deleted(example, run) -> None:
    Selection.objects.update(status="optimal")
    with pytest.raises(ValidationError, match="archive"):
        runs.delete_draft(actor=example.director, selection=run)


def test_only_kira_looks_after_two(example, run, browser) -> None:
    """Handbook 3.5: without Luis the best is Birch and Cedar, 4.042."""
    address = reverse("accounts:selection_managers", args=[run.pk])
    kira, luis = example.kira.pk, example.luis.pk
    assert browser.get(address).status_code == 200
    fields = {
        "version": run.version,
        f"{kira}-takes_part": "on",
        f"{kira}-capacity": "3",
        f"{kira}-effort": "1",
        f"{luis}-capacity": "9",
        f"{luis}-effort": "1",
    }
    refused = browser.post(address, fields)
    assert refused.status_code == 422
    assert browser.post(address, {**fields, f"{luis}-capacity": "2"}).status_code == 302
    run.refresh_from_db()
    assert [row["user"] for row in run.given["managers"]] == [kira]
    runs.solve_selection(actor=example.director, selection=run)
    Worker(heartbeat=False).drain()
    run.refresh_from_db()
    chosen = {row["account"] for row in run.result["selected"]}
    assert (example.names(chosen), run.objective) == ({"Birch", "Cedar"}, Decimal("4.042"))
    assert ManagerCapacity.objects.count() == 2
    browser.post(address, {"usual": "1"})
    copy = Selection.objects.get(copied_from=run)
    assert "managers" not in copy.given


def test_budget_is_read_as_it_is_written(example, run, browser) -> None:
    address = reverse("accounts:selection_solve", args=[run.pk])
    fields = {
        "version": run.version,
        "budget": "1,260,000",
        "max_accounts": "5",
        "hurdle": "5",
        "attractiveness_weight": "0.7",
        "min_stars": "0",
    }
    page = browser.post(address, {**fields, "budget": "much", "hurdle": "x"})
    assert page.status_code == 422
    assert "id_hurdle_error" in page.content.decode()
    assert browser.post(address, fields).status_code == 302
    run.refresh_from_db()
    assert run.budget == Decimal(1_260_000)


def test_scenarios_stand_side_by_side(example, run, browser) -> None:
    other = runs.copy_selection(actor=example.director, selection=run, name="Beside")
    kira = example.kira.pk
    alder = example.accounts["Alder"].pk
    Selection.objects.filter(pk=run.pk).update(
        result={"selected": [{"account": alder, "manager": kira}]}
    )
    address = reverse("accounts:selection_compare")
    page = browser.get(f"{address}?run={run.pk}&run={other.pk}")
    body = page.content.decode()
    assert "Beside" in body
    assert [row.name for row in page.context["differing"]] == ["Alder Foods"]
    assert browser.get(f"{address}?run={run.pk}&run=999999").status_code == 404
    assert browser.get(address).status_code == 200


def test_capacities_are_recorded_changed_and_forgotten(example, browser) -> None:
    row = ManagerCapacity.objects.get(user=example.luis)
    changed = {"version": row.version, "accounts": "4", "effort": "0.8"}
    assert browser.post(reverse("accounts:capacity_edit", args=[row.pk]), changed).status_code < 400
    row.refresh_from_db()
    assert (row.accounts, row.effort) == (4, Decimal("0.8"))
    page = browser.get(reverse("accounts:capacities"))
    assert "Luis" in page.content.decode()
    browser.post(reverse("accounts:capacity_archive", args=[row.pk]), {"version": row.version})
    row.refresh_from_db()
    assert row.archived_at is not None
    form = browser.get(reverse("accounts:capacity_create")).context["form"]
    offered = set(form.fields["user"].queryset)
    assert (example.luis in offered, example.kira in offered) == (True, False)
    made = browser.post(
        reverse("accounts:capacity_create"),
        {"user": example.luis.pk, "accounts": "1", "effort": "0.5"},
    )
    assert made.status_code < 400
    assert ManagerCapacity.objects.active().filter(user=example.luis, accounts=1).exists()


def test_archived_scenario_is_neither_solved_nor_changed(example, run) -> None:
    run = runs.archive_selection(actor=example.director, selection=run)
    cedar = example.accounts["Cedar"]
    for refused in (
        lambda: runs.solve_selection(actor=example.director, selection=run),
        lambda: runs.mark_account(
            actor=example.director, selection=run, account=cedar, mark="must"
        ),
        lambda: runs.choose_managers(
            actor=example.director, selection=run, expected_version=None, managers=None
        ),
        lambda: runs.update_selection(
            actor=example.director, selection=run, expected_version=None, changes={"name": "Other"}
        ),
    ):
        with pytest.raises(ValidationError, match="archived"):
            refused()


def test_account_that_was_archived_does_not_keep_others_from_being_marked(example, run) -> None:
    hazel, cedar = (example.accounts[name] for name in ("Hazel", "Cedar"))
    runs.mark_account(actor=example.director, selection=run, account=hazel, mark="must")
    archive_account(actor=example.director, account=hazel, expected_version=None)
    marked = runs.mark_account(actor=example.director, selection=run, account=cedar, mark="must")
    assert marked.marks[str(cedar.pk)] == "must"


@pytest.mark.parametrize(("ended", "status"), [("failed", "failed"), ("cancelled", "cancelled")])
def test_run_without_a_worker_is_ended(example, run, ended, status) -> None:
    runs.solve_selection(actor=example.director, selection=run)
    Selection.objects.update(status=Selection.Status.SOLVING)
    assert solving.end_abandoned() == 0
    Job.objects.update(status=ended)
    assert solving.end_abandoned() == 1
    run.refresh_from_db()
    assert (run.status, run.result) == (status, {})
    assert runs.solve_selection(actor=example.director, selection=run).status == "queued"


def test_another_manager_stops_a_run_and_a_reader_is_not_offered_to(example, run) -> None:
    runs.solve_selection(actor=example.director, selection=run)
    reader = RoleGrantFactory(programme=example.programme, role="finance").user
    client = Client()
    client.force_login(reader)
    page = client.get(reverse("accounts:selection_progress", args=[run.pk]))
    assert reverse("accounts:selection_stop", args=[run.pk]) not in page.content.decode()
    other = RoleGrantFactory(programme_manager=True, programme=example.programme).user
    assert runs.stop_selection(actor=other, selection=run).status == "cancelled"


def test_advice_is_filled_in_with_what_the_run_says(example, browser) -> None:
    dogwood = example.accounts["Dogwood"]
    dogwood.status, dogwood.rationale = "key", "It was large."
    dogwood.potential_contribution = 45_000
    dogwood.save()
    solved = runs.create_selection(
        actor=example.director, programme=example.programme, changes={"name": "Advice"}
    )
    runs.solve_selection(actor=example.director, selection=solved)
    solving.solve(solved.pk, example.director, InlineJob())
    address = reverse("accounts:selection_decide", args=[solved.pk])
    page = browser.get(f"{address}?advice=1")
    rows = page.context["forms"]
    assert "It could contribute 45" in page.content.decode()
    forms = {row.name: form for row, _advice, form in rows}
    assert forms["Dogwood Energy"].initial["action"] == "review"
    assert forms["Dogwood Energy"].initial["reason"] == "Attractiveness 4.40 is below 5.0."
    assert "reason" not in forms["Cedar Health"].initial
