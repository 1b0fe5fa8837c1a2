"""What the test of every route needs: a hidden account, and people who must not see it.

How to extend it for a new route or model, see `tests/test_scoping.py`.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver

from accounts.models import Account, Selection
from kam.access.dates import business_today
from kam.changes import record
from kam.mail.models import Mail
from kam.web.services import save_view
from teams.models import BusinessUnit, Programme, Team, User
from tests.factories.accounts import (
    AccountFactory,
    ActivityCostFactory,
    ActivityFactory,
    BudgetLineFactory,
    CategoryPurchaseFactory,
    ChannelFactory,
    ConflictExceptionFactory,
    ConflictFactory,
    ContactFactory,
    CriteriaSetFactory,
    DecisionFactory,
    DuplicatePairFactory,
    ExchangeRateFactory,
    ExpectationFactory,
    ExternalIdFactory,
    FactFactory,
    InteractionFactory,
    LedgerEntryFactory,
    ManagerCapacityFactory,
    MergeFactory,
    MonthTotalFactory,
    OrganisationChangeFactory,
    PositionFactory,
    ProductFactory,
    ProductLineFactory,
    QualificationFactory,
    ReturnCaseFactory,
    ScoreFactory,
    SelectionFactory,
    SiteFactory,
    StageChangeFactory,
    StatusChangeFactory,
)
from tests.factories.api import TokenFactory
from tests.factories.documents import AttachmentFactory, EarlierFileFactory
from tests.factories.exports import ExportFactory
from tests.factories.imports import (
    FolderFactory,
    FolderFileFactory,
    RememberedMappingFactory,
    RunFactory,
)
from tests.factories.plans import (
    ActionFactory,
    CorporateObjectiveFactory,
    CustomerGoalFactory,
    MilestoneFactory,
    ObjectiveFactory,
    PlanFactory,
    PlanVersionFactory,
    RiskFactory,
    StrategyFactory,
    SwotEntryFactory,
)
from tests.factories.profiles import (
    PreferredBenefitFactory,
    ProfileEntryFactory,
    ProfileParameterFactory,
    RatingFactory,
    SuccessFactorFactory,
    TargetFactory,
    TargetProfileFactory,
    TargetRangeFactory,
)
from tests.factories.reviews import StageReviewFactory
from tests.factories.teams import (
    BusinessUnitFactory,
    FunctionFactory,
    MembershipFactory,
    ProgrammeFactory,
    ProgrammeSettingFactory,
    RoleGrantFactory,
    TeamFactory,
    UserFactory,
)
from tests.factories.webhooks import WebhookFactory

DAY = datetime.timedelta(days=1)
SECRET = "Quagmire"
"""A word in every name that is hidden; nobody outside may ever be shown it."""


@dataclass
class World:
    """A programme in which one account is hidden from everybody whom `OUTSIDERS` makes.

    `open()` builds what stands before the account is there; `hide()` adds the account with all
    that hangs on it. What others hang on it goes into `things`, by name.
    """

    programme: Programme = field(init=False)
    unit: BusinessUnit = field(init=False)
    administrator: User = field(init=False)
    insider: User = field(init=False)
    account: Account = field(init=False)
    team: Team = field(init=False)
    things: dict[str, Any] = field(default_factory=dict)
    late: list[Callable[[World], None]] = field(default_factory=list)

    def open(self) -> World:
        """Programme, administrator and the insider, who is known in the programme already."""
        self.programme = ProgrammeFactory(name="Open programme")
        self.unit = BusinessUnitFactory(programme=self.programme, name="Open unit")
        self.administrator = RoleGrantFactory(user__username="ada").user
        self.insider = RoleGrantFactory(
            user__username="insider", auditor=True, programme=self.programme
        ).user
        self.things["function"] = FunctionFactory(programme=self.programme)
        self.things["corporate_objective"] = CorporateObjectiveFactory(programme=self.programme)
        self.things["product_line"] = ProductLineFactory(programme=self.programme)
        self.things["product"] = ProductFactory(programme=self.programme)
        self.things["activity"] = ActivityFactory(programme=self.programme)
        self.things["channel"] = ChannelFactory(programme=self.programme)
        self.things["rate"] = ExchangeRateFactory(programme=self.programme, currency="EUR")
        self.things["setting"] = ProgrammeSettingFactory(
            programme=self.programme, name="hurdle", value=6, valid_from=business_today()
        )
        self.things["criteria"] = CriteriaSetFactory(programme=self.programme)
        self.things["organisation_change"] = OrganisationChangeFactory(programme=self.programme)
        self.things["capacity"] = ManagerCapacityFactory(
            programme=self.programme, user=self.administrator
        )
        self.things["parameter"] = ProfileParameterFactory(programme=self.programme)
        self.things["target_profile"] = TargetRangeFactory(
            profile=TargetProfileFactory(
                programme=self.programme, brand=self.things["product_line"]
            ),
            parameter=self.things["parameter"],
        ).profile
        self.things["selection"] = SelectionFactory(
            programme=self.programme, name="Open scenario", status="optimal"
        )
        self.things["grant"] = self.insider.grants.get()
        self.things["mail"] = Mail.objects.create(subject=f"{SECRET} mail")
        self.things["token"] = TokenFactory(owner=self.insider, name=f"{SECRET} token")
        self.things["webhook"] = WebhookFactory(owner=self.insider, name=f"{SECRET} webhook")
        self.things["view"] = save_view(
            actor=self.insider, page="accounts", name=f"{SECRET} view", query="q=x"
        )
        return self

    def hide(self) -> World:
        """The hidden account with its team, people, and whatever is registered."""
        self.team = TeamFactory(programme=self.programme, name=f"{SECRET} team")
        self.things["membership"] = MembershipFactory(team=self.team, user=self.insider)
        self.account = AccountFactory(
            programme=self.programme, name=f"{SECRET} plc", business_unit=self.unit, team=self.team
        )
        self._fill_account()
        self.things["change"] = record.created(
            actor=self.insider, obj=self.account, fields=("name",)
        )
        for hang in HANGING:
            hang(self)
        for step in self.late:
            step(self)
        return self

    def _fill_account(self) -> None:
        """What the app of accounts itself hangs on it; products are the programme's."""
        account = self.account
        contact = ContactFactory(
            account=account, name=f"{SECRET}son", email="guest@customer.example"
        )
        self.things["contact"] = contact
        self.things["site"] = SiteFactory(account=account, name=f"{SECRET} works")
        self.things["talk"] = InteractionFactory(
            account=account, user=self.insider, contacts=[contact], text=f"{SECRET} talk"
        )
        self.things["fact"] = FactFactory(account=account, source=SECRET)
        self.things["status_change"] = StatusChangeFactory(account=account, reason=SECRET)
        self.things["stage_change"] = StageChangeFactory(account=account, reason=SECRET)
        ExternalIdFactory(account=account, value=f"{SECRET}1")
        MonthTotalFactory(account=account)
        self.things["line"] = LedgerEntryFactory(account=account, document=SECRET)
        self.things["cost"] = ActivityCostFactory(
            account=account, activity=self.things["activity"], source=SECRET
        )
        self.things["purchase"] = CategoryPurchaseFactory(account=account, source=SECRET)
        self.things["score"] = ScoreFactory(account=account, evidence=SECRET)
        self.things["position"] = PositionFactory(account=account)
        self.things["own_criteria"] = CriteriaSetFactory(
            programme=self.programme, account=account, kind="strength", reason=SECRET
        )
        _weigh(self.things["selection"], account)
        self.things["decision"] = DecisionFactory(
            account=account, reason=SECRET, selection=self.things["selection"]
        )
        self.things["expectation"] = ExpectationFactory(account=account, told=SECRET)
        self.things["budget_line"] = BudgetLineFactory(
            programme=self.programme, account=account, text=SECRET
        )
        self.things["return_case"] = ReturnCaseFactory(account=account, growth_source=SECRET)
        self.things["qualification"] = QualificationFactory(account=account, question=SECRET)
        self.things["rating"] = RatingFactory(
            account=account, parameter=self.things["parameter"], source=SECRET
        )
        self.things["target"] = TargetFactory(
            account=account, brand=self.things["product_line"], note=SECRET
        )
        self.things["entry"] = ProfileEntryFactory(account=account, value=SECRET)
        self.things["factor"] = SuccessFactorFactory(account=account, name=SECRET)
        self.things["benefit"] = PreferredBenefitFactory(account=account, text=SECRET)
        other = AccountFactory(programme=self.programme, name=f"{SECRET} rival", team=self.team)
        self.things["other"] = other
        self.things["barrier"] = ConflictFactory(a=account, b=other, kind="exclusive")
        self.things["exception"] = ConflictExceptionFactory(
            conflict=self.things["barrier"], user=self.administrator
        )
        AccountFactory(parent=account, name=f"{SECRET} below", team=self.team)
        self.things["pair"] = DuplicatePairFactory(account_a=account, account_b=other)
        self.things["merge"] = MergeFactory(
            account=account, loser_name=f"{SECRET} Ltd", merged_by=self.insider
        )


