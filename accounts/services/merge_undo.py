"""A merge is taken back: exactly what it did, as far as nobody has changed it since."""

from __future__ import annotations

import datetime
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from accounts import figures, policies
from accounts.merging import own, ties
from accounts.merging.journal import as_stored, columns_of, model_of, touch
from accounts.merging.rules import rules_for
from accounts.models import Account, Contact, DuplicateKind, LedgerEntry, Merge, MergeStep
from accounts.services import barriers
from accounts.services.account import follow_survivors, lock_groups, refuse_shared_teams
from accounts.services.merge import audience, check_rows, place_children
from accounts.services.people import refresh_talks
from accounts.services.scoring import place_accounts
from accounts.services.status import check_exclusive_below
from accounts.services.team import lock_people
from kam.access.dates import business_today
from kam.changes import access, record
from kam.changes.models import Change
from kam.imports.models import Run
from teams.models import User


@transaction.atomic
def undo_merge(*, actor: User, merge: Merge, now: datetime.datetime | None = None) -> Merge:
    """Give back to the one that was taken up what the merge has moved.

    What has come since stays with the one that stayed, with all that it holds on to; a value that
    somebody has changed since stays as it is. `merge.kept` says so. Raises PermissionDenied, or
    ValidationError: too late, taken back already, or a rule against what would come out.
    """
    merge = Merge.objects.select_related("account", "loser").get(pk=merge.pk)
    if merge.account.merged_into_id is not None and policies.can_see(actor, merge.account):
        _refuse_merged(merge.account)
    if merge.kind == DuplicateKind.ACCOUNT:
        if not policies.can_manage(actor, merge.account):
            raise PermissionDenied
        lock_groups(merge.account.programme)
        for account in (merge.account, merge.loser):
            if account is not None and account.team is not None:
                lock_people(account.team)
    elif not policies.can_edit(actor, merge.account):
        raise PermissionDenied
    merge = Merge.objects.select_for_update(of=("self",)).get(pk=merge.pk)
    _refuse(merge, now or timezone.now())
    people = _people(merge)
    near = Account.objects.under(merge.account)
    with access.noticing(actor=actor, users=people, accounts=near):
        undoing = Undoing(merge)
        undoing.run()
        if merge.kind == DuplicateKind.ACCOUNT:
            _finish_accounts(actor, merge)
        else:
            refresh_talks([merge.survivor.pk, merge.lost.pk])
    merge.undone_by, merge.undone_at, merge.kept = actor, timezone.now(), undoing.kept
    merge.save(update_fields=["undone_by", "undone_at", "kept", "updated_at"])
    _log(actor, merge)
    return merge


def _refuse(merge: Merge, now: datetime.datetime) -> None:
    if merge.undone_at is not None:
        raise ValidationError(_("It has been taken back already."), code="undone")
    if not merge.can_be_undone(now):
        text = _("It is longer ago than a merge can be taken back.")
        raise ValidationError(text, code="late")
    model = type(merge.survivor)
    survivor = model._default_manager.select_for_update(of=("self",)).get(pk=merge.survivor.pk)
    _refuse_merged(survivor)
    if merge.kind != DuplicateKind.ACCOUNT:
        return
    if Run.objects.filter(scope_id=survivor.programme_id).exclude(lane="").exists():
        text = _("An import is under way in this programme: wait until it has ended.")
        raise ValidationError(text, code="import")


def _refuse_merged(survivor: Account | Contact) -> None:
    if survivor.merged_into_id is not None:
        text = _("%(name)s has itself been merged since: take that back first.")
        raise ValidationError(text % {"name": survivor}, code="merged")


def _people(merge: Merge) -> Any:
    teams = {account.team_id for account in (merge.account, merge.loser) if account is not None}
    columns = merge.steps.filter(action=MergeStep.Action.CHANGED, model=Account._meta.label)
    teams |= {step.before.get("team_id") for step in columns}
    return User.objects.filter(memberships__team__in=teams - {None}).distinct()


