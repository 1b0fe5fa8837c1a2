"""What a run found, in words for one reader: accounts that they may not see stay unnamed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import Account, Selection
from kam.web.formatting import kilo, money, number
from teams.models import User


class Names(NamedTuple):
    """Names of what a run speaks of, as far as the reader may see it."""

    accounts: Mapping[int, str]
    people: Mapping[int, str]
    currency: str

    def account(self, pk: int) -> str:
        """An account's name, or that it is another one."""
        return self.accounts.get(pk) or _("another account")

    def person(self, pk: int) -> str:
        """A person's name."""
        return self.people.get(pk) or _("a manager")

    def short(self, value: str | Decimal) -> str:
        """Money in thousands, without its currency, which stands beside."""
        return _("%(amount)sk") % {"amount": kilo(Decimal(value))}

    def amount(self, value: str | Decimal) -> str:
        """Money in the run's currency."""
        return money(value, self.currency, 0)


def names_for(selection: Selection, reader: User) -> Names:
    """Two queries, whatever the size of the run."""
    kept = selection.problem
    pks = [row["account"] for row in kept.get("candidates", ())]
    users = [row["user"] for row in kept.get("managers", ())]
    seen = Account.objects.visible_to(reader).filter(pk__in=pks)
    known = User.objects.visible_to(reader).filter(pk__in=users)
    return Names(
        dict(seen.values_list("pk", "name")),
        {user.pk: str(user) for user in known},
        selection.currency,
    )


def explained(row: Mapping[str, Any], kept: Mapping[str, Any], names: Names) -> str:
    """Why an account is in or out, in one sentence; `row` is a reason, `kept` the problem."""
    code, price = row["code"], row["price"]
    if code in SIMPLE:
        return _simple(row, kept)
    if row["is_in"]:
        return _inside(row, kept)
    blocks = [_block(block, names) for block in row["blocks"]]
    said = "; ".join(blocks) or _("not part of the best programme that was found")
    sentence = said[:1].upper() + said[1:]
    if row["is_fixed"]:
        return _("%(said)s. No programme that holds it keeps all conditions.") % {"said": sentence}
    if price is None:
        return f"{sentence}."
    if not Decimal(price):
        return _(
            "%(said)s. A programme with it is as good, and comes second by cost, load or name."
        ) % {"said": sentence}
    words = _("%(said)s. To take it all the same would cost %(price)s.")
    return words % {"said": sentence, "price": number(price, 3)}


SIMPLE = ("required", "barred", "below_cut", "below_hurdle", "no_manager")


def _simple(row: Mapping[str, Any], kept: Mapping[str, Any]) -> str:
    candidate = candidate_of(kept, row["account"])
    values = {
        "attractiveness": number(candidate["attractiveness"], 2),
        "cut": number(kept["cut"], 1),
        "value": number(value_of(kept, candidate), 3),
        "hurdle": number(kept["hurdle"], 1),
        "effort": number(candidate["effort"], 2),
    }
    texts = {
        "required": _("It has to be in."),
        "barred": _("It is barred in this scenario."),
        "below_cut": _("Attractiveness %(attractiveness)s is below %(cut)s."),
        "below_hurdle": _("Its value %(value)s does not pass the hurdle of %(hurdle)s."),
        "no_manager": _("No manager may take it with %(effort)s FTE."),
    }
    return texts[row["code"]] % values


def _inside(row: Mapping[str, Any], kept: Mapping[str, Any]) -> str:
    candidate = candidate_of(kept, row["account"])
    gain = value_of(kept, candidate) - Decimal(kept["hurdle"])
    values = {"gain": number(gain, 3), "rank": row["rank"], "price": number(row["price"] or 0, 3)}
    if row["is_fixed"]:
        words = _("Rank %(rank)s; without it no programme keeps all conditions.")
    elif row["price"] is None:
        words = _("Rank %(rank)s, %(gain)s above the hurdle.")
    elif not Decimal(row["price"]):
        words = _(
            "Rank %(rank)s; a programme without it is as good, and comes second by cost,"
            " load or name."
        )
    else:
        words = _("Rank %(rank)s; without it the programme is worth %(price)s less.")
    return words % values