def _weigh(run: Selection, account: Account) -> None:
    """Let a run have weighed the hidden account against nobody, and chosen it."""
    row = {"account": account.pk, "name": account.name, "attractiveness": "7", "strength": "6"}
    candidate = {**row, "cost": "1", "effort": "0.1", "must_include": False, "barred": False}
    reason = {"is_in": True, "code": "worth", "rank": 1, "blocks": [], "price": None}
    limits = {"budget": None, "hurdle": "5", "attractiveness_weight": "0.7", "cut": "5"}
    Selection.objects.filter(pk=run.pk).update(
        problem={"candidates": [candidate], "managers": [], "conflicts": [], **limits},
        result={
            "selected": [{"account": account.pk, "manager": 1}],
            "explanations": [{**reason, "account": account.pk, "is_fixed": False}],
        },
    )


def _stage_review(world: World) -> None:
    """A draft of the hidden account."""
    world.things["review"] = StageReviewFactory(
        account=world.account, author=world.insider, participants=SECRET
    )


def _plan(world: World) -> None:
    """An approved plan, so that readers could see it, with a row of each kind."""
    plan = PlanFactory(
        account=world.account, title=f"{SECRET} plan", approved={"title": f"{SECRET} plan"}
    )
    shown = {"approved": {}}
    objective = ObjectiveFactory(plan=plan, title=f"{SECRET} objective", **shown)
    strategy = StrategyFactory(objective=objective, text=f"{SECRET} strategy", **shown)
    world.things |= {
        "plan": plan,
        "objective": objective,
        "strategy": strategy,
        "milestone": MilestoneFactory(objective=objective, result=f"{SECRET} result", **shown),
        "swot_entry": SwotEntryFactory(plan=plan, text=f"{SECRET} strength", **shown),
        "risk": RiskFactory(plan=plan, title=f"{SECRET} risk", **shown),
        "action": ActionFactory(
            account=world.account, objective=objective, text=f"{SECRET} action"
        ),
        "customer_goal": CustomerGoalFactory(account=world.account, text=f"{SECRET} goal"),
        "plan_version": PlanVersionFactory(plan=plan),
    }


