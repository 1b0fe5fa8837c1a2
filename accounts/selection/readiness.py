"""How far a programme is on the way to its first scenario: what stands, and what comes next."""

from __future__ import annotations

from typing import NamedTuple

from django.db.models import Count, Exists, OuterRef, Q
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import Account, Position, Selection
from accounts.selection.gathering import CONSIDERED, stored_managers
from kam.web.formatting import number
from teams.models import Programme, User


class Step(NamedTuple):
    """A step with what stands, whether that is enough, and where it is done."""

    name: str
    stands: str
    is_done: bool
    url: str
    link: str


def steps_of(programme: Programme, reader: User) -> list[Step]:
    """The steps in their order, as far as `reader` sees the accounts: three queries."""
    counts = _counts(programme, reader)
    managers = len(list(stored_managers(Selection(programme=programme))))
    candidates, scored, planned = counts["candidates"], counts["scored"], counts["planned"]
    of_all = {"count": number(scored), "all": number(candidates)}
    of_scored = {"count": number(planned), "all": number(scored)}
    words = ngettext("%(count)s candidate", "%(count)s candidates", candidates)
    people = ngettext("%(count)s manager", "%(count)s managers", managers)
    return [
        Step(
            _("Find candidates"),
            words % {"count": number(candidates)},
            candidates > 0,
            reverse("accounts:market_map"),
            _("Market map"),
        ),
        Step(
            _("Score them"),
            _("%(count)s of %(all)s scored on at least 75 %% of the weight") % of_all,
            scored > 0,
            f"{reverse('accounts:scores')}?order=sales",
            _("Scores"),
        ),
        Step(
            _("Plan what they would cost"),
            _("%(count)s of %(all)s scored ones have a yearly cost") % of_scored,
            planned > 0,
            f"{reverse('accounts:costs_planned')}?missing=1",
            _("Costs"),
        ),
        Step(
            _("Name managers"),
            people % {"count": number(managers)},
            managers > 0,
            reverse("accounts:capacities"),
            _("Managers"),
        ),
    ]


def _counts(programme: Programme, reader: User) -> dict[str, int]:
    enough = Position.objects.weighable().filter(account=OuterRef("pk"))
    rows = Account.objects.visible_to(reader).active().filter(programme=programme)
    rows = rows.of_status(*CONSIDERED).order_by().annotate(is_scored=Exists(enough))
    scored = Q(is_scored=True)
    return rows.aggregate(
        candidates=Count("pk"),
        scored=Count("pk", filter=scored),
        planned=Count("pk", filter=scored & Q(planned_cost__isnull=False)),
    )
