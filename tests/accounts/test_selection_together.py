"""Two people decide at the same moment: one wins, the other is told; limits hold (K032)."""

import datetime
import threading
import time
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.db import transaction

from accounts.models import Account, Decision, Position, Selection
from accounts.selection import keeping
from accounts.selection.gathering import gather
from accounts.services import assign_team
from accounts.services.criteria import default_criteria, publish_criteria
from accounts.services.decision import Wish, decide
from accounts.services.scoring import Given, give_scores
from accounts.services.selection import create_selection, solve_selection, stop_selection
from kam.jobs.models import Job
from tests.concurrency import run_together
from tests.factories.accounts import SelectionFactory
from tests.factories.selection import handbook_programme
from tests.factories.teams import (
    MembershipFactory,
    ProgrammeSettingFactory,
    RoleGrantFactory,
    TeamFactory,
)

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.both_databases]
TODAY = datetime.date(2026, 6, 1)


@pytest.fixture
def example():
    return handbook_programme()


@pytest.fixture
def run(example):
    """A solved run that advises to appoint Cedar and Birch."""
    run = SelectionFactory(programme=example.programme)
    chosen = [example.accounts[name].pk for name in ("Birch", "Cedar")]
    run.problem = keeping.packed(gather(run, example.director).problem)
    run.result = {"selected": [{"account": pk, "manager": example.kira.pk} for pk in chosen]}
    run.status = "optimal"
    run.save()
    return run


def appointing(actor, account, manager, run):
    wish = Wish(account, "appoint", "Grows with us.", ("growth_potential",), manager=manager)
    return lambda: decide(actor=actor, wishes=[wish], selection=run, on=TODAY)


def test_one_of_two_decisions_about_an_account_wins(example, run) -> None:
    other = RoleGrantFactory(programme_manager=True, programme=example.programme).user
    cedar = example.accounts["Cedar"]
    outcomes = run_together(
        appointing(example.director, cedar, example.kira, run),
        appointing(other, cedar, example.luis, run),
    )
    errors = [outcome.error for outcome in outcomes if outcome.error is not None]
    assert len(errors) == 1
    assert isinstance(errors[0], ValidationError)
    assert "decided about it meanwhile" in errors[0].messages[0]
    made = Decision.objects.get()
    cedar.refresh_from_db()
    assert cedar.team.memberships.get(role="kam").user == made.manager


def test_two_together_do_not_pass_the_limit(example, run) -> None:
    ProgrammeSettingFactory(
        programme=example.programme,
        name="programme_max_accounts",
        value=1,
        valid_from=datetime.date(2026, 1, 1),
    )
    other = RoleGrantFactory(programme_manager=True, programme=example.programme).user
    outcomes = run_together(
        appointing(example.director, example.accounts["Cedar"], example.kira, run),
        appointing(other, example.accounts["Birch"], example.luis, run),
    )
    errors = [outcome.error for outcome in outcomes if outcome.error is not None]
    assert len(errors) == 1
    assert isinstance(errors[0], ValidationError)
    assert "override_reason" in errors[0].message_dict
    keys = [row for row in example.accounts.values() if not row.refresh_from_db()]
    assert sum(row.status == "key" for row in keys) == 1
    assert Decision.objects.count() == 1


def test_decision_and_team_that_want_the_same_people_do_not_hang(example) -> None:
    """Each needs the manager and the account: both take them in one order."""
    cedar = example.accounts["Cedar"]
    team = TeamFactory(programme=example.programme)
    MembershipFactory(team=team, user=example.kira, role="kam")
    for _round in range(3):
        Account.objects.filter(pk=cedar.pk).update(team=None, status="candidate")
        fresh = Account.objects.get(pk=cedar.pk)
        outcomes = run_together(
            lambda fresh=fresh: decide(
                actor=example.director,
                wishes=[
                    Wish(fresh, "appoint", "Grows.", ("growth_potential",), manager=example.kira)
                ],
                on=TODAY,
            ),
            lambda fresh=fresh: assign_team(
                actor=example.director, account=fresh, team=team, expected_version=None
            ),
        )
        assert [outcome.error for outcome in outcomes] == [None, None]
        assert Account.objects.get(pk=cedar.pk).status == "key"


def test_own_weights_and_scores_given_together_leave_one_position(example) -> None:
    cedar = example.accounts["Cedar"]
    weights = [row | {"weight": Decimal(20)} for row in default_criteria("strength")[:5]]
    for value in (3, 9, 4):
        outcomes = run_together(
            lambda: publish_criteria(
                actor=example.director,
                programme=example.programme,
                kind="strength",
                criteria=weights,
                account=cedar,
            ),
            lambda value=value: give_scores(
                actor=example.director, scores=[Given(cedar, "S1", value)]
            ),
        )
        assert [outcome.error for outcome in outcomes] == [None, None]
        assert Position.objects.in_force().filter(account=cedar, horizon="today").count() == 1
        weights[0]["weight"] += 1
        weights[1]["weight"] -= 1


@pytest.mark.postgres_only
def test_run_is_stopped_while_its_worker_holds_the_work(example) -> None:
    """The worker holds its job when it comes to the run: whoever stops it waits for the job."""
    scenario = create_selection(actor=example.director, programme=example.programme, changes={})
    scenario = solve_selection(actor=example.director, selection=scenario)
    is_held = threading.Event()

    def keeping_it() -> None:
        with transaction.atomic():
            Job.objects.select_for_update().get(pk=scenario.job_id)
            is_held.set()
            time.sleep(0.5)  # long enough for the other to take what it takes first
            Selection.objects.select_for_update(of=("self",)).get(pk=scenario.pk)

    def stopping() -> None:
        is_held.wait(10)
        stop_selection(actor=example.director, selection=scenario)

    outcomes = run_together(keeping_it, stopping)
    assert [outcome.error for outcome in outcomes] == [None, None]
    assert Selection.objects.get(pk=scenario.pk).status == "cancelled"