def _block(block: Mapping[str, Any], names: Names) -> str:
    """What stands against an account beside the answer as it is."""
    if block["code"] == "exclusive":
        return _("conflicts with %(other)s") % {"other": names.account(block["account"])}
    if block["code"] == "budget":
        return _("budget: needs %(needs)s, %(left)s left") % {
            "needs": names.short(block["needs"]),
            "left": names.short(block["left"]),
        }
    if block["code"] == "max_accounts":
        count = int(block["limit"])
        words = ngettext("the only place is taken", "all %(count)d places are taken", count)
        return words % {"count": count}
    return _("no manager has %(needs)s FTE and a place free") % {"needs": number(block["needs"], 2)}


def condition_words(condition: Sequence[Any], kept: Mapping[str, Any], names: Names) -> str:
    """A condition of the problem, e.g. one of those that contradict each other."""
    kind, *of = condition
    values: dict[str, Any] = {
        "budget": names.amount(kept["budget"]) if kept["budget"] is not None else "",
        "places": kept["max_accounts"],
        "stars": kept["min_stars"],
    }
    if kind in ("must_include", "barred", "eligible"):
        values["a"] = names.account(of[0])
    elif kind in ("exclusive", "ring_fence"):
        values |= {"a": names.account(of[0]), "b": names.account(of[1])}
    elif kind in ("capacity", "effort"):
        manager = next(row for row in kept["managers"] if row["user"] == of[0])
        values |= {
            "person": names.person(of[0]),
            "most": min(5, manager["capacity"]),
            "fte": number(manager["effort"], 2),
        }
    texts = {
        "must_include": _("%(a)s has to be in"),
        "barred": _("%(a)s is barred"),
        "exclusive": _("%(a)s and %(b)s exclude each other"),
        "ring_fence": _("%(a)s and %(b)s must not have the same manager"),
        "eligible": _("only certain managers may take %(a)s"),
        "managers": _("every account needs a manager"),
        "capacity": _("%(person)s takes at most %(most)s accounts"),
        "effort": _("%(person)s has %(fte)s FTE"),
        "budget": _("the budget is %(budget)s"),
        "max_accounts": _("there are %(places)s places"),
        "min_stars": _("at least %(stars)s Stars have to be in"),
    }
    return texts[kind] % values


def limit_words(row: Mapping[str, Any], kept: Mapping[str, Any], names: Names) -> str:
    """A limit, how far it is used, and what one step more of it would gain."""
    kind = row["condition"][0]
    limit = condition_words(row["condition"], kept, names)
    values = {"limit": limit[:1].upper() + limit[1:], "used": _measured(kind, row["used"], names)}
    if kind == "managers":
        values["limit"] = _("Managers")
    if row["gain"] is None:
        return _("%(limit)s; %(used)s used.") % values
    if not Decimal(row["gain"]):
        if row["is_least"]:
            return _("%(limit)s; %(used)s used. With more of it nothing better was found.") % values
        return _("%(limit)s; %(used)s used. More of it would gain nothing.") % values
    return " ".join((_("%(limit)s; %(used)s used.") % values, step_words(row, names)))


def step_words(row: Mapping[str, Any], names: Names) -> str:
    """What one step more of a limit would gain."""
    step = _measured(row["condition"][0], row["step"], names)
    told = {"step": step, "gain": number(Decimal(row["gain"]), 3)}
    if row["is_least"]:
        return _("%(step)s more would gain %(gain)s at least.") % told
    return _("%(step)s more would gain %(gain)s.") % told


def _measured(kind: str, value: Any, names: Names) -> str:
    return names.amount(value) if kind == "budget" else number(Decimal(value).normalize())


def candidate_of(kept: Mapping[str, Any], account: int) -> Mapping[str, Any]:
    """The candidate of a kept problem."""
    return next(row for row in kept["candidates"] if row["account"] == account)


def value_of(kept: Mapping[str, Any], candidate: Mapping[str, Any]) -> Decimal:
    """v = a x attractiveness + (1 - a) x strength (3.5)."""
    weight = Decimal(kept["attractiveness_weight"])
    worth, rank = Decimal(candidate["attractiveness"]), Decimal(candidate["strength"])
    return weight * worth + (1 - weight) * rank


def explanations(selection: Selection, names: Names) -> Iterable[dict[str, Any]]:
    """One sentence for each account that the reader may see, by name."""
    rows = {row["account"]: row for row in selection.problem.get("candidates", ())}
    kept = {**selection.problem, "candidates": list(rows.values())}
    for row in selection.result.get("explanations", ()):
        if row["account"] in names.accounts:
            one = {**kept, "candidates": [rows[row["account"]]]}
            yield {"account": row["account"], "text": explained(row, one, names)}
