"""Every route and API endpoint, tried by everybody who must not see what is behind it.

The URL configuration is walked, so that a route without an entry in `ROUTES` fails here. For a new

- **route with an object key**: add `"app:name": hidden(lambda w: [w.things["plan"].pk])`. All
  outsiders of `tests/scoping.py` then get 404 (405) on every method.
- **route of something that all people of the programme know** (units, functions): `known(args)`:
  strangers get 404, the programme's people may read it, nobody who does not run it may write.
- **page for administrators**: `reserved(args)`: 403 or 404 for all outsiders.
- **route without a key** (lists, search, exports, forms): `listed()`, with the queries to try, e.g.
  `listed({"q": SECRET}, {"format": "csv"})`; the answer must be the same, byte for byte, whether
  the hidden account exists or not, so that no row, count, picker or chart gives it away.
- **route that concerns only its caller or nobody**: `own("why")`.
- **model that hangs on an account**: register a function in `tests/scoping.py` (`HANGING`) that
  hangs one on `world.account`, with `SECRET` in its name, and puts it into `world.things`.

API routes are named `<resource>-list` and `<resource>-detail`; they are tried with a token, and by
thorough outsiders with a session of the same person, too.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import Account
from kam.access import prepared
from kam.access.dates import business_today
from kam.api.services import create_token
from teams.models import User
from tests.factories.accounts import AccountFactory, ConflictExceptionFactory, ConflictFactory
from tests.factories.teams import MembershipFactory, RoleGrantFactory, TeamFactory, UserFactory
from tests.scoping import OUTSIDERS, SECRET, Outsider, World, routes, scrubbed

pytestmark = pytest.mark.django_db

METHODS = ("get", "head", "post", "put", "patch", "delete")
NOT_FOUND = {404, 405}
REFUSED = {403, 404, 405, 415, 428}
"""415 and 428: a body that is no JSON, no version named; nothing was looked at."""
UNKNOWN = {301, 302, 401, 403, 404, 405}
"""What a visitor gets who has not signed in: the sign-in page or a refusal."""

Arguments = Callable[[World], list[Any]]


def no_arguments(world: World) -> list[Any]:
    """Of a route without a key."""
    return []


@dataclass(frozen=True)
class Route:
    """How a route is tried: `kind` is hidden, known, reserved, listed or own."""

    kind: str
    arguments: Arguments = no_arguments
    queries: tuple[dict[str, Any], ...] = ({},)
    why: str = ""


def hidden(arguments: Arguments) -> Route:
    """An object of the hidden account."""
    return Route("hidden", arguments)


def known(arguments: Arguments) -> Route:
    """An object known to the people of the programme, changed by who runs it."""
    return Route("known", arguments)


def reserved(arguments: Arguments = no_arguments) -> Route:
    """For administrators alone."""
    return Route("reserved", arguments)


def listed(*queries: dict[str, Any]) -> Route:
    """A route without a key, tried as it is and with each of `queries`."""
    return Route("listed", queries=({}, *queries))


def own(why: str) -> Route:
    """Concerns the caller alone, or nobody."""
    return Route("own", why=why)


ACCOUNT = hidden(lambda w: [w.account.pk])
"""A route whose only key is the hidden account's."""

EXPORT = hidden(lambda w: [w.things["export"].pk])
PAIR = hidden(lambda w: [w.things["pair"].pk])
MERGE = hidden(lambda w: [w.things["merge"].pk])
WEBHOOK = hidden(lambda w: [w.things["webhook"].pk])
PLAN = hidden(lambda w: [w.things["plan"].pk])
OBJECTIVE = hidden(lambda w: ["objective", w.things["objective"].pk])
FIELD = hidden(lambda w: ["objective", w.things["objective"].pk, "title"])
ACTION = hidden(lambda w: [w.things["action"].pk])

EXPECTATION = hidden(lambda w: [w.things["expectation"].pk])
QUALIFICATION = hidden(lambda w: [w.things["qualification"].pk])
BUDGET_LINE = hidden(lambda w: [w.things["budget_line"].pk])
RETURN_CASE = hidden(lambda w: [w.things["return_case"].pk])
REORGANISATION = known(lambda w: [w.things["organisation_change"].pk])
PARAMETER = known(lambda w: [w.things["parameter"].pk])
TARGET_PROFILE = known(lambda w: [w.things["target_profile"].pk])
BENEFIT = hidden(lambda w: [w.things["benefit"].pk])
FACTOR = hidden(lambda w: [w.things["factor"].pk])
CAPACITY = known(lambda w: [w.things["capacity"].pk])
SELECTION = known(lambda w: [w.things["selection"].pk])

FILE = hidden(lambda w: [w.things["file"].pk])

