"""Accounts that a run has made: hidden, shown, hidden again; and the history of what it touched."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import (
    BigIntegerField,
    Exists,
    F,
    JSONField,
    OuterRef,
    QuerySet,
    Sum,
    Value,
)
from django.db.models.deletion import ProtectedError
from django.db.models.fields.json import KT
from django.db.models.functions import Cast
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import figures, tasks
from accounts.models import Account, Conflict, ExternalId, StagedAccount, StagedTotal, StatusChange
from kam.changes import record
from kam.changes.models import Change
from kam.imports.models import Run
from kam.imports.parts import batched, update_each
from teams.models import Programme

DELETE_ACCOUNTS = 300
UNCHANGED = "unchanged"
PREPARED = 500
"""Accounts made ready in one transaction."""


def show_accounts(run: Run) -> None:
    """The accounts that `run` has made become visible, as changed now."""
    made = Account.objects.filter(staged_by=run)
    pks = list(made.values_list("pk", flat=True))
    made.update(staged_by=None, updated_at=timezone.now())
    figures.refresh(pks)


def hold_accounts(run: Run) -> None:
    """Lock the accounts that `run` speaks of with all that is kept of them, before it writes."""
    figures.hold(StagedAccount.objects.filter(run=run).values_list("account", flat=True))


def refuse_merged(run: Run) -> None:
    """Raise ValidationError if an account that `run` speaks of has been merged since it was read.
    First in the transaction that publishes; no merge begins while it lasts."""
    Programme.objects.select_for_update(no_key=True).get(pk=run.scope_id)
    touched = StagedAccount.objects.filter(run=run).exclude(account__merged_into=None)
    if touched.exists():
        raise merged_meanwhile()


def named_in(run: Run, name: str) -> QuerySet:
    """Primary keys that the field `name` of accounts gets by `run`."""
    staged = StagedAccount.objects.filter(run=run, after__has_key=name).order_by()
    return staged.annotate(named=Cast(KT(f"after__{name}"), BigIntegerField())).values("named")


def merged_meanwhile() -> ValidationError:
    """An account of the file was taken up by another one while the file was read."""
    message = _("A customer of the file has been merged with another one. Try the file again.")
    return ValidationError(message, code="meanwhile")


def look_for_duplicates(run: Run) -> None:
    """Compare accounts and people that `run` has made with the others, in the background."""
    made = StagedAccount.objects.filter(run=run, created=True)
    if run.kind != "contacts" and not made.exists():
        return
    tasks.look_for_duplicates.using(created_by=run.owner, key=f"duplicates:{run.owner_id}").enqueue(
        run.owner_id, None, run.pk
    )


def hide_accounts(run: Run) -> None:
    """Hide the accounts that `run` made and that nobody has touched since; others stay."""
    made = StagedAccount.objects.filter(run=run, created=True)
    for pks in batched(made.order_by("account_id").values_list("account", flat=True), PREPARED):
        Account.objects.filter(pk__in=set(pks) - _touched(run, pks)).update(staged_by=run)


def _touched(run: Run, pks: Sequence[int]) -> set[int | None]:
    """Which of the accounts somebody has changed, put others under, or paired.

    Asked of a few accounts at a time by their keys: what a database guesses of rows that came a
    moment ago is wrong by orders of magnitude, and one statement over all of them may take hours.
    """
    others = Change.objects.filter(account_id__in=pks).exclude(
        source=Change.Source.IMPORT, source_reference=str(run.pk)
    )
    own = StagedAccount.objects.filter(run=run, created=True, account=OuterRef("pk"))
    children = Account.objects.filter(~Exists(own), parent__in=pks)
    found = set(others.values_list("account_id", flat=True))
    found |= set(children.values_list("parent", flat=True))
    for end in ("a", "b"):
        found |= set(Conflict.objects.filter(**{f"{end}__in": pks}).values_list(end, flat=True))
    return found


def delete_accounts(run: Run) -> int:
    """Delete some of the accounts hidden by a run that does not count; 0 when none is left."""
    hidden = Account.objects.filter(staged_by=run)
    leaves = hidden.filter(~Exists(Account.objects.filter(parent=OuterRef("pk"))))
    locked = leaves.select_for_update(of=("self",)).order_by("pk")  # nothing comes to hang on them
    ids = list(locked.values_list("pk", flat=True)[:DELETE_ACCOUNTS])
    if not ids:
        return 0
    ExternalId.objects.filter(account__in=ids).delete()
    StagedAccount.objects.filter(account__in=ids).delete()
    StatusChange.objects.filter(account__in=ids).delete()
    Account.objects.filter(pk__in=ids).update(root=None)
    try:
        Account.objects.filter(pk__in=ids).delete()
    except ProtectedError:
        return _delete_one_by_one(ids)
    return len(ids)


def forget(run: Run) -> int:
    """Delete what is noted about accounts that stay."""
    part = StagedAccount.objects.filter(run=run).order_by("pk").values("pk")[:DELETE_ACCOUNTS]
    return StagedAccount.objects.filter(pk__in=part).delete()[0]


def _delete_one_by_one(ids: list[int]) -> int:
    for account in Account.objects.filter(pk__in=ids):
        try:
            account.delete()
        except ProtectedError:
            Account.objects.filter(pk=account.pk).update(staged_by=None, root=account.pk)
    return len(ids)


def keep_matches(run: Run) -> None:
    """Numbers that somebody has matched with an account find it from now on."""
    touched = StagedAccount.objects.filter(run=run).values_list("account", flat=True)
    matched = {key: pk for key, pk in _matches(run).items() if touched.filter(account=pk).exists()}
    ExternalId.objects.bulk_create(
        [
            ExternalId(
                account_id=pk, programme_id=run.scope_id, system=run.option("system"), value=value
            )
            for value, pk in matched.items()
        ],
        ignore_conflicts=True,
    )


def forget_matches(run: Run) -> None:
    """Take the numbers away again that the run has matched."""
    numbers = ExternalId.objects.filter(programme=run.scope_id, system=run.option("system"))
    for value, pk in _matches(run).items():
        numbers.filter(value=value, account=pk).delete()


def _matches(run: Run) -> dict[str, int]:
    """Number -> account, as somebody has decided."""
    decided = run.decisions.items()
    return {key[1:]: pk for key, pk in decided if key[0] == "#" and isinstance(pk, int)}


def note_touched(run: Run, accounts: Collection[int | None]) -> None:
    """Remember that `run` has lines of these accounts; again is no harm."""
    StagedAccount.objects.bulk_create(
        [StagedAccount(run=run, account_id=pk) for pk in accounts],
        batch_size=500,
        ignore_conflicts=True,
    )


def next_unprepared(run: Run) -> list[StagedAccount]:
    """The next accounts of `run` whose history is not written down, in the order of their keys."""
    waiting = StagedAccount.objects.filter(run=run, verb="").select_related("account")
    return list(waiting.order_by("account_id")[:PREPARED])


def prepare_touched(run: Run, staged: Sequence[StagedAccount]) -> None:
    """Write down the history of accounts whose lines are summed (`design.md` 11: one row per run
    and account)."""
    sums = _sums(run, [item.account_id for item in staged])
    numbers: dict[int, list[str]] = {}
    for number, pk in _matches(run).items():
        numbers.setdefault(pk, []).append(number)
    for item in staged:
        if item.account_id in numbers:
            item.after = {"numbers": sorted(numbers[item.account_id])}
        item.verb = "created" if item.created else "imported"
        item.brought = sums.get(item.account_id, {})
        item.after = {name: value for name, value in item.after.items() if value} | item.brought
    update_each(staged, ["verb", "brought", "after"])


def _sums(run: Run, accounts: Collection[int]) -> dict[int, dict[str, Any]]:
    """Account -> lines and net revenue by currency that the run brings."""
    sums: dict[int, dict[str, Any]] = {}
    totals = StagedTotal.objects.filter(run=run, account__in=accounts)
    found = totals.values_list("account_id", "currency").order_by("account_id", "currency")
    for account_id, currency, count, revenue in found.annotate(
        count=Sum("lines"), revenue=Sum("revenue")
    ):
        entry = sums.setdefault(account_id, {"lines": 0, "revenue": {}})
        entry["lines"] += count
        entry["revenue"][currency] = str(round(revenue, 2))
    return sums


def log_prepared(run: Run) -> None:
    """Copy the history that is prepared into the change log, in the transaction that publishes:
    so it gets its place in the feed now, behind whatever was committed before."""
    prepared = StagedAccount.objects.filter(run=run).exclude(verb__in=("", UNCHANGED))
    _copy(run, run.owner_id, prepared, F("verb"), F("before"), F("after"))


def log_withdrawn(run: Run, actor_id: int) -> None:
    """One row of history for each account from which the lines of the run are taken back."""
    touched = StagedAccount.objects.filter(run=run).exclude(brought={})
    _copy(run, actor_id, touched, Value("import_undone"), F("brought"), Value({}, JSONField()))


def log_restored(run: Run, actor_id: int, staged: QuerySet[StagedAccount]) -> None:
    """One row of history for each account that gets back what the run had changed."""
    _copy(run, actor_id, staged, Value("import_undone"), F("after"), F("before"))


def _copy(
    run: Run, actor_id: int, rows: QuerySet[StagedAccount], verb: Any, before: Any, after: Any
) -> None:
    record.copied(
        rows.order_by("account_id"),
        actor_id=Value(actor_id),
        source=Value(Change.Source.IMPORT.value),
        source_reference=Value(str(run.pk)),
        verb=verb,
        object_type=Value(Account._meta.label_lower),
        object_id=F("account_id"),
        object_label=F("account__name"),
        account_id=F("account_id"),
        audience=Value(Change.Audience.ACCOUNT.value),
        before=before,
        after=after,
    )
