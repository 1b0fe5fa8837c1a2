"""My day: what is due, what comes up, who has gone quiet, what changed (ui.md 11).

One list by lateness holds actions, reviews and decisions, so that nobody looks in three places.
"""

from __future__ import annotations

import datetime
from dataclasses import dataclass, field
from typing import Any

from django.contrib.auth.mixins import LoginRequiredMixin
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.generic import TemplateView

from accounts.choices import REVIEWED_STATUSES
from accounts.models import Account, Contact, Qualification
from accounts.policies import contributes
from accounts.querysets import MANAGERS, AccountQuerySet
from kam.access.dates import business_today
from kam.access.prepared import kept_among, kept_objects
from kam.access.querysets import Reader, sight_of, within
from kam.changes import history
from kam.changes.models import Change
from kam.web.formatting import day
from kam.web.views import PartialMixin
from plans.models import Action, Plan
from reviews.alerts import over
from reviews.models import StageReview
from teams.models import Programme, Role, TeamRole

WEEK = datetime.timedelta(days=7)
COMING_UP = datetime.timedelta(days=30)
SHOWN_ACTIONS = 60
SHOWN_REVIEWS = 30
SHOWN_QUIET = 6
SHOWN_CHANGES = 10
LEADERS = frozenset([TeamRole.KAM, TeamRole.DEPUTY])
DECIDERS = frozenset([*LEADERS, *MANAGERS, Role.SENIOR_MANAGER])
"""Roles in which one looks into candidates, or says go or no-go."""
MINE = frozenset([*TeamRole, Role.SENIOR_MANAGER])
"""Roles by which an account is one of "my accounts"."""


@dataclass(frozen=True)
class Task:
    """A line of the list; `kind` is action, review, confirm, approve or qualify."""

    kind: str
    due: datetime.date | None
    account: Account
    obj: Any
    text: str = ""
    url: str = ""
    detail: str = ""
    may_change: bool = False


@dataclass
class Group:
    """Tasks under one heading."""

    label: str
    tasks: list[Task] = field(default_factory=list)
    is_late: bool = False


def reviews_due(accounts: QuerySet[Account], until: datetime.date) -> QuerySet[Account]:
    """Accounts whose review is due by the day `until`, the latest first."""
    return (
        accounts.active()
        .of_status(*REVIEWED_STATUSES)
        .filter(review_due_on__lte=until)
        .order_by("review_due_on", "name", "pk")
    )