ROUTES: dict[str, Route] = {
    # teams
    "teams:list": listed({"q": SECRET}, {"sort": "-name"}, {"export": "csv"}),
    "teams:create": listed(),
    "teams:detail": hidden(lambda w: [w.team.pk]),
    "teams:update": hidden(lambda w: [w.team.pk]),
    "teams:archive": hidden(lambda w: [w.team.pk]),
    "teams:restore": hidden(lambda w: [w.team.pk]),
    "teams:member_add": hidden(lambda w: [w.team.pk]),
    "teams:member_update": hidden(lambda w: [w.things["membership"].pk]),
    "teams:member_role": hidden(lambda w: [w.things["membership"].pk]),
    "teams:member_end": hidden(lambda w: [w.things["membership"].pk]),
    # settings
    "set_up": own("404 once there is somebody"),
    "settings:index": listed(),
    "settings:me": listed(),
    "settings:tokens": listed(),
    "settings:token_create": listed(),
    "settings:token_revoke": hidden(lambda w: [w.things["token"].pk]),
    "settings:calendar_make": own("one's own calendar; POST alone"),
    "settings:calendar_close": own("one's own calendar; POST alone"),
    "calendars:feed": own("the secret is the key; tests/kam/test_calendars.py"),
    "api:calendar": own("one's own calendar"),
    "settings:webhooks": listed(),
    "settings:webhook_create": listed(),
    "settings:webhook_rotate": WEBHOOK,
    "settings:webhook_switch": WEBHOOK,
    "settings:webhook_again": WEBHOOK,
    "settings:webhook_remove": WEBHOOK,
    "settings:people": listed({"q": "insider"}, {"export": "csv"}),
    "settings:person_create": listed(),
    "settings:person": reserved(lambda w: [w.insider.pk]),
    "settings:person_update": reserved(lambda w: [w.insider.pk]),
    "settings:person_deactivate": reserved(lambda w: [w.insider.pk]),
    "settings:person_activate": reserved(lambda w: [w.insider.pk]),
    "settings:person_invite": reserved(lambda w: [w.insider.pk]),
    "settings:role_grant": reserved(lambda w: [w.insider.pk]),
    "settings:role_end": reserved(lambda w: [w.things["grant"].pk]),
    "settings:programme_create": listed(),
    "settings:programme": known(lambda w: [w.programme.pk]),
    "settings:programme_update": known(lambda w: [w.programme.pk]),
    "settings:values_update": known(lambda w: [w.programme.pk, "plan"]),
    "settings:unit_create": known(lambda w: [w.programme.pk]),
    "settings:unit_update": known(lambda w: [w.unit.pk]),
    "settings:unit_archive": known(lambda w: [w.unit.pk]),
    "settings:unit_restore": known(lambda w: [w.unit.pk]),
    "settings:function_create": known(lambda w: [w.programme.pk]),
    "settings:function_update": known(lambda w: [w.things["function"].pk]),
    "settings:function_archive": known(lambda w: [w.things["function"].pk]),
    "settings:function_restore": known(lambda w: [w.things["function"].pk]),
    "api:programmes-list": listed({"with_count": 1}),
    "api:programmes-detail": known(lambda w: [w.programme.pk]),
    "api:programmes-values": known(lambda w: [w.programme.pk]),
    "api:programme-settings-list": listed({"with_count": 1}),
    "api:programme-settings-detail": known(lambda w: [w.things["setting"].pk]),
    "api:business-units-list": listed({"with_count": 1}),
    "api:business-units-detail": known(lambda w: [w.unit.pk]),
    "api:business-units-restore": known(lambda w: [w.unit.pk]),
    "api:functions-list": listed({"with_count": 1}),
    "api:functions-detail": known(lambda w: [w.things["function"].pk]),
    "api:functions-restore": known(lambda w: [w.things["function"].pk]),
    "api:users-list": listed({"with_count": 1}, {"search": SECRET}),
    "api:users-detail": known(lambda w: [w.insider.pk]),
    "api:users-activate": reserved(lambda w: [w.insider.pk]),
    "api:users-invite": reserved(lambda w: [w.insider.pk]),
    "api:role-grants-list": listed({"with_count": 1}),
    "api:role-grants-detail": known(lambda w: [w.things["grant"].pk]),
    "api:teams-list": listed({"with_count": 1}, {"search": SECRET}),
    "api:teams-detail": hidden(lambda w: [w.team.pk]),
    "api:teams-restore": hidden(lambda w: [w.team.pk]),
    "api:memberships-list": listed({"with_count": 1}),
    "api:memberships-detail": hidden(lambda w: [w.things["membership"].pk]),
    "api:memberships-role": hidden(lambda w: [w.things["membership"].pk]),
    # plumbing
    "documents:held": hidden(lambda w: ["contact", w.things["contact"].pk]),
    "documents:add": hidden(lambda w: ["plan", w.things["plan"].pk]),
    "documents:detail": FILE,
    "documents:edit": FILE,
    "documents:replace": FILE,
    "documents:content": FILE,
    "documents:earlier": hidden(lambda w: [w.things["file"].pk, 1]),
    "documents:archive": FILE,
    "documents:restore": FILE,
    "api:attachments-list": listed({"with_count": 1}, {"search": SECRET}, {"object_type": "x"}),
    "api:attachments-detail": FILE,
    "api:attachments-file": FILE,
    "api:attachments-versions": FILE,
    "api:attachments-version-file": hidden(lambda w: [w.things["file"].pk, 1]),
    "api:attachments-restore": FILE,
    # accounts
    "accounts:list": listed(
        {"search": SECRET},
        {"status": "candidate"},
        {"sort": "-revenue"},
        {"stage": "none"},
        {"archived": "true"},
        {"export": "csv"},
    ),
    "accounts:groups": listed({"search": SECRET}),
    "accounts:matrix": listed({"search": SECRET}, {"cut": "medians"}, {"export": "csv"}),
    "accounts:effort": listed({"export": "csv"}),
    "accounts:register": listed({"rationale": "access"}, {"export": "csv"}),
    "accounts:violated": listed(),
    "accounts:look_again": listed({"export": "csv"}),
    "accounts:undecided": listed({"status": "key"}, {"export": "csv"}),
    "accounts:filter": listed(),
    "accounts:pick": listed({"q": SECRET}, {"q": "plc"}),
    "accounts:create": listed(),
    "accounts:log_contact": listed(),
    "accounts:detail": ACCOUNT,
    "accounts:card": ACCOUNT,
    "accounts:coverage_of": ACCOUNT,
    "accounts:profile": ACCOUNT,
    "accounts:files": ACCOUNT,
    "accounts:people": ACCOUNT,
    "accounts:history": ACCOUNT,
    "accounts:figures": ACCOUNT,
    "accounts:lines": ACCOUNT,
    "accounts:costs": ACCOUNT,
    "accounts:edit": ACCOUNT,
    "accounts:status": ACCOUNT,
    "accounts:team": ACCOUNT,
    "accounts:archive": ACCOUNT,
    "accounts:restore": ACCOUNT,
    "accounts:log_contact_with": ACCOUNT,
    "accounts:contact_create": ACCOUNT,
    "accounts:site_create": ACCOUNT,
    "accounts:contact": hidden(lambda w: [w.things["contact"].pk]),
    "accounts:contact_edit": hidden(lambda w: [w.things["contact"].pk]),
    "accounts:contact_archive": hidden(lambda w: [w.things["contact"].pk]),
    "accounts:contact_restore": hidden(lambda w: [w.things["contact"].pk]),
    "accounts:site_edit": hidden(lambda w: [w.things["site"].pk]),
    "accounts:site_archive": hidden(lambda w: [w.things["site"].pk]),
    "accounts:site_restore": hidden(lambda w: [w.things["site"].pk]),
    "accounts:talk_edit": hidden(lambda w: [w.things["talk"].pk]),
    "accounts:talk_archive": hidden(lambda w: [w.things["talk"].pk]),
    "accounts:talk_restore": hidden(lambda w: [w.things["talk"].pk]),
    "accounts:expectation_create": ACCOUNT,
    "accounts:expectation_edit": EXPECTATION,
    "accounts:expectation_archive": EXPECTATION,
    "accounts:expectation_restore": EXPECTATION,
    "accounts:qualifications": listed({"export": "csv"}),
    "accounts:qualification_create": ACCOUNT,
    "accounts:qualification_edit": QUALIFICATION,
    "accounts:qualification_decide": QUALIFICATION,
    "accounts:qualification_archive": QUALIFICATION,
    "accounts:qualification_restore": QUALIFICATION,
    "accounts:questions": listed(),
    "accounts:budget": listed({"export": "csv"}),
    "accounts:budget_create": listed(),
    "accounts:budget_edit": BUDGET_LINE,
    "accounts:budget_archive": BUDGET_LINE,
    "accounts:budget_restore": BUDGET_LINE,
    "accounts:returns": listed({"export": "csv"}),
    "accounts:return_create": ACCOUNT,
    "accounts:return_edit": RETURN_CASE,
    "accounts:return_verdict": RETURN_CASE,
    "accounts:return_archive": RETURN_CASE,
    "accounts:return_restore": RETURN_CASE,
    "accounts:organisation": listed({"export": "csv"}),
    "accounts:organisation_create": listed(),
    "accounts:organisation_edit": REORGANISATION,
    "accounts:organisation_archive": REORGANISATION,
    "accounts:organisation_restore": REORGANISATION,
    "accounts:wallet": ACCOUNT,
    "accounts:purchases": listed({"search": SECRET}, {"archived": "true"}, {"export": "csv"}),
    "accounts:market_map": listed({"measure": "volume"}, {"export": "csv"}),
    "accounts:market_map_propose": ACCOUNT,
    "accounts:market_map_propose_all": own("looks within what the caller sees; POST alone"),
    "accounts:costs_planned": listed({"search": SECRET}),
    "accounts:purchase_create": listed(),
    "accounts:purchase_create_for": ACCOUNT,
    "accounts:purchase_edit": hidden(lambda w: [w.things["purchase"].pk]),
    "accounts:purchase_archive": hidden(lambda w: [w.things["purchase"].pk]),
    "accounts:purchase_restore": hidden(lambda w: [w.things["purchase"].pk]),
    "accounts:criteria": listed(),
    "accounts:criteria_publish": listed({"kind": "strength"}),
    "accounts:criteria_own": ACCOUNT,
    "accounts:scores": listed(
        {"search": SECRET},
        {"kind": "strength", "horizon": "year3", "whose": "mine"},
        {"export": "csv"},
    ),
    "accounts:scores_of": ACCOUNT,
    "accounts:score_give": ACCOUNT,
    "accounts:selections": listed({"archived": "1"}),
    "accounts:selection_create": listed(),
    "accounts:selection": SELECTION,
    "accounts:selection_progress": SELECTION,
    "accounts:selection_solve": SELECTION,
    "accounts:selection_mark": SELECTION,
    "accounts:selection_stop": SELECTION,
    "accounts:selection_copy": SELECTION,
    "accounts:selection_decide": SELECTION,
    "accounts:selection_archive": SELECTION,
    "accounts:selection_restore": SELECTION,
    "accounts:selection_delete": SELECTION,
    "accounts:selection_managers": SELECTION,
    "accounts:selection_compare": listed({"run": "1"}),
    "accounts:capacities": listed(),
    "accounts:capacity_create": listed(),
    "accounts:capacity_edit": CAPACITY,
    "accounts:capacity_archive": CAPACITY,
    "accounts:profile_section": hidden(lambda w: [w.account.pk, "insight"]),
    "accounts:insight": ACCOUNT,
    "accounts:ratings_of": ACCOUNT,
    "accounts:rate": ACCOUNT,
    "accounts:target_set": ACCOUNT,
    "accounts:factor_create": ACCOUNT,
    "accounts:factor_edit": FACTOR,
    "accounts:factor_archive": FACTOR,
    "accounts:factor_restore": FACTOR,
    "accounts:benefit_create": ACCOUNT,
    "accounts:benefit_edit": BENEFIT,
    "accounts:benefit_archive": BENEFIT,
    "accounts:benefit_restore": BENEFIT,
    "accounts:card_pdf": ACCOUNT,
    "accounts:target_profiles": listed({"archived": "1"}, {"export": "csv"}),
    "accounts:target_profile_create": listed(),
    "accounts:target_profile": TARGET_PROFILE,
    "accounts:target_profile_edit": TARGET_PROFILE,
    "accounts:target_profile_archive": TARGET_PROFILE,
    "accounts:target_profile_restore": TARGET_PROFILE,
    "accounts:targets": listed({"history": "1"}, {"export": "csv"}, {"status": "targeted"}),
    "accounts:parameters": listed({"archived": "1"}, {"export": "csv"}),
    "accounts:parameter_create": listed(),
    "accounts:parameter_edit": PARAMETER,
    "accounts:parameter_archive": PARAMETER,
    "accounts:parameter_restore": PARAMETER,
    "accounts:channels": listed({"archived": "1"}, {"export": "csv"}),
    "accounts:channel_create": listed(),
    "accounts:channel_edit": known(lambda w: [w.things["channel"].pk]),
    "accounts:channel_archive": known(lambda w: [w.things["channel"].pk]),
    "accounts:channel_restore": known(lambda w: [w.things["channel"].pk]),
    "accounts:conflicts": listed(),
    "accounts:conflict_create": listed(),
    "accounts:conflict_end": hidden(lambda w: [w.things["barrier"].pk]),
    "accounts:exception_create": hidden(lambda w: [w.things["barrier"].pk]),
    "accounts:exception_end": hidden(lambda w: [w.things["exception"].pk]),
    "accounts:duplicates": listed({"kind": "account"}, {"run": "1"}),
    "accounts:dismissed": listed(),
    "accounts:duplicates_find": own("looks within what the caller sees; POST alone"),
    "accounts:duplicates_progress": own("the caller's own search"),
    "accounts:duplicate_dismiss": PAIR,
    "accounts:duplicate_reopen": PAIR,
    "accounts:merges": listed(),
    "accounts:merge": MERGE,
    "accounts:merge_undo": MERGE,
    "accounts:merge_pick": ACCOUNT,
    "accounts:merge_preview": hidden(lambda w: [w.account.pk, w.things["other"].pk]),
    "accounts:contact_merge": hidden(lambda w: [w.things["contact"].pk] * 2),
    "accounts:products": listed({"search": "x"}),
    "accounts:product_create": listed(),
    "accounts:product_edit": known(lambda w: [w.things["product"].pk]),
    "accounts:product_archive": known(lambda w: ["product", w.things["product"].pk]),
    "accounts:product_restore": known(lambda w: ["product", w.things["product"].pk]),
    "accounts:line_create": listed(),
    "accounts:line_edit": known(lambda w: [w.things["product_line"].pk]),
    "accounts:rates": listed({"currency": "EUR"}, {"archived": "true"}),
    "accounts:rate_create": known(lambda w: [w.programme.pk]),
    "accounts:rate_archive": known(lambda w: [w.things["rate"].pk]),
    "accounts:rate_restore": known(lambda w: [w.things["rate"].pk]),
    # plans
    "plans:of_account": ACCOUNT,
    "plans:new": ACCOUNT,
    "plans:from_map": ACCOUNT,
    "plans:new_goal": ACCOUNT,
    "plans:detail": PLAN,
    "plans:edit": PLAN,
    "plans:history": PLAN,
    "plans:presence": PLAN,
    "plans:step": hidden(lambda w: [w.things["plan"].pk, "submit"]),
    "plans:version": hidden(lambda w: [w.things["plan_version"].pk]),
    "plans:add": hidden(lambda w: [w.things["plan"].pk, "objective"]),
    "plans:row": OBJECTIVE,
    "plans:archive": OBJECTIVE,
    "plans:restore": OBJECTIVE,
    "plans:move": OBJECTIVE,
    "plans:drop": hidden(lambda w: [w.things["objective"].pk]),
    "plans:field": FIELD,
    "plans:draft": FIELD,
    "plans:discard_draft": FIELD,
    "plans:capture_under": hidden(lambda w: ["strategy", w.things["strategy"].pk]),
    "plans:actions": listed(
        {"whose": "all"}, {"account": "1"}, {"state": "all"}, {"whose": "all", "export": "csv"}
    ),
    "plans:capture": listed(),
    "plans:action": ACTION,
    "plans:close": ACTION,
    "plans:reopen": ACTION,
    "plans:archive_action": ACTION,
    "plans:restore_action": ACTION,
    # api
    "api:accounts-list": listed(
        {"search": SECRET},
        {"with_count": 1},
        {"ordering": "-updated_at"},
        {"archived": "true"},
        {"external_system": "erp"},
    ),
    "api:accounts-detail": ACCOUNT,
    "api:accounts-status": ACCOUNT,
    "api:accounts-figures": ACCOUNT,
    "api:accounts-coverage": ACCOUNT,
    "api:ledger-entries-list": listed({"with_count": 1}, {"search": SECRET}),
    "api:ledger-entries-detail": hidden(lambda w: [w.things["line"].pk]),
    "api:category-purchases-list": listed({"with_count": 1}, {"search": SECRET}),
    "api:category-purchases-map": listed({"after": "1"}),
    "api:category-purchases-detail": hidden(lambda w: [w.things["purchase"].pk]),
    "api:category-purchases-restore": hidden(lambda w: [w.things["purchase"].pk]),
    "api:criteria-list": listed({"with_count": 1}, {"search": SECRET}),
    "api:criteria-detail": hidden(lambda w: [w.things["own_criteria"].pk]),
    "api:criteria-in-force": listed(),
    "api:scorings-list": listed({"with_count": 1}, {"search": SECRET}),
    "api:scorings-detail": hidden(lambda w: [w.things["score"].pk]),
    "api:scorings-evidence": listed({"account": "1"}),
    "api:positions-list": listed({"with_count": 1}, {"search": SECRET}),
    "api:positions-detail": hidden(lambda w: [w.things["position"].pk]),
    "api:channels-list": listed({"with_count": 1}),
    "api:channels-detail": known(lambda w: [w.things["channel"].pk]),
    "api:channels-restore": known(lambda w: [w.things["channel"].pk]),
    "api:selections-list": listed({"with_count": 1}, {"search": SECRET}),
    "api:selections-detail": SELECTION,
    "api:selections-solve": SELECTION,
    "api:selections-stop": SELECTION,
    "api:selections-copy": SELECTION,
    "api:selections-decide": SELECTION,
    "api:selections-compare": listed({"runs": "1,2"}),
    "api:decisions-list": listed({"with_count": 1}, {"search": SECRET}),
    "api:decisions-detail": hidden(lambda w: [w.things["decision"].pk]),
    "api:expectations-list": listed({"with_count": 1}, {"search": SECRET}),
    "api:expectations-detail": hidden(lambda w: [w.things["expectation"].pk]),
    "api:expectations-restore": hidden(lambda w: [w.things["expectation"].pk]),
    "api:qualifications-list": listed({"with_count": 1}, {"search": SECRET}, {"due": "true"}),
    "api:qualifications-detail": QUALIFICATION,
    "api:qualifications-restore": QUALIFICATION,
    "api:qualifications-decide": QUALIFICATION,
    "api:positions-effort": listed({"over": "true"}),
    "api:budget-lines-list": listed({"with_count": 1}, {"search": SECRET}),
    "api:budget-lines-detail": BUDGET_LINE,
    "api:budget-lines-restore": BUDGET_LINE,
    "api:return-cases-list": listed({"with_count": 1}, {"search": SECRET}),
    "api:return-cases-detail": RETURN_CASE,
    "api:return-cases-figures": RETURN_CASE,
    "api:return-cases-verdict": RETURN_CASE,
    "api:return-cases-restore": RETURN_CASE,
    "api:organisation-changes-list": listed({"with_count": 1}),
    "api:organisation-changes-detail": REORGANISATION,
    "api:organisation-changes-restore": REORGANISATION,
    "api:manager-capacities-restore": known(lambda w: [w.things["capacity"].pk]),
    "api:manager-capacities-list": listed({"with_count": 1}),
    "api:manager-capacities-detail": known(lambda w: [w.things["capacity"].pk]),
    "api:profile-parameters-list": listed({"with_count": 1}),
    "api:profile-parameters-detail": PARAMETER,
    "api:profile-parameters-restore": PARAMETER,
    "api:ratings-list": listed({"with_count": 1}, {"search": SECRET}),
    "api:ratings-detail": hidden(lambda w: [w.things["rating"].pk]),
    "api:target-profiles-list": listed({"with_count": 1}),
    "api:target-profiles-detail": TARGET_PROFILE,
    "api:target-profiles-restore": TARGET_PROFILE,
    "api:target-profiles-matches": TARGET_PROFILE,
    "api:targets-list": listed({"with_count": 1}, {"search": SECRET}),
    "api:targets-detail": hidden(lambda w: [w.things["target"].pk]),
    "api:profile-entries-list": listed({"with_count": 1}, {"search": SECRET}),
    "api:profile-entries-detail": hidden(lambda w: [w.things["entry"].pk]),
    "api:success-factors-list": listed({"with_count": 1}, {"search": SECRET}),
    "api:success-factors-detail": FACTOR,
    "api:success-factors-restore": FACTOR,
    "api:preferred-benefits-list": listed({"with_count": 1}, {"search": SECRET}),
    "api:preferred-benefits-detail": BENEFIT,
    "api:preferred-benefits-restore": BENEFIT,
    "api:activity-costs-list": listed({"with_count": 1}),
    "api:activity-costs-detail": hidden(lambda w: [w.things["cost"].pk]),
    "api:activities-list": listed({"with_count": 1}),
    "api:activities-detail": known(lambda w: [w.things["activity"].pk]),
    "api:exchange-rates-list": listed({"with_count": 1}),
    "api:exchange-rates-detail": known(lambda w: [w.things["rate"].pk]),
    "api:exchange-rates-restore": known(lambda w: [w.things["rate"].pk]),
    "api:portfolio": listed({"level": "group"}, {"status": "key"}, {"to": "2026-05-31"}),
    "api:accounts-restore": ACCOUNT,
    "api:accounts-by-external-id": own("405 or the same refusal; tests/accounts/test_api.py"),
    "api:sites-list": listed({"search": SECRET}),
    "api:sites-detail": hidden(lambda w: [w.things["site"].pk]),
    "api:contacts-list": listed({"search": SECRET}, {"with_count": 1}),
    "api:contacts-detail": hidden(lambda w: [w.things["contact"].pk]),
    "api:interactions-list": listed({"search": SECRET}),
    "api:interactions-detail": hidden(lambda w: [w.things["talk"].pk]),
    "api:conflicts-list": listed({"with_count": 1}),
    "api:conflicts-detail": hidden(lambda w: [w.things["barrier"].pk]),
    "api:conflicts-exceptions": hidden(lambda w: [w.things["barrier"].pk]),
    "api:conflicts-end-exception": hidden(
        lambda w: [w.things["barrier"].pk, w.things["exception"].pk]
    ),
    "api:duplicates-list": listed({"with_count": 1}, {"search": SECRET}),
    "api:duplicates-detail": PAIR,
    "api:duplicates-find": own("looks within what the caller sees; POST alone"),
    "api:duplicates-dismiss": PAIR,
    "api:duplicates-reopen": PAIR,
    "api:merges-list": listed({"with_count": 1}, {"search": SECRET}),
    "api:merges-detail": MERGE,
    "api:merges-undo": MERGE,
    "api:product-lines-list": listed(),
    "api:product-lines-detail": known(lambda w: [w.things["product_line"].pk]),
    "api:products-list": listed({"search": "x"}),
    "api:products-detail": known(lambda w: [w.things["product"].pk]),
    "api:facts-list": listed({"kind": "satisfaction"}),
    "api:facts-detail": hidden(lambda w: [w.things["fact"].pk]),
    "api:status-changes-list": listed(),
    "api:status-changes-detail": hidden(lambda w: [w.things["status_change"].pk]),
    "api:stage-changes-list": listed(),
    "api:stage-changes-detail": hidden(lambda w: [w.things["stage_change"].pk]),
    "api:root": own("names resources"),
    "api:schema": own("describes calls"),
    "api:docs": own("describes calls"),
    "api:me": own("says who calls"),
    "api:changes-list": listed({"page_size": 500}, {"after": "latest"}),
    "api:changes-detail": hidden(lambda w: [w.things["change"].pk]),
    "api:tokens-list": listed({"with_count": 1}),
    "api:tokens-detail": hidden(lambda w: [w.things["token"].pk]),
    "api:stage-reviews-list": listed({"with_count": 1}, {"search": SECRET}),
    "api:stage-reviews-detail": hidden(lambda w: [w.things["review"].pk]),
    "api:stage-reviews-confirm-answers": hidden(lambda w: [w.things["review"].pk]),
    "api:stage-reviews-evidence": hidden(lambda w: [w.things["review"].pk]),
    "api:stage-reviews-propose": hidden(lambda w: [w.things["review"].pk]),
    "api:stage-reviews-withdraw": hidden(lambda w: [w.things["review"].pk]),
    "api:stage-reviews-confirm": hidden(lambda w: [w.things["review"].pk]),
    "api:stage-reviews-reject": hidden(lambda w: [w.things["review"].pk]),
    "api:imports-list": listed({"with_count": 1}, {"search": SECRET}),
    "api:imports-detail": hidden(lambda w: [w.things["run"].pk]),
    "api:imports-undo": hidden(lambda w: [w.things["run"].pk]),
    "api:imports-start": hidden(lambda w: [w.things["run"].pk]),
    "api:imports-stop": hidden(lambda w: [w.things["run"].pk]),
    "api:imports-resume": hidden(lambda w: [w.things["run"].pk]),
    "api:imports-cancel": hidden(lambda w: [w.things["run"].pk]),
    "api:import-mappings-list": listed({"with_count": 1}, {"search": SECRET}),
    "api:import-mappings-detail": hidden(lambda w: [w.things["mapping"].pk]),
    "api:exports-list": listed({"with_count": 1}, {"search": SECRET}),
    "api:exports-detail": EXPORT,
    "api:exports-file": EXPORT,
    "api:exports-stop": EXPORT,
    "exports:list": listed({"sort": "title"}, {"export": "csv"}),
    "exports:new": listed(
        {"address": "/accounts/", "format": "csv"},
        {"address": f"/accounts/?search={SECRET}", "format": "csv"},
        {"address": "/api/v1/contacts/", "format": "csv"},
        {"address": "/settings/people/", "format": "csv"},
    ),
    "exports:file": EXPORT,
    "exports:stop": EXPORT,
    "exports:remove": EXPORT,
    "imports:list": listed({"sort": "file"}),
    "imports:mappings": listed({"sort": "name"}),
    "imports:mapping": hidden(lambda w: [w.things["mapping"].pk]),
    "imports:drop_mapping": hidden(lambda w: [w.things["mapping"].pk]),
    "imports:upload": listed(),
    "imports:folders": listed({"sort": "name"}),
    "imports:folder_new": listed(),
    "imports:folder": hidden(lambda w: [w.things["folder"].pk]),
    "imports:folder_edit": hidden(lambda w: [w.things["folder"].pk]),
    "imports:folder_look": hidden(lambda w: [w.things["folder"].pk]),
    "imports:folder_switch": hidden(lambda w: [w.things["folder"].pk]),
    "imports:folder_remove": hidden(lambda w: [w.things["folder"].pk]),
    "imports:folder_file": hidden(lambda w: [w.things["folder_file"].pk, "dismiss"]),
    "api:import-folders-list": listed({"with_count": 1}, {"search": SECRET}),
    "api:import-folders-detail": hidden(lambda w: [w.things["folder"].pk]),
    "api:import-folders-look": hidden(lambda w: [w.things["folder"].pk]),
    "api:import-files-list": listed({"with_count": 1}, {"search": SECRET}),
    "api:import-files-detail": hidden(lambda w: [w.things["folder_file"].pk]),
    "api:import-files-dismiss": hidden(lambda w: [w.things["folder_file"].pk]),
    "api:import-files-retry": hidden(lambda w: [w.things["folder_file"].pk]),
    "imports:detail": hidden(lambda w: [w.things["run"].pk]),
    "imports:columns": hidden(lambda w: [w.things["run"].pk]),
    "imports:progress": hidden(lambda w: [w.things["run"].pk]),
    "imports:rejected": hidden(lambda w: [w.things["run"].pk]),
    "imports:act": hidden(lambda w: [w.things["run"].pk, "undo"]),
    "api:plans-list": listed({"with_count": 1}, {"search": SECRET}),
    "api:plans-detail": hidden(lambda w: [w.things["plan"].pk]),
    "api:plans-submit": hidden(lambda w: [w.things["plan"].pk]),
    "api:plans-request-changes": hidden(lambda w: [w.things["plan"].pk]),
    "api:plans-check-finance": hidden(lambda w: [w.things["plan"].pk]),
    "api:plans-approve": hidden(lambda w: [w.things["plan"].pk]),
    "api:plans-activate": hidden(lambda w: [w.things["plan"].pk]),
    "api:plans-revise": hidden(lambda w: [w.things["plan"].pk]),
    "api:plans-close": hidden(lambda w: [w.things["plan"].pk]),
    "api:objectives-list": listed({"with_count": 1}, {"search": SECRET}),
    "api:objectives-detail": hidden(lambda w: [w.things["objective"].pk]),
    "api:objectives-drop": hidden(lambda w: [w.things["objective"].pk]),
    "api:objectives-resume": hidden(lambda w: [w.things["objective"].pk]),
    "api:strategies-list": listed({"with_count": 1}, {"search": SECRET}),
    "api:strategies-detail": hidden(lambda w: [w.things["strategy"].pk]),
    "api:actions-list": listed({"with_count": 1}, {"search": SECRET}),
    "api:actions-detail": hidden(lambda w: [w.things["action"].pk]),
    "api:actions-close": hidden(lambda w: [w.things["action"].pk]),
    "api:actions-reopen": hidden(lambda w: [w.things["action"].pk]),
    "api:milestones-list": listed({"with_count": 1}, {"search": SECRET}),
    "api:milestones-detail": hidden(lambda w: [w.things["milestone"].pk]),
    "api:swot-entries-list": listed({"with_count": 1}, {"search": SECRET}),
    "api:swot-entries-detail": hidden(lambda w: [w.things["swot_entry"].pk]),
    "api:risks-list": listed({"with_count": 1}, {"search": SECRET}),
    "api:risks-detail": hidden(lambda w: [w.things["risk"].pk]),
    "api:customer-goals-list": listed({"with_count": 1}, {"search": SECRET}),
    "api:customer-goals-detail": hidden(lambda w: [w.things["customer_goal"].pk]),
    "api:actions-capture": own("names an account in its body, tried in tests/plans/test_api.py"),
    "api:corporate-objectives-list": listed({"with_count": 1}),
    "plans:aims": listed({"archived": "1"}, {"export": "csv"}),
    "plans:aim_create": listed(),
    "plans:aim_edit": known(lambda w: [w.things["corporate_objective"].pk]),
    "plans:aim_archive": known(lambda w: [w.things["corporate_objective"].pk]),
    "plans:aim_restore": known(lambda w: [w.things["corporate_objective"].pk]),
    "api:corporate-objectives-restore": known(lambda w: [w.things["corporate_objective"].pk]),
    "api:corporate-objectives-detail": known(lambda w: [w.things["corporate_objective"].pk]),
    "api:webhooks-list": listed({"with_count": 1}, {"search": SECRET}),
    "api:webhooks-detail": WEBHOOK,
    "api:webhooks-rotate": WEBHOOK,
    "api:webhooks-replay": WEBHOOK,
    "api:contacts-by-external-id": own("405; PUT in tests/kam/test_api_external.py"),
    "api:products-by-external-id": own("405; PUT in tests/kam/test_api_external.py"),
    "api:teams-by-external-id": own("405; PUT in tests/kam/test_api_external.py"),
    "mail:list": reserved(),
    "mail:detail": reserved(lambda w: [w.things["mail"].pk]),
    "web:history_filter": listed(),
    "web:history": listed({"source": "page"}, {"export": "csv"}, {"account": 1}, {"page": 9}),
    "reviews:my_day": listed({"whose": "accounts"}),
    "reviews:changed": listed(),
    "reviews:portfolio": listed(
        {"sort": "-revenue"}, {"status": "candidate", "level": "group"}, {"export": "csv"}
    ),
    "reviews:decisions": listed({"unit": "1"}),
    "reviews:list": listed(
        {"show": "due"},
        {"show": "drafts"},
        {"show": "waiting"},
        {"show": "done"},
        {"mine": "1"},
        {"export": "csv"},
        {"show": "done", "export": "csv"},
        {"q": SECRET},
    ),
    "reviews:account": hidden(lambda w: [w.account.pk]),
    "reviews:start": hidden(lambda w: [w.account.pk]),
    "reviews:detail": hidden(lambda w: [w.things["review"].pk]),
    "reviews:edit": hidden(lambda w: [w.things["review"].pk]),
    "reviews:answer": hidden(lambda w: [w.things["review"].pk, "A1"]),
    "reviews:confirm_answers": hidden(lambda w: [w.things["review"].pk]),
    "reviews:check": hidden(lambda w: [w.things["review"].pk, "go"]),
    "reviews:signal": hidden(lambda w: [w.things["review"].pk, "U1"]),
    "reviews:propose": hidden(lambda w: [w.things["review"].pk]),
    "reviews:withdraw": hidden(lambda w: [w.things["review"].pk]),
    "reviews:confirm": hidden(lambda w: [w.things["review"].pk]),
    "reviews:reject": hidden(lambda w: [w.things["review"].pk]),
    "reviews:discard": hidden(lambda w: [w.things["review"].pk]),
    "web:save_view": own("keeps a view of the caller"),
    "web:drop_view": hidden(lambda w: [w.things["view"].pk]),
    "web:search": listed({"q": SECRET}, {"q": "plc"}),
}
BULK = [
    "accounts",
    "activity-costs",
    "actions",
    "business-units",
    "category-purchases",
    "channels",
    "conflicts",
    "contacts",
    "corporate-objectives",
    "criteria",
    "customer-goals",
    "exchange-rates",
    "expectations",
    "functions",
    "import-folders",
    "interactions",
    "ledger-entries",
    "manager-capacities",
    "memberships",
    "milestones",
    "objectives",
    "plans",
    "preferred-benefits",
    "success-factors",
    "product-lines",
    "products",
    "profile-entries",
    "profile-parameters",
    "programmes",
    "budget-lines",
    "organisation-changes",
    "qualifications",
    "return-cases",
    "ratings",
    "risks",
    "role-grants",
    "scorings",
    "selections",
    "sites",
    "stage-reviews",
    "strategies",
    "swot-entries",
    "target-profiles",
    "targets",
    "teams",
    "users",
]
ROUTES |= {
    f"api:{name}-bulk": own("405; names rows in its body, tried in tests/kam/test_api_contract.py")
    for name in BULK
}
OWN_PREFIXES = ("sign-in/",)
"""Routes of other packages that concern the caller alone."""


