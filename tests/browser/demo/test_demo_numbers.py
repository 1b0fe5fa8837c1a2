"""The demonstration programme: the handbook's numbers, plans and reviews in all stages."""

import datetime
from collections import Counter
from decimal import Decimal

import pytest
from django.utils import timezone

from accounts import figures
from accounts.models import Account
from kam.access.dates import business_today
from plans.models import Plan, PlanDecision, PlanVersion
from reviews import demo
from reviews.models import StageReview
from teams.models import Membership, Programme, User

pytestmark = [pytest.mark.both_databases, pytest.mark.usefixtures("transactional_db")]

THOUSANDS = {
    "Birch Logistics": (10_400, 3_952, 2_496),
    "Cedar Health": (12_600, 5_040, 3_150),
    "Dogwood Energy": (9_000, 2_880, 1_080),
    "Elm Retail": (6_000, 2_160, 1_260),
    "Gorse Packaging": (1_800, 630, 214),
    "Hazel Media": (4_200, 1_428, 546),
    "Fir Mobility": (0, 0, -180),
}
"""Net revenue, gross margin and contribution of the last twelve whole months (3.4, 4.6)."""

SCORES = {
    "Alder Foods": ("pre", "5.21"),
    "Birch Logistics": ("mid", "41.67"),
    "Cedar Health": ("early", "66.67"),
    "Elm Retail": ("partnership", "63.54"),
}
"""Recommended stage and index of handbook 2.4."""


def test_demonstration_carries_the_numbers_of_the_handbook():
    today = business_today()
    programme = Programme.objects.get()
    period = figures.trailing_year(today)
    rates = figures.rates_on(programme, period.last)
    accounts = {account.name: account for account in Account.objects.filter(merged_into=None)}
    found = figures.by_account([account.pk for account in accounts.values()], period, rates)
    for name, expected in THOUSANDS.items():
        sums = found[accounts[name].pk]
        amounts = (sums.revenue, sums.gross_margin, sums.contribution)
        assert tuple(amount / 1000 for amount in amounts) == expected, name
    assert found[accounts["Alder Foods"].pk].contribution is None
    for name, (stage, index) in SCORES.items():
        review = StageReview.objects.filter(account=accounts[name], status="confirmed").last()
        assert review.recommended_stage == stage
        assert review.index.quantize(Decimal("0.01")) == Decimal(index)
    dogwood = StageReview.objects.get(account=accounts["Dogwood Energy"], status="proposed")
    assert dogwood.decided_stage == "uncoupling"
    assert dogwood.outcome["uncoupling"]["level"] == "recommended"
    assert set(dogwood.outcome["uncoupling"]["signals"]) == {"U3", "U4", "U5", "U6"}

    by_stage = Counter(account.stage for account in accounts.values() if account.stage)
    assert min(by_stage.values()) >= 2
    assert len(by_stage) == 6
    assert len(accounts) == 41
    assert len({account.root_id for account in accounts.values() if account.parent_id}) == 3
    managers = Membership.objects.filter(role="kam", team__accounts__isnull=False)
    assert managers.values("user").distinct().count() == 12
    assert {plan.status for plan in Plan.objects.all()} >= {
        "draft",
        "in_review",
        "approved",
        "active",
    }
    assert {review.status for review in StageReview.objects.all()} == {
        "draft",
        "proposed",
        "confirmed",
        "rejected",
    }
    assert set(demo.SIGN_INS) <= set(User.objects.values_list("username", flat=True))

    count = Account.objects.count()
    demo.build(today + datetime.timedelta(days=1))
    assert Account.objects.count() == count


def test_demonstration_decides_plans_on_many_days():
    today = business_today()
    days = {timezone.localdate(row.decided_at) for row in PlanDecision.objects.all()}
    assert len(days) > 4
    assert max(days) < today
    assert {timezone.localdate(row.created_at) for row in PlanVersion.objects.all()} <= days
