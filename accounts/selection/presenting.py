"""A run as its page shows it to one reader: who is in and why, what binds, what else there is."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.choices import Status
from accounts.models import Account, Selection
from accounts.scoring.index import Cuts, Quadrant, quadrant
from accounts.selection import words
from accounts.selection.comparing import Compared, compared, difference
from accounts.selection.words import Names
from kam.web.formatting import number, thousands
from teams.models import User

PAGE = 100
"""Candidates of a page: a run may weigh thousands."""
MOST_PAIRS = 12
"""Conflicts that are named on the page."""
SHOWN_UNWEIGHED = 12
"""Names of accounts that cannot be weighed, by reason."""


class Row(NamedTuple):
    """One candidate: `is_in` None while there is no answer."""

    account: int
    name: str
    is_in: bool | None
    mark: str
    is_key: bool
    quadrant: str
    attractiveness: Decimal
    strength: Decimal
    score: Decimal
    cost: Decimal
    effort: Decimal
    manager: str
    why: str


class Use(NamedTuple):
    """A limit: how far it is used, and what one step more would gain."""

    label: str
    text: str
    used: Decimal
    limit: Decimal
    binds: bool
    hint: str


class Work(NamedTuple):
    """What a manager is given."""

    name: str
    effort: Decimal
    accounts: str


class Unweighed(NamedTuple):
    """Accounts that lack the same: what, where it is entered and the words of that link, the first
    names, how many more, and how many in all."""

    missing: str
    url: str
    link: str
    names: list[str]
    more: int
    total: int


class Shown(NamedTuple):
    """All that the page shows of a run that has an answer or a problem."""

    rows: list[Row]
    count_in: int
    count_out: int
    effort: Decimal
    limits: list[Use]
    work: list[Work]
    heads: list[str]
    compared: list[Compared]
    is_found: bool
    conflicting: list[str]
    unready: list[Unweighed]
    steps: list[tuple[str, str, bool]]
    pairs: list[tuple[str, str]]
    curve: list[tuple[Decimal, Decimal, str]]
    whole: int


def shown(
    selection: Selection,
    reader: User,
    *,
    first: int = 0,
    size: int = PAGE,
    without: Collection[int] = (),
) -> Shown:
    """Four queries, whatever the size of the run, which is to be as `reader` may know it
    (`accounts.selection.sight`); `first` is the place of the first candidate on the page,
    `without` are accounts not to be listed."""
    names = words.names_for(selection, reader)
    kept, result = selection.problem, selection.result
    rows = sorted(_rows(selection, names), key=_order)
    chosen = {row["account"]: row["manager"] for row in result.get("selected", ())}
    listed = [row for row in rows if row.account not in without]
    page = listed[first : first + size]
    effort = sum((row.effort for row in rows if row.is_in), Decimal(0))
    heads, sets = compared(selection, names)
    return Shown(
        rows=_with_reasons(page, selection, names),
        count_in=len(chosen),
        count_out=len(kept.get("candidates", ())) - len(chosen),
        effort=effort,
        limits=[_use(row, kept, names) for row in _worth_showing(result.get("binding", ()))],
        work=list(_work(kept, chosen, names)),
        heads=heads,
        compared=sets,
        is_found=any(not row["is_proven"] for row in result.get("runner_up", ())),
        conflicting=[
            words.condition_words(row, kept, names) for row in result.get("conflicting", ())
        ],
        unready=_unready(selection, reader),
        steps=[_step(row, selection) for row in _all_steps(selection)],
        pairs=_pairs(kept, names),
        curve=_curve(kept.get("budget", ""), result, names),
        whole=len(listed),
    )


def _pairs(kept: Mapping[str, Any], names: Names) -> list[tuple[str, str]]:
    """Conflicts between accounts that the reader sees: kind and words."""
    seen = [
        row
        for row in kept.get("conflicts", ())
        if row["a"] in names.accounts and row["b"] in names.accounts
    ]
    texts = {"exclusive": _("%(a)s – %(b)s: exclusive"), "ring_fence": _("%(a)s – %(b)s: apart")}
    return [
        (
            row["kind"],
            texts[row["kind"]] % {"a": names.accounts[row["a"]], "b": names.accounts[row["b"]]},
        )
        for row in seen[:MOST_PAIRS]
    ]


def _curve(
    budget: str, result: Mapping[str, Any], names: Names
) -> list[tuple[Decimal, Decimal, str]]:
    """Budgets with the best value that they allow, and what differs from today's answer."""
    steps = result.get("budget_curve", ())
    if not steps:
        return []
    best = [row["account"] for row in result["selected"]]
    first = (Decimal(budget), Decimal(result["objective"]), "")
    return [
        first,
        *(
            (
                Decimal(row["budget"]),
                Decimal(row["objective"]),
                difference(best, row["accounts"], names),
            )
            for row in steps
        ),
    ]


def _order(row: Row) -> tuple[Any, ...]:
    return not row.is_in, -row.score, row.name


def _rows(selection: Selection, names: Names) -> Iterator[Row]:
    kept = selection.problem
    chosen = {row["account"]: row["manager"] for row in selection.result.get("selected", ())}
    seen = [row for row in kept.get("candidates", ()) if row["account"] in names.accounts]
    pks = [row["account"] for row in seen]
    keys = set(Account.objects.filter(pk__in=pks, status=Status.KEY).values_list("pk", flat=True))
    cuts = Cuts(selection.cut, selection.cut)
    for row in seen:
        worth, rank = Decimal(row["attractiveness"]), Decimal(row["strength"])
        pk = row["account"]
        mark = _("must") if row["must_include"] else _("barred") if row["barred"] else ""
        yield Row(
            account=pk,
            name=names.account(pk),
            is_in=pk in chosen if "selected" in selection.result else None,
            mark=mark,
            is_key=pk in keys,
            quadrant=str(Quadrant(quadrant(worth, rank, cuts)).label),
            attractiveness=worth,
            strength=rank,
            score=words.value_of(kept, row) - Decimal(kept["hurdle"]),
            cost=Decimal(row["cost"]),
            effort=Decimal(row["effort"]),
            manager=names.person(chosen[pk]) if pk in chosen else "",
            why="",
        )


