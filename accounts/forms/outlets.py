"""Forms about what accounts are rated on, what brands look for and how far they have come (K092,
K093, K095)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.choices import ScaleKind, TargetStatus
from accounts.forms.fields import DateInput
from accounts.models import Channel, ProductLine, ProfileParameter, TargetProfile, TargetRange
from accounts.profiles.matching import Wish
from accounts.services.parameter import PARAMETER_FIELDS
from accounts.services.targeting import PROFILE_FIELDS
from kam.access.dates import business_today
from kam.web.forms import ServiceForm, ShapeForm
from teams.models import Programme

NUMBER: dict[str, Any] = {"max_digits": 14, "decimal_places": 4, "required": False}
NONE_YET = "none"
"""Accounts that are not on the brand's target list."""


def dress(form: forms.BaseForm) -> None:
    """Give fields that stand outside the usual layout the look of all others."""
    for field in form.fields.values():
        if isinstance(field, forms.MultipleChoiceField | forms.BooleanField):
            continue
        is_choice = isinstance(field, forms.ChoiceField)
        field.widget.attrs["class"] = "form-select" if is_choice else "form-control"


def plain(value: Decimal | None) -> Decimal | None:
    """A number without the zeros that storing it adds."""
    return None if value is None else Decimal(f"{value.normalize():f}")


