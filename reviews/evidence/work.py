"""What plans, actions, ledger and dated facts tell of a relationship (handbook 2.4, B to F)."""

from __future__ import annotations

import datetime
from decimal import Decimal
from typing import Any, cast
from urllib.parse import urlencode

from django.db.models import Count, Q, QuerySet, Sum
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.choices import Confidence
from accounts.models import Account, Fact, Interaction, MonthTotal
from kam.access.dates import end_of_business_day
from kam.access.prepared import kept_count, kept_objects, kept_rows
from kam.access.querysets import Reader, sight_of
from kam.web.formatting import number, percent, short_day
from plans.choices import ActionStatus
from plans.models import Action, Objective, Plan
from plans.reading import as_read
from reviews import scoring
from reviews.choices import ShareOrigin
from reviews.evidence.base import SHOWN_RECORDS, TOP, Evidence, Found, Record, year_before
from reviews.models import StageReview

KEPT_LARGELY, KEPT_PARTLY = Decimal("0.9"), Decimal("0.5")
"""Commitments in time from which the data support "largely" (K074) and "partly"."""

SATISFACTION_FACT = "satisfaction"
"""Kind of the dated fact that holds the customer's rating of 1 to 10 (handbook 7, KPI 15)."""

MONTHS = 12


def commitments(review: StageReview, reader: Reader) -> Found:
    """B1: what we had taken on and finished in time; their side of it is not stored."""
    account, on = review.account, review.reviewed_on

    def rows(account: int, since: datetime.date, on: datetime.date) -> QuerySet:
        actions = Action.objects.visible_to(reader).active().filter(account=account)
        due = actions.filter(due__range=(since, on)).exclude(status=ActionStatus.CANCELLED)
        settled = due.filter(Q(due__lt=on) | Q(done_on__lte=on))  # today is not over yet
        return settled.values_list("due", "done_on")

    key = ("commitments", sight_of(reader))
    days = kept_objects(key, rows, account=account.pk, since=year_before(on), on=on)
    if not days:
        return {}
    kept = sum(day is not None and done is not None and done <= day for day, done in days)
    text = ngettext(
        "Our side: %(kept)d of %(count)d action due in 12 months was done in time",
        "Our side: %(kept)d of %(count)d actions due in 12 months were done in time",
        len(days),
    )
    record = Record(
        _("actions"), f"{reverse('plans:actions')}?{urlencode({'account': account.pk})}"
    )
    text = text % {"kept": kept, "count": len(days)}
    return {"B1": [Evidence(text, _kept_score(kept, len(days)), (record,))]}


def _kept_score(kept: int, count: int) -> int:
    """Score that `kept` of `count` commitments support: one is "one instance"."""
    share = Decimal(kept) / count
    level = TOP if share >= KEPT_LARGELY else 2 if share >= KEPT_PARTLY else 1
    return min(level, kept)


def joint_planning(review: StageReview, reader: Reader) -> Found:
    """C1, C3: the plan, and what of it was agreed with the customer."""
    on = review.reviewed_on

    def plans(account: int, on: datetime.date, end: datetime.datetime) -> QuerySet[Plan]:
        known = Q(starts_on__lte=on) | Q(created_at__lt=end)
        mine = Plan.objects.visible_to(reader).active().filter(account=account)
        return mine.filter(known).order_by("-starts_on", "pk")[:1]

    def planned(plan: int) -> QuerySet[Objective]:
        rows = Objective.objects.visible_to(reader).current()
        return rows.filter(plan=plan, dropped_on=None).order_by("position", "pk")

    sight = sight_of(reader)
    found = kept_objects(
        ("known plan", sight),
        plans,
        account=review.account_id,
        on=on,
        end=end_of_business_day(on),
    )
    if not found:
        return {"C1": [Evidence(_("No plan yet"), 0)]}
    plan = as_read(found[0])
    rows = kept_objects(("planned", sight), planned, plan=plan.pk)
    objectives = [cast("Objective", as_read(row)) for row in rows]
    agreed = [row for row in objectives if row.shared]
    return {
        "C1": [_plan(plan, len(objectives), len(agreed), on)],
        "C3": [_agreed(agreed, on)] if objectives else [],
    }


def _plan(plan: Any, count: int, agreed: int, on: datetime.date) -> Evidence:
    """C1: written at all (1), agreed with the customer in part (2), and in force so (3)."""
    approved = plan.approved_on is not None and plan.approved_on <= on
    if approved:
        text = _("Approved %(day)s") % {"day": short_day(plan.approved_on)}
    else:
        text = _("Not approved")
    record = Record(plan.title, plan.get_absolute_url())
    if not count:
        return Evidence(text, 1 if plan.reads_working else None, (record,))
    shared = ngettext(
        "%(agreed)d of %(count)d objective agreed with the customer",
        "%(agreed)d of %(count)d objectives agreed with the customer",
        count,
    )
    says = (TOP if approved and agreed == count else 2) if agreed else 1
    text = f"{text}; {shared % {'agreed': agreed, 'count': count}}"
    return Evidence(text, says, (record,))


