"""Every page of the demonstration, found through the URL configuration, against WCAG 2.2 AA.

A new route is tried by itself; one with a key it does not know fails until `KEYS` says of which
row. What answers GET with a whole page is opened in Chromium, wide or narrow, light or dark: the
main pages in all four ways, the others in turn, so that the whole stays within minutes.
"""

import functools
from collections.abc import Callable, Iterator
from itertools import chain
from typing import Any, NamedTuple

import pytest
from django.test import Client
from django.urls import NoReverseMatch, reverse
from playwright.sync_api import Page, ViewportSize

from accounts.models import (
    Account,
    BudgetLine,
    CategoryPurchase,
    Channel,
    Conflict,
    Contact,
    DuplicatePair,
    ExchangeRate,
    Expectation,
    Interaction,
    ManagerCapacity,
    Merge,
    OrganisationChange,
    PreferredBenefit,
    Product,
    ProductLine,
    ProfileParameter,
    Qualification,
    ReturnCase,
    Selection,
    Site,
    SuccessFactor,
    TargetProfile,
)
from kam.documents.models import Attachment
from kam.imports.models import Folder, FolderFile, RememberedMapping, Run
from kam.mail.models import Mail
from kam.webhooks.models import Webhook
from plans.models import Action, CorporateObjective, Objective, Plan, PlanVersion
from reviews import demo
from reviews.models import StageReview
from teams.models import BusinessUnit, Function, Membership, Programme, RoleGrant, Team, User
from tests.browser.accessibility import problems_of
from tests.factories.accounts import MergeFactory
from tests.factories.exports import ExportFactory
from tests.factories.imports import (
    FolderFactory,
    FolderFileFactory,
    RememberedMappingFactory,
    RunFactory,
)
from tests.factories.webhooks import WebhookFactory
from tests.scoping import routes

PEOPLE = ("kam", "programme", "admin", None)
"""Who opens a page: the first who may; None is a visitor."""

WAYS = (
    {"width": 1440, "theme": "light"},
    {"width": 360, "theme": "light"},
    {"width": 1440, "theme": "dark"},
    {"width": 360, "theme": "dark"},
)
MAIN = {
    "accounts:detail",
    "accounts:list",
    "accounts:people",
    "accounts:figures",
    "plans:detail",
    "reviews:detail",
    "reviews:my_day",
    "reviews:portfolio",
    "account_login",
}
QUERIES = {
    "accounts:score_give": "?code=A1",
    "web:search": "?q=birch",
    "exports:new": "?address=/accounts/&format=csv",
}


def birch() -> Account:
    return Account.objects.get(name="Birch Logistics")


def replaced() -> int:
    """A file that took the place of another."""
    return first(Attachment, number=2)


def draft() -> StageReview:
    return StageReview.objects.filter(account=birch()).latest("pk")


def first(model: Any, **wanted: Any) -> int:
    return model.objects.filter(**wanted).earliest("pk").pk


def twins() -> list[int]:
    pair = DuplicatePair.objects.filter(kind="contact").earliest("pk")
    return [pair.contact_a_id, pair.contact_b_id]