class OptionsField(forms.CharField):
    """A list, one item on a line."""

    widget = forms.Textarea(attrs={"rows": 4})

    def prepare_value(self, value: Any) -> Any:
        """The list as lines."""
        return "\n".join(value) if isinstance(value, list | tuple) else value

    def clean(self, value: Any) -> Any:
        """The lines as a list."""
        return [line.strip() for line in super().clean(value).splitlines() if line.strip()]

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Whether another list is meant."""
        return list(initial or ()) != self.clean(data)


class ParameterForm(ServiceForm):
    """What accounts are rated on, and its scale."""

    wide = ("name", "options")
    options = OptionsField(
        label=gettext_lazy("Options"),
        required=False,
        max_length=3000,
        help_text=gettext_lazy("For a list: one on a line."),
    )

    class Meta:
        model = ProfileParameter
        fields = PARAMETER_FIELDS

    def __init__(self, *args: Any, programme: Programme, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.offer("channel", Channel.objects.filter(programme=programme))
        self.fields["channel"].empty_label = gettext_lazy("every account")
        self.fields["code"].help_text = gettext_lazy("Short; files and programs name it so.")
        self.fields["area"].help_text = gettext_lazy(
            "An audience is a group of ten people or more, never a person."
        )
        self.fields["lowest"].help_text = gettext_lazy("A list has none.")


class RangeForm(ShapeForm):
    """What is wanted on one parameter; without a weight it is not asked."""

    weight = forms.DecimalField(
        label=gettext_lazy("Weight"), max_digits=5, decimal_places=2, required=False
    )
    at_least = forms.DecimalField(label=gettext_lazy("at least"), **NUMBER)
    at_most = forms.DecimalField(label=gettext_lazy("at most"), **NUMBER)
    wanted = forms.MultipleChoiceField(
        label=gettext_lazy("One of"), required=False, widget=forms.CheckboxSelectMultiple
    )

    def __init__(
        self, data: Any, *, parameter: ProfileParameter, present: TargetRange | None
    ) -> None:
        given: dict[str, Any] = {}
        if present is not None:
            given = {
                "weight": plain(present.weight),
                "at_least": plain(present.at_least),
                "at_most": plain(present.at_most),
                "wanted": present.wanted,
            }
        super().__init__(data, prefix=f"p{parameter.pk}", initial=given)
        self.parameter = parameter
        if parameter.kind == ScaleKind.CHOICE:
            del self.fields["at_least"], self.fields["at_most"]
            options = [(item, item) for item in parameter.options]
            self.fields["wanted"].choices = options  # type: ignore[attr-defined]
        else:
            del self.fields["wanted"]
        dress(self)
        for name in self.fields:
            label = f"{parameter.name}: {self.fields[name].label}"
            self.fields[name].widget.attrs["aria-label"] = label

    @property
    def is_asked(self) -> bool:
        """Whether anything is wanted on the parameter."""
        return any(self.cleaned_data.get(name) not in (None, "", []) for name in self.fields)

    @property
    def values(self) -> dict[str, Any]:
        """The range, as the service takes it."""
        return {"parameter": self.parameter, **self.cleaned_data}


class TargetProfileForm(ServiceForm):
    """What a brand looks for: brand and channel, then parameter by parameter."""

    wide = ("note",)

    class Meta:
        model = TargetProfile
        fields = PROFILE_FIELDS
        widgets = {"note": forms.Textarea(attrs={"rows": 2})}

    def __init__(
        self,
        data: Any = None,
        *args: Any,
        programme: Programme,
        parameters: Iterable[ProfileParameter],
        present: Mapping[int, TargetRange],
        **kwargs: Any,
    ) -> None:
        super().__init__(data, *args, **kwargs)
        self.offer("brand", ProductLine.objects.filter(programme=programme))
        self.offer("channel", Channel.objects.filter(programme=programme))
        self.fields["channel"].empty_label = gettext_lazy("every account")
        self.rows = [
            RangeForm(data, parameter=parameter, present=present.get(parameter.pk))
            for parameter in parameters
        ]

    def is_valid(self) -> bool:
        """Whether the profile and every row can be read."""
        rows = [row.is_valid() for row in self.rows]
        return super().is_valid() and all(rows)

    @property
    def asked(self) -> list[RangeForm]:
        """Rows on which something is wanted."""
        return [row for row in self.rows if row.is_asked]

    @property
    def ranges(self) -> list[dict[str, Any]]:
        """What is wanted, as the service takes it."""
        return [row.values for row in self.asked]

    @property
    def has_errors(self) -> bool:
        """Whether anything is refused."""
        return bool(self.errors) or any(row.errors for row in self.rows)

    def placed(self, error: ValidationError) -> ValidationError:
        """What the service refused about a range goes beside it; the rest is returned."""
        found = getattr(error, "error_dict", {}).get("ranges", ())
        for item in found:
            if hasattr(item, "within"):
                place, member = item.within
                row = self.asked[place]
                row.add_error(member if member in row.fields else None, item)
                return ValidationError(_("Look at the parameter that is marked."), code="ranges")
        return ValidationError(found) if found else error


class TargetForm(ShapeForm):
    """How far a brand has come at one account."""

    wide = ("note",)
    brand = forms.ModelChoiceField(
        label=gettext_lazy("Brand"),
        queryset=ProductLine.objects.none(),
        help_text=gettext_lazy("A product line."),
    )
    status = forms.ChoiceField(label=gettext_lazy("Status"), choices=TargetStatus.choices)
    since = forms.DateField(label=gettext_lazy("Since"), initial=business_today, widget=DateInput)
    note = forms.CharField(label=gettext_lazy("Note"), max_length=250, required=False)

    def __init__(self, *args: Any, programme: int, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        brands = ProductLine.objects.active().filter(programme=programme)
        self.fields["brand"].queryset = brands  # type: ignore[attr-defined]


class StepForm(ShapeForm):
    """How far a brand has come at the accounts that are ticked."""

    status = forms.ChoiceField(label=gettext_lazy("Status"), choices=TargetStatus.choices)
    since = forms.DateField(label=gettext_lazy("Since"), initial=business_today, widget=DateInput)
    note = forms.CharField(label=gettext_lazy("Note"), max_length=250, required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        dress(self)


class OutletFilterForm(ShapeForm):
    """Which outlets: by channel, status on the target list, and what they are rated (K095)."""

    channel = forms.TypedChoiceField(
        label=gettext_lazy("Channel, with all below"), required=False, empty_value=None
    )
    status = forms.ChoiceField(
        label=gettext_lazy("Target list"),
        choices=[
            ("", gettext_lazy("all")),
            (NONE_YET, gettext_lazy("not on it")),
            *TargetStatus.choices,
        ],
        required=False,
    )

    def __init__(self, data: Any, *, channels: Any, parameters: Iterable[ProfileParameter]) -> None:
        super().__init__(data)
        # loaded once for the choices and for what was chosen
        by_key = {str(row.pk): row for row in channels}
        field: Any = self.fields["channel"]
        field.choices = [("", _("all")), *((key, str(row)) for key, row in by_key.items())]
        field.coerce = by_key.get
        self.parameters = list(parameters)
        for row in self.parameters:
            if row.kind == ScaleKind.CHOICE:
                self.fields[f"p{row.pk}"] = forms.MultipleChoiceField(
                    choices=[(item, item) for item in row.options],
                    required=False,
                    label=row.name,
                    widget=forms.CheckboxSelectMultiple,
                )
                continue
            for end, word in (("from", _("at least")), ("to", _("at most"))):
                self.fields[f"p{row.pk}-{end}"] = forms.DecimalField(
                    label=f"{row.name}, {word}", **NUMBER
                )
        dress(self)

    @property
    def asked(self) -> list[tuple[ProfileParameter, list[Any]]]:
        """Parameters with their fields."""
        return [
            (row, [self[name] for name in self.fields if name.split("-")[0] == f"p{row.pk}"])
            for row in self.parameters
        ]

    @property
    def wishes(self) -> list[Wish]:
        """What the outlets are to be rated; fields that cannot be read ask nothing."""
        found = []
        for row in self.parameters:
            said = self.cleaned_data
            choices = tuple(said.get(f"p{row.pk}") or ())
            ends = said.get(f"p{row.pk}-from"), said.get(f"p{row.pk}-to")
            if choices or ends != (None, None):
                found.append(Wish(row, *ends, choices))
        return found
