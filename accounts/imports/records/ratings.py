"""Ratings of accounts on profile parameters as a file: as `accounts.exports.profiles` hands them
out (K092, K095)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any, ClassVar

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.choices import Confidence, ScaleKind
from accounts.imports.directory import spoken
from accounts.imports.records.customers import (
    ACCOUNT_FIELDS,
    BLAMED,
    REASONS,
    SYSTEM_OPTION,
    unknown_option,
)
from accounts.imports.records.followed import FollowedKind, FollowedSession, Following
from accounts.models import Account, ProfileParameter, Rating
from accounts.profiles.asking import read_number
from accounts.querysets import AccountQuerySet
from accounts.services.rating import SAID, Rated, problem_with
from kam.access.dates import business_today
from kam.imports.kinds import Field
from kam.imports.models import Run
from kam.imports.records import Cells, Wanted
from kam.imports.refusal import Refused

FOLLOWING = Following(Rating, "account", "parameter")
FIELDS = (
    *ACCOUNT_FIELDS,
    Field("parameter", gettext_lazy("Parameter, code"), "text", ("parameter code", "criterion")),
    Field("rating", gettext_lazy("Rating"), "text", ("value", "score", "choice")),
    Field("sample", gettext_lazy("People counted"), "number", ("people", "people counted", "n")),
    Field("rated_on", gettext_lazy("As of"), "date", ("date", "rated on")),
    Field("source", gettext_lazy("Source"), "text", ("evidence",)),
    Field("confidence", gettext_lazy("Confidence"), "text", ("certainty",)),
)


class RatingsKind(FollowedKind):
    """Ratings of accounts."""

    name: ClassVar = "ratings"
    label: ClassVar = gettext_lazy("Ratings")
    seen_at: ClassVar = (gettext_lazy("See the target profiles"), "accounts:target_profiles")
    model: ClassVar = Rating
    following: ClassVar = FOLLOWING
    by_parts: ClassVar = True
    fields: ClassVar = FIELDS
    options: ClassVar = (unknown_option("reject"), SYSTEM_OPTION)
    blamed: ClassVar = {
        **BLAMED,
        "no_parameter": ("parameter",),
        "bad_value": ("rating",),
        "bad_choice": ("rating",),
        **{f"bad_{field.name}": (field.name,) for field in FIELDS},
    }
    shown: ClassVar = (
        gettext_lazy("Account"),
        gettext_lazy("Parameter"),
        gettext_lazy("Rating"),
        gettext_lazy("Source"),
    )
    previewed: ClassVar = ("account_name/account", "parameter", "rating", "source")

    def problems(self, mapping: Iterable[str]) -> list[str]:
        """Account, parameter and rating."""
        given = set(mapping)
        missing = super().problems(given)
        if "parameter" not in given:
            missing.append(_("Say which column holds the code of the parameter."))
        if "rating" not in given:
            missing.append(_("Say which column holds the rating."))
        return missing

    def open(self, run: Run) -> RatingsSession:
        """Begin a pass over ratings."""
        return RatingsSession(run)


class RatingsSession(FollowedSession):
    """One pass over ratings."""

    model: ClassVar = Rating
    following: ClassVar = FOLLOWING
    said: ClassVar = SAID
    reasons: ClassVar = {**REASONS, "no_parameter": gettext_lazy("names no parameter in use")}

    def __init__(self, run: Run) -> None:
        super().__init__(run)
        rows = ProfileParameter.objects.active().filter(programme=run.scope_id).for_list()
        self.parameters = {row.code.casefold(): row for row in rows}
        self.by_pk = {row.pk: row for row in rows}
        self.channels: dict[int, str] = {}
        self.today = business_today()
        self.confidences = spoken(Confidence)

    def rights(self, accounts: AccountQuerySet) -> AccountQuerySet:
        """Accounts that the run's owner edits."""
        return accounts.editable_by(self.run.owner)

    def expect(self, wanted: Sequence[Wanted]) -> None:
        """Besides: in which channels their accounts are."""
        super().expect(wanted)
        named = {item.values["account"] for item in wanted}
        accounts = Account.objects.filter(pk__in={pk for pk in named if isinstance(pk, int)})
        placed = accounts.exclude(channel=None).order_by()
        self.channels = dict(placed.values_list("pk", "channel__path"))

    def says_nothing(self, values: dict[str, Any]) -> bool:
        """Whether a row holds no rating."""
        return values["value"] is None and not values["choice"]

    def read(self, cells: Cells) -> Wanted:
        """The rating of a row."""
        account: Any = self.account(cells)
        parameter = self.parameters.get(cells.text("parameter").casefold())
        if parameter is None:
            raise Refused("no_parameter")
        is_choice = parameter.kind == ScaleKind.CHOICE
        text = cells.text("rating").strip()
        values: dict[str, Any] = {
            "account": account,
            "parameter": parameter.pk,
            "value": None if is_choice else self._number(text, parameter.unit),
            "choice": text if is_choice else "",
            "sample": cells.whole("sample"),
            "source": cells.text("source"),
            "confidence": cells.choice("confidence", self.confidences) or Confidence.ASSUMED.value,
            "rated_on": cells.date("rated_on") or self.today,
            "rated_by": self.run.owner_id,
        }
        called = self.called.get(account, account)
        return Wanted(((called, parameter.pk),), values)

    def _number(self, text: str, unit: str) -> Decimal | None:
        bare = text.removesuffix(unit).strip() if unit else text
        try:
            return read_number(bare)
        except ValueError:
            raise Refused("bad_rating", _("is no number")) from None

    def check(self, wanted: Wanted, obj: Any) -> None:
        """What holds for a rating that somebody types."""
        values = wanted.values
        if obj is not None or self.says_nothing(values):
            return
        pk = values["account"] if isinstance(values["account"], int) else 0
        parameter = self.by_pk[values["parameter"]]
        path = self.channels.get(pk, "")
        if parameter.channel is not None and not path.startswith(parameter.channel.path):
            words = _("is asked in the channel %(channel)s only")
            raise Refused("bad_parameter", words % {"channel": parameter.channel})
        account = Account(pk=pk, programme_id=parameter.programme_id, channel=parameter.channel)
        said = {name: values[name] for name in SAID}
        error = problem_with(Rated(account, parameter, **said), self.today)
        if error is not None:
            raise error
