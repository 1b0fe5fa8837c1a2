"""Writing what a list of customers says: hidden or noted first, in force when it is published."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from django.db.models import BigIntegerField, CharField, F, OuterRef, QuerySet, Subquery, TextField
from django.db.models.fields.json import KT
from django.db.models.functions import Cast
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import numbers
from accounts.choices import RationaleType, Status
from accounts.imports import groups, staging
from accounts.imports.account_rows import AccountRow
from accounts.imports.directory import Directory, place_on_top
from accounts.imports.numbers import NUMBERS, drop_numbers, held, put
from accounts.imports.scope import CHANGES_PER_BATCH
from accounts.models import Account, ExternalId, StagedAccount, StatusChange
from accounts.numbers import Number
from kam.access.dates import business_today
from kam.changes.models import Change
from kam.imports.models import Run
from kam.imports.parts import batched, update_each

COLUMNS = {"business_unit": "business_unit_id", "team": "team_id", "channel": "channel_id"}
COPIED = (
    "name",
    "country",
    "industry",
    "currency",
    "website",
    "description",
    "business_unit",
    "channel",
    "team",
    "target_stage",
    "target_stage_by",
    "size",
    "reach",
    "intent",
    "criticality",
    "potential_contribution",
)
PART = 500
"""Accounts in one statement or transaction."""


def column(name: str) -> str:
    """Attribute that holds the value of a field as the change log stores it."""
    return COLUMNS.get(name, name)


def stored(account: Account, name: str) -> Any:
    """What the account has in a field, as the change log stores it: days and amounts as text."""
    if name == NUMBERS.name:  # noted as what is added
        return []
    value = getattr(account, column(name))
    return value if value is None or isinstance(value, int | str) else str(value)


def differences(account: Account, values: dict[str, Any]) -> dict[str, Any]:
    """Those of `values` that the account does not have yet."""
    return {name: value for name, value in values.items() if stored(account, name) != value}


def create_hidden(
    run: Run, directory: Directory, rows: Sequence[tuple[int, AccountRow]]
) -> list[int]:
    """Make the accounts of new rows, hidden by the run; their primary keys. Raises ValidationError
    where a number was taken meanwhile."""
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
    numbered = [
        ExternalId(account=account, programme_id=run.scope_id, system=system, value=value)
        for (_number, row), account in pairs
        for system, value in _numbers_of(row, directory)
    ]
    put(ExternalId, "account", numbered)
    StagedAccount.objects.bulk_create(
        [
            StagedAccount(
                run=run,
                account=account,
                row=number,
                created=True,
                parent=row.parent,
                after={
                    **row.values,
                    "number": row.number,
                    NUMBERS.name: list(map(numbers.told, row.numbers)),
                    "status": row.status,
                },
            )
            for (number, row), account in pairs
        ],
        batch_size=500,
    )
    for (_number, row), account in pairs:
        directory.note(account.pk, name=row.values["name"], number=row.number)
    return [account.pk for account in accounts]


def _numbers_of(row: AccountRow, directory: Directory) -> list[Number]:
    """Every number of a new account: that of the file's own system first."""
    own = [(directory.system, row.number)] if row.number else []
    return [*own, *row.numbers]


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
                before={name: stored(account, name) for name in changes},
                after=changes,
            )
            for number, row, account, changes in rows
        ],
        batch_size=500,
    )


def note_counts(run: Run, directory: Directory, refused: Sequence[groups.Member]) -> None:
    """As what each row was counted when it was stored, also by an earlier pass."""
    pks = {item.key: groups.Groups.pk_of(item.key, directory) for item in refused}
    staged = {
        item.account_id: item
        for item in StagedAccount.objects.filter(run=run, account__in=filter(None, pks.values()))
    }
    for member in refused:
        item = staged.get(pks[member.key] or 0)
        if item is None:
            member.counted = "unchanged"
        elif not item.created:
            member.counted = "updated" if item.after.keys() - {"parent"} else "unchanged"