def expected() -> dict[str, str]:
    """Routes of ours by name."""
    return {name or path: path for name, path in routes() if not path.startswith(OWN_PREFIXES)}


def entries(*kinds: str) -> list[tuple[str, Route]]:
    """Entries of these kinds whose route exists."""
    names = expected()
    return [(name, item) for name, item in ROUTES.items() if item.kind in kinds and name in names]


def tried(name: str, outsider: Outsider) -> Any:
    """An outsider as a parameter; on SQLite the thorough ones and those behind barriers suffice."""
    everywhere = outsider.thorough or outsider.belongs
    return pytest.param(name, marks=[] if everywhere else [pytest.mark.one_database])


@pytest.fixture(params=[tried(*item) for item in OUTSIDERS.items()])
def outsider(request) -> Outsider:
    return OUTSIDERS[request.param]


@pytest.fixture
def world() -> World:
    return World().open()


@dataclass(frozen=True)
class Caller:
    """An outsider at work: a browser, and a token of the same person for the API."""

    outsider: Outsider
    browser: Client
    token: Client | None

    def clients(self, name: str) -> list[Client]:
        """Whom to send to the route `name`: a token to the API, the thorough with both."""
        if self.token is None or not name.startswith("api:"):
            return [self.browser]
        return [self.browser, self.token] if self.outsider.thorough else [self.token]

    @property
    def methods(self) -> tuple[str, ...]:
        """What is tried."""
        return METHODS if self.outsider.thorough else ("get", "post")

    @property
    def writes(self) -> tuple[str, ...]:
        """What is tried of things that may be read."""
        return tuple(method for method in self.methods if method not in {"get", "head"})


