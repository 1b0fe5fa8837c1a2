"""Forms of people, their roles, and of first use."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.contrib.auth.password_validation import (
    password_validators_help_text_html,
    validate_password,
)
from django.core.exceptions import ValidationError
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from kam.api.models import Token
from kam.web.forms import ServiceForm, ShapeForm
from teams.forms.fields import LOCALES, day_field, zone_field
from teams.forms.programmes import MONTHS
from teams.models import BusinessUnit, Programme, Role, User, currency_code
from teams.services import OWN_FIELDS, PERSON_FIELDS


class PersonForm(ServiceForm):
    """Somebody who signs in."""

    class Meta:
        model = User
        fields = PERSON_FIELDS
        labels = {"username": _("User name"), "email": _("E-mail")}
        help_texts = {
            "username": _("Letters, digits and @ . + - _ only."),
            "email": _("The link to set a password goes here."),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("username", "email"):
            self.fields[name].widget.attrs.update(autocomplete="off", spellcheck="false")


class PreferencesForm(ServiceForm):
    """One's own name, and how the application looks to oneself."""

    time_zone = zone_field(_("Time zone"), required=False, empty=_("as the installation"))
    locale = forms.ChoiceField(label=_("Numbers and dates"), required=False, choices=LOCALES)

    class Meta:
        model = User
        fields = OWN_FIELDS
        labels = {
            "theme": _("Theme"),
            "density": _("Rows"),
            "single_keys": _("Single-key shortcuts"),
        }


class RoleForm(ShapeForm):
    """A role for the installation, a programme or a unit."""

    role = forms.ChoiceField(label=_("Role"), choices=Role)
    programme = forms.ModelChoiceField(
        label=_("Programme"),
        queryset=Programme.objects.none(),
        required=False,
        help_text=_("For programme managers, finance and auditors."),
    )
    business_unit = forms.ModelChoiceField(
        label=_("Business unit"),
        queryset=BusinessUnit.objects.none(),
        required=False,
        help_text=_("For senior managers: this unit and everything below it."),
    )
    valid_from = day_field(_("From"))
    valid_until = day_field(_("Until"), required=False, hint=_("Included. Empty: open."))

    def __init__(self, *args: Any, reader: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        programmes = Programme.objects.visible_to(reader).active()
        self.fields["programme"].queryset = programmes
        units = BusinessUnit.objects.visible_to(reader).active()
        self.fields["business_unit"].queryset = units.order_by("programme", "path")


class EndForm(ShapeForm):
    """The last day of a role."""

    valid_until = day_field(_("Last day"), hint=_("Included. Yesterday ends it at once."))
    version = forms.IntegerField(widget=forms.HiddenInput, required=False)


class TokenForm(ShapeForm):
    """A token for oneself."""

    name = forms.CharField(
        label=_("Name"), max_length=80, help_text=_("Which system uses it, e.g. CRM.")
    )
    scope = forms.ChoiceField(label=_("Scope"), choices=Token.Scope)
    days = forms.IntegerField(
        label=_("Valid for days"),
        required=False,
        min_value=1,
        max_value=3650,
        help_text=_("Empty: until it is revoked."),
    )


class WebhookForm(ShapeForm):
    """A webhook for oneself."""

    name = forms.CharField(
        label=_("Name"), max_length=80, help_text=_("Which system is told, e.g. ERP.")
    )
    url = forms.CharField(
        label=_("Address"), max_length=500, help_text=_("Begins with https:// and is public.")
    )


class SetUpForm(ShapeForm):
    """The first administrator and the first programme."""

    username = forms.CharField(label=_("User name"), max_length=150)
    email = forms.EmailField(label=_("E-mail"))
    first_name = forms.CharField(label=_("First name"), max_length=80)
    last_name = forms.CharField(label=_("Last name"), max_length=80)
    password = forms.CharField(
        label=_("Password"),
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=password_validators_help_text_html,
    )
    password_again = forms.CharField(
        label=_("Password again"),
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    name = forms.CharField(
        label=_("Programme"), max_length=120, help_text=_("For example: Key accounts Europe.")
    )
    supplier_name = forms.CharField(
        label=_("Company"), max_length=120, help_text=_("The supplier that runs the programme.")
    )
    currency = forms.CharField(
        label=_("Currency"),
        max_length=3,
        validators=[currency_code],
        help_text=_("Totals are in it. Three letters, e.g. GBP."),
    )
    fiscal_year_start = forms.TypedChoiceField(
        label=_("Fiscal year starts in"), choices=MONTHS, coerce=int, initial=1
    )
    time_zone = zone_field(_("Time zone"), required=True)

    PERSON = ("username", "email", "first_name", "last_name")
    PROGRAMME = ("name", "supplier_name", "currency", "fiscal_year_start", "time_zone")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial.setdefault("time_zone", settings.TIME_ZONE)

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        password = values.get("password")
        if password and password != values.get("password_again"):
            self.add_error("password_again", gettext("The two passwords differ."))
        if password:
            user = User(**{name: values.get(name, "") for name in self.PERSON})
            try:
                validate_password(password, user)
            except ValidationError as error:
                self.add_error("password", error)
        return values

    def part(self, names: tuple[str, ...]) -> dict[str, Any]:
        """Values of the named fields."""
        return {name: self.cleaned_data[name] for name in names}
