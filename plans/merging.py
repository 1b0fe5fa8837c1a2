"""What becomes of plans, goals and actions when an account is taken up by another."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from accounts.merging.rules import Joining, Rule, register
from accounts.models import Account
from plans.choices import PlanStatus
from plans.models import Plan


class Plans(Rule):
    """Plans move. An account has one plan for a period and one in force: where both have one,
    that of the account that stays is it; the other one of the same period is put away, the other
    one in force counts as superseded. Their actions stay open. Whoever sees the account knows that
    there is a plan, not what it is called."""

    narrowed = True

    def carry(self, joining: Joining) -> None:
        for plan, values in self._yielding(joining.survivor.pk, joining.loser.pk):
            joining.journal.change(plan, values(joining.journal.merge.merged_at))
        super().carry(joining)

    def remarks(self, survivor: Any, loser: Any) -> list[str]:
        said = []
        for plan, values in self._yielding(survivor.pk, loser.pk):
            away = "archived_at" in values(None)
            text = (
                _("The plan “%(plan)s” is put away: %(account)s has one for the same period.")
                if away
                else _("The plan “%(plan)s” counts as superseded: %(account)s has one in force.")
            )
            said.append(text % {"plan": plan, "account": survivor})
        return said

    def _yielding(self, survivor: int, loser: int) -> list[tuple[Plan, Any]]:
        """Plans of `loser` that give way, and what becomes of each at a moment."""
        theirs = Plan.objects.filter(account=survivor)
        periods = set(theirs.active().values_list("starts_on", "ends_on"))
        in_force = theirs.filter(in_force=True).exists()
        found = []
        for plan in Plan.objects.filter(account=loser).order_by("pk"):
            same = not plan.is_archived and (plan.starts_on, plan.ends_on) in periods
            ends = plan.in_force and in_force
            if same or ends:
                found.append((plan, _becoming(same=same, ends=ends)))
        return found


def _becoming(*, same: bool, ends: bool) -> Any:
    def values(moment: Any) -> dict[str, Any]:
        put_away = {"archived_at": moment} if same else {}
        over = {"status": PlanStatus.SUPERSEDED.value, "in_force": False} if ends else {}
        return put_away | over

    return values


def register_rules() -> None:
    """Called when the app is ready."""
    register(
        Account._meta.label,
        Plans("plans.Plan.account"),
        Rule("plans.CustomerGoal.account", narrowed=True),
        Rule("plans.Action.account"),
    )
