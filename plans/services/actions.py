"""Actions: capture, write, close, open again (K008; handbook 4.4)."""

from __future__ import annotations

import datetime
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import Account, Interaction
from accounts.services.account import refuse_archived_account
from accounts.services.interaction import Mention
from kam.changes import editing
from kam.web.formatting import day
from plans import capture, policies
from plans.choices import ActionOrigin, ActionStatus, PlanStatus
from plans.models import Action, Objective, Strategy
from plans.services import locks
from teams.models import Membership, User

EDITABLE_FIELDS = Action.EDITABLE_FIELDS


@transaction.atomic
def create_action(
    *, actor: User, account: Account, values: dict[str, Any], today: datetime.date
) -> Action:
    """Add an action to the account: editors, members and the sponsor.

    The account alone is required besides a text; a strategy brings its objective along. Raises
    `PermissionDenied` or `ValidationError`.
    """
    if not policies.can_add_action(actor, account):
        raise PermissionDenied
    refuse_archived_account(account)
    values = _with_objective(values)
    action = Action(account=account, author=actor, **values)
    if action.status == ActionStatus.DONE:
        action.done_on = today
    _refuse_closed_plan(actor, action.objective)
    locks.refuse_outsider(action.owner, account, "owner")
    return editing.create(actor=actor, obj=action, fields=("account", *EDITABLE_FIELDS))


def capture_action(
    *,
    actor: User,
    account: Account,
    line: str,
    today: datetime.date,
    objective: Objective | None = None,
    strategy: Strategy | None = None,
) -> Action:
    """Add an action from one line: "Tom: quote for Aarhus, 20 June" (ui.md 7).

    Raises `ValidationError` when nobody or more than one of the team goes by the name.
    """
    people = team_people(account, today)
    found = capture.read_line(line, today=today, people=people)
    if found.unknown_owner:
        raise ValidationError({"text": unknown_owner_words(found)}, code="owner")
    values = {
        "text": found.text,
        "due": found.due,
        "owner": found.owner or actor,
        "objective": objective,
        "strategy": strategy,
        "origin": ActionOrigin.PLAN if objective or strategy else ActionOrigin.CAPTURE,
    }
    return create_action(actor=actor, account=account, values=values, today=today)


def act_on_mention(
    *, actor: User, interaction: Interaction, mention: Mention, today: datetime.date
) -> str:
    """Make an action of a line "@Tom by Friday: quote Aarhus" in a talk; returns what was made.

    Raises `ValidationError` at `text` for a name of nobody and a day that is none, so that the
    note is refused whole and its author corrects the line.
    """
    account = interaction.account
    people = team_people(account, today)
    try:
        found = capture.read_mention(*mention, today=today, people=people)
    except capture.NoDay as error:
        words = _("“%(text)s” is no day. Try “Friday”, “12 June” or “+2w”.")
        raise ValidationError({"text": words % {"text": mention.due}}, code="due") from error
    if found.unknown_owner:
        raise ValidationError({"text": unknown_owner_words(found)}, code="owner")
    values = {
        "text": found.text,
        "due": found.due,
        "owner": found.owner,
        "origin": ActionOrigin.INTERACTION,
    }
    try:
        action = create_action(actor=actor, account=account, values=values, today=today)
    except ValidationError as error:
        raise ValidationError({"text": error.messages}) from error
    made = {"person": action.owner, "text": action.text, "day": day(action.due, today)}
    if action.due is None:
        return _("Action for %(person)s: %(text)s") % made
    return _("Action for %(person)s by %(day)s: %(text)s") % made


def team_people(account: Account, today: datetime.date) -> list[User]:
    """People of the account's team on the day `today`."""
    members = Membership.objects.filter(team=account.team_id).valid_on(today)
    users = User.objects.filter(pk__in=members.values("user"), is_active=True)
    return list(users.with_name())


def unknown_owner_words(found: capture.Captured) -> str:
    """The refusal of a name, with the nearest one of the team."""
    if found.several:
        return _("Which %(name)s: %(people)s?") % {
            "name": found.unknown_owner,
            "people": ", ".join(str(person) for person in found.several),
        }
    if found.nearest is not None:
        return _("Nobody called “%(name)s” on this team. %(person)s?") % {
            "name": found.unknown_owner,
            "person": found.nearest,
        }
    return _("Nobody called “%(name)s” on this team.") % {"name": found.unknown_owner}


