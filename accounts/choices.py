"""Closed lists of the handbook that accounts, reviews and plans share."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Status(models.TextChoices):
    """What the customer is to the programme (K048-K050; handbook 0.1)."""

    CANDIDATE = "candidate", _("Candidate")
    KEY = "key", _("Key account")
    GROOMED = "groomed", _("Groomed")
    MAINTAINED = "maintained", _("Maintained")
    DIPLOMATIC = "diplomatic", _("Diplomatic")
    EXITED = "exited", _("Exited")


class Stage(models.TextChoices):
    """Where the relationship stands (K066; handbook 2.1). Null on an account: not assessed."""

    PRE = "pre", _("Pre-KAM")
    EARLY = "early", _("Early")
    MID = "mid", _("Mid")
    PARTNERSHIP = "partnership", _("Partnership")
    SYNERGISTIC = "synergistic", _("Synergistic")
    UNCOUPLING = "uncoupling", _("Uncoupling")


LADDER = (Stage.PRE, Stage.EARLY, Stage.MID, Stage.PARTNERSHIP, Stage.SYNERGISTIC)
"""The five stages in rising order; uncoupling stands apart."""

REVIEW_DAYS = {
    Stage.PRE: 90,
    Stage.EARLY: 60,
    Stage.MID: 90,
    Stage.PARTNERSHIP: 180,
    Stage.SYNERGISTIC: 180,
    Stage.UNCOUPLING: 30,
}
"""Days after a confirmed review until the next is due (`design.md` 11)."""

REVIEWED_STATUSES = (Status.KEY, Status.GROOMED)
"""Statuses that alerts and cadences concern (`design.md` 11)."""


class RationaleType(models.TextChoices):
    """Why a customer is key (K021)."""

    REVENUE_TODAY = "revenue_today", _("revenue today")
    GROWTH_POTENTIAL = "growth_potential", _("growth potential")
    REFERENCE = "reference", _("reference")
    ACCESS = "access", _("access to markets or technologies")
    OTHER = "other", _("other")


class Confidence(models.TextChoices):
    """Whether a fact about the customer is known or believed (`design.md` 4.3)."""

    ASSUMED = "assumed", _("assumed")
    CONFIRMED = "confirmed", _("confirmed")


class Horizon(models.TextChoices):
    """For when an account is scored: the arrow of the matrix leads from one to the other (3.3)."""

    TODAY = "today", _("today")
    YEAR3 = "year3", _("in three years")


class Size(models.TextChoices):
    """How big the customer is; key accounts may be of any size (K051)."""

    LARGE = "large", _("large")
    MEDIUM = "medium", _("medium")
    SMALL = "small", _("small")


class GeographicReach(models.TextChoices):
    """How far the customer reaches; a wide reach is not required (K051)."""

    GLOBAL = "global", _("global")
    REGIONAL = "regional", _("several countries")
    NATIONAL = "national", _("national")
    LOCAL = "local", _("local")


class Intent(models.TextChoices):
    """What we want of the customer: the long term, or the occasion (K051)."""

    STRATEGIC = "strategic", _("strategic")
    OPPORTUNISTIC = "opportunistic", _("opportunistic")


class Criticality(models.TextChoices):
    """How much hangs on what the customer contributes or could (K025)."""

    SIGNIFICANT = "significant", _("significant")
    CRITICAL = "critical", _("critical")


class CostType(models.TextChoices):
    """What the programme spends money on (K131)."""

    PEOPLE = "people", _("people")
    PROCESS = "process", _("process")
    SYSTEMS = "systems", _("systems")
    EQUIPMENT = "equipment", _("equipment")
    TRAINING = "training", _("training")


class UseType(models.TextChoices):
    """What the customer buys a category for (K088)."""

    RESALE = "resale", _("resale")
    OWN_INPUT = "own_input", _("own input")


class Measure(models.TextChoices):
    """What customers are ranked by (K087)."""

    AMOUNT = "amount", _("amount")
    VOLUME = "volume", _("volume")
    SALES = "sales", _("our sales")


class PurchaseConfidence(models.TextChoices):
    """How a figure on a customer's purchases is known (handbook 3.4)."""

    MEASURED = "measured", _("measured")
    REPORTED = "reported", _("reported")
    ESTIMATED = "estimated", _("estimated")


class UncouplingReason(models.TextChoices):
    """Why a relationship is ended (handbook 2.5)."""

    ILL_CONCEIVED = "ill_conceived", _("ill conceived")
    PURPOSE_SERVED = "purpose_served", _("purpose served")
    UNPROFITABLE = "unprofitable", _("unprofitable")
    SHORT_TERM_BETTER = "short_term_better", _("short term is better")
    TRUST_BREACH = "trust_breach", _("breach of trust")
    COMPETITOR_WON = "competitor_won", _("competitor won")
    CUSTOMER_STRATEGY = "customer_strategy", _("customer's strategy")
    SUPPLIER_STRATEGY = "supplier_strategy", _("our strategy")
    OWNERSHIP_CHANGE = "ownership_change", _("change of ownership")


class Initiator(models.TextChoices):
    """Who ends it (handbook 2.5, T4)."""

    SUPPLIER = "supplier", _("we")
    CUSTOMER = "customer", _("the customer")
    MUTUAL = "mutual", _("both")


class Area(models.TextChoices):
    """What a profile parameter tells about (K092, K095)."""

    OUTLET = "outlet", _("The outlet")
    AUDIENCE = "audience", _("Its audience")
    PURCHASING = "purchasing", _("Its purchasing")


class ScaleKind(models.TextChoices):
    """How a profile parameter is rated (K092)."""

    SCALE = "scale", _("Whole numbers from low to high")
    NUMBER = "number", _("A number")
    CHOICE = "choice", _("One of a list")


class TargetStatus(models.TextChoices):
    """How far a brand has come at an account (K095)."""

    TARGETED = "targeted", _("Targeted")
    LISTED = "listed", _("Listed")
    DISPLAYED = "displayed", _("Displayed")
    DECLINED = "declined", _("Declined by the customer")
    DROPPED = "dropped", _("Dropped by us")