def _with_reasons(page: Sequence[Row], selection: Selection, names: Names) -> list[Row]:
    """Sentences for the rows of the page alone."""
    reasons = {row["account"]: row for row in selection.result.get("explanations", ())}
    candidates = {row["account"]: row for row in selection.problem.get("candidates", ())}
    found = []
    for row in page:
        reason = reasons.get(row.account)
        if reason is None:
            found.append(row)
            continue
        one = {**selection.problem, "candidates": [candidates[row.account]]}
        found.append(row._replace(why=words.explained(reason, one, names)))
    return found


def _worth_showing(rows: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Limits that bind first; of managers' own only those, if there are many."""
    ranked = sorted(rows, key=lambda row: not row["binds"])
    return ranked[:12]


def _use(row: Mapping[str, Any], kept: Mapping[str, Any], names: Names) -> Use:
    kind = row["condition"][0]
    used, limit = Decimal(row["used"]), Decimal(row["limit"])
    person = names.person(row["condition"][1]) if len(row["condition"]) > 1 else ""
    labels = {
        "budget": _("Budget"),
        "max_accounts": _("Accounts"),
        "managers": _("Managers"),
        "capacity": _("Accounts of %(person)s") % {"person": person},
        "effort": _("Time of %(person)s") % {"person": person},
    }
    told = {"used": _quantity(kind, used), "limit": _quantity(kind, limit, names.currency)}
    text = (
        _("%(used)s of %(limit)s FTE") if kind == "effort" else _("%(used)s of %(limit)s")
    ) % told
    gain = row["gain"]
    hint = words.step_words(row, names) if gain is not None and Decimal(gain) else ""
    return Use(labels[kind], text, used, limit, row["binds"], hint)


def _quantity(kind: str, value: Decimal, currency: str = "") -> str:
    if kind == "budget":
        return thousands(value, currency)
    return number(value, 2 if kind == "effort" else 0)


def _work(kept: Mapping[str, Any], chosen: Mapping[int, int], names: Names) -> Iterator[Work]:
    efforts = {row["account"]: Decimal(row["effort"]) for row in kept.get("candidates", ())}
    for manager in kept.get("managers", ()):
        mine = [pk for pk, user in chosen.items() if user == manager["user"]]
        if not mine:
            continue
        told = [
            f"{names.accounts[pk]} {number(efforts[pk], 2)}" for pk in mine if pk in names.accounts
        ]
        total = sum((efforts[pk] for pk in mine), Decimal(0))
        yield Work(names.person(manager["user"]), total, ", ".join(told))


def _unready(selection: Selection, reader: User) -> list[Unweighed]:
    """Accounts that could not be weighed by what is missing, and where that is mended."""
    rows = dict(selection.problem.get("unready", ()))
    if not rows:
        return []
    scores, costs = reverse("accounts:scores"), reverse("accounts:costs_planned")
    texts = {
        "no_cost": (_("no planned cost"), f"{costs}?missing=1", _("Plan costs")),
        "thinly_scored": (_("less than 75 % of the weight scored"), scores, _("Score them")),
        "unscored": (_("not scored"), f"{scores}?order=sales", _("Score them")),
        "undecided": (_("qualification waits for go or no-go"), "", ""),
        "no_go": (_("qualification ended in no-go"), "", ""),
    }
    named: dict[str, list[str]] = {code: [] for code in texts}
    seen = Account.objects.visible_to(reader).filter(pk__in=list(rows)).order_by("name", "pk")
    for pk, name in seen.values_list("pk", "name"):
        named[rows[pk]].append(name)
    return [
        Unweighed(
            *texts[code], names[:SHOWN_UNWEIGHED], max(0, len(names) - SHOWN_UNWEIGHED), len(names)
        )
        for code, names in named.items()
        if names
    ]


STEPS = ("gather", "clean", "transform", "search", "interpret")


def _all_steps(selection: Selection) -> list[Mapping[str, Any]]:
    done = {step["step"]: step for step in selection.steps}
    return [done.get(name, {"step": name}) for name in STEPS]


def _step(step: Mapping[str, Any], selection: Selection) -> tuple[str, str, bool]:
    """Name of a step, what it counted, and whether it is done (K060)."""
    labels = {
        "gather": _("Gather"),
        "clean": _("Clean"),
        "transform": _("Transform"),
        "search": _("Search"),
        "interpret": _("Interpret"),
    }
    if step.get("is_done"):
        return labels[step["step"]], "", True
    if len(step) == 1:
        waits = _("waits for your decision") if step["step"] == "interpret" else _("not yet")
        return labels[step["step"]], waits, False
    texts = {
        "gather": _("%(considered)s accounts, %(units_covered)s of %(units)s units"),
        "clean": _("%(ready)s ready, %(merged)s merges"),
        "transform": _("%(candidates)s candidates, %(managers)s managers, %(conflicts)s conflicts"),
        "search": _("%(selected)s chosen, every condition checked again"),
        "interpret": _("%(decisions)s decisions, %(deviations)s not as advised"),
    }
    counts = {
        name: number(value) if isinstance(value, int) else value for name, value in step.items()
    }
    return labels[step["step"]], texts[step["step"]] % counts, True