@pytest.fixture
def caller(outsider, world) -> Caller:
    """The outsider, before anything is hidden."""
    browser, token = Client(), None
    user = outsider.make(world)
    if user is not None:
        browser.force_login(user)
        _row, secret = create_token(actor=None, owner=user, name="Outside", scope="admin")
        token = Client(headers={"Authorization": f"Bearer {secret}"})
        token.get(reverse("api:me"))  # notes the day of its first use
    return Caller(outsider, browser, token)


def test_every_route_has_an_entry():
    names = expected()
    assert sorted(set(names) - set(ROUTES)) == [], "add them to ROUTES, see above"


def test_every_entry_has_a_route():
    assert sorted(set(ROUTES) - set(expected())) == []


def test_outsider_finds_no_hidden_object(caller, world):
    world.hide()
    allowed = NOT_FOUND if caller.outsider.signs_in else UNKNOWN
    assert _tried(caller, world, entries("hidden"), caller.methods, allowed) == []


def test_outsider_changes_nothing_of_the_programme(caller, world):
    world.hide()
    outsider = caller.outsider
    if not outsider.belongs:
        allowed = NOT_FOUND if outsider.signs_in else UNKNOWN
        assert _tried(caller, world, entries("known"), caller.methods, allowed) == []
    elif not outsider.runs:
        assert _tried(caller, world, entries("known"), caller.writes, REFUSED) == []


