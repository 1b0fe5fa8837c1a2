"""Who is in which team, as a file: the rules of `teams.services` row by row (K011, K153)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import Any, ClassVar

from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.imports import teams
from accounts.imports.directory import plain_name
from accounts.imports.records.contacts import spoken
from accounts.imports.scope import ProgrammeKind
from kam.access.dates import business_today
from kam.changes.models import Change
from kam.imports import policies
from kam.imports.kinds import Field, Numbered, Option, Outcome, Rejected, Row
from kam.imports.models import Run, StagedRecord
from kam.imports.records import MODE, Cells, RecordKind, RecordSession, Wanted
from kam.imports.records.session import Judged, Pending, put, refusal_of
from kam.imports.refusal import Refused
from teams.models import Function, Membership, Programme, Team, TeamRole, User
from teams.services.teams import check_membership

ROLES = spoken(TeamRole) | {
    "key account manager": TeamRole.KAM.value,
    "account manager": TeamRole.KAM.value,
    "executive sponsor": TeamRole.SPONSOR.value,
    "team member": TeamRole.MEMBER.value,
}


class MembershipsKind(RecordKind, ProgrammeKind):
    """People in teams, each in a role, from one day to another."""

    name: ClassVar = "memberships"
    label: ClassVar = gettext_lazy("Teams and members")
    seen_at: ClassVar = (gettext_lazy("See the teams"), "teams:list")
    model: ClassVar = Membership
    match_url: ClassVar = ""
    chunk_rows: ClassVar = 100
    fields: ClassVar = (
        Field("team", gettext_lazy("Team, by name"), "text", ("team name", "account team")),
        Field(
            "user",
            gettext_lazy("Person, user name or e-mail"),
            "text",
            ("person", "username", "user name", "email", "e-mail", "mail", "login"),
        ),
        Field("role", gettext_lazy("Role"), "text", ("team role", "rolle")),
        Field("function", gettext_lazy("Function"), "text", ("department", "funktion")),
        Field("effort_fte", gettext_lazy("Effort (FTE)"), "number", ("fte", "effort")),
        Field(
            "valid_from",
            gettext_lazy("From"),
            "date",
            ("from", "start", "start date", "since", "von"),
            gettext_lazy("empty: from today"),
        ),
        Field(
            "valid_until",
            gettext_lazy("Until"),
            "date",
            ("until", "to", "end", "end date", "bis"),
        ),
    )
    options: ClassVar = (
        MODE,
        Option(
            "teams",
            gettext_lazy("A team not yet known"),
            "reject",
            (
                ("reject", gettext_lazy("Reject the rows")),
                ("create", gettext_lazy("Create it")),
            ),
        ),
    )
    blamed: ClassVar = {
        "nothing": ("team", "user", "role"),
        "unknown_user": ("user",),
        "barrier": ("user",),
        "load": ("user",),
        "bad_team": ("team",),
        **{f"bad_{field.name}": (field.name,) for field in fields},
    }
    shown: ClassVar = (
        gettext_lazy("Team"),
        gettext_lazy("Person"),
        gettext_lazy("Role"),
        gettext_lazy("From"),
        gettext_lazy("Until"),
    )
    by_parts: ClassVar = True
    previewed: ClassVar = ("team", "user", "role", "valid_from", "valid_until")

    def problems(self, mapping: Iterable[str]) -> list[str]:
        """Team, person and role."""
        texts = {
            "team": _("Say which column holds the team."),
            "user": _("Say which column holds the person: user name or e-mail."),
            "role": _("Say which column holds the role."),
        }
        given = set(mapping)
        return [text for name, text in texts.items() if name not in given]

    def open(self, run: Run) -> MembershipsSession:
        """Begin a pass over a list of members."""
        return MembershipsSession(run)

    def audience(self, obj: models.Model) -> tuple[str | None, int | None]:
        """The team reads about its members."""
        return Change.Audience.TEAM, obj.team_id  # type: ignore[attr-defined]

    def before_publishing(self, run: Run, part: list[StagedRecord]) -> None:
        """Ask every rule once more, one member after the other, each beside those before."""
        refused = _tried(
            run.owner,
            [(item.row, None if item.created else item.object_id, item.after) for item in part],
        )
        for number, error in refused.items():
            words = {"row": number, "why": " ".join(error.messages)}
            raise ValidationError(_("Row %(row)d cannot be stored any more: %(why)s") % words)

    def delete_chunk(self, run: Run, limit: int) -> int:
        """What is noted, and teams that the run made and nobody is in."""
        return super().delete_chunk(run, limit) or teams.delete_made(run)


def _tried(actor: User, rows: Sequence[tuple[int, int | None, dict[str, Any]]]) -> dict[int, Any]:
    """Store the rows (number, membership, values) one after the other, as the rules allow, and
    take them back; returns what was refused by the number of the row."""
    refused = {}
    with transaction.atomic():
        for number, pk, values in rows:
            membership = Membership.objects.get(pk=pk) if pk else Membership()
            put(membership, values)
            try:
                check_membership(actor=actor, membership=membership)
                with transaction.atomic():
                    membership.save()
            except ValidationError as error:
                refused[number] = error
        transaction.set_rollback(True)
    return refused


class MembershipsSession(RecordSession):
    """One pass over a list of members."""

    model: ClassVar = Membership
    reasons: ClassVar = {
        "nothing": gettext_lazy("lacks team, person or role"),
        "unknown_user": gettext_lazy("names a person who is not among those whom you may appoint"),
    }

    def __init__(self, run: Run) -> None:
        super().__init__(run)
        self.programme = Programme.objects.get(pk=run.scope_id)
        self.today = business_today()
        self.teams = teams.Teams(run, self.programme, create=run.option("teams") == "create")
        owner = run.owner
        people = User.objects.people() if policies.is_system(owner) else User.objects.all()
        people = people if policies.is_system(owner) else people.visible_to(owner)
        self.people: dict[str, User] = {}
        for user in people.order_by("pk"):
            self.people[user.username.casefold()] = user
            if user.email:
                self.people.setdefault(user.email.casefold(), user)
        self.people_by_pk = {user.pk: user for user in self.people.values()}
        functions = Function.objects.active().filter(programme=self.programme)
        self.functions: dict[str, int] = {}
        for pk, code, name in functions.values_list("pk", "code", "name"):
            self.functions |= {plain_name(code): pk, plain_name(name): pk}
        found = Team.objects.filter(pk__in=self.teams.by_name.values())
        self.by_team: dict[Any, Team] = {team.pk: team for team in found}
        self.beside: dict[str, list[Membership]] = defaultdict(list)
        self.of_user: dict[int, list[tuple[int, Row, Judged]]] = defaultdict(list)
        self.late: list[Rejected] = []

    def read(self, cells: Cells) -> Wanted:
        """The member of a row."""
        name, person = cells.text("team"), cells.text("user")
        role = cells.choice("role", ROLES)
        if not name or not person or not role:
            raise Refused("nothing")
        if len(name) > (Team._meta.get_field("name").max_length or 0):
            raise Refused("bad_team", _("has the name of a team that is too long"))
        user = self.people.get(person.casefold())
        if user is None:
            raise Refused("unknown_user")
        team = self.teams.find(name)
        values: dict[str, Any] = {
            "team": Pending(team) if isinstance(team, str) else team,
            "user": user.pk,
            "role": role,
        }
        readings = {
            "function": cells.choice("function", self.functions),
            "effort_fte": cells.number("effort_fte"),
            "valid_from": cells.date("valid_from"),
            "valid_until": cells.date("valid_until"),
        }
        values |= {field: value for field, value in readings.items() if value is not None}
        return Wanted(((plain_name(name), user.pk, role, values.get("valid_from")),), values)

    def find(self, wanted: Wanted) -> int | None:
        """The membership that begins on this day; without a day, the present or next one."""
        values = wanted.values
        found: int | None = None
        if not isinstance(values["team"], Pending):
            rows = Membership.objects.filter(
                team=values["team"], user=values["user"], role=values["role"]
            ).order_by("valid_from", "pk")
            if "valid_from" in values:
                rows = rows.filter(valid_from=values["valid_from"])
            else:
                rows = rows.exclude(valid_until__lt=self.today)
            found = rows.values_list("pk", flat=True).first()
        if found is None:
            values.setdefault("valid_from", self.today)
        return found

    def check(self, wanted: Wanted, obj: models.Model | None) -> None:
        """What `add_membership` asks, beside the rows before."""
        membership = Membership.objects.get(pk=obj.pk) if obj is not None else Membership()
        values = dict(wanted.values)
        team = values.pop("team")
        if isinstance(team, Pending):
            membership.team = Team(programme=self.programme, name=str(team))
        else:
            membership.team = self.by_team[team]
        put(membership, values)
        membership.user = self.people_by_pk[values["user"]]
        name = plain_name(membership.team.name)
        check_membership(actor=self.run.owner, membership=membership, beside=self.beside[name])
        self.beside[name].append(membership)

    def judge(self, rows: Sequence[Numbered], understood: Any = None) -> Outcome:
        """Decide about a chunk of rows; remember who is in several."""
        outcome = super().judge(rows, understood)
        cells = dict(rows)
        for item in outcome.payload:
            user = item.wanted.values["user"]
            self.of_user[user].append((item.number, cells[item.number], item))
        return outcome

    def complete(self, judged: Sequence[Judged]) -> None:
        """Make teams that are not known, empty, where that is wanted."""
        for item in judged:
            team = item.wanted.values["team"]
            if isinstance(team, Pending):
                pk = self.teams.made(str(team))
                self.by_team[pk] = Team.objects.get(pk=pk)
                item.changes["team"] = item.wanted.values["team"] = pk

    def end(self) -> Iterator[Callable[[], None]]:
        """Whoever stands in several rows: rules that look at all teams of a person at once."""
        for rows in self.of_user.values():
            if len(rows) > 1:
                yield partial(self._try_together, rows)

    def _try_together(self, rows: Sequence[tuple[int, Row, Judged]]) -> None:
        tried = [
            (number, item.obj.pk if item.obj else None, item.changes)
            for number, _row, item in rows
            if not isinstance(item.wanted.values["team"], Pending) and item.changes
        ]
        cells = {number: (row, item) for number, row, item in rows}
        for number, error in _tried(self.run.owner, tried).items():
            row, item = cells[number]
            refused = refusal_of(error)
            counted = "created" if item.obj is None else "updated"
            self.late.append(Rejected(number, row, refused.reason, refused.code, counted))

    def finish(self) -> list[Rejected]:
        """Rows that only stand against others of the same person are refused after all."""
        numbers = [item.number for item in self.late]
        if not self.dry:
            StagedRecord.objects.filter(run=self.run, row__in=numbers).delete()
        self.taken -= len(self.late)
        return self.late
