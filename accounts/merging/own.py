"""Rules for what this app itself hangs on accounts and people."""

from __future__ import annotations

import datetime
from typing import Any, ClassVar

from django.db import models
from django.db.models import OuterRef, Subquery
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from accounts.merging import judged
from accounts.merging.journal import Journal, touch
from accounts.merging.rules import Joining, Rule, Stays, register
from accounts.models import (
    Account,
    Conflict,
    Contact,
    ContactExternalId,
    DuplicatePair,
    Interaction,
    LedgerEntry,
    MonthTotal,
)
from kam.access.dates import business_day
from kam.documents import holders
from kam.documents.models import Attachment

SUMMED = ("revenue", "cost", "lines", "lines_without_cost")


class Quiet(Rule):
    """Moves, and nobody needs to be told."""

    shown = False


class Sums(Rule):
    """Sums by month: added to those of the one that stays where it has the same, row by row.

    `keys` tell one sum of an account from another. Nothing but sums of both can be equal after it.
    """

    shown = False

    def __init__(self, relation: str, *keys: str) -> None:
        super().__init__(relation)
        self.keys = keys

    def carry(self, joining: Joining) -> None:
        for row in self.rows(joining.loser.pk).order_by("pk"):
            joining.journal.remove(row)
            self.add(joining.survivor.pk, row, sign=1)

    def add(self, account: int, row: Any, *, sign: int) -> None:
        """Add (`sign` 1) `row` to the sums of `account`, or take it away (-1)."""
        same = {name: getattr(row, name) for name in self.keys}
        total = self.model._base_manager.filter(account=account, **same)
        known = total.select_for_update(no_key=True).first()
        if known is None:
            if sign > 0:
                values = {name: getattr(row, name) for name in SUMMED}
                self.model._base_manager.create(account_id=account, **same, **values)
            return
        for name in SUMMED:
            setattr(known, name, getattr(known, name) + sign * getattr(row, name))
        if known.lines:
            known.save(update_fields=list(SUMMED))
        else:
            total.delete()

    def put_back(self, survivor: int, row: Any) -> None:
        """Take `row` out of the sums of `survivor`, and make it again."""
        same = {name: getattr(row, name) for name in self.keys}
        if self.model._base_manager.filter(account=survivor, **same).exists():
            self.add(survivor, row, sign=-1)
            row.save(force_insert=True)


class Paired(Rule):
    """Rows of which either side may have one on the same: alike in all columns of `same`."""

    same: ClassVar[tuple[str, ...]]

    def counted(self, account: int) -> models.QuerySet:
        """Rows of `account` that say something."""
        return self.rows(account)

    def key(self, row: models.Model) -> tuple[Any, ...]:
        """What `row` is about."""
        fields: list[Any] = [row._meta.get_field(name) for name in self.same]
        return tuple(field.value_from_object(row) for field in fields)

    def taken(self, account: int) -> set[tuple[Any, ...]]:
        """What the rows of `account` are about."""
        return set(self.counted(account).values_list(*self.same))

    def twice(self, survivor: Any, loser: Any) -> int:
        """How many rows of `loser` are about what one of `survivor` is about."""
        taken = self.taken(survivor.pk)
        return sum(key in taken for key in self.counted(loser.pk).values_list(*self.same))


class Costs(Paired):
    """Costs to serve; where both have one of the same activity, month and source, the source of
    the one that comes says from whom, so that both count."""

    same = ("activity", "month", "currency", "source")

    def carry(self, joining: Joining) -> None:
        taken = self.taken(joining.survivor.pk)
        for row in self.rows(joining.loser.pk).order_by("pk"):
            key = self.key(row)
            place = 1
            source = row.source
            while key in taken:
                tail = f" ({joining.loser.name})" if place == 1 else f" ({place})"
                source = row.source[: 80 - len(tail[:60])] + tail[:60]
                key = (*key[:-1], source)
                place += 1
            taken.add(key)
            joining.journal.change(row, {"source": source})
        super().carry(joining)

    def remarks(self, survivor: Any, loser: Any) -> list[str]:
        count = self.twice(survivor, loser)
        text = ngettext(
            "%(count)d cost of the same activity and month: both stay, their sources tell them"
            " apart.",
            "%(count)d costs of the same activity and month: both stay, their sources tell them"
            " apart.",
            count,
        )
        return [text % {"count": count}] if count else []