def _agreed(agreed: list[Objective], on: datetime.date) -> Evidence:
    """C3: goals and measures; whether both sides reviewed them together is not stored."""
    if not agreed:
        return Evidence(_("No objective is agreed with the customer"), 0)
    read = [row.actual_on for row in agreed if row.actual_on and year_before(on) <= row.actual_on]
    measured = sum(row.has_measure for row in agreed)
    text = ngettext(
        "%(count)d objective agreed, %(measured)d with a measure, %(read)d read in 12 months",
        "%(count)d objectives agreed, %(measured)d with a measure, %(read)d read in 12 months",
        len(agreed),
    )
    values = {"count": len(agreed), "measured": measured, "read": len(read)}
    records = [Record(row.title, row.get_absolute_url()) for row in agreed]
    says = None if measured else 1
    return Evidence(text % values, says, tuple(records[:SHOWN_RECORDS]))


def commercial(review: StageReview, reader: Reader) -> Found:
    """D1, D2, D4: the share that is computed, how steadily they buy, who of theirs takes part."""
    account, on = review.account, review.reviewed_on
    return {
        "D1": [wallet(review.share_used, review.share_origin)],
        "D2": _sales(account, reader, on),
        "D4": _time_spent(account, reader, on),
    }


def wallet(share_ratio: Decimal | None, origin: str) -> Evidence:
    """The share of wallet that D1 is computed from."""
    says = scoring.wallet_score(share_ratio)
    if share_ratio is None:
        return Evidence(_("Unknown: no category purchases stored. Give a share if you know one."))
    if origin == ShareOrigin.GIVEN:
        return Evidence(_("Given: %(share)s") % {"share": percent(share_ratio)}, says)
    return Evidence(_("Computed: %(share)s") % {"share": percent(share_ratio)}, says)


def _sales(account: Account, reader: Reader, on: datetime.date) -> list[Evidence]:
    """In how many of the twelve whole months before `on` they bought."""

    def months(account: int, start: datetime.date, end: datetime.date) -> QuerySet:
        totals = MonthTotal.objects.visible_to(reader).filter(account=account)
        rows = totals.filter(month__gte=start, month__lt=end).order_by().values("month")
        return rows.annotate(net=Sum("revenue")).filter(net__gt=0)

    end = on.replace(day=1)
    start = end.replace(year=end.year - 1)
    key = ("months with sales", sight_of(reader))
    count = kept_count(key, months, account=account.pk, start=start, end=end)
    if not count:
        return []
    text = _("Sales in %(count)d of the last %(all)d whole months")
    record = Record(_("figures"), reverse("accounts:figures", args=[account.pk]))
    return [Evidence(text % {"count": count, "all": MONTHS}, None, (record,))]


def _time_spent(account: Account, reader: Reader, on: datetime.date) -> list[Evidence]:
    """Their people's time, as far as talks show it."""

    def counted(account: int, since: datetime.date, on: datetime.date) -> QuerySet[Interaction]:
        mine = Interaction.objects.visible_to(reader).active().filter(account=account)
        lately = mine.filter(happened_on__range=(since, on)).order_by().values("account")
        return lately.values_list(Count("pk", distinct=True), Count("contacts", distinct=True))

    key = ("time spent", sight_of(reader))
    rows = kept_rows(key, counted, account=account.pk, since=year_before(on), on=on)
    talks, persons = rows[0] if rows else (0, 0)
    if not persons:
        return []
    people = ngettext("%(n)d person of theirs", "%(n)d people of theirs", persons)
    held = ngettext("in %(n)d talk", "in %(n)d talks", talks)
    text = f"{people % {'n': persons}} {held % {'n': talks}}"
    record = Record(_("people"), reverse("accounts:people", args=[account.pk]))
    return [Evidence(_("%(who)s in 12 months") % {"who": text}, None, (record,))]


def recognition(review: StageReview, reader: Reader) -> Found:
    """F3: how satisfied they are, where somebody wrote it down."""

    def facts(account: int, on: datetime.date) -> QuerySet[Fact]:
        mine = Fact.objects.visible_to(reader).filter(account=account, kind=SATISFACTION_FACT)
        return mine.filter(as_of__lte=on).order_by("-as_of", "-pk")[:1]

    key = ("satisfaction", sight_of(reader))
    found = kept_objects(key, facts, account=review.account_id, on=review.reviewed_on)
    if not found:
        return {}
    fact = found[0]
    known = _("confirmed") if fact.confidence == Confidence.CONFIRMED else _("assumed")
    text = _("Satisfaction %(value)s of 10, %(known)s, %(source)s") % {
        "value": number(fact.value, 1),
        "known": known,
        "source": fact.source,
    }
    record = Record(short_day(fact.as_of), review.account.get_absolute_url())
    return {"F3": [Evidence(text, None, (record,))]}
