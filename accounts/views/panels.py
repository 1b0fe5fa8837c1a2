"""What accounts put on pages that several apps share: panels, figures, shortcuts, search."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db.models import F, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts import figures, policies
from accounts.models import Account, Contact, Fact
from accounts.views.parts import Figure, Part, register_figures, register_part
from kam.access.dates import business_today
from kam.access.prepared import kept_objects
from kam.access.querysets import Reader, roles_of, sight_of
from kam.changes.history import describe
from kam.changes.models import Change
from kam.documents import holders
from kam.web import formatting, navigation, panels, search
from kam.web.navigation import Entry, Shortcut, Shortcuts
from kam.web.panels import Panel
from kam.web.search import Found, SearchSource
from teams import policies as programme_policies
from teams.models import Team, TeamRole

SHOWN_PEOPLE = 7
SHOWN_CHANGES = 6
SHORTCUTS = 8
MINE = (TeamRole.KAM, TeamRole.DEPUTY)


def money_figures(request: HttpRequest, account: Account) -> list[Figure]:
    """Net revenue, contribution and cost to serve of the last twelve whole months."""
    today = business_today()
    period = figures.trailing_year(today)
    rates = figures.rates_on(account.programme, period.last or today)
    own = figures.by_account([account.pk], period, rates)[account.pk]
    missing = ", ".join(own.missing)
    until = _("12 months to %(day)s") % {"day": formatting.short_day(period.last)}
    unit = f"k {own.currency}"
    share = formatting.percent(own.contribution_ratio)
    could = account.potential_contribution
    earned = until if own.contribution is not None else _("missing: %(what)s") % {"what": missing}
    if could is not None:
        earned = _("%(now)s · could be %(then)s k a year") % {
            "now": earned,
            "then": formatting.kilo(could),
        }
    money_url = reverse("accounts:figures", args=[account.pk])
    return [
        Figure(
            _("Net revenue"),
            formatting.kilo(own.revenue) if own.lines else _("none"),
            unit if own.lines else "",
            until,
            money_url,
        ),
        Figure(
            _("Contribution"),
            formatting.kilo(own.contribution),
            f"{unit} · {share}" if own.contribution is not None else "",
            earned,
            money_url,
        ),
        Figure(
            _("Cost to serve"),
            formatting.kilo(own.cost_to_serve),
            unit if own.cost_to_serve is not None else "",
            _("%(share)s of revenue") % {"share": formatting.percent(own.cost_to_serve_ratio)}
            if own.cost_to_serve is not None
            else _("none recorded"),
            reverse("accounts:costs", args=[account.pk]),
        ),
    ]


def standing_figures(request: HttpRequest, account: Account) -> list[Figure]:
    """The relationship index of the last review, and when the next one is due."""
    known = account.relationship_index is not None
    return [
        Figure(
            _("Relationship index"),
            formatting.number(account.relationship_index, 1) if known else _("unknown"),
            _("of 100") if known else "",
            formatting.short_day(account.reviewed_on) if known else _("not assessed yet"),
        )
    ]


def _by_influence(account: int) -> QuerySet[Contact]:
    order = F("influence").desc(nulls_last=True)
    return Contact.objects.filter(account=account).active().order_by(order, "name", "pk")


def people(request: HttpRequest, account: Account) -> dict[str, Any]:
    """Who we know: the most influential first, with days since the last talk."""
    today = business_today()
    rows = kept_objects("people by influence", _by_influence, account=account.pk)
    return {
        "account": account,
        "rows": [
            {
                "contact": person,
                "days": (today - person.last_talked_on).days if person.last_talked_on else None,
                "is_quiet": bool(person.quiet_on and person.quiet_on < today),
            }
            for person in rows[:SHOWN_PEOPLE]
        ],
        "sub": _("%(known)d of %(all)d confirmed")
        % {"known": sum(person.confidence == "confirmed" for person in rows), "all": len(rows)}
        if rows
        else "",
    }


def changed(request: HttpRequest, account: Account) -> dict[str, Any]:
    """What changed lately, as far as the reader may read it."""
    user = request.user

    def readable(account: int) -> QuerySet[Change]:
        return Change.objects.visible_to(user).filter(account_id=account).for_list()[:SHOWN_CHANGES]

    rows = kept_objects(("changed", sight_of(user)), readable, account=account.pk)
    return {"account": account, "lines": describe(rows, user)}


def value(request: HttpRequest, account: Account) -> dict[str, Any]:
    """Value for both sides (K003): what the latest facts say of the customer's."""
    found = kept_objects("satisfaction of", _satisfaction, account=account.pk)
    return {"account": account, "satisfaction": found[0] if found else None}


def _satisfaction(account: int) -> QuerySet[Fact]:
    facts = Fact.objects.filter(account=account, kind="satisfaction")
    return facts.order_by("-as_of", "-pk")[:1]


def my_accounts(user: Reader) -> QuerySet[Account] | None:
    """The accounts that the reader manages or deputises: a manager has one to five. None, without
    a question, for who is in no team as such."""
    teams = [team for role, team in roles_of(user).teams if role in MINE]
    if not teams:
        return None
    mine = Account.objects.visible_to(user).active().filter(team__in=teams)
    return mine.only("name", "stage", "target_stage").order_by("name", "pk")[:SHORTCUTS]


def shortcuts(accounts: Iterable[Account]) -> Shortcuts:
    """`accounts` as the frame shows them."""
    items = tuple(
        Shortcut(row.name, row.get_absolute_url(), row.stage, row.target_stage) for row in accounts
    )
    return Shortcuts(_("My accounts"), items)


