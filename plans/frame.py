"""What plans put on pages that several apps share: panels, the part of the account, search, and
actions made of lines in talks."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy

from accounts.market.actions import RowAction, register_row_action
from accounts.models import Account
from accounts.policies import contributes
from accounts.services.interaction import on_mention
from accounts.views.parts import Part, register_part
from kam.access.dates import business_today
from kam.access.prepared import kept_objects
from kam.access.querysets import Reader, sight_of
from kam.documents import holders
from kam.web import navigation, panels, search
from kam.web.formatting import late
from kam.web.navigation import Entry
from kam.web.panels import Panel
from kam.web.search import Found, SearchSource
from plans.models import Action, Objective, Plan
from plans.reading import as_read
from plans.relevance import lacking
from plans.services import act_on_mention
from plans.services.plan import PLANNED

SHOWN_ACTIONS = 8


def current_plan(user: Reader, account: Account) -> Plan | None:
    """The plan in force or, without one, the latest; as `user` reads it."""

    def plans(account: int) -> QuerySet[Plan]:
        mine = Plan.objects.visible_to(user).active().filter(account=account)
        return mine.order_by("-in_force", "-starts_on", "pk")[:1]

    found = kept_objects(("current plan", sight_of(user)), plans, account=account.pk)
    return as_read(found[0]) if found else None


def agreed(request: HttpRequest, account: Account) -> dict[str, Any]:
    """What we agreed: objectives of the current plan, with how far they are."""
    today = business_today()
    plan = current_plan(request.user, account)
    rows: list[Any] = []
    if plan is not None:
        user = request.user

        def objectives(plan: int) -> QuerySet[Objective]:
            return Objective.objects.visible_to(user).current().for_list().filter(plan=plan)

        found = kept_objects(("agreed", sight_of(user)), objectives, plan=plan.pk)
        rows = [as_read(row) for row in found]
    return {
        "account": account,
        "plan": plan,
        "rows": [
            {
                "row": row,
                "status": row.status_on(today).value,
                "label": row.status_on(today).label,
                "relevance": lacking(row),
            }
            for row in rows
            if row.dropped_on is None
        ],
    }


def due(request: HttpRequest, account: Account) -> dict[str, Any]:
    """What is due: open actions of the account, the latest overdue on top."""
    user = request.user

    def actions(account: int) -> QuerySet[Action]:
        mine = Action.objects.filter(account=account).visible_to(user)
        return mine.open().for_list()[: SHOWN_ACTIONS + 1]

    found = kept_objects(("due actions", sight_of(user)), actions, account=account.pk)
    return {
        "account": account,
        "actions": found[:SHOWN_ACTIONS],
        "more": len(found) > SHOWN_ACTIONS,
        "today": business_today(),
        "may_change": getattr(account, "may_edit", False),
        "user_id": request.user.pk,
    }


def button(request: HttpRequest, account: Account) -> dict[str, Any]:
    """The button that notes an action on the account."""
    return {"account": account}


def may_add(user: Reader, account: Account) -> bool:
    """Whether `user` may add actions to the account whose page is shown."""
    return bool(getattr(account, "may_contribute", False))


def find_plans(user: Reader, text: str, limit: int) -> list[Found]:
    """Plans by part of the title or of the account's name."""

    def rows(**words: str) -> QuerySet[Plan]:
        plans = Plan.objects.visible_to(user).active().select_related("account")
        plans = plans.found_by(" ".join(words.values()), ("title", "account__name"))
        return plans.order_by("-starts_on", "pk")[:limit]

    return [
        Found(f"{row.title}, {row.account}", row.get_absolute_url(), row.get_status_display())
        for row in map(as_read, search.kept_by_words(("plans", limit), user, text, rows))
    ]


def find_actions(user: Reader, text: str, limit: int) -> list[Found]:
    """Actions by words of their text."""

    def rows(**words: str) -> QuerySet[Action]:
        actions = Action.objects.visible_to(user).active().select_related("account")
        actions = actions.found_by(" ".join(words.values()))
        return actions.order_by("-updated_at", "pk")[:limit]

    return [
        Found(row.text, row.get_absolute_url(), f"{row.account}, {late(row.due)}")
        for row in search.kept_by_words(("actions", limit), user, text, rows)
    ]


def readable_plans(user: Reader) -> Any:
    """Plans whose content `user` reads: not those of others that were never approved."""
    return Plan.objects.visible_to(user).with_content()


def register() -> None:
    """Put all of this where it is shown."""
    navigation.register(
        Entry(
            "action",
            gettext_lazy("New action"),
            "checklist",
            "plans:capture",
            60,
            section="quick",
            key="a",
            visible=contributes,
        )
    )
    on_mention(act_on_mention)
    holders.register(Action, "changeable_by")
    holders.register(Plan, "editable_by", rows=readable_plans, as_read=as_read, narrows=True)
    register_row_action(RowAction("plan", gettext_lazy("Start a plan"), "plans:from_map", PLANNED))
    register_part(Part("plan", gettext_lazy("Plan"), "plans:of_account", 40))
    panels.register("account", Panel("agreed", "plans/_panel_agreed.html", agreed, 10, "main"))
    panels.register("account", Panel("due", "plans/_panel_due.html", due, 20, "main"))
    panels.register(
        "account_actions",
        Panel("action", "plans/_panel_button.html", button, 20, visible=may_add),
    )
    search.register(SearchSource("plans", gettext_lazy("Plans"), "notes", find_plans, 30))
    search.register(SearchSource("actions", gettext_lazy("Actions"), "checklist", find_actions, 40))