class Purchases(Paired):
    """Category purchases; where both have them of the same category, period and use, they are one
    fact that was recorded twice: those of the one that stays count, the others are archived."""

    same = ("site", "category", "period_from", "period_until", "use_type")

    def counted(self, account: int) -> models.QuerySet:
        return self.rows(account).filter(archived_at=None)

    def carry(self, joining: Joining) -> None:
        taken = self.taken(joining.survivor.pk)
        now = timezone.now()
        for row in self.counted(joining.loser.pk).order_by("pk"):
            if self.key(row) in taken:
                joining.journal.change(row, {"archived_at": now})
        super().carry(joining)

    def remarks(self, survivor: Any, loser: Any) -> list[str]:
        count = self.twice(survivor, loser)
        text = ngettext(
            "%(count)d figure on the same purchases: the one of %(account)s counts, the other is"
            " archived.",
            "%(count)d figures on the same purchases: those of %(account)s count, the others are"
            " archived.",
            count,
        )
        return [text % {"count": count, "account": survivor}] if count else []


class Conflicts(Rule):
    """Conflicts hold for the one that stays from now on; one that both have holds as long as
    either did. What stood between the two themselves, and is over, stays with what it was about.

    Each is decided about once: whoever shortens what came out is not overruled by a later look for
    stragglers."""

    OTHER = {"a": "b", "b": "a"}
    narrowed = True

    def carry(self, joining: Joining) -> None:
        survivor = joining.survivor.pk
        settled = joining.journal.settled(Conflict)
        for row in self.rows(joining.loser.pk).exclude(pk__in=settled).order_by("pk"):
            other = getattr(row, f"{self.OTHER[self.field]}_id")
            if other == survivor:
                continue
            a, b = sorted((survivor, other))
            same = Conflict.objects.active().filter(a=a, b=b, kind=row.kind).first()
            if same is None or row.is_archived:
                joining.journal.change(row, {"a_id": a, "b_id": b})
            else:
                joining.journal.change(same, _longest(same, row))
                joining.journal.change(row, {f"{self.field}_id": joining.loser.pk}, whole=True)


def _longest(one: Conflict, other: Conflict) -> dict[str, Any]:
    """The days on which either of two conflicts holds, those between them included."""
    starts, ends = (one.valid_from, other.valid_from), (one.valid_until, other.valid_until)
    return {
        "valid_from": None if None in starts else min(starts),  # type: ignore[type-var]
        "valid_until": None if None in ends else max(ends),  # type: ignore[type-var]
    }


class PersonNumbers(Rule):
    """Numbers of people in other systems; one that a person of the other account has already
    stays there alone."""

    shown = False

    def carry(self, joining: Joining) -> None:
        for row in self._clashing(joining.survivor.pk, joining.loser.pk):
            joining.journal.remove(row)
        super().carry(joining)

    def remarks(self, survivor: Any, loser: Any) -> list[str]:
        return [
            gettext(
                "%(person)s and somebody at %(account)s have the number %(number)s: it stays there."
            )
            % {"person": row.contact, "account": survivor, "number": row}
            for row in self._clashing(survivor.pk, loser.pk)
        ]

    def _clashing(self, survivor: int, loser: int) -> list[ContactExternalId]:
        taken = set(self.rows(survivor).values_list("system", "value"))
        rows = self.rows(loser).select_related("contact").order_by("pk")
        return [row for row in rows if (row.system, row.value) in taken]


class OfPeople(Rule):
    """Rows about pairs of people, of which the account is only where they are."""

    shown = False

    def rows(self, loser: int) -> models.QuerySet:
        return super().rows(loser).filter(kind="contact")

    def carry(self, joining: Joining) -> None:
        rows = self.rows(joining.loser.pk)
        joining.journal.move(rows, self.field, joining.survivor.pk, quiet=True)


class PairsOfPeople(OfPeople):
    """Pairs are where their people are."""

    def carry(self, joining: Joining) -> None:
        align_pairs(joining.loser.pk)


class Talks(Rule):
    """Talks name the person who stays; where both took part, that one alone."""

    def carry(self, joining: Joining) -> None:
        rows = self.rows(joining.loser.pk)
        talks = list(rows.values_list("interaction", flat=True))
        both = self.rows(joining.survivor.pk).filter(interaction__in=talks)
        for row in rows.filter(interaction__in=list(both.values_list("interaction", flat=True))):
            joining.journal.remove(row)
        super().carry(joining)
        Interaction.objects.filter(pk__in=talks).update(**touch(Interaction))


class Reports(Rule):
    """Who reported to the one who is taken up reports to the one who stays, that one excepted."""

    def carry(self, joining: Joining) -> None:
        survivor, loser = joining.survivor, joining.loser
        if survivor.reports_to_id == loser.pk:
            above = loser.reports_to_id if loser.reports_to_id != survivor.pk else None
            joining.journal.change(survivor, {"reports_to_id": above})
            survivor.refresh_from_db(fields=["reports_to"])
        rows = self.rows(loser.pk).exclude(pk=survivor.pk)
        joining.journal.move(rows, self.field, survivor.pk)


class Lines(Rule):
    """Sales lines: the same rows, no version of their own."""

    def rows(self, loser: int) -> models.QuerySet:
        return LedgerEntry.objects.filter(account=loser)


