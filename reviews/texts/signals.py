"""The ten signals of uncoupling (handbook 2.6)."""

from django.utils.translation import gettext_lazy as _

SIGNAL_TEXTS = {
    "U1": _("Either side has given notice or decided not to renew"),
    "U2": _("Serious breach of trust or contract, not repaired within 60 days"),
    "U3": _("Re-tender announced where there was none"),
    "U4": _("Sponsor or decider gone, no working successor contact within 60 days"),
    "U5": _("Share of wallet down 10 or more points in 12 months"),
    "U6": _("Index down 15 or more points between reviews at most 12 months apart"),
    "U7": _("Customer cancelled two joint reviews in a row"),
    "U8": _("Contribution negative four quarters running, without recovery plan"),
    "U9": _("Strategic fit lost: merger, insourcing, change of technology, category left"),
    "U10": _("Recommendation 0–6 from a decider, or two severe complaints open over 30 days"),
}
