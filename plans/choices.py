"""Closed lists of plans (handbook 4.1, 4.2, 4.4, 4.8; `design.md` 11)."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class PlanStatus(models.TextChoices):
    """Where the working copy of a plan stands (handbook 4.2)."""

    DRAFT = "draft", _("Draft")
    IN_REVIEW = "in_review", _("In review")
    APPROVED = "approved", _("Approved")
    ACTIVE = "active", _("Active")
    SUPERSEDED = "superseded", _("Superseded")
    CLOSED = "closed", _("Closed")


class Depth(models.TextChoices):
    """How much of a plan is asked for; follows the account's tier (`design.md` 11)."""

    STRATEGIC = "strategic", _("strategic")
    STAR = "star", _("star")
    STATUS = "status", _("status")
    STREAMLINE = "streamline", _("streamline")
    NONE = "none", _("none")


class ObjectiveType(models.TextChoices):
    """What an objective is for (K011)."""

    RETAIN = "retain", _("Retain")
    GROW = "grow", _("Grow")
    IMPROVE_MARGIN = "improve_margin", _("Improve margin")
    RELATIONSHIP = "relationship", _("Relationship")
    INNOVATION = "innovation", _("Innovation")


class ObjectiveStatus(models.TextChoices):
    """Computed, except dropped (handbook 4.4)."""

    OPEN = "open", _("Open")
    ACHIEVED = "achieved", _("Achieved")
    MISSED = "missed", _("Missed")
    DROPPED = "dropped", _("Dropped")


class StrategyKind(models.TextChoices):
    """How an objective is pursued (handbook 4.4)."""

    PENETRATE = "penetrate", _("Penetrate")
    EXTEND_RANGE = "extend_range", _("Extend range")
    EXTEND_UNITS = "extend_units", _("Extend to more units")
    IMPROVE_MARGIN = "improve_margin", _("Improve margin")
    REDUCE_COST = "reduce_cost", _("Reduce cost")
    INNOVATE = "innovate", _("Innovate")
    DEFEND = "defend", _("Defend")
    RELATIONSHIP = "relationship", _("Relationship")


class ActionStatus(models.TextChoices):
    """State of an action (handbook 4.4); blocked follows from dependencies or has a reason."""

    TODO = "todo", _("To do")
    DOING = "doing", _("Doing")
    BLOCKED = "blocked", _("Blocked")
    DONE = "done", _("Done")
    CANCELLED = "cancelled", _("Cancelled")


OPEN_ACTIONS = (ActionStatus.TODO, ActionStatus.DOING, ActionStatus.BLOCKED)
"""States in which something is still to be done."""


class ActionOrigin(models.TextChoices):
    """Where an action came from."""

    PLAN = "plan", _("plan")
    CAPTURE = "capture", _("quick capture")
    INTERACTION = "interaction", _("talk")
    REVIEW = "review", _("review")
    RISK = "risk", _("risk")
    OTHER = "other", _("other")


class Quadrant(models.TextChoices):
    """Quadrants of the analysis of us at this customer (handbook 4.1, section 8)."""

    STRENGTH = "strength", _("Strengths")
    WEAKNESS = "weakness", _("Weaknesses")
    OPPORTUNITY = "opportunity", _("Opportunities")
    THREAT = "threat", _("Threats")


class RiskCategory(models.TextChoices):
    """What kind of thing may go wrong (handbook 4.8)."""

    DEFECTION = "defection", _("defection")
    DELIVERY = "delivery", _("delivery")
    COMMERCIAL = "commercial", _("commercial")
    FINANCIAL = "financial", _("financial")
    PEOPLE = "people", _("people")
    LEGAL = "legal", _("legal")
    STRATEGIC = "strategic", _("strategic")


class RiskResponse(models.TextChoices):
    """What we do about a risk (handbook 4.8)."""

    AVOID = "avoid", _("avoid")
    REDUCE = "reduce", _("reduce")
    TRANSFER = "transfer", _("transfer")
    ACCEPT = "accept", _("accept")


class RiskState(models.TextChoices):
    """Whether a risk is still ahead of us."""

    OPEN = "open", _("open")
    OCCURRED = "occurred", _("occurred")
    CLOSED = "closed", _("closed")


class RiskBand(models.TextChoices):
    """Likelihood times impact: 1-4, 5-9, 10-14, 15-25 (handbook 4.8)."""

    LOW = "low", _("low")
    MEDIUM = "medium", _("medium")
    HIGH = "high", _("high")
    CRITICAL = "critical", _("critical")


class Transition(models.TextChoices):
    """Steps of a plan's life (handbook 4.2)."""

    CREATE = "create", _("created")
    SUBMIT = "submit", _("submitted for approval")
    REQUEST_CHANGES = "request_changes", _("sent back")
    CHECK_FINANCE = "check_finance", _("figures checked")
    APPROVE = "approve", _("approved")
    ACTIVATE = "activate", _("activated")
    SUPERSEDE = "supersede", _("superseded")
    REVISE = "revise", _("opened for revision")
    CLOSE = "close", _("closed")
