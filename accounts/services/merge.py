"""Two accounts, or two people of one account, become one: all or nothing, and reversible."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import figures, policies
from accounts.merging import fields, own, preview, refusals
from accounts.merging.journal import Journal
from accounts.merging.rules import Joining, rules_for
from accounts.models import (
    Account,
    Contact,
    DuplicateKind,
    DuplicatePair,
    Merge,
    StageChange,
    StatusChange,
)
from accounts.services import barriers
from accounts.services.account import (
    follow_survivors,
    lock_groups,
    place_subtree,
    refuse_shared_teams,
)
from accounts.services.people import refresh_talks
from accounts.services.scoring import place_accounts
from accounts.services.status import check_exclusive_below, check_manager
from accounts.services.team import check_team, lock_people
from kam.access import tree
from kam.access.dates import business_today
from kam.access.querysets import Reader
from kam.changes import access, editing, record
from kam.changes.models import Change
from kam.web.models import Draft
from teams.models import Team, User

UNDO_DAYS = 30
"""Days within which a merge can be taken back."""
CHANGES = "changes.Change.account_id"


@transaction.atomic
def merge_accounts(
    *,
    actor: User,
    survivor: Account,
    loser: Account,
    expected_version: int | None = None,
    expected_loser_version: int | None = None,
    choices: Mapping[str, str] | None = None,
) -> Merge:
    """Let `survivor` take up `loser` with all that hangs on it; `loser` is archived below it.

    `choices` say field by field (`accounts.merging.fields`) whether the value of the `survivor` or
    of the `loser` stays. Raises PermissionDenied (not both are the actor's to decide on),
    VersionConflict, or ValidationError: a conflict between them, an import under way, another
    programme, or a rule against what would come out (people on both sides of a barrier, a team of
    two groups, a manager with too many accounts, two key accounts that exclude each other).
    """
    if not (policies.can_manage(actor, survivor) and policies.can_manage(actor, loser)):
        raise PermissionDenied
    survivor, loser = _lock_accounts(survivor, loser)
    if not (policies.can_manage(actor, survivor) and policies.can_manage(actor, loser)):
        raise PermissionDenied  # merged or moved out of reach while this waited
    today = business_today()
    _refuse(refusals.against_accounts(survivor, loser, today))
    editing.expect(survivor, expected_version)
    editing.expect(loser, expected_loser_version)
    sides = fields.chosen_sides(survivor, loser, choices or {})
    concerned = Account.objects.under(survivor) | Account.objects.under(loser)
    with access.noticing(actor=actor, users=_people(survivor, loser), accounts=concerned):
        return _join_accounts(actor, survivor, loser, sides, today)


@transaction.atomic
def merge_contacts(
    *,
    actor: User,
    survivor: Contact,
    loser: Contact,
    expected_version: int | None = None,
    expected_loser_version: int | None = None,
    choices: Mapping[str, str] | None = None,
) -> Merge:
    """Let the person `survivor` take up `loser` of the same account: talks, reports, numbers.

    Raises PermissionDenied (not an editor of the account), VersionConflict or ValidationError.
    """
    if not policies.can_edit(actor, survivor.account):
        raise PermissionDenied
    rows = Contact.objects.select_for_update(of=("self",)).filter(pk__in=[survivor.pk, loser.pk])
    locked = {row.pk: row for row in rows.order_by("pk")}
    survivor, loser = locked[survivor.pk], locked[loser.pk]
    if not policies.can_edit(actor, survivor.account):
        raise PermissionDenied  # their account was merged while this waited
    _refuse(refusals.against_people(survivor, loser))
    editing.expect(survivor, expected_version)
    editing.expect(loser, expected_loser_version)
    sides = fields.chosen_sides(survivor, loser, choices or {})
    merge = _begin(actor, survivor, loser, sides)
    journal = Journal(merge)
    before, taken = _take_values(journal, survivor, loser, sides)
    if survivor.reports_to_id in (survivor.pk, loser.pk):
        above = loser.reports_to_id if loser.reports_to_id != survivor.pk else None
        journal.change(survivor, {"reports_to_id": above})
    joining = Joining(survivor, loser, journal)
    for rule in rules_for(Contact):
        rule.carry(joining)
    own.carry_files(journal, survivor, loser)
    journal.change(loser, {"archived_at": merge.merged_at, "merged_into_id": survivor.pk})
    refresh_talks([survivor.pk, loser.pk])
    survivor.refresh_from_db()
    check_rows(survivor)
    _decide_pair(journal, actor, survivor, loser)
    _log(actor, merge, survivor, loser, before, taken)
    return merge


@transaction.atomic
def carry_stragglers(*, merge: Merge) -> int:
    """Move what has come to hang on the one that was taken up while it was, by a writer who had
    begun before; returns how many rows. Again is no harm."""
    if merge.kind != DuplicateKind.ACCOUNT:
        return 0
    lock_groups(merge.account.programme)  # before the merge itself, as whoever takes it back does
    merge = Merge.objects.select_for_update(of=("self",)).get(pk=merge.pk)
    if merge.undone_at is not None:
        return 0
    survivor, loser = _lock_accounts(merge.account, merge.lost)
    if survivor.merged_into_id is not None:
        return 0
    journal = Journal(merge)
    joining = Joining(survivor, loser, journal)
    for rule in rules_for(Account):
        rule.carry(joining)
    figures.refresh([survivor.pk, loser.pk])
    place_accounts([survivor], business_today())
    return sum(journal.moved.values())


def _lock_accounts(survivor: Account, loser: Account) -> tuple[Account, Account]:
    """Programme, people, teams, accounts, in the order of all services. The accounts are locked
    against rows that would come to hang on them meanwhile, too."""
    lock_groups(survivor.programme)
    teams = {account.team_id: account.team for account in (survivor, loser) if account.team}
    for _pk, team in sorted(teams.items()):
        lock_people(team)
    rows = Account.objects.select_for_update(of=("self",)).filter(pk__in=[survivor.pk, loser.pk])
    locked = {row.pk: row for row in rows.order_by("pk")}
    return locked[survivor.pk], locked[loser.pk]


def _refuse(found: Iterable[ValidationError]) -> None:
    errors = list(found)
    if errors:
        raise errors[0]


def _people(*accounts: Account) -> Any:
    teams = Account.objects.under(accounts[0]) | Account.objects.under(accounts[1])
    held = teams.exclude(team=None).order_by().values("team")
    return User.objects.filter(memberships__team__in=held).distinct()


def _begin(actor: User, survivor: Any, loser: Any, sides: Mapping[str, str]) -> Merge:
    now = timezone.now()
    of_accounts = isinstance(survivor, Account)
    summary = {
        "fields": [name for name, side in sides.items() if side == fields.LOSER],
        "counts": [item._asdict() for item in preview.counts(loser, None)],
        "remarks": preview.remarks(survivor, loser, None),
    }
    return Merge.objects.create(
        kind=DuplicateKind.ACCOUNT if of_accounts else DuplicateKind.CONTACT,
        account=survivor if of_accounts else survivor.account,
        loser=loser if of_accounts else None,
        contact=None if of_accounts else survivor,
        lost_contact=None if of_accounts else loser,
        survivor_name=survivor.name,
        loser_name=loser.name,
        summary=summary,
        merged_by=actor,
        merged_at=now,
        undo_until=now + datetime.timedelta(days=UNDO_DAYS),
    )


def _take_values(
    journal: Journal, survivor: Any, loser: Any, sides: Mapping[str, str]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Write the values that `survivor` takes over, place in the group apart; returns these fields
    before and after, as the log stores them."""
    values = fields.values_of(survivor, loser, sides)
    values.pop("parent_id", None)
    by_column = {field.attname: field.name for field in survivor._meta.concrete_fields}
    names = [by_column[column] for column in values]
    before = record.snapshot(survivor, names)
    journal.change(survivor, values)
    survivor.refresh_from_db()
    after = record.snapshot(survivor, names)
    changed = [name for name in names if before[name] != after[name]]
    return {name: before[name] for name in changed}, {name: after[name] for name in changed}


def _join_accounts(
    actor: User, survivor: Account, loser: Account, sides: Mapping[str, str], today: datetime.date
) -> Merge:
    merge = _begin(actor, survivor, loser, sides)
    journal = Journal(merge)
    was = (survivor.status, survivor.stage, survivor.team_id)
    before, taken = _take_values(journal, survivor, loser, sides)
    _note_steps(journal, actor, survivor, loser, was, today)
    _place_survivor(journal, survivor, loser, sides)
    joining = Joining(survivor, loser, journal)
    for rule in rules_for(Account):
        rule.carry(joining)
    figures.refresh([survivor.pk, loser.pk])
    place_accounts([survivor], today)
    _carry_soft(journal, survivor, loser)
    _put_below(journal, survivor, loser, merge.merged_at)
    follow_survivors(Account.objects.filter(merged_into=survivor))
    survivor.refresh_from_db()
    _check_result(actor, survivor, was, today)
    _decide_pair(journal, actor, survivor, loser)
    _log(actor, merge, survivor, loser, before, taken)
    return merge


def _note_steps(
    journal: Journal,
    actor: User,
    survivor: Account,
    loser: Account,
    was: tuple[str, str | None, int | None],
    today: datetime.date,
) -> None:
    """Status and stage that come from the other one are steps in the history of this one."""
    status, stage, _team = was
    reason = _("Merged with %(name)s.") % {"name": loser}
    if survivor.status != status:
        journal.created(
            StatusChange.objects.create(
                account=survivor,
                from_status=status,
                to_status=survivor.status,
                decided_on=today,
                decided_by=actor,
                reason=reason,
                rationale_types=survivor.rationale_types,
            )
        )
    if survivor.stage != stage:
        journal.created(
            StageChange.objects.create(
                account=survivor,
                from_stage=stage or "",
                to_stage=survivor.stage or "",
                happened_on=today,
                confirmed_by=actor,
                reason=reason,
            )
        )


def _place_survivor(
    journal: Journal, survivor: Account, loser: Account, sides: Mapping[str, str]
) -> None:
    """Its place in the group: the other one's if chosen, or if it lies below that."""
    below = survivor.path.startswith(loser.path)
    chosen = sides["parent"] == fields.LOSER and loser.parent_id != survivor.pk
    if not (below or chosen) or survivor.parent_id == loser.parent_id:
        return
    tree.refuse_cycle(survivor, loser.parent)
    old_path = survivor.path
    journal.change(survivor, {"parent_id": loser.parent_id})
    survivor.refresh_from_db()
    _place(survivor, old_path)


def _put_below(
    journal: Journal, survivor: Account, loser: Account, moment: datetime.datetime
) -> None:
    """Archive `loser` below `survivor`, so that whoever sees the one sees the other; then put
    what was below it into its new place."""
    children = list(Account.objects.filter(parent=survivor).order_by("pk"))
    loser.refresh_from_db()
    old_path = loser.path
    journal.change(
        loser,
        {
            "parent_id": survivor.pk,
            "team_id": survivor.team_id,
            "business_unit_id": survivor.business_unit_id,
            "archived_at": moment,
            "merged_into_id": survivor.pk,
        },
        whole=True,  # they follow those of `survivor` from now on
    )
    loser.refresh_from_db()
    _place(loser, old_path)
    place_children(children)


def place_children(children: Iterable[Account]) -> None:
    """Give accounts whose parent has changed, and all below them, their paths."""
    for child in children:
        child.refresh_from_db()
        if child.path != tree.path_for(child):
            _place(child, child.path)


def _place(account: Account, old_path: str) -> None:
    place_subtree(account, old_path)
    account.refresh_from_db()


def _carry_soft(journal: Journal, survivor: Account, loser: Account) -> None:
    """What names the account without a foreign key: its history, text being typed, its files."""
    own.carry_files(journal, survivor, loser)
    history = Change.objects.filter(account_id=loser.pk)
    readable = history.exclude(audience=Change.Audience.PRIVATE)
    journal.move(readable, "account_id", survivor.pk, quiet=True)
    label = Account._meta.label_lower
    drafts = Draft.objects.filter(object_type=label)
    for draft in drafts.filter(object_id=loser.pk):
        if not drafts.filter(object_id=survivor.pk, user=draft.user, field=draft.field).exists():
            journal.change(draft, {"object_id": survivor.pk})


def _check_result(
    actor: User,
    survivor: Account,
    was: tuple[str, str | None, int | None],
    today: datetime.date,
) -> None:
    """Rules that hold for every account hold for what came out."""
    check_rows(survivor)
    refuse_shared_teams(survivor)
    barriers.refuse_violations(actor=actor, accounts=Account.objects.under(survivor))
    check_exclusive_below(actor, survivor, today)
    if survivor.team_id is not None and survivor.team_id != was[2]:
        check_team(actor, survivor, Team.objects.get(pk=survivor.team_id))
    elif survivor.status != was[0]:
        check_manager(survivor, today, survivor.status)


def check_rows(row: Account | Contact) -> None:
    """Rules of the row as a whole; its single values were checked where they were entered."""
    row.clean()
    row.validate_constraints()


def _decide_pair(journal: Journal, actor: User, survivor: Any, loser: Any) -> None:
    kind = DuplicateKind.ACCOUNT if isinstance(survivor, Account) else DuplicateKind.CONTACT
    first, second = sorted((survivor.pk, loser.pk))
    name = kind.value
    wanted = {f"{name}_a": first, f"{name}_b": second}
    for pair in DuplicatePair.objects.filter(kind=kind, **wanted):
        decided = {"decided_by_id": actor.pk, "decided_at": timezone.now()}
        journal.change(pair, {"state": DuplicatePair.State.MERGED, **decided})


def audience(merge: Merge) -> dict[str, Any]:
    """Who reads in the history of the one what the other is called: who sees both, also when it
    has been taken back since."""
    if merge.kind != DuplicateKind.ACCOUNT:
        return {}
    return {"audience": Change.Audience.OBJECT, "audience_id": merge.pk}


def readers_of_merges(user: Reader) -> Q:
    """Condition on the change log: merges of accounts both of which `user` may see."""
    shown = Merge.objects.visible_to(user).order_by().values("pk")
    return Q(object_type=Account._meta.label_lower, audience_id__in=shown)


def _log(
    actor: User,
    merge: Merge,
    survivor: Any,
    loser: Any,
    before: dict[str, Any],
    after: dict[str, Any],
) -> None:
    """One row on either: what the one took up, and where the other one is now."""
    counts = {item["words"]: item["rows"] for item in merge.summary["counts"]}
    told = {"taken_up": loser.name} | ({"moved": counts} if counts else {})
    record.change(
        actor=actor,
        obj=survivor,
        verb="merged",
        before=before,
        after=after | told,
        **audience(merge),
    )
    record.change(
        actor=actor,
        obj=loser,
        verb="merged_into",
        before={"merged_into": None},
        after={"merged_into": survivor.pk},
    )