def test_outsider_finds_no_page_of_administrators(caller, world):
    world.hide()
    allowed = REFUSED if caller.outsider.signs_in else UNKNOWN
    assert _tried(caller, world, entries("reserved"), caller.methods, allowed) == []


def test_lists_are_the_same_with_and_without_what_is_hidden(caller, world):
    before = _pages(caller)
    world.hide()
    after = _pages(caller)
    assert [key for key, body in before.items() if after[key] != body] == []


Loss = Callable[[], None]
"""What somebody does to take a right away; nothing where the night does it."""


def _role_runs_out(world: World, user: User) -> Loss:
    RoleGrantFactory(
        programme_manager=True,
        programme=world.programme,
        user=user,
        valid_until=business_today(),
    )
    return lambda: None


def _leaves_the_team(world: World, user: User) -> Loss:
    member = MembershipFactory(team=world.team, user=user, role="deputy")
    return lambda: member.delete() and None


def _in_a_rival_team(world: World, user: User) -> Account:
    RoleGrantFactory(programme_manager=True, programme=world.programme, user=user)
    team = TeamFactory(programme=world.programme)
    MembershipFactory(team=team, user=user, role="observer")
    return AccountFactory(programme=world.programme, team=team)


def _barrier_goes_up(world: World, user: User) -> Loss:
    rival = _in_a_rival_team(world, user)
    behind = (world.account, world.things["other"])
    return lambda: [ConflictFactory(a=rival, b=account) for account in behind] and None