def drop_staged(run: Run, directory: Directory, refused: Sequence[groups.Member]) -> None:
    """Take away what was made or noted for rows that are refused after all."""
    ids = [pk for item in refused if (pk := groups.Groups.pk_of(item.key, directory))]
    staged = StagedAccount.objects.filter(run=run, account__in=ids)
    made = list(staged.filter(created=True).values_list("account", flat=True))
    staged.delete()
    Account.objects.filter(pk__in=made, staged_by=run).update(root=None)
    Account.objects.filter(pk__in=made, staged_by=run).delete()


def place(run: Run, directory: Directory, found: groups.Groups) -> Iterator[Callable[[], None]]:
    """Put new accounts under their parents; known ones that move are noted for publishing."""
    above: dict[int, int] = {}
    for member in found.members.values():
        if not member.above or member.problem:
            continue
        pk = groups.Groups.pk_of(member.key, directory)
        parent = member.above
        parent_pk = int(parent[1:]) if parent[0] == "@" else groups.Groups.pk_of(parent, directory)
        if pk is not None and parent_pk is not None:
            above[pk] = parent_pk
    new = StagedAccount.objects.filter(run=run, created=True).values_list("account", flat=True)
    for part in groups.in_order({pk: above[pk] for pk in new if pk in above}, PART):
        yield partial(groups.place_new, part)
    known = StagedAccount.objects.filter(run=run, created=False, account__in=above)
    for pks in batched(known.values_list("pk", flat=True), PART):
        yield partial(_note_moves, pks, above)


def _note_moves(pks: Sequence[int], above: dict[int, int]) -> None:
    moving = list(StagedAccount.objects.filter(pk__in=pks))
    for item in moving:
        item.after["parent"] = above[item.account_id]
    update_each(moving, ["after"])


def prepare(run: Run, staged: Sequence[StagedAccount]) -> None:
    """Write down the history of accounts, and give new ones, still hidden, their status."""
    for item in staged:
        if item.created:
            item.verb = "created"
            item.after = {name: value for name, value in item.after.items() if value}
    _note_differences([item for item in staged if not item.created])
    _set_first_status(run, [item for item in staged if item.after.get("status") and item.created])
    update_each(staged, ["verb", "before", "after", "version"])


def _note_differences(staged: Sequence[StagedAccount]) -> None:
    """What the accounts would become different from what they are now."""
    numbered = [item.account_id for item in staged if NUMBERS.name in item.after]
    has = held(ExternalId, "account", numbered)
    for item in staged:
        account = item.account
        wanted = dict(item.after)
        mine = has.get(account.pk, set())
        told = [one for one in wanted.pop(NUMBERS.name, ()) if numbers.read(one) not in mine]
        if told:
            wanted[NUMBERS.name] = told
        parent = wanted.pop("parent", account.parent_id)
        changes = differences(account, wanted)
        item.before = {name: stored(account, name) for name in changes}
        if parent != account.parent_id:
            item.before["parent"], changes["parent"] = account.parent_id, parent
        item.after, item.version = changes, account.version
        item.verb = "updated" if changes else staging.UNCHANGED


def apply_updates(run: Run) -> None:
    """Change known accounts as noted, in a few statements; those that somebody has changed since
    they were noted are looked at again."""
    staging.hold_accounts(run)
    staged = StagedAccount.objects.filter(run=run, created=False)
    moved = staged.exclude(account__version=F("version")).select_related("account")
    again = list(moved.filter(verb__in=("updated", staging.UNCHANGED)))
    _note_differences(again)
    update_each(again, ["verb", "before", "after", "version"])
    updated = staged.filter(verb="updated")
    _copy_values(updated, "after", 1)
    numbered = updated.filter(after__has_key=NUMBERS.name)
    for part in batched(numbered.values_list("pk", flat=True), PART):
        put(ExternalId, "account", list(_given(run, StagedAccount.objects.filter(pk__in=part))))
    for item in updated.filter(after__has_key="parent").select_related("account").order_by("row"):
        parent = Account.objects.get(pk=item.after["parent"])
        groups.move_known(run, item.account, parent)


def _given(run: Run, staged: Iterable[StagedAccount]) -> Iterator[ExternalId]:
    """The numbers that known accounts get."""
    for item in staged:
        for text in item.after.get(NUMBERS.name, ()):
            system, value = numbers.read(text)
            yield ExternalId(
                account_id=item.account_id, programme_id=run.scope_id, system=system, value=value
            )


