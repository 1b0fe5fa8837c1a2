"""Forms about duplicates and merges."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.merging.fields import LOSER, SURVIVOR, Choice
from accounts.models import Account
from kam.web.fields import PickField
from kam.web.forms import ShapeForm


class OtherAccountForm(ShapeForm):
    """With which account another one is compared."""

    def __init__(self, *args: Any, account: Account, user: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        visible = Account.objects.managed_by(user).active().filter(programme=account.programme_id)
        self.account = account
        self.fields["other"] = PickField(
            queryset=visible,
            label=gettext_lazy("The other account"),
            url_name="accounts:pick",
        )

    def clean_other(self) -> Account:
        """Another one than this."""
        other: Account = self.cleaned_data["other"]
        if other.pk == self.account.pk:
            raise ValidationError(_("That is this account itself."), code="same")
        return other


class MergeForm(forms.Form):
    """Which value stays, field by field; both versions as the page showed them."""

    version = forms.IntegerField(widget=forms.HiddenInput)
    other_version = forms.IntegerField(widget=forms.HiddenInput)

    def __init__(self, *args: Any, choices: list[Choice], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        sides = ((SURVIVOR, gettext_lazy("stays")), (LOSER, gettext_lazy("taken up")))
        for choice in choices:
            self.fields[f"f-{choice.name}"] = forms.ChoiceField(choices=sides, required=False)

    @property
    def wanted(self) -> dict[str, str]:
        """Side by name of the choice, for those that were said."""
        return {
            name.removeprefix("f-"): side
            for name, side in self.cleaned_data.items()
            if name.startswith("f-") and side
        }
