"""What is wrong or waits for a decision, in words with one remedy each (handbook 6.4).

Alerts are derived from what the data say now, and close by themselves: nothing is stored. Those
about missing things start 30 days after appointment (`design.md` 11).
"""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import Any

from django.db.models import F, OuterRef, Q, QuerySet, Subquery
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.choices import REVIEWED_STATUSES, Stage, Status
from accounts.figures import Chosen
from accounts.models import Account, Contact, Expectation, OrganisationChange, Qualification
from accounts.querysets import AccountQuerySet
from accounts.scoring import matrix
from accounts.scoring.index import Cuts
from kam.access.querysets import Reader, roles_of, within
from kam.web.formatting import figure, late, number, short_day
from plans.models import Action, Plan
from reviews.models import StageReview
from teams.models import Programme, TeamRole
from teams.programme_settings import setting
from teams.querysets import PROGRAMME_WIDE, memberships_today

GRACE = datetime.timedelta(days=30)
"""After appointment, before what is missing is an alert (`design.md` 11)."""
ACTION_PATIENCE = datetime.timedelta(days=30)
"""AL16: an action may be overdue this long."""
READ = 100
"""Accounts, actions and people that are looked at for one panel."""


@dataclass(frozen=True)
class Alert:
    """One matter, of one account or of the programme: `url` leads to where it is put right,
    `remedy` says how; `in_dialog` when that is a form. `tone` is bad or warn."""

    account: Account | None
    text: str
    detail: str
    url: str
    remedy: str
    tone: str = "warn"
    in_dialog: bool = False


def looked_at(chosen: Chosen, today: datetime.date) -> list[Account]:
    """Those of the accounts that something is the matter with, with what that is: one query.

    Annotated: `managed`, `deputised`, `planned`, `told` (a key, None without one), and of the
    latest reviews `advised` (recommended stage), `waiting` (key of a proposal), `waiting_stage`
    and `waiting_closing`.
    """
    return chosen.find(f"matters {today}", lambda accounts: _with_matters(accounts, today))


def _with_matters(accounts: AccountQuerySet, today: datetime.date) -> QuerySet:
    members = memberships_today().filter(team=OuterRef("team")).order_by()
    told = Expectation.objects.active().filter(account=OuterRef("pk")).order_by()
    plans = Plan.objects.active().in_force().filter(account=OuterRef("pk")).order_by()
    reviews = StageReview.objects.filter(account=OuterRef("pk"))
    stood_for = reviews.assessments().order_by("-reviewed_on", "-pk")
    proposals = reviews.waiting().order_by("-reviewed_on", "-pk")
    rows = (
        accounts.active()
        .of_status(*REVIEWED_STATUSES)
        .annotate(
            # no EXISTS: PostgreSQL would look at every team and plan for the first accounts
            managed=Subquery(members.filter(role=TeamRole.KAM).values("pk")[:1]),
            deputised=Subquery(members.filter(role=TeamRole.DEPUTY).values("pk")[:1]),
            planned=Subquery(plans.values("pk")[:1]),
            told=Subquery(told.values("pk")[:1]),
            advised=Subquery(stood_for.values("recommended_stage")[:1]),
            waiting=Subquery(proposals.values("pk")[:1]),
            waiting_stage=Subquery(proposals.values("decided_stage")[:1]),
            waiting_closing=Subquery(proposals.values("closing_status")[:1]),
        )
    )
    settled = Q(status_since=None) | Q(status_since__lte=today - GRACE)
    lacking = Q(managed=None) | Q(deputised=None) | Q(planned=None) | Q(told=None)
    matters = (  # late reviews first: the row itself tells them, all else is looked up
        Q(review_due_on__lt=today)
        | (Q(status=Status.KEY) & settled & lacking)
        | Q(waiting__isnull=False)
        | Q(advised=Stage.UNCOUPLING)
    )
    order = F("review_due_on").asc(nulls_last=True)
    return rows.filter(matters).order_by(order, "name", "pk")[:READ]


