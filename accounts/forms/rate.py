"""What one unit of a currency is worth."""

from __future__ import annotations

from accounts.forms.fields import DateInput
from accounts.models import ExchangeRate
from accounts.services.ledger import RATE_FIELDS
from kam.web.forms import ServiceForm


class ExchangeRateForm(ServiceForm):
    """A rate from a day on."""

    class Meta:
        model = ExchangeRate
        fields = RATE_FIELDS
        widgets = {"valid_from": DateInput}
