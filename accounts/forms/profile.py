"""Forms about what one account is like: ratings, what is known of it, benefits (K070, K071, K092,
K113)."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy

from accounts.choices import Area, Confidence, ScaleKind
from accounts.forms.fields import DateInput
from accounts.forms.outlets import NUMBER, dress, plain
from accounts.models import (
    Account,
    PreferredBenefit,
    ProfileEntry,
    ProfileParameter,
    Rating,
    SuccessFactor,
)
from accounts.profiles.catalogue import Asked
from accounts.services.factor import FACTOR_FIELDS
from accounts.services.profile import BENEFIT_FIELDS, LONGEST, Known
from accounts.services.rating import Rated
from kam.access.dates import business_today
from kam.web.forms import ServiceForm, ShapeForm


class GroundsForm(ShapeForm):
    """From where something is known, since when, and how surely."""

    source = forms.CharField(
        label=gettext_lazy("Source"),
        max_length=120,
        required=False,
        help_text=gettext_lazy("Who said so, or where it stands."),
    )
    known_on = forms.DateField(
        label=gettext_lazy("As of"), initial=business_today, widget=DateInput
    )
    confidence = forms.ChoiceField(label=gettext_lazy("Confidence"), choices=Confidence.choices)

    @property
    def grounds(self) -> dict[str, Any]:
        """Source and confidence, as services take them."""
        return {name: self.cleaned_data[name] for name in ("source", "confidence")}

    @property
    def day(self) -> datetime.date:
        """The day of the information."""
        return self.cleaned_data["known_on"]  # type: ignore[no-any-return]


class RatingRow(ShapeForm):
    """The rating of one parameter."""

    value = forms.DecimalField(**NUMBER)
    choice = forms.ChoiceField(required=False)
    sample = forms.IntegerField(
        label=gettext_lazy("people counted"), required=False, min_value=1, max_value=2**31 - 1
    )
    still = forms.BooleanField(label=gettext_lazy("still true"), required=False)
    was = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def __init__(self, data: Any, *, parameter: ProfileParameter, present: Rating | None) -> None:
        given: dict[str, Any] = {}
        if present is not None:
            given = {
                "value": plain(present.value),
                "choice": present.choice,
                "sample": present.sample,
                "was": present.pk,
            }
        super().__init__(data, prefix=f"p{parameter.pk}", initial=given)
        self.parameter, self.present = parameter, present
        is_choice = parameter.kind == ScaleKind.CHOICE
        del self.fields["value" if is_choice else "choice"]
        if is_choice:
            none = ("", gettext_lazy("not rated"))
            options = [none, *((item, item) for item in parameter.options)]
            self.fields["choice"].choices = options  # type: ignore[attr-defined]
        if parameter.area != Area.AUDIENCE:
            del self.fields["sample"]
        if present is None:
            del self.fields["still"]
        dress(self)
        main = self.fields["choice" if is_choice else "value"]
        main.label = parameter.name
        if not is_choice:
            main.widget.attrs["inputmode"] = "decimal"

    @property
    def main(self) -> Any:
        """The field of the rating itself."""
        return self["choice" if "choice" in self.fields else "value"]

    @property
    def is_news(self) -> bool:
        """Whether the person says anything: another rating, or the same once more."""
        return bool({"value", "choice", "sample", "still"} & set(self.changed_data))


class RatingsForm(GroundsForm):
    """What an account is rated on every parameter that holds for it."""

    def __init__(
        self,
        data: Any = None,
        *,
        parameters: Iterable[ProfileParameter],
        present: Mapping[int, Rating],
    ) -> None:
        super().__init__(data)
        dress(self)
        self.rows = [
            RatingRow(data, parameter=parameter, present=present.get(parameter.pk))
            for parameter in parameters
        ]
        self.sent: list[RatingRow] = []

    def is_valid(self) -> bool:
        """Whether everything can be read."""
        rows = [row.is_valid() for row in self.rows]
        return super().is_valid() and all(rows)

    @property
    def has_errors(self) -> bool:
        """Whether anything is refused."""
        return bool(self.errors) or any(row.errors for row in self.rows)

    def ratings(self, account: Account) -> list[Rated]:
        """What is said, as the service takes it; `sent` are the rows in the same order."""
        self.sent = [row for row in self.rows if row.is_news]
        return [
            Rated(
                account,
                row.parameter,
                row.cleaned_data.get("value"),
                row.cleaned_data.get("choice", ""),
                row.cleaned_data.get("sample"),
                rated_on=self.day,
                before=row.cleaned_data["was"],
                **self.grounds,
            )
            for row in self.sent
        ]

    def refuse(self, refusals: Iterable[tuple[int, ValidationError]]) -> None:
        """Put what the service refused beside its field."""
        for place, error in refusals:
            row = self.sent[place]
            for name, found in error.error_dict.items():
                if name == "rated_on":
                    self.add_error("known_on", found)
                elif name in row.fields:
                    row.add_error(name, found)
                else:
                    row.add_error(row.main.name, found)


class SectionForm(GroundsForm):
    """One section of the profile of an account."""

    def __init__(
        self,
        data: Any = None,
        *,
        asked: Iterable[Asked],
        present: Mapping[str, ProfileEntry],
    ) -> None:
        super().__init__(data)
        self.asked = {row.name: row for row in asked}
        grounds = list(self.fields)
        for name, row in self.asked.items():
            entry = present.get(name)
            self.fields[name] = self._field(row, entry.value if entry else "")
            self.fields[f"was-{name}"] = forms.IntegerField(
                required=False,
                initial=entry.pk if entry else None,
                widget=forms.HiddenInput,
            )
        self.order_fields([*self.asked, *grounds])
        self.wide = tuple(name for name, row in self.asked.items() if not row.options)
        self.sent: list[str] = []

    @staticmethod
    def _field(row: Asked, value: str) -> forms.Field:
        about = {"label": row.label, "help_text": row.help_text, "initial": value}
        if row.options:
            choices = [("", gettext_lazy("not known")), *row.options]
            return forms.ChoiceField(choices=choices, required=False, **about)
        if row.whole:
            return forms.CharField(
                required=False,
                max_length=7,
                widget=forms.TextInput(attrs={"inputmode": "numeric"}),
                **about,
            )
        rows = forms.Textarea(attrs={"rows": 2})
        return forms.CharField(required=False, max_length=LONGEST, widget=rows, **about)

    def entries(self, account: Account) -> list[Known]:
        """What is said anew, as the service takes it; `sent` are the fields in the same order."""
        self.sent = [name for name in self.asked if name in self.changed_data]
        return [
            Known(
                account,
                name,
                self.cleaned_data[name],
                as_of=self.day,
                before=self.cleaned_data[f"was-{name}"],
                **self.grounds,
            )
            for name in self.sent
        ]

    def refuse(self, refusals: Iterable[tuple[int, ValidationError]]) -> None:
        """Put what the service refused beside its field."""
        for place, error in refusals:
            for name, found in error.error_dict.items():
                self.add_error("known_on" if name == "as_of" else self.sent[place], found)


class BenefitForm(ServiceForm):
    """What the account would gain as a preferred customer."""

    wide = ("text", "reaction")

    class Meta:
        model = PreferredBenefit
        fields = BENEFIT_FIELDS
        widgets = {"told_on": DateInput}


class FactorForm(ServiceForm):
    """What decides for the customer, and how it ranks us."""

    wide = ("name", "answer")
    folded = ("source", "confidence", "as_of")

    class Meta:
        model = SuccessFactor
        fields = FACTOR_FIELDS
        widgets = {"as_of": DateInput}
