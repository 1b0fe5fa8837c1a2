"""What the reviews bring to other pages: navigation, the account's part and panel."""

from __future__ import annotations

from typing import Any, NamedTuple
from urllib.parse import urlencode

from django.db.models import IntegerField, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.figures import Chosen
from accounts.models import Account
from accounts.policies import has_accounts
from accounts.views.panels import my_accounts, shortcuts
from accounts.views.parts import Part, register_part
from kam.access.dates import business_today
from kam.access.once import once
from kam.access.prepared import kept_objects, kept_rows
from kam.access.querysets import Reader, roles_of, sight_of
from kam.documents import holders
from kam.web import navigation, panels
from reviews import alerts, policies
from reviews.models import StageReview
from reviews.portfolio import Scope
from reviews.sheet import DimensionBlock, Sheet
from reviews.views.my_day import MINE, overdue
from reviews.views.portfolio import shown
from teams.models import Programme, User


class Stand:
    """How we stand with an account: its last assessment that somebody stands for."""

    def __init__(self, user: Reader, account: Account) -> None:

        def reviews(account: int) -> QuerySet[StageReview]:
            rows = StageReview.objects.visible_to(user).assessments().filter(account=account)
            return (
                rows.filter(index__isnull=False)
                .select_related("account__programme")
                .prefetch_related("signals")
                .order_by("-reviewed_on", "-pk")[:1]
            )

        found = kept_objects(("stand", sight_of(user)), reviews, account=account.pk)
        self.review = found[0] if found else None
        self.sheet = Sheet(self.review) if self.review else None
        self.can_start = not self.review and policies.can_start(user, account)

    @property
    def weakest(self) -> list[DimensionBlock]:
        """Dimensions, the weakest first."""
        blocks = self.sheet.blocks() if self.sheet else []
        return sorted(blocks, key=lambda block: (block.score is None, block.score, block.key))


def stand(request: HttpRequest, account: Account) -> dict[str, Any]:
    """Context of the panel "How we stand"."""
    return {
        "account": account,
        "stand": Stand(request.user, account),
        "today": business_today(),
    }


class Around(NamedTuple):
    """What the frame of every page says to one person."""

    company: str
    overdue: int
    waiting: int
    shortcuts: navigation.Shortcuts


def around(user: Reader) -> Around:
    """Supplier of the person's first programme, what is overdue, which reviews wait for them, and
    their accounts: one query, once a page."""
    return once(("around", user.pk), lambda: _around(user))


def _around(user: Reader) -> Around:
    key = ("around", user.pk, user.is_active, roles_of(user), business_today())
    rows = kept_rows((*key, "accounts"), lambda: _said_with_accounts(user))
    said = (rows or kept_rows(key, lambda: _said_alone(user)))[0]
    company, overdue, waiting = said[:3]
    accounts = [
        Account(pk=pk, name=name, stage=stage, target_stage=target)
        for *_said, pk, name, stage, target in rows
    ]
    return Around(company, overdue, waiting, shortcuts(accounts))


def _said(user: Reader) -> dict[str, Any]:
    """Supplier, what is overdue and what waits, as `Around` names them."""
    programmes = Programme.objects.visible_to(user).active().order_by("pk")
    actions, reviews = (_number_of(rows) for rows in overdue(user))
    return {
        "company": Coalesce(Subquery(programmes.values("supplier_name")[:1]), Value("")),
        "overdue": actions + reviews,
        "waiting": _number_of(StageReview.objects.confirmable_by(user)),
    }


def _said_with_accounts(user: Reader) -> QuerySet:
    """A row for each account of the frame; none for who has none."""
    mine, said = my_accounts(user), _said(user)
    if mine is None:
        return Account.objects.none()
    return mine.annotate(**said).values_list(*said, "pk", "name", "stage", "target_stage")


def _said_alone(user: Reader) -> QuerySet:
    said = _said(user)
    return User.objects.filter(pk=user.pk).annotate(**said).values_list(*said)


class _Number(Subquery):
    """How many rows a query has."""

    template = "(SELECT COUNT(*) FROM (%(subquery)s) counted)"
    output_field = IntegerField()


def _number_of(rows: QuerySet) -> Any:
    if rows.query.is_empty():
        return Value(0)
    return _Number(rows.order_by().values("pk")[: navigation.MOST_COUNTED + 1])


def company(user: Reader) -> str:
    """Name of the supplier whose first programme `user` belongs to; empty for strangers."""
    return around(user).company


def my_shortcuts(user: Reader) -> navigation.Shortcuts:
    """The accounts of `user` in the frame."""
    return around(user).shortcuts


def due_badge(user: Reader) -> navigation.Badge | None:
    """Overdue actions and reviews beside "My day"."""
    count = around(user).overdue
    words = ngettext("%(n)s overdue", "%(n)s overdue", count)
    words %= {"n": navigation.counted(count)}
    return navigation.Badge(count, words, "bad") if count else None


def waiting_badge(user: Reader) -> navigation.Badge | None:
    """Proposed stages that wait for this person."""
    count = around(user).waiting
    words = _("%(n)s wait for you") % {"n": navigation.counted(count)}
    return navigation.Badge(count, words) if count else None


def my_alerts(request: HttpRequest, obj: Any) -> dict[str, Any]:
    """What is wrong on the reader's accounts."""
    user = request.user
    mine = Chosen(lambda: Account.objects.held_by(user, MINE), ("mine", sight_of(user)))
    return shown(alerts.alerts(user, mine, business_today()))


def decisions(request: HttpRequest, scope: Scope) -> dict[str, Any]:
    """Where the portfolio's panel of decisions loads from."""
    parameters = {"programme": scope.programme.pk}
    if scope.unit is not None:
        parameters["unit"] = scope.unit.pk
    return {"url": f"{reverse('reviews:decisions')}?{urlencode(parameters)}"}


def reviews_with_account(user: Reader) -> QuerySet:
    """Reviews that `user` may see, with what their names are made of."""
    return StageReview.objects.visible_to(user).select_related("account")


def register() -> None:
    """Called when the app is ready."""
    holders.register(StageReview, "editable_by", rows=reviews_with_account)
    navigation.provide_company(company)
    navigation.provide_shortcuts(my_shortcuts)
    navigation.register(
        navigation.Entry(
            "my_day",
            gettext_lazy("My day"),
            "sun",
            "reviews:my_day",
            order=10,
            phone=True,
            key="d",
            badge=due_badge,
        )
    )
    navigation.register(
        navigation.Entry(
            "reviews",
            gettext_lazy("Reviews"),
            "clipboard-check",
            "reviews:list",
            order=30,
            phone=True,
            key="r",
            badge=waiting_badge,
        )
    )
    navigation.register(
        navigation.Entry(
            "portfolio",
            gettext_lazy("Portfolio"),
            "chart-dots",
            "reviews:portfolio",
            order=50,
            key="p",
            visible=has_accounts,
        )
    )
    register_part(Part("reviews", gettext_lazy("Reviews"), "reviews:account", 40))
    panels.register(
        "my_day", panels.Panel("alerts", "reviews/_panel_alerts.html", my_alerts, 10, "side")
    )
    panels.register(
        "portfolio",
        panels.Panel("decisions", "reviews/_panel_decisions.html", decisions, 10, "side"),
    )
    panels.register(
        "account",
        panels.Panel("stand", "reviews/_stand.html", stand, order=30, area="main"),
    )