def find_accounts(user: Reader, text: str, limit: int) -> list[Found]:
    """Accounts by part of the name, or by the start of a number in another system."""
    return [
        Found(
            row.name,
            row.get_absolute_url(),
            ", ".join(part for part in (row.get_status_display(), row.country) if part),
            row.stage,
        )
        for row in first_accounts(user, text, limit)
    ]


def first_accounts(user: Reader, text: str, limit: int) -> list[Account]:
    """At most `limit` accounts found by `text`: by name first, then by number alone."""

    def matching(text: str) -> QuerySet[Account]:
        return Account.objects.visible_to(user).active().first_found(text, limit)

    rows = kept_objects(("found accounts", limit, sight_of(user)), matching, text=text)
    by_name = text.casefold()
    return sorted(rows, key=lambda row: by_name not in row.name.casefold())[:limit]


def find_contacts(user: Reader, text: str, limit: int) -> list[Found]:
    """People by part of the name, or by the start of the address."""

    def matching(text: str) -> QuerySet[Contact]:
        rows = Contact.objects.visible_to(user).active().found_by(text).select_related("account")
        return rows.order_by("name", "pk")[:limit]

    return [
        Found(
            row.name,
            reverse("accounts:contact", args=[row.pk]),
            ", ".join(part for part in (row.job_title, row.account.name) if part),
        )
        for row in kept_objects(("found people", limit, sight_of(user)), matching, text=text)
    ]


def team_accounts(request: HttpRequest, team: Team) -> dict[str, Any]:
    """The accounts that a team looks after, as far as the reader sees them."""

    def looked_after(team: int) -> QuerySet[Account]:
        rows = Account.objects.visible_to(request.user).active().filter(team=team)
        return rows.order_by("name", "pk")

    key = ("accounts of team", sight_of(request.user))
    return {"accounts": kept_objects(key, looked_after, team=team.pk)}


def conflict_links(request: HttpRequest, obj: Any) -> dict[str, Any]:
    """The way to conflicts, barriers, products and rates."""
    links = [
        (_("Conflicts and information barriers"), reverse("accounts:conflicts")),
        (_("Products and product lines"), reverse("accounts:products")),
        (_("Exchange rates"), reverse("accounts:rates")),
        (_("Trade channels"), reverse("accounts:channels")),
    ]
    return {"title": _("Customers"), "name": "customers", "links": links}


def reads_conflicts(user: Reader, obj: Any) -> bool:
    """Whether the way to conflicts is shown."""
    return policies.can_read_programme(user)


def files_page(account: Account) -> str:
    """Where the files of an account are."""
    return reverse("accounts:files", args=[account.pk])


def register() -> None:
    """Put all of this where it is shown."""
    holders.register(Account, "contributable_by", page=files_page)
    holders.register(Contact, "contributable_by")
    holders.offer_people(policies.people_of)
    navigation.register(
        Entry(
            "accounts",
            gettext_lazy("Accounts"),
            "building",
            "accounts:list",
            20,
            key="a",
            phone=True,
        )
    )
    navigation.register(
        Entry(
            "selection",
            gettext_lazy("Selection"),
            "target-arrow",
            "accounts:selections",
            60,
            key="s",
            visible=programme_policies.reads_whole,
            also=(
                "accounts:matrix",
                "accounts:effort",
                "accounts:register",
                "accounts:questions",
                "accounts:purchases",
            ),
        )
    )
    navigation.register(
        Entry(
            "log_contact",
            gettext_lazy("Log contact"),
            "message-plus",
            "accounts:log_contact",
            section="quick",
            key="c",
            visible=policies.contributes,
        )
    )
    navigation.register(
        Entry(
            "history",
            gettext_lazy("History"),
            "history",
            "web:history",
            80,
            section="foot",
            visible=policies.has_accounts,
        )
    )
    register_part(Part("overview", gettext_lazy("Overview"), "accounts:detail", 10))
    register_part(Part("profile", gettext_lazy("Profile"), "accounts:profile", 20))
    register_part(Part("insight", gettext_lazy("Insight"), "accounts:insight", 22))
    register_part(Part("ratings", gettext_lazy("Ratings"), "accounts:ratings_of", 25))
    register_part(Part("people", gettext_lazy("People"), "accounts:people", 30))
    register_part(Part("files", gettext_lazy("Files"), "accounts:files", 70))
    register_part(Part("figures", gettext_lazy("Figures"), "accounts:figures", 60))
    register_part(Part("scores", gettext_lazy("Scores"), "accounts:scores_of", 63))
    register_part(Part("wallet", gettext_lazy("Purchases"), "accounts:wallet", 65))
    register_part(Part("history", gettext_lazy("History"), "accounts:history", 90))
    register_figures("money", money_figures, 10)
    register_figures("standing", standing_figures, 30)
    for name, give, order in (
        ("people", people, 10),
        ("value", value, 40),
        ("changed", changed, 90),
    ):
        panel = Panel(name, f"accounts/_panel_{name}.html", give, order, "side")
        panels.register("account", panel)
    search.register(
        SearchSource("accounts", gettext_lazy("Accounts"), "building", find_accounts, 10)
    )
    search.register(SearchSource("contacts", gettext_lazy("People"), "users", find_contacts, 20))
    panels.register("team", Panel("accounts", "accounts/_panel_team.html", team_accounts))
    panels.register(
        "settings",
        Panel("conflicts", "web/_links.html", conflict_links, visible=reads_conflicts),
    )