Keys = Callable[[], list[Any]]
KEYS: dict[str, Keys] = {
    "accounts/<int:pk>/": lambda: [birch().pk],
    "accounts/<int:account>/": lambda: [birch().pk],
    "accounts/duplicates/<int:pk>/": lambda: [first(DuplicatePair)],
    "accounts/merges/<int:pk>/": lambda: [first(Merge)],
    "accounts/<int:pk>/merge/<int:other>/": lambda: [
        birch().pk,
        first(Account, name="Cedar Health"),
    ],
    "contacts/<int:pk>/merge/<int:other>/": twins,
    "contacts/<int:pk>/": lambda: [first(Contact, account=birch())],
    "selection/map/<int:pk>/": lambda: [birch().pk],
    "category-purchases/<int:pk>/": lambda: [first(CategoryPurchase, account=birch())],
    "expectations/<int:pk>/": lambda: [first(Expectation)],
    "programme/budget/<int:pk>/": lambda: [first(BudgetLine)],
    "programme/objectives/<int:pk>/": lambda: [first(CorporateObjective)],
    "programme/returns/<int:pk>/": lambda: [first(ReturnCase)],
    "programme/organisation/<int:pk>/": lambda: [first(OrganisationChange)],
    "qualifications/<int:pk>/": lambda: [first(Qualification)],
    "accounts/<int:pk>/insight/<slug:section>/": lambda: [birch().pk, "insight"],
    "factors/<int:pk>/": lambda: [first(SuccessFactor)],
    "benefits/<int:pk>/": lambda: [first(PreferredBenefit)],
    "selection/parameters/<int:pk>/": lambda: [first(ProfileParameter)],
    "selection/profiles/<int:pk>/": lambda: [first(TargetProfile)],
    "selection/managers/<int:pk>/": lambda: [first(ManagerCapacity)],
    "selection/<int:pk>/": lambda: [first(Selection, solved_at__isnull=False)],
    "settings/channels/<int:pk>/": lambda: [first(Channel, parent__isnull=False)],
    "sites/<int:pk>/": lambda: [first(Site, account=birch())],
    "talks/<int:pk>/": lambda: [first(Interaction, account=birch())],
    "plans/<int:pk>/rows/<slug:kind>/": lambda: [birch_plan().pk, "objective"],
    "plans/<int:pk>/": lambda: [birch_plan().pk],
    "^plans/(?P<pk>[0-9]+)/": lambda: [birch_plan().pk, "submit"],
    "^plans/(?P<kind>": lambda: ["objective", objective()],
    "plans/versions/<int:pk>/": lambda: [first(PlanVersion, plan=birch_plan())],
    "plans/rows/<slug:kind>/<int:pk>/": lambda: ["objective", objective()],
    "plans/objectives/<int:pk>/": lambda: [objective()],
    "plans/fields/<slug:kind>/<int:pk>/<slug:field>/": lambda: ["objective", objective(), "title"],
    "actions/<int:pk>/": lambda: [first(Action, account=birch())],
    "reviews/<int:pk>/answers/": lambda: [draft().pk, "A1"],
    "reviews/<int:pk>/checks/": lambda: [draft().pk, "T3"],
    "reviews/<int:pk>/signals/": lambda: [draft().pk, "U1"],
    "reviews/<int:pk>/": lambda: [draft().pk],
    "teams/<int:pk>/": lambda: [first(Team)],
    "teams/members/<int:pk>/": lambda: [first(Membership)],
    "exports/<int:pk>/": lambda: [1],
    "imports/<int:pk>/<import_action:action>/": lambda: [first(Run), "check"],
    "imports/<int:pk>/": lambda: [first(Run)],
    "imports/mappings/<int:pk>/": lambda: [first(RememberedMapping)],
    "imports/folders/<int:pk>/": lambda: [first(Folder)],
    "imports/folders/files/<int:pk>/<file_action:action>/": lambda: [first(FolderFile), "dismiss"],
    "files/on/<slug:kind>/<int:pk>/": lambda: ["account", birch().pk],
    "files/<int:pk>/content/<int:number>/": lambda: [replaced(), 1],
    "files/<int:pk>/": lambda: [replaced()],
    "settings/mail/<int:pk>/": lambda: [first(Mail)],
    "settings/people/<int:pk>/": lambda: [first(User, username="member")],
    "settings/roles/<int:pk>/": lambda: [first(RoleGrant)],
    "settings/programmes/<int:pk>/values/": lambda: [first(Programme), "plan"],
    "settings/programmes/<int:pk>/": lambda: [first(Programme)],
    "settings/units/<int:pk>/": lambda: [first(BusinessUnit, parent__isnull=False)],
    "settings/functions/<int:pk>/": lambda: [first(Function)],
    "settings/conflicts/exceptions/": lambda: [1],
    "settings/conflicts/<int:pk>/": lambda: [first(Conflict)],
    "settings/products/<str:kind>/": lambda: ["product", first(Product)],
    "settings/products/<int:pk>/": lambda: [first(Product)],
    "settings/rates/<int:pk>/": lambda: [first(ExchangeRate)],
    "settings/product-lines/<int:pk>/": lambda: [first(ProductLine)],
    "settings/tokens/<int:pk>/": lambda: [1],
    "settings/webhooks/<int:pk>/": lambda: [first(Webhook)],
    "views/<int:pk>/": lambda: [1],
}
"""What stands for the key of a route: the longest beginning of its path that is named here."""

