"""`seed`: a programme for load tests."""

import io

import pytest
from django.core.management import CommandError, call_command
from django.db.models import Count, Sum
from django.urls import reverse

from accounts.models import Account, LedgerEntry, MonthTotal
from plans.models import Action, Plan
from reviews import load
from reviews.models import StageReview
from teams.models import Programme, Team, User
from tests.factories.teams import ProgrammeFactory

pytestmark = pytest.mark.django_db


def seed(count, **options):
    out = io.StringIO()
    call_command("seed", accounts=count, stdout=out, **options)
    return out.getvalue()


def test_seed_makes_the_number_asked_for_with_everything_that_hangs_on_it():
    seed(23)
    counts = {model: model.objects.count() for model in (Account, Team, Plan, StageReview)}
    assert counts == {Account: 23, Team: 3, Plan: 3, StageReview: 7}
    assert MonthTotal.objects.count() == 23 * 24
    assert Action.objects.filter(objective=None).count() == 10
    assert not Account.objects.filter(path="").exists()
    child = Account.objects.select_related("parent").filter(parent__isnull=False)[0]
    assert (child.path, child.root_id) == (f"{child.parent.path}{child.pk}/", child.parent_id)


def test_seed_totals_are_those_of_the_lines_where_there_are_lines():
    seed(23)
    lined = LedgerEntry.objects.values("account").annotate(
        revenue=Sum("amount"), costs=Sum("cost"), number=Count("pk")
    )
    found = {row["account"]: (row["revenue"], row["costs"], row["number"]) for row in lined}
    rows = MonthTotal.objects.filter(account__in=found).values("account")
    totals = rows.annotate(sales=Sum("revenue"), costs=Sum("cost"), number=Sum("lines"))
    assert len(found) == 3
    assert {row["account"]: (row["sales"], row["costs"], row["number"]) for row in totals} == found


def test_seed_a_second_time_changes_nothing():
    seed(5)
    assert "is there already" in seed(5)
    assert (Programme.objects.count(), Account.objects.count()) == (1, 5)


@pytest.mark.parametrize("count", [0, 1_000_001])
def test_seed_refuses_impossible_numbers(count):
    with pytest.raises(CommandError):
        seed(count)


def test_seed_refuses_a_second_size():
    seed(5)
    with pytest.raises(CommandError, match="Load test 5"):
        seed(6, force=True)
    assert Account.objects.count() == 5


def test_seed_beside_another_programme_has_to_be_forced():
    ProgrammeFactory(name="Real customers")
    with pytest.raises(CommandError, match="Real customers"):
        seed(5)
    assert not Account.objects.exists()
    seed(5, force=True)
    assert Account.objects.count() == 5


def test_seed_prints_a_password_of_its_own_outside_the_demonstration(settings):
    settings.DEMO = False
    password = seed(5).split("password ")[1].split()[0]
    assert password != "key-accounts-demo"
    assert all(User.objects.get(username=name).check_password(password) for name in load.SIGN_INS)


@pytest.mark.parametrize(("username", "seen"), [("load_programme", 45), ("load_kam", 25)])
def test_seeded_people_see_what_their_role_shows(client, username, seen):
    seed(45)  # five teams: the manager has three of them and is a member of two
    client.force_login(User.objects.get(username=username))
    assert Account.objects.visible_to(User.objects.get(username=username)).count() == seen
    for view in ("reviews:my_day", "accounts:list", "reviews:portfolio", "web:history"):
        assert client.get(reverse(view)).status_code == 200
