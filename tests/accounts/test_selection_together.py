"""Two people decide at the same moment: one wins, the other is told; limits hold (K032)."""

import datetime

import pytest
from django.core.exceptions import ValidationError

from accounts.models import Decision
from accounts.selection import keeping
from accounts.selection.gathering import gather
from accounts.services.decision import Wish, decide
from tests.concurrency import run_together
from tests.factories.accounts import SelectionFactory
from tests.factories.selection import handbook_programme
from tests.factories.teams import ProgrammeSettingFactory, RoleGrantFactory

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