CLOSED = {
    "set_up": "404 once there is somebody; test_set_up.py opens it",
    "accounts:exception_end": "the demonstration has no exception",
    "calendars:feed": "a file, found by its secret",
    "exports:file": "a file",
    "settings:token_revoke": "the demonstration has no token; revoking asks nothing",
    "account_email": "not used: addresses are changed under settings",
    "account_confirm_login_code": "not used",
    "account_set_password": "leads to the change of a password",
    "account_reauthenticate": "leads on when the sign-in is recent",
    "account_signup": "closed: people are invited",
    "account_inactive": "not used",
    "account_email_verification_sent": "not used",
    "account_confirm_email": "not used",
    "account_reset_password_from_key": "needs a key out of a mail",
    "socialaccount_login_error": "no other service signs people in",
    "socialaccount_signup": "no other service signs people in",
    "mfa_reauthenticate": "leads on when the sign-in is recent",
    "mfa_activate_totp": "asks for the password again, on account_reauthenticate",
    "mfa_authenticate": "only between the two steps of a sign-in",
    "mfa_deactivate_totp": "only with a second step",
    "mfa_view_recovery_codes": "only with a second step",
    "mfa_generate_recovery_codes": "only with a second step",
    "mfa_download_recovery_codes": "a file",
}
"""Routes that give no page to anybody here, and why."""


def birch_plan() -> Plan:
    return Plan.objects.get(account=birch())


def objective() -> int:
    return first(Objective, plan=birch_plan())


class Opened(NamedTuple):
    """A page: the name of its route, its address, and who opens it."""

    name: str
    address: str
    person: str | None


def keys_of(path: str) -> list[Any]:
    """Keys for the route at `path`; KeyError when nothing is known of it."""
    if "<" not in path:
        return []
    return KEYS[max((known for known in KEYS if path.startswith(known)), key=len, default=path)]()


def visits() -> Iterator[Opened]:
    """Every route that answers somebody's GET with a whole page."""
    closed = []
    clients = {name: Client() for name in PEOPLE}
    for name, client in clients.items():
        if name:
            client.post(reverse("account_login"), {"login": name, "password": demo.PASSWORD})
    for name, path in routes():
        if path.startswith("api/") or not name or (name in CLOSED and "<" in path):
            continue
        try:
            address = reverse(name, args=keys_of(path))
        except (KeyError, NoReverseMatch) as error:
            pytest.fail(f"{name}: KEYS does not say what stands for {path} ({error})")
        address += QUERIES.get(name, "")
        statuses = set()
        for person, client in clients.items():
            response = client.get(address)
            statuses.add(response.status_code)
            if response.status_code == 200:
                if b"<html" in b"".join(response):
                    yield Opened(name, address, person)
                break
        else:
            if 405 not in statuses and name not in CLOSED:
                closed.append(f"{name} opens for nobody: {statuses}")
    assert not closed, "\n".join(closed)


@pytest.fixture(scope="package")
def pages(transactional_db: None) -> list[Opened]:
    """All pages, with an import, a mapping, a webhook and a mail to look at."""
    programme = Programme.objects.get()
    owner = User.objects.get(username="programme")
    RunFactory(scope=programme, owner=owner)
    RememberedMappingFactory(scope=programme, owner=owner)
    FolderFileFactory(folder=FolderFactory(scope=programme, owner=owner))
    ExportFactory(owner=owner)
    MergeFactory(account=birch(), merged_by=owner)
    WebhookFactory(owner=owner)
    Mail.objects.create(subject="Your account was reviewed")
    return list(visits())


