"""Decisions on who is key, made by people beside what a run advises (K004, K048-K050; 3.6)."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import figures, policies
from accounts.choices import Status
from accounts.figures.basis import DAY_LIMITS
from accounts.models import Account, Decision, Selection
from accounts.services.account import refuse_archived_account
from accounts.services.leading import check_effort, give_manager, manager_of
from accounts.services.refusals import RefusalsError
from accounts.services.status import check_rationale, set_status
from kam.access.dates import business_today
from kam.changes import editing, record
from kam.changes.errors import field_error
from teams import policies as programme_policies
from teams.models import Membership, Programme, Team, User

Action = Decision.Action

STATUS_OF: Mapping[str, str] = {
    Action.APPOINT: Status.KEY,
    Action.GROOM: Status.GROOMED,
    Action.MAINTAIN: Status.MAINTAINED,
    Action.HANDLE: Status.DIPLOMATIC,
    Action.RELEASE: Status.EXITED,
    Action.CONSIDER: Status.CANDIDATE,
}
"""What a decision makes of an account; a review leaves it as it is (`design.md` 11)."""
IN_RUNS = [item for item in Action.choices if item[0] != Action.CONSIDER]
"""Decisions that a run leads to: its candidates are considered already."""


class Wish(NamedTuple):
    """What is decided about one account; which fields are needed depends on the `action`. Without
    a `manager`, an appointed account keeps the one that its team has."""

    account: Account
    action: str
    reason: str = ""
    rationale_types: Sequence[str] = ()
    deviation: str = ""
    manager: User | None = None
    service_model: str = ""
    trigger: str = ""
    review_on: datetime.date | None = None
    message: str = ""
    answer: str = ""
    override_reason: str = ""
    expected_version: int | None = None


@transaction.atomic
def decide(
    *,
    actor: User,
    wishes: Sequence[Wish],
    selection: Selection | None = None,
    on: datetime.date | None = None,
) -> list[Decision]:
    """Decide about accounts, all or none: status, manager, and a record of each.

    To appoint needs a reason with its kinds and a manager; to groom, what has to happen and when
    it is looked at again (K048); to maintain, how the account is served (K049); to handle
    diplomatically, what is said and whether the account is worth keeping (K050); to release or
    review, a reason. Another action than the run's advice needs its reason. Raises
    PermissionDenied, VersionConflict, or `RefusalsError`: all that is incomplete, else the first
    that the state of things does not allow.
    """
    today = on or business_today()
    _check_day(today)
    if selection is not None:
        selection = _open_run(actor, selection)
    advised = advice_of(selection) if selection is not None else {}
    taken = _taken(selection, wishes)
    _lock(wishes)
    _refuse_incomplete(wishes, advised, business_today())
    made = []
    for wish in sorted(wishes, key=_takes_room):
        try:
            with transaction.atomic():
                _refuse_taken(taken.get(wish.account.pk))
                advice = advised.get(wish.account.pk, "")
                if selection is not None and not advice:
                    text = _("It is no candidate of this scenario.")
                    raise field_error("account", text, "foreign")
                made.append(_decided(actor, wish, selection, advice, today))
        except ValidationError as error:
            raise RefusalsError([(wishes.index(wish), error)]) from error
    if selection is not None:
        _note(actor, selection)
    return made


def advice_of(selection: Selection) -> dict[int, str]:
    """What a solved run advises of each account: the chosen are appointed; key accounts that fall
    out are looked at, never dropped; promising ones are groomed, others maintained (3.6)."""
    chosen = {row["account"] for row in selection.result.get("selected", ())}
    rows = selection.problem.get("candidates", ())
    pks = [row["account"] for row in rows]
    statuses = dict(Account.objects.filter(pk__in=pks).values_list("pk", "status"))
    advice = {}
    for row in rows:
        pk = row["account"]
        if pk in chosen:
            advice[pk] = Action.APPOINT.value
        elif statuses.get(pk) == Status.KEY:
            advice[pk] = Action.REVIEW.value
        elif Decimal(row["attractiveness"]) >= selection.cut:
            advice[pk] = Action.GROOM.value
        else:
            advice[pk] = Action.MAINTAIN.value
    return advice


def _check_day(on: datetime.date) -> None:
    if on > business_today():
        raise field_error("decided_on", _("It is decided today or was before."), "future")
    for limit in DAY_LIMITS:
        try:
            limit(on)
        except ValidationError as error:
            raise ValidationError({"decided_on": error}) from error


def _open_run(actor: User, selection: Selection) -> Selection:
    """The run, locked; raises unless `actor` runs its programme and it is there to decide about."""
    selection = editing.locked(selection)
    if not programme_policies.can_edit_programme(actor, selection.programme):
        raise PermissionDenied
    if selection.status not in Selection.SOLVED:
        raise ValidationError(_("It has not been solved."), code="unsolved")
    if selection.is_archived:
        raise ValidationError(_("It is archived: restore it first."), code="archived")
    return selection


def _lock(wishes: Sequence[Wish]) -> None:
    """Lock all that the decisions touch in the order of all services (programmes, people, teams,
    accounts) and by key, so that no two writers wait for each other."""
    accounts = Account.objects.filter(pk__in=[wish.account.pk for wish in wishes]).order_by()
    teams = accounts.exclude(team=None).values("team")
    joining = [wish.manager.pk for wish in wishes if wish.manager is not None]
    members = Membership.objects.filter(team__in=teams).order_by().values("user")
    held: Sequence[QuerySet[Any]] = (
        Programme.objects.filter(pk__in=accounts.values("programme")),
        User.objects.filter(Q(pk__in=members) | Q(pk__in=joining)),
        Team.objects.filter(pk__in=teams),
        accounts,
    )
    for rows in held:
        list(rows.select_for_update(of=("self",), no_key=True).order_by("pk"))


def _taken(selection: Selection | None, wishes: Sequence[Wish]) -> dict[int, Decision]:
    """Decisions of the run about the accounts, by account; the run is locked."""
    if selection is None:
        return {}
    accounts = [wish.account.pk for wish in wishes]
    rows = selection.decisions.filter(account__in=accounts).select_related("decided_by")
    return {row.account_id: row for row in rows}


def _refuse_taken(decision: Decision | None) -> None:
    if decision is None:
        return
    values = {"person": decision.decided_by, "action": decision.get_action_display()}
    text = _("%(person)s decided about it meanwhile: %(action)s. Look again.") % values
    raise ValidationError(text, code="decided")


def _refuse_incomplete(
    wishes: Sequence[Wish], advised: Mapping[int, str], on: datetime.date
) -> None:
    """Refuse all that lacks something at once, so that it is mended at once."""
    refusals = []
    for place, wish in enumerate(wishes):
        manager = wish.manager
        if wish.action == Action.APPOINT and manager is None:
            manager = manager_of(wish.account, on)
        try:
            _check(wish._replace(manager=manager), advised.get(wish.account.pk, ""))
        except ValidationError as error:
            refusals.append((place, error))
    if refusals:
        raise RefusalsError(refusals)


def _takes_room(wish: Wish) -> bool:
    """Room is made before it is taken."""
    return wish.action == Action.APPOINT


def _decided(
    actor: User, wish: Wish, selection: Selection | None, advice: str, on: datetime.date
) -> Decision:
    if not policies.can_manage(actor, wish.account):
        raise PermissionDenied
    account = editing.locked(wish.account)
    editing.expect(account, wish.expected_version)
    refuse_archived_account(account)
    day = business_today()  # a decision may be older; managers do not change in the past
    if wish.action == Action.APPOINT and wish.manager is None:
        wish = wish._replace(manager=manager_of(account, day))
    override = False
    if wish.action == Action.APPOINT and wish.manager is not None:
        override = check_effort(wish.manager, account, wish.override_reason, day)
        account = give_manager(actor, account, wish.manager, day)
    status = STATUS_OF.get(wish.action, account.status)
    if status != account.status:
        account = set_status(
            actor=actor,
            account=account,
            status=status,
            decided_on=on,
            reason=wish.reason,
            rationale_types=wish.rationale_types,
            override_reason=wish.override_reason,
        )
        override = override or account.status_changes.order_by("-pk")[0].override
    elif wish.action == Action.APPOINT:
        account = _keep(actor, account, wish)
    Decision.objects.filter(account=account, superseded_at=None).update(
        superseded_at=timezone.now()
    )
    decision = Decision(
        account=account,
        selection=selection,
        action=wish.action,
        advice=advice,
        reason=wish.reason,
        rationale_types=list(wish.rationale_types),
        deviation=wish.deviation,
        manager=wish.manager,
        service_model=wish.service_model,
        trigger=wish.trigger,
        review_on=wish.review_on,
        message=wish.message,
        answer=wish.answer,
        contribution=contribution_of(account, on) if wish.action == Action.HANDLE else None,
        override=override,
        override_reason=wish.override_reason if override else "",
        decided_on=on,
        decided_by=actor,
    )
    decision.full_clean()
    decision.save(force_insert=True)
    record.change(
        actor=actor,
        obj=decision,
        verb="decided",
        after={"action": wish.action, "advice": advice, "reason": wish.reason},
    )
    return decision


NEEDS: Mapping[str, Sequence[str]] = {
    Action.APPOINT: ("manager", "rationale_types"),
    Action.GROOM: ("trigger", "review_on"),
    Action.MAINTAIN: ("service_model",),
    Action.HANDLE: ("message", "answer"),
}
"""Fields without which a decision cannot be made, besides its reason."""


def _check(wish: Wish, advice: str) -> None:
    errors = {}
    if wish.action not in Action.values:
        raise field_error("action", _("Choose from the list."), "choice")
    if not wish.reason.strip():
        errors["reason"] = ValidationError(_("Say why."), code="required")
    for name in NEEDS.get(wish.action, ()):
        if not getattr(wish, name):
            errors[name] = ValidationError(_("This decision needs it."), code="required")
    if advice and advice != wish.action and not wish.deviation.strip():
        text = _("The run advises another decision: say why you take this one.")
        errors["deviation"] = ValidationError(text, code="required")
    if errors:
        raise ValidationError(errors)


def _keep(actor: User, account: Account, wish: Wish) -> Account:
    """A key account stays one, for the reasons that hold now (K010)."""
    check_rationale(wish.reason, wish.rationale_types)
    changes = {"rationale": wish.reason, "rationale_types": list(wish.rationale_types)}
    return editing.save(actor=actor, obj=account, changes=changes)


def contribution_of(account: Account, on: datetime.date) -> Decimal | None:
    """Contribution of the last year, as it was shown when it was decided (K050)."""
    period = figures.trailing_year(on)
    rates = figures.rates_on(account.programme, period.last or on)
    return figures.totals(Account.objects.filter(pk=account.pk), period, rates).contribution


def _note(actor: User, selection: Selection) -> None:
    """The fifth step: what people made of the answer (handbook 3.6)."""
    taken = selection.decisions.order_by()
    counts = {action: taken.filter(action=action).count() for action in Action.values}
    deviations = taken.exclude(advice="").exclude(deviation="").count()
    rest = [step for step in selection.steps if step["step"] != "interpret"]
    last = {"step": "interpret", "decisions": sum(counts.values()), "deviations": deviations}
    selection.steps = [*rest, {**last, **counts}]
    selection.decided_at, selection.decided_by = timezone.now(), actor
    selection.version += 1
    selection.save(update_fields=["steps", "decided_at", "decided_by", "version", "updated_at"])
    record.change(actor=actor, obj=selection, verb="decided", after={"status": selection.status})
