"""The method's own words, translatable: statements, checklists, signals, guidance by stage."""

from reviews.texts.checklists import CHECK_TEXTS, CHECKLISTS, CheckText, checklist_of
from reviews.texts.guidance import GUIDANCE, Guidance
from reviews.texts.signals import SIGNAL_TEXTS
from reviews.texts.statements import DIMENSION_NAMES, SCALE, SHORT_NAMES, STATEMENTS, Statement

__all__ = [
    "CHECKLISTS",
    "CHECK_TEXTS",
    "DIMENSION_NAMES",
    "GUIDANCE",
    "SCALE",
    "SHORT_NAMES",
    "SIGNAL_TEXTS",
    "STATEMENTS",
    "CheckText",
    "Guidance",
    "Statement",
    "checklist_of",
]
