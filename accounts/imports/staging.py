"""Accounts that a run has made: hidden, shown, hidden again; and the history of what it touched."""

from __future__ import annotations

from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet, Sum
from django.db.models.deletion import ProtectedError
from django.utils import timezone

from accounts.imports.scope import CHANGES_PER_BATCH
from accounts.models import Account, Conflict, ExternalId, StagedAccount, StagedTotal
from kam.changes.models import Change
from kam.imports.models import Run

DELETE_ACCOUNTS = 300


def show_accounts(run: Run) -> None:
    """The accounts that `run` has made become visible, as changed now."""
    Account.objects.filter(staged_by=run).update(staged_by=None, updated_at=timezone.now())


def hide_accounts(run: Run) -> None:
    """Hide the accounts that `run` made and that nobody has touched since; others stay."""
    Account.objects.filter(pk__in=_untouched(run).values("account")).update(staged_by=run)


def _untouched(run: Run) -> QuerySet[StagedAccount]:
    made = StagedAccount.objects.filter(run=run, created=True)
    others = Change.objects.filter(account_id=OuterRef("account_id")).exclude(
        source=Change.Source.IMPORT, source_reference=str(run.pk)
    )
    children = Account.objects.filter(parent=OuterRef("account_id")).exclude(
        pk__in=made.values("account")
    )
    conflicts = Conflict.objects.filter(Q(a=OuterRef("account_id")) | Q(b=OuterRef("account_id")))
    return made.exclude(Exists(others)).exclude(Exists(children)).exclude(Exists(conflicts))


def delete_accounts(run: Run) -> int:
    """Delete some of the accounts hidden by a run that does not count; 0 when none is left."""
    hidden = Account.objects.filter(staged_by=run)
    leaves = hidden.filter(~Exists(Account.objects.filter(parent=OuterRef("pk"))))
    ids = list(leaves.order_by("pk").values_list("pk", flat=True)[:DELETE_ACCOUNTS])
    if not ids:
        return 0
    ExternalId.objects.filter(account__in=ids).delete()
    StagedAccount.objects.filter(account__in=ids).delete()
    Account.objects.filter(pk__in=ids).update(root=None)
    try:
        Account.objects.filter(pk__in=ids).delete()
    except ProtectedError:
        return _delete_one_by_one(ids)
    return len(ids)


def _delete_one_by_one(ids: list[int]) -> int:
    for account in Account.objects.filter(pk__in=ids):
        try:
            account.delete()
        except ProtectedError:
            Account.objects.filter(pk=account.pk).update(staged_by=None, root=account.pk)
    return len(ids)


def log_imported(run: Run) -> None:
    """One row of history for each account that the run touched (`design.md` 11)."""
    staged = StagedAccount.objects.filter(run=run)
    made = {item.account_id: item for item in staged.filter(created=True).iterator()}
    sums = _sums(run)
    rows: list[tuple[int, str, dict[str, Any], dict[str, Any]]] = []
    for account_id in sorted(sums.keys() | made.keys()):
        item = made.get(account_id)
        after = {name: value for name, value in item.after.items() if value} if item else {}
        verb = "created" if item else "imported"
        rows.append((account_id, verb, {}, after | sums.get(account_id, {})))
    _write(run, run.owner_id, rows)


def log_undone(run: Run, actor_id: int) -> None:
    """One row of history for each account from which the run is taken back."""
    sums = _sums(run)
    _write(run, actor_id, [(pk, "import_undone", sums[pk], {}) for pk in sorted(sums)])


def _sums(run: Run) -> dict[int, dict[str, Any]]:
    """Account -> lines and net revenue by currency that the run brings."""
    sums: dict[int, dict[str, Any]] = {}
    totals = StagedTotal.objects.filter(run=run).values_list("account_id", "currency")
    found = totals.annotate(count=Sum("lines"), revenue=Sum("revenue")).order_by("account_id")
    for account_id, currency, count, revenue in found:
        entry = sums.setdefault(account_id, {"lines": 0, "revenue": {}})
        entry["lines"] += count
        entry["revenue"][currency] = str(round(revenue, 2))
    return sums


def _write(run: Run, actor_id: int, rows: list[tuple[int, str, dict, dict]]) -> None:
    touched = Account.objects.filter(pk__in=StagedTotal.objects.filter(run=run).values("account"))
    made = Account.objects.filter(pk__in=StagedAccount.objects.filter(run=run).values("account"))
    names = dict(touched.values_list("pk", "name")) | dict(made.values_list("pk", "name"))
    Change.objects.bulk_create(
        (
            Change(
                actor_id=actor_id,
                source=Change.Source.IMPORT,
                source_reference=str(run.pk),
                verb=verb,
                object_type=Account._meta.label_lower,
                object_id=account_id,
                object_label=names[account_id][:250],
                account_id=account_id,
                before=before,
                after=after,
            )
            for account_id, verb, before, after in rows
        ),
        batch_size=CHANGES_PER_BATCH,
    )
