"""Closed lists of a stage review."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Side(models.TextChoices):
    """Whose view it is (handbook 2.4, rule 8)."""

    SUPPLIER = "supplier", _("Our view")
    CUSTOMER = "customer", _("Customer’s view")


class ReviewStatus(models.TextChoices):
    """Where a review stands between its author and the second person (T7)."""

    DRAFT = "draft", _("Draft")
    PROPOSED = "proposed", _("Waiting for confirmation")
    CONFIRMED = "confirmed", _("Confirmed")
    REJECTED = "rejected", _("Rejected")


class CheckState(models.TextChoices):
    """State of an item of a checklist."""

    OPEN = "open", _("open")
    DONE = "done", _("done")
    NOT_APPLICABLE = "not_applicable", _("not applicable")


class ShareOrigin(models.TextChoices):
    """Where the share of wallet of a review comes from."""

    UNKNOWN = "unknown", _("unknown")
    COMPUTED = "computed", _("computed")
    GIVEN = "given", _("given")


class ClosingStatus(models.TextChoices):
    """What the account is after its uncoupling was closed (T6)."""

    EXITED = "exited", _("Exited: the business ends")
    MAINTAINED = "maintained", _("Maintained: served without key treatment")
