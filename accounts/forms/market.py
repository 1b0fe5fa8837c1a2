"""Forms about trade channels and what customers buy."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy

from accounts.forms.fields import DateInput
from accounts.models import Account, CategoryPurchase, Channel, ProductLine, Site
from accounts.services.channel import CHANNEL_FIELDS
from accounts.services.purchase import PURCHASE_FIELDS
from kam.access.dates import business_today
from kam.web.fields import PickField
from kam.web.forms import ServiceForm
from teams.models import Programme, User


class ChannelForm(ServiceForm):
    """A trade channel and its place in the tree."""

    class Meta:
        model = Channel
        fields = CHANNEL_FIELDS

    def __init__(self, *args: Any, programme: Programme, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        above = Channel.objects.filter(programme=programme)
        if self.instance.pk:
            above = above.exclude(path__startswith=self.instance.path)
        self.offer("parent", above)
        self.fields["parent"].empty_label = gettext_lazy("nothing: on top")


class PurchaseForm(ServiceForm):
    """What is known of the purchases of an account; what is not known stays empty."""

    wide = ("category",)
    folded = ("site", "use_type", "volume", "volume_unit")

    class Meta:
        model = CategoryPurchase
        fields = PURCHASE_FIELDS
        widgets = {"period_from": DateInput, "period_until": DateInput, "as_of": DateInput}

    def __init__(
        self, *args: Any, account: Account | None, programme: Programme | None, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        lines = ProductLine.objects.all()
        if programme is not None:
            lines = lines.filter(programme=programme)
        self.offer("category", lines)
        self.fields["category"].empty_label = gettext_lazy("all that we could sell")
        if account is None:
            del self.fields["site"]
        else:
            self.offer("site", Site.objects.filter(account=account))
        if not self.instance.pk:
            self._suggest(account.money if account else programme.currency if programme else "")

    def _suggest(self, currency: str) -> None:
        """The last whole year, known since today."""
        year = business_today().year - 1
        self.initial.update(
            period_from=f"{year}-01-01",
            period_until=f"{year}-12-31",
            as_of=business_today(),
            currency=currency,
        )
        if not currency:
            self.fields["currency"].required = False
            self.fields["currency"].help_text = gettext_lazy("Empty: the account's.")


class HeldPurchaseForm(PurchaseForm):
    """The same, with whose purchases they are: of an account, or of a whole channel."""

    def __init__(self, *args: Any, reader: User, **kwargs: Any) -> None:
        super().__init__(*args, account=None, programme=None, **kwargs)
        self.offer("category", ProductLine.objects.visible_to(reader))
        self.fields["account"] = PickField(
            queryset=Account.objects.editable_by(reader).active(),
            label=gettext_lazy("Account"),
            url_name="accounts:pick",
            required=False,
        )
        self.fields["account"].widget.attrs["class"] = "form-control"
        run = Programme.objects.editable_by(reader).order_by().values("pk")
        channels = Channel.objects.active().filter(programme__in=run)
        self.fields["channel"] = forms.ModelChoiceField(
            label=gettext_lazy("or a whole channel"),
            queryset=channels,
            required=False,
            empty_label=gettext_lazy("none"),
        )
        self.order_fields(["account", "channel"])
