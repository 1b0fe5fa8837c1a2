"""Writing what a list of customers says: hidden or noted first, in force when it is published."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.choices import RationaleType, Status
from accounts.imports import groups
from accounts.imports.account_rows import AccountRow
from accounts.imports.directory import Directory, place_on_top
from accounts.imports.scope import CHANGES_PER_BATCH
from accounts.models import Account, ExternalId, StagedAccount, StatusChange
from kam.access.dates import business_today
from kam.changes.models import Change
from kam.imports.models import Run

COLUMNS = {"business_unit": "business_unit_id"}


def column(name: str) -> str:
    """Attribute that holds the value of a field as the change log stores it."""
    return COLUMNS.get(name, name)


def differences(account: Account, values: dict[str, Any]) -> dict[str, Any]:
    """Those of `values` that the account does not have yet."""
    return {
        name: value for name, value in values.items() if getattr(account, column(name)) != value
    }


def create_hidden(run: Run, directory: Directory, rows: Sequence[tuple[int, AccountRow]]) -> None:
    """Make the accounts of new rows, hidden by the run."""
    accounts = Account.objects.bulk_create(
        [
            Account(
                programme_id=run.scope_id,
                staged_by=run,
                **{column(name): value for name, value in row.values.items()},
            )
            for _number, row in rows
        ],
        batch_size=500,
    )
    place_on_top([account.pk for account in accounts])
    pairs = list(zip(rows, accounts, strict=True))
    ExternalId.objects.bulk_create(
        [
            ExternalId(
                account=account,
                programme_id=run.scope_id,
                system=directory.system,
                value=row.number,
            )
            for (_number, row), account in pairs
            if row.number
        ],
        batch_size=500,
    )
    StagedAccount.objects.bulk_create(
        [
            StagedAccount(
                run=run,
                account=account,
                row=number,
                created=True,
                parent=row.parent,
                after={**row.values, "number": row.number, "status": row.status},
            )
            for (number, row), account in pairs
        ],
        batch_size=500,
    )
    for (_number, row), account in pairs:
        directory.note(account.pk, name=row.values["name"], number=row.number)


def stage_changes(
    run: Run, rows: Sequence[tuple[int, AccountRow, Account, dict[str, Any]]]
) -> None:
    """Write down what known accounts will become."""
    StagedAccount.objects.bulk_create(
        [
            StagedAccount(
                run=run,
                account=account,
                row=number,
                parent=row.parent,
                before={name: getattr(account, column(name)) for name in changes},
                after=changes,
            )
            for number, row, account, changes in rows
        ],
        batch_size=500,
    )


def drop_staged(run: Run, directory: Directory, refused: Sequence[groups.Member]) -> None:
    """Take away what was made or noted for rows that are refused after all."""
    ids = [pk for item in refused if (pk := groups.Groups.pk_of(item.key, directory))]
    staged = StagedAccount.objects.filter(run=run, account__in=ids)
    made = list(staged.filter(created=True).values_list("account", flat=True))
    staged.delete()
    Account.objects.filter(pk__in=made, staged_by=run).update(root=None)
    Account.objects.filter(pk__in=made, staged_by=run).delete()


def place(run: Run, directory: Directory, found: groups.Groups) -> None:
    """Put new accounts under their parents; known ones that move are noted for publishing."""
    staged = {item.account_id: item for item in StagedAccount.objects.filter(run=run)}
    new: dict[int, int] = {}
    moving: list[StagedAccount] = []
    for member in found.members.values():
        if not member.above or member.problem:
            continue
        pk = groups.Groups.pk_of(member.key, directory)
        above = member.above
        parent = int(above[1:]) if above[0] == "@" else groups.Groups.pk_of(above, directory)
        if pk is None or parent is None or pk not in staged:
            continue
        item = staged[pk]
        if item.created:
            new[pk] = parent
        else:
            item.after["parent"] = parent
            moving.append(item)
    groups.place_new(new)
    StagedAccount.objects.bulk_update(moving, ["after"], batch_size=500)


def apply_updates(run: Run) -> None:
    """Change known accounts as noted; each that differs gets one row of history."""
    staged = StagedAccount.objects.filter(run=run, created=False).select_related("account")
    changed, log, noted = [], [], []
    for item in staged.order_by("row"):
        account = item.account
        wanted = dict(item.after)
        parent = wanted.pop("parent", None)
        changes = differences(account, wanted)
        before = {name: getattr(account, column(name)) for name in changes}
        if parent is not None and account.parent_id != parent:
            before["parent"], changes["parent"] = account.parent_id, parent
            groups.move_known(run, account, Account.objects.get(pk=parent))
        for name in changes.keys() - {"parent"}:
            setattr(account, column(name), changes[name])
        if changes:
            changed.append(account)
            log.append(_change(run, run.owner_id, account, "updated", before, changes))
        item.before, item.after = before, changes
        noted.append(item)
    _save(changed)
    StagedAccount.objects.bulk_update(noted, ["before", "after"], batch_size=500)
    Change.objects.bulk_create(log, batch_size=CHANGES_PER_BATCH)


def restore_updates(run: Run, actor_id: int) -> None:
    """Give known accounts the values that they had, where they still have those of the run."""
    staged = StagedAccount.objects.filter(run=run, created=False).select_related("account")
    changed, log = [], []
    for item in staged.order_by("-row"):
        account = item.account
        back = {
            name: value
            for name, value in item.before.items()
            if name != "parent" and getattr(account, column(name)) == item.after[name]
        }
        for name, value in back.items():
            setattr(account, column(name), value)
        if "parent" in item.before and account.parent_id == item.after["parent"]:
            back["parent"] = item.before["parent"]
            parent = Account.objects.filter(pk=back["parent"]).first()
            groups.move_known(run, account, parent)
        if back:
            changed.append(account)
            before = {name: item.after[name] for name in back}
            log.append(_change(run, actor_id, account, "import_undone", before, back))
    _save(changed)
    Change.objects.bulk_create(log, batch_size=CHANGES_PER_BATCH)


def _save(accounts: list[Account]) -> None:
    now = timezone.now()
    for account in accounts:
        account.version += 1
        account.updated_at = now
    fields = ["name", "country", "industry", "currency", "website", "description"]
    fields += ["business_unit", "version", "updated_at"]
    Account.objects.bulk_update(accounts, fields, batch_size=200)


def set_first_status(run: Run) -> None:
    """Give new accounts the status that the file says, with a step of history each.

    Who is key today is taken over on this day (`design.md` 11, limits).
    """
    today = business_today()
    staged = StagedAccount.objects.filter(run=run, created=True).exclude(after__status="")
    accounts, steps = [], []
    for item in staged.select_related("account"):
        status = item.after.get("status", "")
        if not status or status == Status.CANDIDATE:
            continue
        account = item.account
        account.status, account.status_since = status, today
        reason = _("Taken over on %(day)s") % {"day": today.isoformat()}
        if status == Status.KEY:
            account.rationale, account.rationale_types = reason, [RationaleType.OTHER.value]
        accounts.append(account)
        steps.append(
            StatusChange(
                account=account,
                from_status=Status.CANDIDATE,
                to_status=status,
                decided_on=today,
                decided_by=run.owner,
                reason=reason,
                rationale_types=account.rationale_types,
            )
        )
    fields = ["status", "status_since", "rationale", "rationale_types"]
    Account.objects.bulk_update(accounts, fields, batch_size=500)
    StatusChange.objects.bulk_create(steps, batch_size=500)


def _change(
    run: Run,
    actor_id: int,
    account: Account,
    verb: str,
    before: dict[str, Any],
    after: dict[str, Any],
) -> Change:
    return Change(
        actor_id=actor_id,
        source=Change.Source.IMPORT,
        source_reference=str(run.pk),
        verb=verb,
        object_type=Account._meta.label_lower,
        object_id=account.pk,
        object_label=str(account)[:250],
        account_id=account.pk,
        before=before,
        after=after,
    )
