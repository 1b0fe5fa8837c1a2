"""Forms about an account itself."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts import numbers, services
from accounts.choices import LADDER
from accounts.forms.fields import DateInput
from accounts.models import Account, Channel, ExternalId
from kam.web.fields import PickField
from kam.web.forms import ServiceForm, ShapeForm
from teams.models import BusinessUnit, Programme, Team, User


class AccountForm(ServiceForm):
    """Create or edit an account; numbers in other systems are one "system number" a line."""

    wide = ("programme", "name")
    folded = (
        "channel",
        "decision_level",
        "size",
        "reach",
        "intent",
        "criticality",
        "potential_contribution",
        "currency",
        "website",
        "description",
        "target_stage",
        "target_stage_by",
        "external_ids",
    )

    external_ids = forms.CharField(
        label=gettext_lazy("Numbers in other systems"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=gettext_lazy("One a line: the system's name, then the number, e.g. erp 100482."),
    )

    website = forms.URLField(
        label=gettext_lazy("Website"), required=False, max_length=200, assume_scheme="https"
    )

    class Meta:
        model = Account
        fields = services.EDITABLE_FIELDS
        widgets = {
            "target_stage_by": DateInput,
            "description": forms.Textarea(attrs={"rows": 3}),
        }

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        account = self.instance
        visible = Account.objects.visible_to(user).active().order_by("name", "pk")
        if account.pk:
            visible = visible.filter(programme=account.programme_id)
            visible = visible.exclude(path__startswith=account.path)
        self.fields["parent"] = PickField(
            queryset=visible,
            label=gettext_lazy("Part of"),
            required=False,
            url_name="accounts:pick",
            help_text=gettext_lazy("The account above it in the customer's group."),
        )
        self.offer("business_unit", BusinessUnit.objects.visible_to(user).order_by("path"))
        channels = Channel.objects.visible_to(user)
        if account.pk:
            channels = channels.filter(programme=account.programme_id)
        self.offer("channel", channels)
        self.fields["target_stage"].choices = [
            ("", gettext_lazy("none")),
            *((stage.value, stage.label) for stage in LADDER),
        ]
        if account.pk:
            self.initial["external_ids"] = "\n".join(
                numbers.told((item.system, item.value)) for item in account.external_ids.all()
            )
            self._hide_what_is_managed(user)
        else:
            programmes = Programme.objects.editable_by(user)
            self.fields["programme"] = forms.ModelChoiceField(
                label=gettext_lazy("Programme"), queryset=programmes, initial=programmes.first()
            )
            self.fields["anyway"] = forms.BooleanField(
                label=gettext_lazy("It is another customer: create it all the same"),
                required=False,
                widget=forms.HiddenInput,
            )
            self.order_fields(["programme"])
        for name in self.fields:
            if name not in {"name", "version", "programme"}:
                self.fields[name].required = False

    def _hide_what_is_managed(self, user: User) -> None:
        """An invisible parent reads as none and stays; place and unit are the manager's."""
        account = self.instance
        parent = account.parent
        self.keeps_parent = bool(
            parent and not Account.objects.visible_to(user).filter(pk=parent.pk).exists()
        )
        if not Account.objects.managed_by(user).filter(pk=account.pk).exists():
            for name in services.MANAGED_FIELDS:
                del self.fields[name]
        elif self.keeps_parent:
            self.initial["parent"] = None

    def clean_external_ids(self) -> list[tuple[str, str]]:
        """Pairs of system and number; raises ValidationError naming the line that is neither."""
        pairs = []
        for line in self.cleaned_data["external_ids"].splitlines():
            if not line.strip():
                continue
            try:
                pairs.append(numbers.read(line))
            except ValueError as error:
                raise ValidationError(
                    _("“%(line)s” lacks a number: write the system, then the number.")
                    % {"line": error}
                ) from error
        longest: dict[str, Any] = {
            name: ExternalId._meta.get_field(name).max_length for name in ("system", "value")
        }
        if any(len(a) > longest["system"] or len(b) > longest["value"] for a, b in pairs):
            raise ValidationError(_("A system or number is too long."))
        return pairs

    def ask_whether_new(self) -> None:
        """Show the tick that says that it is none of those that look alike."""
        self.fields["anyway"].widget = forms.CheckboxInput()

    @property
    def changes(self) -> dict[str, Any]:
        """Changed columns of the account, without programme and outside numbers."""
        own = super().changes
        return {name: value for name, value in own.items() if name in services.EDITABLE_FIELDS}


class TeamForm(ShapeForm):
    """Which team looks after the account."""

    team = forms.ModelChoiceField(
        label=gettext_lazy("Team"), queryset=Team.objects.none(), required=False
    )
    version = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, account: Account, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        teams = Team.objects.visible_to(user).active().filter(programme=account.programme_id)
        self.fields["team"].queryset = teams
        self.fields["team"].initial = account.team_id
        self.fields["version"].initial = account.version