def _take_back(run: Run) -> dict[int, list[str]]:
    """Take away the numbers that known accounts got; account -> those that it still had."""
    staged = StagedAccount.objects.filter(run=run, created=False, after__has_key=NUMBERS.name)
    told: dict[int, list[str]] = {}
    for pks in batched(staged.values_list("pk", flat=True), PART):
        given: dict[int, set[Number]] = {}
        for row in _given(run, StagedAccount.objects.filter(pk__in=pks)):
            given.setdefault(row.account_id, set()).add((row.system, row.value))
        told |= drop_numbers(ExternalId, "account", given)
    return told


def restore_updates(run: Run, actor_id: int) -> None:
    """Give known accounts the values that they had, where they still have those of the run."""
    staging.hold_accounts(run)
    staged = StagedAccount.objects.filter(run=run, created=False, verb="updated")
    alike = staged.filter(account__version=F("version") + 1).exclude(after__has_key="parent")
    untouched = list(alike.values_list("pk", flat=True))
    rest = list(
        staged.exclude(pk__in=alike.values("pk")).select_related("account").order_by("-row")
    )
    _copy_values(alike, "before", 2)
    lost = _take_back(run)
    for part in batched(untouched, PART):
        staging.log_restored(run, actor_id, StagedAccount.objects.filter(pk__in=part))
    _restore_one_by_one(run, actor_id, rest, lost)


def _copy_values(staged: QuerySet[StagedAccount], side: str, step: int) -> None:
    """Give accounts the values noted on one side (`before`, `after`), a statement for each field;
    the version rises last, because `staged` may ask for it."""
    pks = list(staged.values_list("account", flat=True))
    for name in COPIED:
        noted = f"{side}__{name}"
        emptied = staged.filter(**{noted: None}).values("account")
        if Account._meta.get_field(name).null:
            Account.objects.filter(pk__in=emptied).update(**{name: None})
        own = staged.filter(**{f"{side}__has_key": name}).exclude(**{noted: None})
        text = KT(noted)
        field: Any = BigIntegerField() if name in COLUMNS else Account._meta.get_field(name)
        value = text if isinstance(field, CharField | TextField) else Cast(text, field)
        given = own.filter(account=OuterRef("pk")).values(value=value)[:1]
        Account.objects.filter(pk__in=own.values("account")).update(**{name: Subquery(given)})
    now = timezone.now()
    for part in batched(pks, PART):
        Account.objects.filter(pk__in=part).update(version=F("version") + 1, updated_at=now)


def _restore_one_by_one(
    run: Run, actor_id: int, staged: Sequence[StagedAccount], lost: Mapping[int, list[str]]
) -> None:
    """As `restore_updates`, for accounts that somebody has changed since; `lost` are the numbers
    that were taken away."""
    changed, log = [], []
    for item in staged:
        account = item.account
        back = {
            name: value
            for name, value in item.before.items()
            if name != "parent" and stored(account, name) == item.after[name]
        }
        for name, value in back.items():
            setattr(account, column(name), value)
        if account.pk in lost:
            back[NUMBERS.name] = []
        if "parent" in item.before and account.parent_id == item.after["parent"]:
            back["parent"] = item.before["parent"]
            parent = Account.objects.filter(pk=back["parent"]).first()
            groups.move_known(run, account, parent)
        if back:
            changed.append(account)
            before = {name: item.after[name] for name in back}
            if account.pk in lost:
                before[NUMBERS.name] = lost[account.pk]
            log.append(_change(run, actor_id, account, "import_undone", before, back))
    now = timezone.now()
    for account in changed:
        account.version += 1
        account.updated_at = now
    fields = [*COPIED, "version", "updated_at"]
    update_each(changed, fields)
    Change.objects.bulk_create(log, batch_size=CHANGES_PER_BATCH)


def _set_first_status(run: Run, staged: Sequence[StagedAccount]) -> None:
    """Give new accounts the status that the file says, with a step of history each.

    Who is key today is taken over on this day (`design.md` 11, limits).
    """
    today = business_today()
    accounts, steps = [], []
    for item in staged:
        status = item.after["status"]
        if status == Status.CANDIDATE:
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
    update_each(accounts, fields)
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