def decisions(chosen: Chosen, today: datetime.date) -> list[Alert]:
    """What accounts ask of whoever leads them, the most pressing first (AL1, AL2, AL5, AL7,
    AL10, AL26, and proposed stages)."""
    rows = looked_at(chosen, today)
    found = [_proposal(row) for row in rows if row.waiting]  # type: ignore[attr-defined]
    found += [_uncoupling(row) for row in rows if _is_advised(row)]
    found += [_vacancy(row) for row in rows if _vacant(row, today)]
    found += [_planless(row) for row in rows if _lacks(row, "planned", today)]
    found += [_untold(row, "accounts:profile") for row in rows if _lacks(row, "told", today)]
    found += [_review(row, today) for row in rows if _is_late(row, today)]
    return found


def of_programme(
    user: Reader, programme: Programme, chosen: Chosen, today: datetime.date
) -> list[Alert]:
    """What is wrong with the programme as a whole, for who reads all of it: too few Stars among
    key accounts (K024), and changes of the organisation that nobody has assessed (K132)."""
    held = roles_of(user)
    if not (held.administers or programme.pk in held.programmes_of(*PROGRAMME_WIDE)):
        return []
    found = []
    cut = Cuts(*2 * [setting(programme, "matrix_cut", today)])
    balance = matrix.balance(matrix.with_places(chosen.all().active(), cut))
    if balance.is_missing_stars:
        told = {"stars": number(balance.stars), "keys": number(balance.key_accounts)}
        found.append(
            Alert(
                None,
                _("Too few Stars among key accounts"),
                _("%(stars)s of %(keys)s; one in five keeps the portfolio balanced") % told,
                reverse("accounts:matrix"),
                _("Open matrix"),
            )
        )
    changes = OrganisationChange.objects.unassessed().filter(programme=programme)
    found += [
        Alert(
            None,
            _("Nobody has assessed: %(change)s") % {"change": row.text},
            _("from %(day)s; what does it do to accounts?") % {"day": short_day(row.effective_on)},
            reverse("accounts:organisation"),
            _("Assess"),
        )
        for row in changes.order_by("effective_on", "pk")[:READ]
    ]
    return found


def alerts(user: Reader, chosen: Chosen, today: datetime.date) -> list[Alert]:
    """What is wrong on accounts that `user` looks after: three queries (AL2, AL5, AL7, AL16,
    AL17, AL26)."""
    rows = looked_at(chosen, today)
    found = [_vacancy(row) for row in rows if _vacant(row, today)]
    found += [_planless(row) for row in rows if _lacks(row, "planned", today)]
    found += [_untold(row) for row in rows if _lacks(row, "told", today)]
    found += [_review(row, today) for row in rows if _is_late(row, today)]
    return found + _old_actions(user, chosen, today) + _silences(user, chosen, today)


def over(row: Qualification) -> str:
    """What a qualification that waits for its decision has passed, in words."""
    if row.spent > row.cap:
        amounts = {"spent": figure(row.spent), "cap": figure(row.cap), "currency": row.currency}
        return _("%(spent)s of %(cap)s %(currency)s spent") % amounts
    return _("should have been decided by %(day)s") % {"day": short_day(row.deadline)}


def qualifications(user: Reader, chosen: Chosen, today: datetime.date) -> list[Alert]:
    """Candidates past their deadline or cap: somebody says go or no-go (K063). One query."""

    def rows(accounts: QuerySet[Account]) -> QuerySet[Qualification]:
        waiting = Qualification.objects.due(today).with_rights_of(user)
        waiting = waiting.filter(account__in=accounts.order_by().values("pk"))
        return waiting.select_related("account").order_by("deadline", "pk")[:READ]

    return [
        Alert(
            row.account,
            _("Go or no-go: %(account)s") % {"account": row.account},
            over(row),
            reverse("accounts:qualification_decide", args=[row.pk])
            if row.may_decide  # type: ignore[attr-defined]
            else reverse("accounts:profile", args=[row.account_id]),
            _("Decide") if row.may_decide else _("Open account"),  # type: ignore[attr-defined]
            "bad",
            in_dialog=row.may_decide,  # type: ignore[attr-defined]
        )
        for row in chosen.find(f"go or no-go {today}", rows)
    ]


def _lacks(account: Any, what: str, today: datetime.date) -> bool:
    """Whether something is missing that a key account has from its thirtieth day on."""
    since = account.status_since
    is_settled = since is None or since <= today - GRACE
    return account.status == Status.KEY and is_settled and not getattr(account, what)


def _vacant(account: Any, today: datetime.date) -> bool:
    return _lacks(account, "managed", today) or _lacks(account, "deputised", today)