def _exception_runs_out(world: World, user: User) -> Loss:
    rival = _in_a_rival_team(world, user)
    for behind in (world.account, world.things["other"]):
        barrier = ConflictFactory(a=rival, b=behind)
        ConflictExceptionFactory(conflict=barrier, user=user, valid_until=business_today())
    return lambda: None


LOSSES = {
    "role runs out": _role_runs_out,
    "leaves the team": _leaves_the_team,
    "barrier goes up": _barrier_goes_up,
    "exception runs out": _exception_runs_out,
}


@pytest.mark.one_database
@pytest.mark.parametrize("loss", LOSSES)
def test_sql_that_is_kept_answers_nothing_once_a_right_is_gone(world, loss):
    """What was asked while the right was held says afterwards what SQL that is put together anew
    says; either a person takes the right away, or the next day does. All queries of a list keep the
    same rights: one loss tries them all."""
    in_full = loss == "leaves the team"
    with time_machine.travel(timezone.now().replace(hour=12), tick=False) as clock:
        world.hide()
        user = UserFactory()
        lose = LOSSES[loss](world, user)
        browser = Client()
        browser.force_login(user)
        _row, secret = create_token(actor=None, owner=user, name="Inside", scope="admin")
        token = Client(headers={"Authorization": f"Bearer {secret}"})
        caller = Caller(Outsider(lambda _world: user), browser, token)
        seen = _tried(caller, world, entries("hidden"), ("get",), NOT_FOUND)
        assert len(seen) > len(entries("hidden")) / 3
        _pages(caller, in_full=in_full)
        lose()
        if loss.endswith("runs out"):
            clock.shift(datetime.timedelta(days=1))
        assert _tried(caller, world, entries("hidden"), ("get",), NOT_FOUND) == []
        kept = _pages(caller, in_full=in_full)
        for memory in (prepared._kept, prepared._compiled, prepared._told):
            memory.clear()
        anew = _pages(caller, in_full=in_full)
    assert [key for key, body in anew.items() if kept[key] != body] == []