def chosen(pages: list[Opened], turn: int) -> list[Opened]:
    """What is opened in the way number `turn`."""
    others = [page for page in pages if page.name not in MAIN]
    return [page for page in pages if page.name in MAIN] + others[turn :: len(WAYS)]


@pytest.mark.parametrize("turn", range(len(WAYS)))
def test_every_page_is_accessible_and_quiet(open_page, sign_in, pages, turn):
    way = WAYS[turn]
    browsers: dict[str | None, Page] = {}
    found: list[str] = []
    for opened in chosen(pages, turn):
        if opened.person not in browsers:
            enter = functools.partial(sign_in, opened.person) if opened.person else open_page
            browsers[opened.person] = enter(**way)
        page = browsers[opened.person]
        assert page.goto(opened.address).status == 200, opened
        if page.locator("[hx-trigger=load]").count():
            page.wait_for_load_state("networkidle")  # half a second of silence
        found += chain(problems_of(page), sideways(page), astray(page), cut_off(page))
    assert not found, "\n".join(found)


def test_main_pages_are_there(pages):
    assert {page.name for page in pages} >= MAIN


def sideways(page: Page) -> list[str]:
    """Whether the page itself scrolls sideways."""
    extra = page.evaluate(
        "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )
    return [f"{page.url} is {extra} px too wide"] if extra > 0 else []


PHONE = ViewportSize(width=360, height=800)


def cut_off(page: Page) -> list[str]:
    """Words that, on a phone, end beyond the edge of the page: nothing scrolls to them but a
    panel, which does so for tables alone, and no three dots say so."""
    before = page.viewport_size or PHONE
    page.set_viewport_size(PHONE)
    words = page.evaluate(
        """() => {
          const edge = document.documentElement.clientWidth + 1;
          const known = (node) => {
            const table = node.closest("table");
            for (; node && node !== document.body; node = node.parentElement) {
              const { overflowX, textOverflow } = getComputedStyle(node);
              const scrolls = overflowX === "auto" || overflowX === "scroll";
              if (scrolls && (table || !node.matches(".panel"))) return true;
              if (textOverflow === "ellipsis" || node.matches(".vh")) return true;
            }
            return false;
          };
          const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
          const found = [];
          while (walker.nextNode()) {
            const node = walker.currentNode;
            const range = document.createRange();
            range.selectNodeContents(node);
            const { width, right } = range.getBoundingClientRect();
            if (width && right > edge && !known(node.parentElement)) found.push(node.data.trim());
          }
          return found;
        }"""
    )
    page.set_viewport_size(before)
    return [f"{page.url}: {word!r} is cut off on a phone" for word in words]


def astray(page: Page) -> list[str]:
    """Tables in which, on a phone, a row shows more or fewer cells than there are headings;
    rows laid out otherwise than as a table stand under none."""
    before = page.viewport_size or PHONE
    page.set_viewport_size(PHONE)
    captions = page.evaluate(
        """() => {
          const shown = row => [...row.cells].reduce(
            (sum, cell) => sum + (cell.offsetParent === null ? 0 : cell.colSpan), 0);
          const laid = row => getComputedStyle(row).display === "table-row" && shown(row);
          return [...document.querySelectorAll("table.tbl")]
            .filter(table => table.tHead && table.offsetParent !== null)
            .filter(table => [...table.tBodies].some(body => [...body.rows].some(
              row => laid(row) && shown(row) !== shown(table.tHead.rows[0]))))
            .map(table => table.caption ? table.caption.textContent : table.outerHTML.slice(0, 80));
        }"""
    )
    page.set_viewport_size(before)
    return [f"{page.url}: cells stand under other headings: {caption}" for caption in captions]