class MyDay:
    """What the page shows to `user` on the day `today`."""

    def __init__(self, user: Any, today: datetime.date, *, wide: bool) -> None:
        self.user, self.today, self.wide = user, today, wide
        self._key = sight_of(user), today, wide

    @property
    def accounts(self) -> AccountQuerySet:
        """Accounts in which the person has a part."""
        return Account.objects.held_by(self.user, MINE)

    @property
    def led(self) -> AccountQuerySet:
        """Accounts whose reviews are theirs to hold."""
        return self.accounts if self.wide else Account.objects.held_by(self.user, LEADERS)

    def tasks(self) -> list[Task]:
        """Everything due within a week or overdue, by lateness."""
        found = [*self._actions(), *self._reviews(), *self._confirmations(), *self._approvals()]
        found += self._qualifications()
        last = datetime.date.max
        return sorted(found, key=lambda task: (task.due or last, task.kind, task.text))

    def groups(self) -> list[Group]:
        """The list under its headings, without empty ones."""
        late, now, week = Group("", is_late=True), Group(""), Group("")
        for task in self.tasks():
            due = task.due or self.today
            (late if due < self.today else now if due == self.today else week).tasks.append(task)
        late.label = _("Overdue, %(n)d") % {"n": len(late.tasks)}
        now.label = _("Today, %(n)d") % {"n": len(now.tasks)}
        week.label = _("This week, %(n)d") % {"n": len(week.tasks)}
        return [group for group in (late, now, week) if group.tasks]

    def _actions(self) -> list[Task]:
        return [
            Task(
                "action",
                row.due,
                row.account,
                row,
                row.text,
                detail=self._purpose(row),
                may_change=row.may_change,
            )
            for row in kept_objects(("due actions of mine", self._key), self._due_actions)
        ]

    def _due_actions(self) -> QuerySet[Action]:
        rows = Action.objects.visible_to(self.user).open().filter(due__lte=self.today + WEEK)
        whose = within(self.accounts, "account", self.user) if self.wide else Q(owner=self.user.pk)
        changeable = Action.objects.changeable_by(self.user).filter(pk=OuterRef("pk")).order_by()
        rows = rows.filter(whose).for_list().annotate(may_change=Exists(changeable))
        return rows[:SHOWN_ACTIONS]

    def _purpose(self, action: Action) -> str:
        """Whose it is where that is not the reader's, and what for."""
        whose = str(action.owner) if action.owner and action.owner_id != self.user.pk else ""
        reads_plan = action.objective_id and action.objective.approved is not None
        what = action.objective.approved.get("title", "") if reads_plan else ""
        return " · ".join(text for text in (whose, what) if text)

    def _reviews(self) -> list[Task]:
        rows = kept_objects(
            ("due reviews of mine", self._key),
            lambda: reviews_due(self.led, self.today + WEEK)[:SHOWN_REVIEWS],
        )
        return [
            Task(
                "review",
                account.review_due_on,
                account,
                account,
                _("Stage review of %(account)s") % {"account": account},
                reverse("reviews:account", args=[account.pk]),
                _("%(stage)s, last on %(day)s")
                % {
                    "stage": account.get_stage_display(),
                    "day": day(account.reviewed_on, self.today),
                },
            )
            for account in rows
        ]

    def _confirmations(self) -> list[Task]:
        rows = kept_objects(
            ("confirmations of mine", self._key),
            lambda: StageReview.objects.confirmable_by(self.user).with_people()[:SHOWN_REVIEWS],
        )
        return [
            Task(
                "confirm",
                None,
                review.account,
                review,
                _("Confirm the stage of %(account)s: %(stage)s")
                % {
                    "account": review.account,
                    "stage": review.get_decided_stage_display()
                    or review.get_closing_status_display(),
                },
                review.get_absolute_url(),
                _("proposed by %(who)s") % {"who": review.proposed_by},
            )
            for review in rows
        ]

    def _approvals(self) -> list[Task]:
        def rows() -> QuerySet[Plan]:
            plans = Plan.objects.visible_to(self.user).to_decide_by(self.user)
            return plans.select_related("account", "submitted_by").order_by("pk")[:SHOWN_REVIEWS]

        return [
            Task(
                "approve",
                None,
                plan.account,
                plan,
                _("Decide on the plan “%(plan)s”") % {"plan": plan.title},
                plan.get_absolute_url(),
                _("submitted by %(who)s") % {"who": plan.submitted_by},
            )
            for plan in kept_objects(("approvals of mine", self._key), rows)
        ]

    def _qualifications(self) -> list[Task]:
        """Candidates of mine about which somebody has to say go or no-go (K063): the day after
        the deadline, or once the cap is passed."""

        def rows() -> QuerySet[Qualification]:
            mine = within(Account.objects.held_by(self.user, DECIDERS), "account", self.user)
            waiting = Qualification.objects.due(self.today).filter(mine)
            decided = waiting.with_rights_of(self.user).select_related("account")
            return decided.order_by("deadline", "pk")[:SHOWN_REVIEWS]

        return [
            Task(
                "qualify",
                min(row.deadline, self.today),
                row.account,
                row,
                _("Go or no-go: %(account)s") % {"account": row.account},
                reverse("accounts:qualification_decide", args=[row.pk])
                if row.may_decide  # type: ignore[attr-defined]
                else reverse("accounts:profile", args=[row.account_id]),
                over(row),
            )
            for row in kept_objects(("go or no-go", self._key), rows)
        ]

    def coming_up(self) -> list[Account]:
        """Accounts of mine with a review in the next 30 days, or none yet."""

        def rows() -> QuerySet[Account]:
            soon = Q(review_due_on__lte=self.today + COMING_UP) | Q(review_due_on=None)
            reviewed = self.accounts.active().of_status(*REVIEWED_STATUSES).filter(soon)
            order = F("review_due_on").asc(nulls_last=True)
            return reviewed.order_by(order, "name", "pk")[:SHOWN_REVIEWS]

        def begun(pks: list[int]) -> QuerySet[StageReview]:
            drafts = StageReview.objects.active().ours().filter(status="draft")
            return drafts.filter(account__in=pks).order_by("reviewed_on", "pk")

        accounts = kept_objects(("coming up", self._key), rows)
        pks = [account.pk for account in accounts]
        drafts = {row.account_id: row for row in kept_among("review drafts", begun, pks)}
        for account in accounts:
            account.draft = drafts.get(account.pk)  # type: ignore[attr-defined]
        return accounts

    def quiet(self) -> list[Contact]:
        """People of my accounts past the agreed interval, longest silence first."""

        def rows() -> QuerySet[Contact]:
            people = Contact.objects.visible_to(self.user).quiet(self.today)
            people = people.with_rights_of(self.user).select_related("account")
            return people.filter(within(self.accounts, "account", self.user))[:SHOWN_QUIET]

        shown = kept_objects(("quiet", self._key), rows)
        for contact in shown:
            silent = contact.last_talked_on
            contact.silence_days = (  # type: ignore[attr-defined]
                (self.today - silent).days if silent else None
            )
        return shown

    def changes(self) -> list[history.Line]:
        """What others changed on my accounts, the latest first."""
        rows = (
            Change.objects.visible_to(self.user)
            .filter(account_id__in=self.accounts.order_by().values("pk"))
            .exclude(actor=self.user.pk)
            .select_related("actor")[:SHOWN_CHANGES]
        )
        return history.describe(rows, self.user)


