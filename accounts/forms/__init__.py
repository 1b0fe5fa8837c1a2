"""What people type about customers: shape only, services decide."""

from accounts.forms.account import AccountForm, TeamForm
from accounts.forms.conflict import ConflictForm, EndForm, ExceptionForm
from accounts.forms.market import ChannelForm, HeldPurchaseForm, PurchaseForm
from accounts.forms.people import ContactForm, InteractionForm, LogContactForm, SiteForm
from accounts.forms.product import ProductForm, ProductLineForm
from accounts.forms.rate import ExchangeRateForm

__all__ = [
    "AccountForm",
    "ChannelForm",
    "ConflictForm",
    "ContactForm",
    "EndForm",
    "ExceptionForm",
    "ExchangeRateForm",
    "HeldPurchaseForm",
    "InteractionForm",
    "LogContactForm",
    "ProductForm",
    "ProductLineForm",
    "PurchaseForm",
    "SiteForm",
    "TeamForm",
]
