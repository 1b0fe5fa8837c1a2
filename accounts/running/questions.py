"""Questions that every programme has to answer, with what the product knows (K120, K128-K135)."""

from __future__ import annotations

import datetime
from typing import NamedTuple

from django.db.models import Exists, OuterRef
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.choices import Status
from accounts.models import Account, Conflict, Expectation, OrganisationChange
from accounts.running.budgeting import budget_of, year_of
from accounts.running.returns import accounts_to_review, cases_of, returns_of
from accounts.scoring.holding import InForce, criteria_on
from accounts.selection.looking import looked_at_again
from kam.access.querysets import Reader
from kam.web.formatting import number, short_day
from teams.models import Programme
from teams.policies import can_read_programme_whole
from teams.programme_settings import settings_on


class Question(NamedTuple):
    """A question, its answer in words, and where that comes from; `warns` when it is none yet."""

    name: str
    text: str
    answer: str
    url: str
    link: str
    warns: bool = False


def questions_of(reader: Reader, programme: Programme, today: datetime.date) -> list[Question]:
    """What `reader` may know of the answers. Questions about weighing customers against each other
    are for who reads the whole programme."""
    keys = Account.objects.visible_to(reader).active().of_status(Status.KEY)
    keys = keys.filter(programme=programme)
    found = [_criteria(programme, today), _number(programme, keys.count(), today)]
    found += [_told(keys), _cost(reader, programme, today), _return(reader, programme, today)]
    if can_read_programme_whole(reader, programme):
        found += [
            _equal(reader, programme, today),
            _rivals(reader, today),
            _changes(programme, today),
        ]
    return found


def _criteria(programme: Programme, today: datetime.date) -> Question:
    held = criteria_on(programme.pk, today)
    parts = [_set(held.attractiveness), _set(held.strength)]
    return Question(
        "criteria",
        _("By which criteria are key accounts selected?"),
        _("Attractiveness: %(worth)s. Strength: %(rank)s.") % {"worth": parts[0], "rank": parts[1]},
        reverse("accounts:criteria"),
        _("Criteria in force"),
    )


def _set(held: InForce) -> str:
    names = ", ".join(f"{row.name} {number(row.weight)}" for row in held.criteria)
    if held.number and held.since:
        told = {"number": held.number, "day": short_day(held.since), "names": names}
        return _("version %(number)s since %(day)s (%(names)s)") % told
    return _("the handbook's own (%(names)s)") % {"names": names}


def _number(programme: Programme, count: int, today: datetime.date) -> Question:
    """K135: see K032 and K033."""
    values = settings_on(programme, today)
    most, each = (
        int(values[name]) for name in ("programme_max_accounts", "max_accounts_per_manager")
    )
    told = {"count": number(count), "most": number(most), "each": number(each)}
    return Question(
        "number",
        _("How many key accounts are there, and how many can there be?"),
        _("%(count)s of at most %(most)s; a manager looks after %(each)s at most.") % told,
        reverse("accounts:register"),
        _("Register"),
        warns=count > most,
    )


def _told(keys: object) -> Question:
    """K129."""
    told = Expectation.objects.active().filter(account=OuterRef("pk")).order_by()
    rows = keys.annotate(is_told=Exists(told))  # type: ignore[attr-defined]
    all_of, without = rows.count(), rows.filter(is_told=False).count()
    words = ngettext(
        "%(n)s of %(all)s key accounts was not told.",
        "%(n)s of %(all)s key accounts were not told.",
        without,
    )
    return Question(
        "told",
        _("Does every key account know why it is one, and what is different for it?"),
        words % {"n": number(without), "all": number(all_of)} if without else _("Every one does."),
        reverse("accounts:register"),
        _("Register"),
        warns=bool(without),
    )


def _cost(reader: Reader, programme: Programme, today: datetime.date) -> Question:
    """K023, K131."""
    budget = budget_of(reader, programme, year_of(programme, today), today)
    told = {"amount": number(budget.whole.whole, 0), "currency": budget.currency}
    has_any = budget.whole.whole > 0
    return Question(
        "cost",
        _("What does the programme cost in people, process, systems, equipment and training?"),
        _("%(amount)s %(currency)s are budgeted for this year.") % told
        if has_any
        else _("No budget is recorded for this year."),
        reverse("accounts:budget"),
        _("Budget"),
        warns=not has_any or bool(budget.off_plan),
    )


def _return(reader: Reader, programme: Programme, today: datetime.date) -> Question:
    """K133 and section 4.7."""
    cases = list(cases_of(reader, [programme]))
    found = returns_of(cases, programme=programme, on=today).values()
    known = [row.total.ratio for row in found if row.total.ratio is not None]
    earning = sum(one >= 1 for one in known)
    told = {"earning": number(earning), "known": number(len(known))}
    return Question(
        "return",
        _("How is the return on key accounts computed, and what is it?"),
        _(
            "What an account contributes more than without the programme, over what it costs more,"
            " all years together; no verdict before two years. %(earning)s of %(known)s that can"
            " be measured earn more than they cost."
        )
        % told,
        reverse("accounts:returns"),
        _("Return"),
        warns=any(row.asks_for_review for row in found),
    )


def _equal(reader: Reader, programme: Programme, today: datetime.date) -> Question:
    """K128."""
    rows = Account.objects.visible_to(reader).filter(programme=programme)
    waiting = looked_at_again(rows, today, accounts_to_review(reader, today)).count()
    words = ngettext("%(n)s account waits.", "%(n)s accounts wait.", waiting)
    return Question(
        "again",
        _("Which accounts are to be scored or decided on again?"),
        words % {"n": number(waiting)} if waiting else _("None: scores are of this year."),
        reverse("accounts:look_again"),
        _("To look at again"),
        warns=bool(waiting),
    )


def _rivals(reader: Reader, today: datetime.date) -> Question:
    """K130."""
    pairs = Conflict.objects.visible_to(reader).active().valid_on(today).count()
    words = ngettext(
        "%(n)s pair of customers is kept apart.", "%(n)s pairs of customers are kept apart.", pairs
    )
    return Question(
        "rivals",
        _("Which customers refuse suppliers of their rivals?"),
        words % {"n": number(pairs)} if pairs else _("None is known."),
        reverse("accounts:conflicts"),
        _("Conflicts and barriers"),
    )


def _changes(programme: Programme, today: datetime.date) -> Question:
    """K132."""
    open_ones = OrganisationChange.objects.unassessed().filter(programme=programme).count()
    words = ngettext(
        "%(n)s change has no assessment.", "%(n)s changes have no assessment.", open_ones
    )
    return Question(
        "changes",
        _("What do changes of structure, reporting lines and pay do to accounts?"),
        words % {"n": number(open_ones)} if open_ones else _("Every recorded change is assessed."),
        reverse("accounts:organisation"),
        _("Changes"),
        warns=bool(open_ones),
    )
