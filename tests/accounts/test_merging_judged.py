"""What people judged and decided about two accounts that become one (K059, K128)."""

from decimal import Decimal

import pytest

from accounts.models import Decision, Position
from accounts.services import merge_accounts, undo_merge
from accounts.services.merge import carry_stragglers
from tests.factories.accounts import AccountFactory, DecisionFactory, SelectionFactory
from tests.factories.selection import handbook_programme

pytestmark = [pytest.mark.django_db, pytest.mark.one_database]


@pytest.fixture
def example():
    return handbook_programme()


def standing(account) -> Decimal | None:
    return Position.objects.in_force().get(account=account, horizon="today").attractiveness


def test_run_that_decided_about_both_goes_on_telling_so(example):
    run = SelectionFactory(programme=example.programme)
    gorse, hazel = (example.accounts[name] for name in ("Gorse", "Hazel"))
    for account in (gorse, hazel):
        DecisionFactory(account=account, selection=run)
    own = DecisionFactory(account=hazel, selection=None, superseded_at=run.created_at)
    merge = merge_accounts(actor=example.director, survivor=gorse, loser=hazel)
    assert carry_stragglers(merge=merge) == 0
    assert set(run.decisions.values_list("account", flat=True)) == {gorse.pk, hazel.pk}
    assert Decision.objects.in_force().get(account=gorse).selection == run
    own.refresh_from_db()
    assert own.account == gorse
    undo_merge(actor=example.director, merge=merge)
    assert Decision.objects.in_force().filter(account__in=(gorse, hazel)).count() == 2
    own.refresh_from_db()
    assert own.account == hazel


def test_position_follows_the_scores_to_whom_they_go_and_back(example):
    hazel = example.accounts["Hazel"]
    bare = AccountFactory(programme=example.programme, name="Hazel Media Ltd")
    merge = merge_accounts(actor=example.director, survivor=bare, loser=hazel)
    assert standing(bare) == Decimal("3.64")
    undo_merge(actor=example.director, merge=merge)
    assert (standing(bare), standing(hazel)) == (None, Decimal("3.64"))
