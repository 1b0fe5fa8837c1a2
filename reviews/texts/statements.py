"""The 24 statements of the evidence questionnaire (handbook 2.4)."""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

SCALE = (
    _("not at all"),
    _("one instance"),
    _("partly"),
    _("largely"),
    _("fully and as routine"),
)
"""What 0 to 4 mean unless a statement says otherwise."""

DIMENSION_NAMES = {
    "A": _("Contact breadth"),
    "B": _("Trust and openness"),
    "C": _("Joint planning"),
    "D": _("Commercial commitment"),
    "E": _("Integration, exit barriers"),
    "F": _("Tailored value, recognition"),
}
SHORT_NAMES = {
    "A": _("Contact"),
    "B": _("Trust"),
    "C": _("Planning"),
    "D": _("Commitment"),
    "E": _("Integration"),
    "F": _("Value"),
}


@dataclass(frozen=True)
class Statement:
    """A statement; `scale` replaces the common meaning of 0 to 4 where it has its own."""

    text: Promise
    scale: tuple[Promise, ...] = SCALE


STATEMENTS: dict[str, Statement] = {
    "A1": Statement(
        _(
            "Three or more of our functions have their own counterpart and deal directly, "
            "without the manager in between"
        )
    ),
    "A2": Statement(_("We have working contact on executive, management and operational level")),
    "A3": Statement(
        _("Two-way dialogue with the decider or economic buyer at least every quarter")
    ),
    "A4": Statement(
        _(
            "No decisive contact depends on a single link; the relationship would survive "
            "one departure"
        )
    ),
    "B1": Statement(_("Both sides keep their commitments")),
    "B2": Statement(_("The customer tells us of problems before they become complaints")),
    "B3": Statement(_("Sensitive information flows both ways")),
    "B4": Statement(_("Contentious matters are raised and settled without damage")),
    "C1": Statement(_("A written plan exists that the customer has seen and shaped")),
    "C2": Statement(_("Joint teams work on problems beyond the product")),
    "C3": Statement(_("Goals and measures are agreed and reviewed together at least twice a year")),
    "C4": Statement(_("We are involved before needs or specifications are fixed")),
    "D1": Statement(
        _("Share of wallet"),
        (
            _("below 5 %"),
            _("from 5 %"),
            _("from 20 %"),
            _("from 50 %"),
            _("from 75 %"),
        ),
    ),
    "D2": Statement(
        _("Agreement"),
        (
            _("spot"),
            _("yearly orders"),
            _("yearly contract"),
            _("multi-year"),
            _("multi-year with joint investment"),
        ),
    ),
    "D3": Statement(_("Business is renewed without a price-only contest")),
    "D4": Statement(_("The customer spends its own money, people or time on the relationship")),
    "E1": Statement(
        _("Systems are linked"),
        (
            _("none"),
            _("one instance"),
            _("partly"),
            _("largely"),
            _("core processes shared"),
        ),
    ),
    "E2": Statement(_("Both firms have adapted processes to each other")),
    "E3": Statement(_("Replacing us would take over six months or significant outlay")),
    "E4": Statement(_("Joint assets exist (people on site, joint development, shared rights)")),
    "F1": Statement(_("A proposition made for this customer is in use")),
    "F2": Statement(_("The customer confirmed received value in writing in the last 12 months")),
    "F3": Statement(
        _("Customer’s rating of us"),
        (
            _("none"),
            _("approved"),
            _("one of several preferred"),
            _("strategic supplier"),
            _("partner or extension of itself"),
        ),
    ),
    "F4": Statement(_("Our ideas are taken into trial or use")),
}