@transaction.atomic
def update_action(
    *,
    actor: User,
    action: Action,
    changes: dict[str, Any],
    today: datetime.date,
    expected_version: int | None = None,
    read: dict[str, Any] | None = None,
) -> Action:
    """Change an action: editors any, members and the sponsor their own.

    State, owner, dates and effort are execution and open always; text and links of an action
    that was in the plan when it was submitted are content (`design.md` 11). `read` as in
    `update_plan`. Raises `PermissionDenied`, `VersionConflict` or `ValidationError`.
    """
    action = editing.locked(action)
    if not policies.can_change_action(actor, action):
        raise PermissionDenied
    editing.expect(action, locks.still_holds(action, changes, read, expected_version))
    if action.is_archived:
        raise ValidationError(_("It has been put away."), code="archived")
    changes = _with_objective(changes, action)
    if set(changes) & set(Action.CONTENT_FIELDS):
        _refuse_frozen(action)
        _refuse_closed_plan(actor, changes.get("objective"))
    if changes.get("owner") is not None:
        locks.refuse_outsider(changes["owner"], action.account, "owner")
    if changes.get("depends_on") is not None:
        _refuse_circle(action, changes["depends_on"])
    if "status" in changes:
        changes = _state_changes(action, changes, today)
    return editing.save(actor=actor, obj=action, changes=changes)


def close_action(
    *,
    actor: User,
    action: Action,
    today: datetime.date,
    note: str = "",
    expected_version: int | None = None,
) -> Action:
    """Tick an action off, with a note on how it ended if there is one to make."""
    changes = {"status": ActionStatus.DONE, **({"closing_note": note} if note else {})}
    return update_action(
        actor=actor, action=action, changes=changes, today=today, expected_version=expected_version
    )


def reopen_action(
    *, actor: User, action: Action, today: datetime.date, expected_version: int | None = None
) -> Action:
    """Undo of closing: the action is to do again; its note stays."""
    changes = {"status": ActionStatus.TODO}
    return update_action(
        actor=actor, action=action, changes=changes, today=today, expected_version=expected_version
    )


@transaction.atomic
def archive_action(*, actor: User, action: Action, expected_version: int | None = None) -> Action:
    """Put an action away; what waited for it waits no longer than it would for a cancelled one."""
    action = editing.locked(action)
    if not policies.can_change_action(actor, action):
        raise PermissionDenied
    editing.expect(action, expected_version)
    _refuse_frozen(action)
    return editing.archive(actor=actor, obj=action)


@transaction.atomic
def restore_action(*, actor: User, action: Action, expected_version: int | None = None) -> Action:
    """Bring an action back."""
    action = editing.locked(action)
    if not policies.can_change_action(actor, action):
        raise PermissionDenied
    return editing.restore(actor=actor, obj=action, expected_version=expected_version)


def _with_objective(values: dict[str, Any], action: Action | None = None) -> dict[str, Any]:
    """A strategy names its objective; another objective drops a strategy of the former one."""
    strategy = values.get("strategy")
    if strategy is not None and "objective" not in values:
        return {**values, "objective": strategy.objective}
    if strategy is not None and values["objective"] is None:
        return {**values, "objective": strategy.objective}
    kept = action.strategy if action is not None and "strategy" not in values else None
    if kept is not None and "objective" in values and values["objective"] != kept.objective:
        return {**values, "strategy": None}
    return values


def _state_changes(action: Action, changes: dict[str, Any], today: datetime.date) -> dict[str, Any]:
    """`status` with what goes with it: the day it was done, no reason once it is not blocked."""
    status = changes["status"]
    extra: dict[str, Any] = {}
    if status == ActionStatus.DONE and action.status != ActionStatus.DONE:
        extra["done_on"] = today
    elif status != ActionStatus.DONE:
        extra["done_on"] = None
    if status != ActionStatus.BLOCKED and action.blocked_reason:
        extra["blocked_reason"] = ""
    return {**changes, **extra}


def _refuse_frozen(action: Action) -> None:
    """Content of an action that was part of a plan when that was submitted is fixed with it."""
    if action.objective is None:
        return
    locked_at = action.objective.plan.locked_at
    if locked_at is not None and action.created_at <= locked_at:
        locks.refuse_locked(action.objective.plan)


def _refuse_closed_plan(actor: User, objective: Objective | None) -> None:
    """Nothing is put under an objective that the actor cannot see, that is gone, or whose plan is
    being reviewed or over."""
    if objective is None:
        return
    readable = Objective.objects.visible_to(actor).current().filter(pk=objective.pk)
    if not readable.exists():
        raise ValidationError({"objective": _("There is no such objective.")}, code="objective")
    plan = objective.plan
    if plan.status == PlanStatus.IN_REVIEW:
        raise ValidationError({"objective": _("The plan is being reviewed.")}, code="locked")
    if plan.is_over:
        raise ValidationError({"objective": _("The plan is over.")}, code="locked")


def _refuse_circle(action: Action, before: Action) -> None:
    """Refuse an action that would, through others, wait for itself."""
    seen = {action.pk}
    link: Action | None = before
    while link is not None:
        if link.pk in seen:
            raise ValidationError(
                {"depends_on": _("The two would wait for each other.")}, code="cycle"
            )
        seen.add(link.pk)
        link = link.depends_on
