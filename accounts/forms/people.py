"""Forms about people at the customer, their places and what was said."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy

from accounts.forms.fields import DateInput
from accounts.models import Account, Contact, Interaction, Site
from accounts.models.people import ATTITUDES, BuyingRole
from accounts.services.interaction import EDITABLE_FIELDS as INTERACTION_FIELDS
from accounts.services.people import EDITABLE_FIELDS as CONTACT_FIELDS
from accounts.services.site import EDITABLE_FIELDS as SITE_FIELDS
from kam.access.dates import business_today
from kam.web.fields import PickField
from kam.web.forms import ServiceForm
from teams.models import User

INFLUENCE = (
    ("", gettext_lazy("unknown")),
    (1, gettext_lazy("1 none")),
    (2, gettext_lazy("2 little")),
    (3, gettext_lazy("3 some")),
    (4, gettext_lazy("4 much")),
    (5, gettext_lazy("5 decisive")),
)
ATTITUDE = (("", gettext_lazy("unknown")), *ATTITUDES.items())


def _whole_number(value: Any) -> int | None:
    return None if value in (None, "") else int(value)


class SiteForm(ServiceForm):
    """A place of the customer."""

    class Meta:
        model = Site
        fields = SITE_FIELDS
        widgets = {"address": forms.Textarea(attrs={"rows": 2})}


class ContactForm(ServiceForm):
    """A person at the customer; what is not known stays empty."""

    wide = ("name",)
    folded = ("phone", "site", "reports_to", "interval_days")

    influence = forms.TypedChoiceField(
        label=gettext_lazy("Influence"),
        choices=INFLUENCE,
        coerce=_whole_number,
        empty_value=None,
        required=False,
    )
    attitude = forms.TypedChoiceField(
        label=gettext_lazy("Attitude to us"),
        choices=ATTITUDE,
        coerce=_whole_number,
        empty_value=None,
        required=False,
    )
    buying_roles = forms.MultipleChoiceField(
        label=gettext_lazy("Part in the decision"),
        choices=BuyingRole.choices,
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )

    class Meta:
        model = Contact
        fields = CONTACT_FIELDS

    def __init__(self, *args: Any, account: Account, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.offer("site", Site.objects.filter(account=account))
        others = Contact.objects.filter(account=account)
        self.offer("reports_to", others.exclude(pk=self.instance.pk))


class InteractionForm(ServiceForm):
    """A talk that is corrected."""

    class Meta:
        model = Interaction
        fields = INTERACTION_FIELDS
        widgets = {
            "happened_on": DateInput,
            "contacts": forms.CheckboxSelectMultiple,
            "kind": forms.RadioSelect,
            "text": forms.Textarea(attrs={"rows": 3}),
        }

    def __init__(self, *args: Any, account: Account, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["contacts"].queryset = Contact.objects.filter(account=account)
        self.fields["contacts"].required = False

    @property
    def changes(self) -> dict[str, Any]:
        """Changed values; people as a list."""
        own = super().changes
        return own | ({"contacts": list(own["contacts"])} if "contacts" in own else {})


class LogContactForm(ServiceForm):
    """Whom, how, what matters: a talk in less than 15 seconds (`design.md` 2)."""

    class Meta:
        model = Interaction
        fields = ("kind", "text", "happened_on", "contacts")
        widgets = {
            "kind": forms.RadioSelect,
            "text": forms.Textarea(attrs={"rows": 3}),
            "happened_on": DateInput,
            "contacts": forms.CheckboxSelectMultiple,
        }

    def __init__(
        self, *args: Any, user: User, account: Account | None = None, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        people = Contact.objects.visible_to(user).active()
        if account is not None:
            people = people.filter(account=account)
        else:
            self.fields["account"] = PickField(
                queryset=Account.objects.contributable_by(user).active(),
                label=gettext_lazy("Account"),
                url_name="accounts:pick",
                required=False,
            )
            self.fields["account"].widget.attrs["class"] = "form-control"
        self.fields["contacts"].queryset = people
        self.fields["contacts"].required = False
        self.fields["contacts"].label = gettext_lazy("With")
        self.fields["text"].help_text = gettext_lazy(
            "Type or dictate. “@Tom by Friday: quote Aarhus” makes an action."
        )
        self.fields["happened_on"].initial = business_today()

    @property
    def changes(self) -> dict[str, Any]:
        """All values of the talk; people as a list."""
        own = {name: value for name, value in self.values.items() if name in INTERACTION_FIELDS}
        return own | {"contacts": list(own["contacts"])}
