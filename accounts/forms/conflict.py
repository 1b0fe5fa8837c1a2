"""Forms about conflicts and barriers between customers."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy

from accounts.forms.fields import DateInput
from accounts.models import Account, Conflict
from kam.access.dates import business_today
from kam.web.fields import PickField
from kam.web.forms import ShapeForm
from teams.models import User


class ConflictForm(ShapeForm):
    """Two accounts that stand in each other's way, with all below them."""

    a = PickField(
        queryset=Account.objects.none(), label=gettext_lazy("Account"), url_name="accounts:pick"
    )
    b = PickField(
        queryset=Account.objects.none(),
        label=gettext_lazy("and account"),
        url_name="accounts:pick",
    )
    kind = forms.ChoiceField(
        label=gettext_lazy("Kind"), choices=Conflict.Kind.choices, widget=forms.RadioSelect
    )
    valid_from = forms.DateField(
        label=gettext_lazy("From"),
        required=False,
        widget=DateInput,
        help_text=gettext_lazy("Empty: it has always stood."),
    )
    valid_until = forms.DateField(
        label=gettext_lazy("Until"),
        required=False,
        widget=DateInput,
        help_text=gettext_lazy("The last day. Empty: until it is ended."),
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        managed = Account.objects.managed_by(user).active()
        self.fields["a"].queryset = managed
        self.fields["b"].queryset = managed


class EndForm(ShapeForm):
    """The last day on which something holds."""

    last_day = forms.DateField(label=gettext_lazy("Last day"), widget=DateInput)
    version = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, version: int | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["last_day"].initial = business_today()
        self.fields["version"].initial = version


class ExceptionForm(ShapeForm):
    """Somebody to whom a barrier does not apply: by name, with dates and a reason."""

    user = forms.ModelChoiceField(label=gettext_lazy("Person"), queryset=User.objects.none())
    reason = forms.CharField(label=gettext_lazy("Reason"), max_length=250)
    valid_from = forms.DateField(
        label=gettext_lazy("From"), required=False, widget=DateInput, initial=business_today
    )
    valid_until = forms.DateField(
        label=gettext_lazy("Until"),
        required=False,
        widget=DateInput,
        help_text=gettext_lazy("The last day. Empty: until it is ended."),
    )

    def __init__(self, *args: Any, reader: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["user"].queryset = User.objects.colleagues_of(reader).with_name()
