"""Why two rows cannot become one: what can be said before anything is tried."""

from __future__ import annotations

import datetime
from collections.abc import Iterator

from django.core.exceptions import ValidationError
from django.db.models import Q
from django.utils.translation import gettext as _

from accounts.models import Account, Conflict, Contact
from kam.imports.models import Run


def against_accounts(
    survivor: Account, loser: Account, on: datetime.date
) -> Iterator[ValidationError]:
    """Reasons against taking `loser` up into `survivor`; in the same words whoever asks."""
    if survivor.pk == loser.pk:
        yield ValidationError(_("These are not two accounts."), code="same")
        return
    if survivor.programme_id != loser.programme_id:
        yield ValidationError(_("They belong to different programmes."), code="foreign")
        return
    yield from _put_away((survivor, loser))
    if _conflicts(survivor, loser, on):
        text = _(
            "A conflict or an information barrier stands between them, or between one and what"
            " belongs to the other. End it first."
        )
        yield ValidationError(text, code="conflict")
    if Run.objects.filter(scope_id=survivor.programme_id).exclude(lane="").exists():
        text = _("An import is under way in this programme: wait until it has ended.")
        yield ValidationError(text, code="import")


def against_people(survivor: Contact, loser: Contact) -> Iterator[ValidationError]:
    """Reasons against taking the person `loser` up into `survivor`."""
    if survivor.pk == loser.pk:
        yield ValidationError(_("These are not two people."), code="same")
        return
    if survivor.account_id != loser.account_id:
        yield ValidationError(_("They are at different accounts."), code="foreign")
        return
    yield from _put_away((survivor, loser))


def _put_away(rows: tuple[Account, Account] | tuple[Contact, Contact]) -> Iterator[ValidationError]:
    for row in rows:
        if row.merged_into_id is not None:
            text = _("%(name)s has been merged into another one already.") % {"name": row}
            yield ValidationError(text, code="merged")
        elif row.is_archived:
            text = _("%(name)s is archived: restore it first.") % {"name": row}
            yield ValidationError(text, code="archived")


def _conflicts(survivor: Account, loser: Account, on: datetime.date) -> bool:
    """Whether anything separates one, or what is above it, from the other or what is below it."""
    sides = []
    for account in (survivor, loser):
        above = [int(part) for part in account.path.strip("/").split("/")]
        sides.append((Q(pk__in=above), Q(path__startswith=account.path)))
    (up, under), (far_up, far_under) = sides
    standing = Conflict.objects.active().filter(Q(valid_until=None) | Q(valid_until__gte=on))

    def between(mine: Q, theirs: Q) -> Q:
        one, other = (Account.objects.filter(side).values("pk") for side in (mine, theirs))
        return Q(a__in=one, b__in=other) | Q(a__in=other, b__in=one)

    return standing.filter(between(up, far_up | far_under) | between(under, far_up)).exists()
