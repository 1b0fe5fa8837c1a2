"""Possible duplicates: looked for in the background, decided about by people."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from accounts.duplicates import finding, normal
from accounts.duplicates.weighing import LEAST, AccountCard, Likeness, of_accounts
from accounts.models import Account, Contact, DuplicateKind, DuplicatePair, ExternalId
from kam.access.querysets import Reader
from kam.changes import editing
from kam.changes.models import Change
from kam.jobs.progress import InlineJob
from teams.models import Programme, User

PART = 500
"""Pairs that are written in one short transaction."""
MOST_LOOKED_AT = 200
"""Accounts that are compared with a new one, for each word of its name."""
SHOWN_BEFORE_CREATING = 5


def keep_found(
    *,
    accounts: Any,
    job: InlineJob,
    only: Collection[int] | None = None,
    only_people: Collection[int] | None = None,
) -> int:
    """Compare `accounts` and the people of each, and keep the pairs that look alike; returns how
    many are open. With `only` (and `only_people`) pairs of these alone, else what is no longer
    alike is forgotten, too."""
    live = finding.live_accounts(accounts)
    cards = finding.account_cards(live)
    found = finding.alike(cards, only=only, least=LEAST)
    store = _Store(DuplicateKind.ACCOUNT, {card.pk for card in cards}, job)
    count = store.keep(found, forget=only is None)
    people = finding.live_people(Contact.objects.filter(account__in=live.order_by().values("pk")))
    persons = finding.person_cards(people)
    homes = {card.pk: card.account for card in persons}
    alike = finding.alike(persons, of_people_cards=True, only=only_people, least=LEAST)
    store = _Store(DuplicateKind.CONTACT, set(homes), job, homes)
    return count + store.keep(alike, forget=only is None and only_people is None)


class _Store:
    """Writes pairs of one kind; those about which somebody has decided stay as they are."""

    def __init__(
        self, kind: str, compared: set[int], job: InlineJob, homes: dict[int, int] | None = None
    ) -> None:
        self.kind, self.compared, self.job, self.homes = kind, compared, job, homes or {}
        self.columns = (f"{kind}_a_id", f"{kind}_b_id")
        rows = DuplicatePair.objects.filter(kind=kind)
        self.known = {tuple(row[:2]): row[2:] for row in self._listed(rows)}
        self.dismissed = self._dismissed()

    def _listed(self, rows: Any) -> Iterator[tuple[Any, ...]]:
        return rows.values_list(*self.columns, "pk", "state", "score", "reasons").iterator()

    def _dismissed(self) -> set[tuple[int, int]]:
        """Pairs that are not the same, by those into which their sides have been merged since."""
        model: Any = Account if self.kind == DuplicateKind.ACCOUNT else Contact
        merged = model.objects.exclude(merged_into=None).values_list("pk", "merged_into")
        into = dict(merged)

        def last(pk: int) -> int:
            while pk in into:
                pk = into[pk]
            return pk

        state = DuplicatePair.State.DISMISSED
        decided = (pair for pair, (_pk, now, *_rest) in self.known.items() if now == state)
        sides = (sorted((last(a), last(b))) for a, b in decided)
        return {(a, b) for a, b in sides}

    def keep(self, found: Iterable[tuple[finding.Pair, Likeness]], *, forget: bool) -> int:
        """Write what was found; returns how many pairs of it are open."""
        alike = [(pair, likeness) for pair, likeness in found if pair not in self.dismissed]
        for start in range(0, len(alike), PART):
            with self.job.fenced():
                self._write(alike[start : start + PART])
            self.job.report(min(start + PART, len(alike)), len(alike))
            self.job.checkpoint()
        if forget:
            self._forget({pair for pair, _likeness in alike})
        return len(alike)

    def _write(self, part: Sequence[tuple[finding.Pair, Likeness]]) -> None:
        new = []
        for pair, likeness in part:
            if pair not in self.known:
                new.append(self._row(pair, likeness))
                continue
            pk, state, *before = self.known[pair]
            now = [likeness.score, likeness.reasons]
            if before != now or state == DuplicatePair.State.MERGED:
                rows = DuplicatePair.objects.filter(pk=pk)
                rows.exclude(state=DuplicatePair.State.DISMISSED).update(
                    score=likeness.score,
                    reasons=likeness.reasons,
                    state=DuplicatePair.State.OPEN,
                    updated_at=timezone.now(),
                )
        DuplicatePair.objects.bulk_create(new, ignore_conflicts=True)

    def _row(self, pair: finding.Pair, likeness: Likeness) -> DuplicatePair:
        row = DuplicatePair(kind=self.kind, score=likeness.score, reasons=likeness.reasons)
        for column, pk in zip(self.columns, pair, strict=True):
            setattr(row, column, pk)
        if self.homes:
            row.account_a_id = row.account_b_id = self.homes[pair[0]]
        return row

    def _forget(self, found: set[tuple[int, int]]) -> None:
        """Open pairs of what was compared that are alike no longer."""
        gone = [
            row[0]
            for pair, row in self.known.items()
            if row[1] == DuplicatePair.State.OPEN
            and pair not in found
            and set(pair) <= self.compared
        ]
        for start in range(0, len(gone), PART):
            rows = DuplicatePair.objects.filter(pk__in=gone[start : start + PART])
            rows.filter(state=DuplicatePair.State.OPEN).delete()


def likely_duplicates(
    user: Reader,
    *,
    programme: Programme,
    name: str,
    website: str = "",
    country: str = "",
    external_ids: Sequence[tuple[str, str]] = (),
) -> list[tuple[Account, Likeness]]:
    """Accounts that `user` may see and that a new one would double, the likeliest first."""
    live = finding.live_accounts(Account.objects.visible_to(user).filter(programme=programme))
    words = sorted(normal.core(name), key=len, reverse=True)[:2]
    keys: set[int] = set()
    for word in words:
        named = live.filter(name__icontains=word).order_by("pk")
        keys.update(named.values_list("pk", flat=True)[:MOST_LOOKED_AT])
    if host := normal.site_of(website):
        keys.update(live.filter(website__icontains=host).values_list("pk", flat=True)[:PART])
    values = [value for _system, value in external_ids]
    numbered = ExternalId.objects.filter(account__in=live.order_by().values("pk"), value__in=values)
    keys.update(numbered.values_list("account", flat=True))
    numbers = ((system, normal.number(value)) for system, value in external_ids)
    new = AccountCard(0, name, country, website, 0, tuple(item for item in numbers if item[1]))
    near = Account.objects.filter(pk__in=keys)
    rated = ((card.pk, of_accounts(new, card)) for card in finding.account_cards(near))
    alike = sorted((-likeness.score, pk, likeness) for pk, likeness in rated if _counts(likeness))
    rows = near.in_bulk([pk for _score, pk, _likeness in alike[:SHOWN_BEFORE_CREATING]])
    return [(rows[pk], likeness) for _score, pk, likeness in itertools.islice(alike, len(rows))]


def _counts(likeness: Likeness) -> bool:
    return likeness.score >= LEAST


@transaction.atomic
def dismiss_pair(
    *, actor: User, pair: DuplicatePair, note: str = "", expected_version: int | None = None
) -> DuplicatePair:
    """Say that the two are not the same: the pair is not proposed again, to nobody.

    Raises PermissionDenied (not an editor of both), VersionConflict or ValidationError.
    """
    return _decide(actor, pair, DuplicatePair.State.DISMISSED, note, expected_version)


@transaction.atomic
def reopen_pair(
    *, actor: User, pair: DuplicatePair, expected_version: int | None = None
) -> DuplicatePair:
    """Let a dismissed pair be decided about again. Raises as `dismiss_pair`."""
    return _decide(actor, pair, DuplicatePair.State.OPEN, "", expected_version)


def _decide(
    actor: User, pair: DuplicatePair, state: str, note: str, expected_version: int | None
) -> DuplicatePair:
    if not DuplicatePair.objects.editable_by(actor).filter(pk=pair.pk).exists():
        raise PermissionDenied
    pair = editing.locked(pair)
    dismissed = state == DuplicatePair.State.DISMISSED
    changes = {
        "state": state,
        "note": note.strip()[:250],
        "decided_by": actor if dismissed else None,
        "decided_at": timezone.now() if dismissed else None,
    }
    return editing.save(
        actor=actor,
        obj=pair,
        changes=changes,
        verb="dismissed" if dismissed else "restored",
        expected_version=expected_version,
        audience=Change.Audience.OBJECT,
        audience_id=pair.pk,
    )


def readers_of_pairs(user: Reader) -> Q:
    """Condition on the change log: pairs both sides of which `user` may see."""
    shown = DuplicatePair.objects.visible_to(user).order_by().values("pk")
    return Q(object_type=DuplicatePair._meta.label_lower, audience_id__in=shown)