class Undoing:
    """One merge on its way back; `kept` are sentences about what stays where it is."""

    def __init__(self, merge: Merge) -> None:
        self.merge = merge
        self.survivor: int = merge.survivor.pk
        self.loser: int = merge.lost.pk
        self.steps = list(merge.steps.order_by("-pk"))
        self.rules = {rule.label: rule for rule in rules_for(type(merge.survivor))}
        self.narrowed = {rule.label for rule in rules_for(type(merge.survivor)) if rule.narrowed}
        self.back: dict[str, set[int]] = {}
        self.kept: list[str] = []
        self.missing: dict[Any, int] = defaultdict(int)

    def run(self) -> None:
        """Every step, the last one first."""
        if self.merge.kind == DuplicateKind.ACCOUNT:
            self.back = ties.untie(self._moved(), self.survivor)
        for step in self.steps:
            {
                MergeStep.Action.MOVED: self._move_back,
                MergeStep.Action.CHANGED: self._change_back,
                MergeStep.Action.REMOVED: self._put_back,
                MergeStep.Action.CREATED: self._delete,
            }[MergeStep.Action(step.action)](step)
        if self.merge.kind == DuplicateKind.ACCOUNT:
            self._recount()
            figures.refresh([self.survivor, self.loser])
            self._carry_history()
            own.align_pairs(self.survivor)
            own.align_files(self.survivor, self.loser)
        for model, count in self.missing.items():
            words = capfirst(model._meta.verbose_name_plural)
            text = _("%(words)s: %(count)d stay where they are, because of what came since.")
            if model._meta.label in self.narrowed:
                text = _("%(words)s: some stay where they are, because of what came since.")
            self.kept.append(text % {"words": words, "count": count})

    def _moved(self) -> dict[str, set[int]]:
        moved: dict[str, set[int]] = defaultdict(set)
        for step in self.steps:
            if step.action == MergeStep.Action.MOVED and step.field == ties.DIRECT:
                moved[step.model].update(step.keys)
        return moved

    def _move_back(self, step: MergeStep) -> None:
        model = model_of(step)
        rows = model._base_manager.filter(pk__in=step.keys, **{step.field: self.survivor})
        if step.field == ties.DIRECT:
            rows = model._base_manager.filter(
                pk__in=self.back[step.model] & set(step.keys), **{step.field: self.survivor}
            )
        if model is Change:
            rows = rows.exclude(pk__in=self._history_that_stays(rows))
        extra = {} if step.after.get("quiet") else touch(model)
        count = rows.update(**{step.field: self.loser}, **extra)
        if count < len(step.keys) and model is not Change:
            self.missing[model] += len(step.keys) - count

    def _history_that_stays(self, rows: Any) -> list[int]:
        """Of the log, rows about what stays."""
        found: list[int] = []
        for label, keys in self._moved().items():
            stays = keys - self.back[label]
            if stays:
                about = rows.filter(object_type=label.lower(), object_id__in=stays)
                found += about.values_list("pk", flat=True)
        return found

    def _carry_history(self) -> None:
        """What was written since about what goes back goes with it."""
        for label, keys in self.back.items():
            rows = Change.objects.filter(account_id=self.survivor, object_type=label.lower())
            if label != LedgerEntry._meta.label:
                rows.filter(object_id__in=keys).update(account_id=self.loser)

    def _change_back(self, step: MergeStep) -> None:
        model = model_of(step)
        obj = model._base_manager.filter(pk=step.keys[0]).first()
        if obj is None:
            return
        now = columns_of(obj, step.after)
        after, before = as_stored(model, step.after), as_stored(model, step.before)
        lost = model is Account and obj.pk == self.loser  # nobody has written to it since
        values = {name: before[name] for name in after if lost or now[name] == after[name]}
        for name in after.keys() - values.keys():
            label = str(model._meta.get_field(name.removesuffix("_id")).verbose_name)
            text = _("%(name)s: the %(field)s has been changed since and stays.")
            named = obj if model in (Account, Contact) else capfirst(model._meta.verbose_name)
            self.kept.append(text % {"name": named, "field": label})
        if values:
            model._base_manager.filter(pk=obj.pk).update(**values, **touch(model))

    def _put_back(self, step: MergeStep) -> None:
        model = model_of(step)
        row = model(**as_stored(model, step.before))
        rule = self.rules.get(step.model)
        if isinstance(rule, own.Sums):
            rule.put_back(self.survivor, row)
            return
        try:
            with transaction.atomic():
                row.save(force_insert=True)
        except IntegrityError:  # what it pointed to is gone, or its place is taken
            text = _("%(row)s could not come back: its place is taken.")
            self.kept.append(text % {"row": row})

    def _delete(self, step: MergeStep) -> None:
        model_of(step)._base_manager.filter(pk__in=step.keys).delete()

    def _recount(self) -> None:
        """Where lines have been taken away since, sums are made anew from those that are there."""
        label = LedgerEntry._meta.label
        keys = self._moved().get(label)
        if not keys:
            return
        lines = LedgerEntry.objects.filter(account=self.loser)
        if (
            lines.count() != len(keys)
            or lines.exclude(run=None).filter(run__is_live=False).exists()
        ):
            for account in (self.survivor, self.loser):
                own.recount(account)


def _finish_accounts(actor: User, merge: Merge) -> None:
    """Paths, and the rules that hold for every account."""
    survivor, loser = (Account.objects.get(pk=pk) for pk in (merge.account_id, merge.loser_id))
    _refuse_archived_parent(loser)
    place_children([survivor, loser])
    near = Account.objects.filter(parent__in=[survivor.pk, loser.pk]).order_by("pk")
    place_children([*near, survivor, loser])
    follow_survivors(Account.objects.filter(merged_into__in=[survivor, loser]))
    for account in (survivor, loser):
        account.refresh_from_db()
        refuse_shared_teams(account)
        check_rows(account)
        barriers.refuse_violations(actor=actor, accounts=Account.objects.under(account))
        check_exclusive_below(actor, account, business_today())
    place_accounts([survivor, loser], business_today())


def _refuse_archived_parent(loser: Account) -> None:
    if loser.parent is not None and loser.parent.is_archived:
        text = _("What it was part of is archived by now: restore that first.")
        raise ValidationError(text, code="archived")


def _log(actor: User, merge: Merge) -> None:
    rows: Iterable[Account | Contact] = (merge.survivor, merge.lost)
    for row in rows:
        row.refresh_from_db()
    told = {"gave_back": merge.loser_name} | ({"stays": merge.kept} if merge.kept else {})
    record.change(
        actor=actor,
        obj=merge.survivor,
        verb="merge_undone",
        before={},
        after=told,
        **audience(merge),
    )
    record.change(
        actor=actor,
        obj=merge.lost,
        verb="merge_undone",
        before={"merged_into": merge.survivor.pk},
        after={"merged_into": None},
    )