def _is_late(account: Account, today: datetime.date) -> bool:
    return account.review_due_on is not None and account.review_due_on < today


def _is_advised(account: Any) -> bool:
    return account.advised == Stage.UNCOUPLING and account.stage != Stage.UNCOUPLING


def _proposal(account: Any) -> Alert:
    stage = account.waiting_stage or account.waiting_closing
    wanted = {**dict(Stage.choices), **dict(Status.choices)}.get(stage, stage)
    return Alert(
        account,
        _("Stage of %(account)s waits for confirmation") % {"account": account},
        _("proposed: %(stage)s") % {"stage": wanted},
        reverse("reviews:detail", args=[account.waiting]),
        _("Decide"),
    )


def _uncoupling(account: Any) -> Alert:
    return Alert(
        account,
        _("%(account)s: uncouple, or repair?") % {"account": account},
        _("the last review advises uncoupling"),
        reverse("reviews:account", args=[account.pk]),
        _("See why"),
        "bad",
    )


def _vacancy(account: Any) -> Alert:
    if account.managed:
        text = _("%(account)s has no deputy")
    elif account.deputised:
        text = _("%(account)s has no manager")
    else:
        text = _("%(account)s has neither manager nor deputy")
    team = account.team_id
    return Alert(
        account,
        text % {"account": account},
        _("nobody answers for it") if not account.managed else _("nobody stands in"),
        reverse("teams:detail", args=[team]) if team else account.get_absolute_url(),
        _("Open team") if team else _("Open account"),
        "warn" if account.managed else "bad",
    )


def _planless(account: Any) -> Alert:
    return Alert(
        account,
        _("%(account)s has no approved plan") % {"account": account},
        _("nothing that was agreed is in force"),
        reverse("plans:of_account", args=[account.pk]),
        _("Open plan"),
    )


def _untold(account: Any, url_name: str = "accounts:expectation_create") -> Alert:
    return Alert(
        account,
        _("%(account)s was not told what being a key account means") % {"account": account},
        _("what we told them and what they expect is not recorded"),
        reverse(url_name, args=[account.pk]),
        _("Record it"),
        in_dialog=url_name == "accounts:expectation_create",
    )


def _review(account: Account, today: datetime.date) -> Alert:
    return Alert(
        account,
        _("Stage review of %(account)s is overdue") % {"account": account},
        late(account.review_due_on, today),
        reverse("reviews:account", args=[account.pk]),
        _("Open reviews"),
    )


def _old_actions(user: Reader, chosen: Chosen, today: datetime.date) -> list[Alert]:
    def rows(accounts: QuerySet[Account]) -> QuerySet[Action]:
        late = Action.objects.visible_to(user).overdue(today - ACTION_PATIENCE)
        return late.filter(within(accounts, "account", user)).for_list()[:READ]

    return [
        Alert(
            row.account,
            row.text,
            " · ".join([str(row.account), str(row.owner or _("nobody")), late(row.due, today)]),
            reverse("plans:action", args=[row.pk]),
            _("Open action"),
            "bad",
            in_dialog=True,
        )
        for row in chosen.find(f"old actions {today}", rows)
    ]


def _silences(user: Reader, chosen: Chosen, today: datetime.date) -> list[Alert]:
    """People not talked to for half as long again as agreed."""

    def rows(accounts: QuerySet[Account]) -> QuerySet[Contact]:
        quiet = Contact.objects.visible_to(user).quiet(today).with_rights_of(user)
        quiet = quiet.filter(within(accounts, "account", user))
        return quiet.select_related("account")[:READ]

    found = []
    for row in chosen.find(f"silences {today}", rows):
        if row.quiet_on is None or row.interval_days is None:
            continue
        over = (today - row.quiet_on).days
        if 2 * over <= row.interval_days:
            continue
        words = ngettext("%(days)d day past the interval", "%(days)d days past the interval", over)
        logs = row.may_contribute  # type: ignore[attr-defined]
        form = f"{reverse('accounts:log_contact_with', args=[row.account_id])}?contact={row.pk}"
        found.append(
            Alert(
                row.account,
                _("%(name)s hears nothing from us") % {"name": row.name},
                f"{row.account} · {words % {'days': over}}",
                form if logs else reverse("accounts:contact", args=[row.pk]),
                _("Log contact") if logs else _("Open person"),
                in_dialog=logs,
            )
        )
    return found
