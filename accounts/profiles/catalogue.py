"""What the profile of an account asks, in sections (K034, K070, K112, K113)."""

from __future__ import annotations

from typing import Any, NamedTuple

from django.db import models
from django.utils.translation import gettext_lazy as _


class Section(models.TextChoices):
    """Parts of the profile, in the order in which it reads."""

    BUSINESS = "business", _("Its business")
    INSIGHT = "insight", _("Customer insight")
    DRIVERS = "drivers", _("What drives it to key account management")
    PURCHASING = "purchasing", _("Purchasing organisation")


WORDS: dict[str, Any] = {
    Section.BUSINESS: _("What a good manager knows of the account beyond its purchasing."),
    Section.INSIGHT: _("What moves the people, and what they can and cannot do well."),
    Section.DRIVERS: _("The four forces that make customers ask for one supplier, one face."),
    Section.PURCHASING: _("How buying is organised, and where that is going."),
}
"""What each section is for."""


class Asked(NamedTuple):
    """One field of the profile. With `options` (value and words) one of these is chosen; a
    `whole` one is a number from 0; all others are text."""

    name: str
    section: Section
    label: Any
    help_text: Any = ""
    options: tuple[tuple[str, Any], ...] = ()
    whole: bool = False

    def in_words(self, value: str) -> str:
        """`value`, as people read it."""
        return str(dict(self.options).get(value, value))


PRESENCE = (
    ("strong", _("Strong: it changes how they buy")),
    ("some", _("Somewhat")),
    ("none", _("Not at all")),
)
FIELDS = (
    Asked("strategy", Section.BUSINESS, _("Strategy"), _("Where it wants to be, and how.")),
    Asked("finance", Section.BUSINESS, _("Finance"), _("Growth, profit, debt, who owns it.")),
    Asked("markets", Section.BUSINESS, _("Markets"), _("Its customers and its competitors.")),
    Asked("operations", Section.BUSINESS, _("Operations"), _("Plants, logistics, systems.")),
    Asked("motives", Section.INSIGHT, _("Motives"), _("Why it would work with us.")),
    Asked("behaviour", Section.INSIGHT, _("Behaviour"), _("How it deals with suppliers.")),
    Asked("culture", Section.INSIGHT, _("Culture"), _("What is rewarded, what is not done.")),
    Asked("strengths", Section.INSIGHT, _("Strengths")),
    Asked("weaknesses", Section.INSIGHT, _("Weaknesses")),
    Asked("merging_buying", Section.DRIVERS, _("Buying points merge"), options=PRESENCE),
    Asked(
        "professional_buying",
        Section.DRIVERS,
        _("Purchasing becomes professional and central"),
        options=PRESENCE,
    ),
    Asked("cost_pressure", Section.DRIVERS, _("Pressure on costs and margins"), options=PRESENCE),
    Asked("globalisation", Section.DRIVERS, _("It works across countries"), options=PRESENCE),
    Asked(
        "centralisation",
        Section.PURCHASING,
        _("Centralisation"),
        _("Where it is decided what is bought from whom."),
        options=(
            ("central", _("Central: one place decides")),
            ("framework", _("Framework centrally, orders locally")),
            ("local", _("Local: every place decides")),
        ),
    ),
    Asked(
        "buying_points",
        Section.PURCHASING,
        _("Buying points"),
        _("Places or people that place orders."),
        whole=True,
    ),
    Asked(
        "supplier_reduction",
        Section.PURCHASING,
        _("Supplier-reduction programme"),
        options=(
            ("running", _("Running")),
            ("announced", _("Announced")),
            ("done", _("Done")),
            ("none", _("None")),
        ),
    ),
    Asked(
        "supplier_reduction_aim",
        Section.PURCHASING,
        _("What that programme aims at"),
        _("Suppliers before and after, by when, and what it takes to stay."),
    ),
)
"""Everything that is asked: two parts beyond purchasing (K034, K070), the four drivers (K112) and
the purchasing organisation (K113)."""

ASKED = {field.name: field for field in FIELDS}
BEYOND = (Section.BUSINESS, Section.INSIGHT, Section.DRIVERS)
"""Sections outside purchasing, the completeness of which is shown by itself (K034)."""


def fields_of(section: str) -> list[Asked]:
    """The fields of one section, in order."""
    return [field for field in FIELDS if field.section == section]