def test_hidden_objects_are_there_for_the_insider(world):
    """Else the tests above would prove nothing."""
    browser = Client()
    browser.force_login(world.insider)
    world.hide()
    caller = Caller(Outsider(lambda world: world.insider), browser, None)
    found = _tried(caller, world, entries("hidden"), ("get",), {404})
    assert [name for name, _method, _status in found] == [name for name, _ in entries("hidden")]


def _tried(
    caller: Caller,
    world: World,
    named: list[tuple[str, Route]],
    methods: tuple[str, ...],
    allowed: set[int],
) -> list[tuple[str, str, int]]:
    """Calls whose answer was none of `allowed`, or that showed the secret."""
    wrong = []
    for name, item in named:
        address = reverse(name, args=item.arguments(world))
        for method in methods:
            for client in caller.clients(name):
                response = getattr(client, method)(address)
                body = b"".join(response) if response.streaming else response.content
                if response.status_code not in allowed or SECRET.encode() in body:
                    wrong.append((name, method, response.status_code))
    return wrong


def _pages(
    caller: Caller, *, in_full: bool = True
) -> dict[tuple[str, str, int], tuple[int, bytes]]:
    """Status and body of every list, for every query, or only as it is without one."""
    pages = {}
    for name, item in entries("listed"):
        for query in item.queries if in_full else item.queries[:1]:
            for place, client in enumerate(caller.clients(name)):
                response = client.get(reverse(name), query)
                body = b"".join(response) if response.streaming else response.content
                pages[name, str(query), place] = (response.status_code, scrubbed(body))
    return pages
