"""The page of an account: its parts and figures, which each app registers in `AppConfig.ready()`.

A part is an ordinary page with its own address; htmx loads it in place. An app adds one by
`register_part(Part(...))` and a view that extends `AccountPartView`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.db.models import Case, F, Q, QuerySet, When
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.views.generic import DetailView

from accounts.models import Account
from kam.access.dates import business_today
from kam.access.prepared import kept_objects
from kam.access.querysets import sight_of
from kam.web.addresses import address
from kam.web.views import PartialMixin, ScopedViewMixin
from teams.models import Membership, TeamRole

SHOWN_CHILDREN = 4
LISTED_CHILDREN = 50
"""Accounts below this one that the head names; the rest are a link."""

ROLE_ORDER = {role: place for place, role in enumerate(TeamRole.values)}


@dataclass(frozen=True)
class Part:
    """A part of the account's page; `count` is a number beside its name, e.g. reviews due."""

    name: str
    label: Any
    url_name: str
    order: int
    count: Callable[[Account], int | None] | None = None


@dataclass(frozen=True)
class Figure:
    """One figure of the strip; `assumed` says by whom or why it is not confirmed."""

    label: Any
    value: str
    unit: str = ""
    detail: Any = ""
    url: str = ""
    assumed: str = ""


FigureProvider = Callable[[HttpRequest, Account], Iterable[Figure]]

_parts: dict[str, Part] = {}
_figures: dict[str, tuple[int, FigureProvider]] = {}


def register_part(part: Part) -> None:
    """Add `part`; a second one of the same name replaces the first."""
    _parts[part.name] = part


def register_figures(name: str, provider: FigureProvider, order: int = 50) -> None:
    """Let `provider(request, account)` supply figures of the overview, at most three."""
    _figures[name] = (order, provider)


def figures_of(request: HttpRequest, account: Account) -> list[Figure]:
    """The figure strip of the overview, at most six."""
    providers = sorted(_figures.items(), key=lambda item: (item[1][0], item[0]))
    shown = [figure for _name, (_order, give) in providers for figure in give(request, account)]
    return shown[:6]


class AccountPartView(PartialMixin, ScopedViewMixin, DetailView):
    """One part of the account's page: whole, or for htmx the tabs and the part alone."""

    model = Account
    context_object_name = "account"
    template_name = "accounts/account_part.html"
    partial_template_name = "accounts/_account_body.html"
    part = ""
    part_template_name = ""
    depends_on_reader_alone = True

    def get_queryset(self) -> QuerySet[Account]:
        return super().get_queryset().for_detail(self.request.user)

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """The part; of an account that another has taken up, that one's."""
        self.object = self.get_object()
        into = self.object.merged_into
        if into is not None and Account.objects.visible_to(request.user).filter(pk=into.pk):
            text = _("%(loser)s has been merged into %(survivor)s.")
            messages.info(request, text % {"loser": self.object, "survivor": into})
            match = request.resolver_match
            return redirect(match.view_name if match else "accounts:detail", into.pk)
        return self.render_to_response(self.get_context_data(object=self.object))

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(
            part_template_name=self.part_template_name,
            tabs=self._tabs(),
            part_label=_parts[self.part].label if self.part in _parts else "",
            today=business_today(),
            **kwargs,
        )
        if not self.wants_part:
            context |= self._head()
        return context

    def _tabs(self) -> list[dict[str, Any]]:
        ordered = sorted(_parts.values(), key=lambda part: (part.order, part.name))
        return [
            {
                "name": part.name,
                "label": part.label,
                "url": address(part.url_name, self.object.pk),
                "current": part.name == self.part,
                "count": part.count(self.object) if part.count else None,
            }
            for part in ordered
        ]

    @cached_property
    def family(self) -> list[Account]:
        """Accounts above this one and directly below it, as far as the reader sees them."""
        account = self.object
        above = [int(part) for part in account.path.strip("/").split("/")[:-1]]
        user = self.request.user

        def rows(parent: int, **above: int) -> QuerySet[Account]:
            higher = Q(pk__in=list(above.values()))
            shown = Account.objects.visible_to(user).filter(higher | Q(parent=parent))
            upwards_first = Case(When(higher, then=0), default=1)
            live_first = F("archived_at").asc(nulls_first=True)
            ordered = shown.order_by(upwards_first, live_first, "name", "pk")
            return ordered[: LISTED_CHILDREN + len(above)]

        key = ("family", len(above), sight_of(user))
        steps = {f"above{place}": pk for place, pk in enumerate(above)}
        return kept_objects(key, rows, parent=account.pk, **steps)

    @property
    def has_children(self) -> bool:
        """Whether the reader sees any account below this one, archived or not."""
        return any(row.parent_id == self.object.pk for row in self.family)

    @cached_property
    def below(self) -> list[Account]:
        """Live accounts directly below this one."""
        mine = self.object.pk
        return [row for row in self.family if row.parent_id == mine and not row.is_archived]

    def _head(self) -> dict[str, Any]:
        account, below = self.object, self.below
        return {
            "group_path": group_path(account, self.family),
            "children": below[:SHOWN_CHILDREN],
            "has_more_children": len(below) > SHOWN_CHILDREN,
            "team_faces": team_faces(account),
        }


def group_path(account: Account, visible: Iterable[Account]) -> list[Account]:
    """Accounts above `account`, from the top down, as far as one can follow them upwards."""
    by_pk = {row.pk: row for row in visible}
    chain: list[Account] = []
    step = by_pk.get(account.parent_id)
    while step is not None:
        chain.insert(0, step)
        step = by_pk.get(step.parent_id)
    return chain


def team_faces(account: Account) -> list[tuple[Any, Any]]:
    """People of the account's team with what they do, the manager first."""
    if not account.team_id:
        return []
    today = business_today()

    def members(team: int) -> QuerySet[Membership]:
        found = Membership.objects.filter(team=team).valid_on(today)
        return found.exclude(role=TeamRole.OBSERVER).select_related("user", "function")

    rows = sorted(
        kept_objects(("team faces", today), members, team=account.team_id),
        key=lambda member: (ROLE_ORDER[member.role], member.pk),
    )
    return [
        (
            member.user,
            member.function
            if member.role == TeamRole.MEMBER and member.function
            else member.get_role_display(),
        )
        for member in rows
    ]