HANGING: list[Callable[[World], None]] = [_stage_review, _plan]
"""What each app hangs on the hidden account: `world.things["plan"] = PlanFactory(…)`."""


def _import_run(world: World) -> None:
    """Somebody else's files, which name the hidden account."""
    world.things["mapping"] = RememberedMappingFactory(
        scope=world.programme, owner=world.insider, name=f"{SECRET} mapping"
    )
    world.things["run"] = RunFactory(
        scope=world.programme, owner=world.insider, file_name=f"{SECRET}.csv"
    )
    folder = FolderFactory(scope=world.programme, owner=world.insider, name=f"{SECRET} folder")
    world.things["folder"] = folder
    world.things["folder_file"] = FolderFileFactory(folder=folder, name=f"{SECRET} file.csv")
    world.things["export"] = ExportFactory(owner=world.insider, title=f"{SECRET} list")


HANGING.append(_import_run)


def _files(world: World) -> None:
    """A file on each kind of thing of the hidden account, with an earlier version."""
    things = {name: world.things[name] for name in ("contact", "plan", "action", "review")}
    for on in (*things.values(), world.account):
        file = AttachmentFactory(on=on, name=f"{SECRET}.pdf", uploaded_by=world.insider)
    world.things["file"] = file
    EarlierFileFactory(attachment=file, name=f"{SECRET} draft.pdf")


HANGING.append(_files)