STEPS = "decisions on it stay beside it, and are shown in the history of the one that stays"


def register_own() -> None:
    """Called when the app is ready."""
    register(
        Account._meta.label,
        Rule("accounts.Account.parent", words=_("accounts below it"), narrowed=True),
        Stays("accounts.Account.root", "follows from its place in the group"),
        Quiet("accounts.Account.merged_into"),
        Rule("accounts.ExternalId.account", words=_("numbers in other systems")),
        Rule("accounts.Site.account"),
        Rule("accounts.Contact.account", words=_("people")),
        PersonNumbers("accounts.ContactExternalId.account"),
        Rule("accounts.Interaction.account", words=_("talks")),
        Quiet("documents.Attachment.account"),  # a number would tell of files kept to a few
        Rule("accounts.Fact.account"),
        Lines("accounts.LedgerEntry.account", words=_("sales lines")),
        Sums("accounts.MonthTotal.account", "month", "currency", "recorded_on"),
        Stays("accounts.AccountSums.account", "made anew from the months and costs of each"),
        Costs("accounts.ActivityCost.account", words=_("costs to serve")),
        Purchases("accounts.CategoryPurchase.account", words=_("category purchases")),
        Sums("accounts.StagedTotal.account", "run_id", "month", "currency"),
        Stays("accounts.StagedAccount.account", "what an import did to it is taken back there"),
        Stays("accounts.StatusChange.account", STEPS),
        Stays("accounts.StageChange.account", STEPS),
        *judged.OF_ACCOUNTS,
        Conflicts("accounts.Conflict.a"),
        Conflicts("accounts.Conflict.b"),
        PairsOfPeople("accounts.DuplicatePair.account_a"),
        Stays("accounts.DuplicatePair.account_b", "moves with account_a"),
        OfPeople("accounts.Merge.account"),
        Stays("accounts.Merge.loser", "says what was merged"),
    )
    register(
        Contact._meta.label,
        Reports("accounts.Contact.reports_to", words=_("people who report to them")),
        Quiet("accounts.Contact.merged_into"),
        Rule("accounts.ContactExternalId.contact", words=_("numbers in other systems")),
        Talks("accounts.Interaction_contacts.contact", words=_("talks")),
        Stays("accounts.DuplicatePair.contact_a", "what was decided about a pair"),
        Stays("accounts.DuplicatePair.contact_b", "what was decided about a pair"),
        Stays("accounts.Merge.contact", "says what was merged"),
        Stays("accounts.Merge.lost_contact", "says what was merged"),
    )


def recount(account: int) -> None:
    """Make the monthly totals of `account` anew from its lines."""
    sums: dict[tuple[Any, ...], MonthTotal] = {}
    lines = LedgerEntry.objects.live().filter(account=account)
    for day, currency, known, published, amount, cost in lines.values_list(
        "booked_on", "currency", "recorded_on", "run__published_at", "amount", "cost"
    ).iterator():
        key = (day.replace(day=1), currency, known or _published_on(published))
        total = sums.setdefault(
            key,
            MonthTotal(
                account_id=account,
                month=key[0],
                currency=currency,
                recorded_on=key[2],
                revenue=0,
                lines=0,
                lines_without_cost=0,
            ),
        )
        total.revenue += amount
        total.cost += cost or 0
        total.lines += 1
        total.lines_without_cost += cost is None
    MonthTotal.objects.filter(account=account).delete()
    MonthTotal.objects.bulk_create(sums.values())


def carry_files(journal: Journal, survivor: models.Model, loser: models.Model) -> None:
    """Files that hang on `loser` itself hang on `survivor`."""
    own = Attachment.objects.of(loser)
    journal.move(own, "object_id", survivor.pk, quiet=isinstance(loser, Account))


def align_files(*accounts: int) -> None:
    """Let files on people, plans, actions and reviews of `accounts` be where these are now."""
    rows = Attachment.objects.filter(account__in=accounts)
    for holder in holders.registered():
        if holder is not holders.of_accounts():
            place = holder.model._base_manager.filter(pk=OuterRef("object_id"))
            held = rows.filter(object_type=holder.name).order_by()
            held.update(account=Coalesce(Subquery(place.values("account")), "account"))


def align_pairs(account: int) -> None:
    """Pairs of people follow these from `account` to where they are now."""
    for pair in DuplicatePair.objects.filter(kind="contact", account_a=account):
        now = Contact.objects.values_list("account", flat=True).get(pk=pair.contact_a_id)
        if now != account:
            DuplicatePair.objects.filter(pk=pair.pk).update(account_a=now, account_b=now)


def _published_on(moment: datetime.datetime | None) -> datetime.date:
    """The day on which a run's lines became known."""
    assert moment is not None  # noqa: S101  (lines that count have a day, or a published run)
    return business_day(moment)