def summary(groups: list[Group], quiet: int) -> str:
    """The one sentence under the date: what is late, what is for today, who is silent."""
    late = sum(len(group.tasks) for group in groups if group.is_late)
    rest = sum(len(group.tasks) for group in groups if not group.is_late)
    parts = []
    if late:
        parts.append(
            ngettext("%(n)d thing is overdue", "%(n)d things are overdue", late) % {"n": late}
        )
    if rest:
        parts.append(
            ngettext("%(n)d is due within a week", "%(n)d are due within a week", rest)
            % {"n": rest}
        )
    text = ", ".join(parts) or _("Nothing is due within a week")
    if quiet:
        silent = ngettext("%(n)d person went quiet", "%(n)d people went quiet", quiet)
        return f"{text}. {silent % {'n': quiet}}."
    return f"{text}."


class MyDayView(LoginRequiredMixin, PartialMixin, TemplateView):
    """The first page: the list of what is due, alone when htmx asks for it."""

    template_name = "reviews/my_day.html"
    partial_template_name = "reviews/_due.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        user, today = self.request.user, business_today()
        wide = self.request.GET.get("whose") == "accounts"
        mine = MyDay(user, today, wide=wide)
        groups = mine.groups()
        context = super().get_context_data(
            today=today,
            groups=groups,
            whose=_whose(wide=wide),
            **kwargs,
        )
        if self.wants_part:
            return context
        quiet = mine.quiet()
        return context | {
            "summary": summary(groups, len(quiet)),
            "coming_up": mine.coming_up(),
            "quiet": quiet,
            "contributes": contributes(user),
            "knows_nothing": not groups and not belongs(user),
        }


class ChangedView(LoginRequiredMixin, TemplateView):
    """What changed on my accounts; a page of its own, which my day loads when it is seen."""

    template_name = "reviews/my_changes.html"

    def get_template_names(self) -> list[str]:
        return ["reviews/_changed.html" if self.request.htmx else self.template_name]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        mine = MyDay(self.request.user, business_today(), wide=True)
        return super().get_context_data(lines=mine.changes(), **kwargs)


def _whose(*, wide: bool) -> list[dict[str, Any]]:
    url = reverse("reviews:my_day")
    return [
        {"label": _("Mine"), "url": url, "current": not wide},
        {"label": _("My accounts"), "url": f"{url}?whose=accounts", "current": wide},
    ]


def belongs(user: Any) -> bool:
    """Whether `user` has a part in any programme."""
    return Programme.objects.visible_to(user).exists()


def overdue(user: Reader) -> list[QuerySet]:
    """Overdue actions of a person, and overdue reviews of the accounts that they lead."""
    today = business_today()
    actions = Action.objects.visible_to(user).overdue(today).of(user)
    led = Account.objects.held_by(user, LEADERS).active().of_status(*REVIEWED_STATUSES)
    return [actions, led.overdue_for_review(today)]
