"""What a merge would do, for whoever is about to decide: every field, every kind of row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.merging.fields import Choice, choices_for, chosen_sides
from accounts.merging.refusals import against_accounts, against_people
from accounts.merging.rules import rules_for
from accounts.models import Account
from accounts.querysets import AccountQuerySet
from kam.access.dates import business_today
from kam.access.querysets import Reader


class Count(NamedTuple):
    """Rows of one kind that move."""

    relation: str
    words: str
    rows: int


@dataclass(frozen=True)
class Preview:
    """`refusals` are sentences; with any of them the merge cannot begin."""

    survivor: Any
    loser: Any
    choices: list[Choice]
    counts: list[Count]
    remarks: list[str]
    refusals: list[str]


def preview(
    survivor: Any, loser: Any, *, reader: Reader, wanted: Mapping[str, str] | None = None
) -> Preview:
    """What would happen if `loser` were taken up into `survivor`. Raises ValidationError on a
    choice that does not exist."""
    sides = chosen_sides(survivor, loser, wanted or {})
    if isinstance(survivor, Account):
        found = list(against_accounts(survivor, loser, business_today()))
    else:
        found = list(against_people(survivor, loser))
    return Preview(
        survivor=survivor,
        loser=loser,
        choices=choices_for(survivor, loser, sides, reader),
        counts=counts(loser, reader),
        remarks=remarks(survivor, loser, reader),
        refusals=[message for error in found for message in error.messages],
    )


def counts(loser: Any, reader: Reader | None) -> list[Count]:
    """Rows that hang on `loser`, by kind, as far as `reader` may see them; without one, as far as
    everybody may who sees the account. Several relations of one kind are one count."""
    found: dict[str, Count] = {}
    for rule in rules_for(type(loser)):
        number = rule.count(loser.pk, reader)
        if number:
            words = rule.words[:1].upper() + rule.words[1:]
            earlier = found.get(rule.label)
            total = number + (earlier.rows if earlier else 0)
            found[rule.label] = Count(rule.relation, words, total)
    return sorted(found.values(), key=lambda item: (-item.rows, item.words))


def remarks(survivor: Any, loser: Any, reader: Reader | None) -> list[str]:
    """What people should know besides the numbers, in sentences; for whom, see `counts`. What is
    said of narrowed rows is for those who decide."""
    said = _about_groups(survivor, loser, reader) if isinstance(survivor, Account) else []
    for rule in rules_for(type(loser)):
        if reader is not None or not rule.narrowed:
            said += rule.remarks(survivor, loser)
    return said


def _about_groups(survivor: Account, loser: Account, reader: Reader | None) -> list[str]:
    rows: AccountQuerySet = Account.objects.none()
    if reader is not None:
        rows = Account.objects.visible_to(reader).filter(parent=loser).exclude(pk=survivor.pk)
    said = []
    if survivor.path.startswith(loser.path):
        said.append(_("It takes the place in the group of the one above it."))
    if below := rows.active().count():
        text = ngettext(
            "%(count)d account below it comes under %(name)s.",
            "%(count)d accounts below it come under %(name)s.",
            below,
        )
        said.append(text % {"count": below, "name": survivor})
    if loser.team_id and loser.team_id != survivor.team_id:
        said.append(
            _("People of the team that is not chosen no longer see the account through it.")
        )
    return said