@dataclass(frozen=True)
class Outsider:
    """Somebody who must not see the hidden account.

    `make(world)` is called before it is hidden; None is a visitor who has not signed in.
    `signs_in`: whether the session counts. `belongs`: has a role in the programme. `runs`: may
    change the programme's own matters. `thorough`: every method is tried, not only GET and POST.
    """

    make: Callable[[World], User | None]
    signs_in: bool = True
    belongs: bool = False
    runs: bool = False
    thorough: bool = False


def _nobody(world: World) -> None:
    return None


def _without_role(world: World) -> User:
    return UserFactory(username="outsider")


def _inactive(world: World) -> User:
    """Was a programme manager."""
    grant = RoleGrantFactory(
        programme_manager=True, programme=world.programme, user__username="gone"
    )
    grant.user.is_active = False
    grant.user.save(update_fields=["is_active"])
    return grant.user


def _other_programme(world: World) -> User:
    other = ProgrammeFactory(name="Other programme")
    return RoleGrantFactory(programme_manager=True, programme=other).user


def _member(start: int | None, end: int | None) -> Callable[[World], User]:
    """Manager of the hidden team on other days: from and until in days from today."""

    def make(world: World) -> User:
        user = UserFactory()

        def join(world: World) -> None:
            today = business_today()
            MembershipFactory(
                team=world.team,
                user=user,
                role="deputy",
                valid_from=None if start is None else today + start * DAY,
                valid_until=None if end is None else today + end * DAY,
            )

        world.late.append(join)
        return user

    return make


def _role_ended(world: World) -> User:
    return RoleGrantFactory(
        programme_manager=True, programme=world.programme, valid_until=business_today() - DAY
    ).user


def _fence(world: World, user: User) -> User:
    """Put `user` into the team of a rival with an information barrier to the hidden account."""
    team = TeamFactory(programme=world.programme, name="Rival team")
    MembershipFactory(team=team, user=user, role="observer")
    rival = AccountFactory(programme=world.programme, name="Rival plc", team=team)

    def raise_barrier(world: World) -> None:
        for behind in (world.account, world.things["other"]):  # and all below them
            ConflictFactory(a=rival, b=behind)

    world.late.append(raise_barrier)
    return user


def _fenced_member(world: World) -> User:
    return _fence(world, UserFactory())


def _fenced_manager(world: World) -> User:
    """Manages the programme, and still sees nothing behind the barrier."""
    grant = RoleGrantFactory(programme_manager=True, programme=world.programme)
    return _fence(world, grant.user)


def _senior_elsewhere(world: World) -> User:
    """Answers for another unit; the hidden account's unit is a sibling."""
    unit = BusinessUnitFactory(programme=world.programme, name="Other unit")
    return RoleGrantFactory(senior_manager=True, business_unit=unit).user


def _customer_contact(world: World) -> User:
    """Has the address of a contact at the hidden account, and no role."""
    return UserFactory(email="guest@customer.example")


OUTSIDERS = {
    "anonymous": Outsider(_nobody, signs_in=False),
    "without role": Outsider(_without_role, thorough=True),
    "inactive": Outsider(_inactive, signs_in=False),
    "of another programme": Outsider(_other_programme),
    "member until yesterday": Outsider(_member(None, -1)),
    "member from tomorrow": Outsider(_member(1, None)),
    "manager until yesterday": Outsider(_role_ended),
    "member behind a barrier": Outsider(_fenced_member, belongs=True),
    "manager behind a barrier": Outsider(_fenced_manager, belongs=True, runs=True, thorough=True),
    "senior of another unit": Outsider(_senior_elsewhere, belongs=True),
    "contact of the customer": Outsider(_customer_contact),
}


def routes(resolver: URLResolver | None = None, names: str = "", path: str = "") -> Iterator:
    """Every route: its name with namespaces, and its path as written in the URL configuration."""
    for item in (resolver or get_resolver()).url_patterns:
        here = path + str(item.pattern)
        if isinstance(item, URLPattern):
            yield (names + item.name if item.name else "", here)
        else:
            inner = f"{names}{item.namespace}:" if item.namespace else names
            yield from routes(item, inner, here)


_CHANGING = re.compile(
    rb"(csrfmiddlewaretoken\" value=\"|X-CSRFToken\": \")[^\"]+|\d\d:\d\d(:\d\d[.\dZ+:]*)?"
)


def scrubbed(body: bytes) -> bytes:
    """A page without what differs between two calls anyway: CSRF tokens and clock times."""
    return _CHANGING.sub(b"", body)
