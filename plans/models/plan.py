"""The plan of one account for one period, its frozen versions and decisions."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Account
from kam.changes.models import Tracked
from kam.web.addresses import address
from plans import querysets
from plans.choices import Depth, PlanStatus, Transition
from teams.models import currency_code


class Plan(Tracked):
    """What we want to reach with one account in one period (K058; handbook 4.1, 4.2).

    Its rows are the working copy; `status` is where that stands. `in_force` says that an
    approved version of it is in force now, which stays so while the next one is being written.
    """

    CONTENT_FIELDS = (
        "title",
        "starts_on",
        "ends_on",
        "depth",
        "currency",
        "rationale",
        "ambition",
        "key_messages",
        "defection_contingency",
    )

    account = models.ForeignKey(
        Account, verbose_name=_("account"), on_delete=models.PROTECT, related_name="plans"
    )
    title = models.CharField(_("title"), max_length=120)
    starts_on = models.DateField(_("from"))
    ends_on = models.DateField(_("until"))
    depth = models.CharField(_("depth"), max_length=10, choices=Depth, blank=True)
    currency = models.CharField(_("currency"), max_length=3, validators=[currency_code])
    rationale = models.TextField(
        _("strategic rationale"),
        blank=True,
        help_text=_("Why this customer is worth more of our effort than others."),
    )
    ambition = models.CharField(
        _("ambition in one sentence"),
        max_length=300,
        blank=True,
        help_text=_("Where the relationship stands at the end of the period."),
    )
    key_messages = models.TextField(
        _("top three messages"),
        blank=True,
        help_text=_("One a line: what everybody here says to this customer."),
    )
    defection_contingency = models.TextField(
        _("if the customer leaves"),
        blank=True,
        help_text=_("What we do then, who does it, and what tells us early."),
    )
    status = models.CharField(
        _("status"),
        max_length=10,
        choices=PlanStatus,
        default=PlanStatus.DRAFT,
        editable=False,
    )
    in_force = models.BooleanField(_("in force"), default=False, editable=False)
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("author"),
        null=True,
        editable=False,
        on_delete=models.PROTECT,
        related_name="+",
    )
    submitted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        editable=False,
        on_delete=models.PROTECT,
        related_name="+",
    )
    locked_at = models.DateTimeField(
        _("content locked since"), null=True, blank=True, editable=False
    )
    checked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("figures checked by"),
        null=True,
        editable=False,
        on_delete=models.PROTECT,
        related_name="+",
    )
    approved_on = models.DateField(_("approved on"), null=True, blank=True, editable=False)
    result = models.TextField(_("result"), blank=True, editable=False)
    approved = models.JSONField(_("as approved"), null=True, blank=True, editable=False)

    objects = querysets.PlanQuerySet.as_manager()

    class Meta:
        ordering = ["-starts_on", "pk"]
        indexes = [
            models.Index(fields=["-starts_on", "id"], name="plan_latest"),
            models.Index(
                fields=["account"],
                condition=Q(status=PlanStatus.IN_REVIEW, archived_at=None),
                name="plan_in_review",
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["account", "starts_on", "ends_on"],
                condition=Q(archived_at=None),
                name="plan_period",
                violation_error_message=_("The account has a plan for this period."),
            ),
            models.UniqueConstraint(
                fields=["account"],
                condition=Q(in_force=True),
                name="plan_one_in_force",
                violation_error_message=_("The account has an active plan."),
            ),
            models.CheckConstraint(
                condition=Q(ends_on__gt=F("starts_on")),
                name="plan_ends_after_start",
                violation_error_message=_("The end is not after the beginning."),
            ),
            models.CheckConstraint(
                condition=(
                    Q(status="active", in_force=True)
                    | Q(status__in=["superseded", "closed"], in_force=False)
                    | Q(status__in=["draft", "in_review", "approved"])
                ),
                name="plan_force_follows_status",
            ),
        ]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return address("plans:detail", self.pk)

    @property
    def is_locked(self) -> bool:
        """Whether goals, targets, texts and money are fixed (`design.md` 11)."""
        return self.status != PlanStatus.DRAFT

    @property
    def is_over(self) -> bool:
        """Whether another plan took its place or its period ended."""
        return self.status in (PlanStatus.SUPERSEDED, PlanStatus.CLOSED)

    @property
    def awaits_approval(self) -> bool:
        """Whether it is being written or reviewed."""
        return self.status in (PlanStatus.DRAFT, PlanStatus.IN_REVIEW)


class PlanVersion(models.Model):
    """The whole plan as it was at a submission or an approval: never changed.

    `content` is written by `plans.snapshots`: the plan's fields and its rows by kind.
    """

    class Kind(models.TextChoices):
        SUBMISSION = "submission", _("submitted")
        APPROVAL = "approval", _("approved")

    plan = models.ForeignKey(Plan, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField(_("version"))
    kind = models.CharField(_("kind"), max_length=10, choices=Kind)
    content = models.JSONField(_("content"))
    comment = models.TextField(_("comment"), blank=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    created_at = models.DateTimeField(_("frozen"), auto_now_add=True)

    objects = querysets.PlanVersionQuerySet.as_manager()

    class Meta:
        ordering = ["plan", "-number"]
        constraints = [
            models.UniqueConstraint(fields=["plan", "number"], name="planversion_number")
        ]

    def __str__(self) -> str:
        return f"{self.plan}, {self.number}"

    def get_absolute_url(self) -> str:
        return address("plans:version", self.pk)


class PlanDecision(models.Model):
    """One step of a plan's life: who, when and why (handbook 4.2)."""

    plan = models.ForeignKey(Plan, on_delete=models.PROTECT, related_name="decisions")
    step = models.CharField(_("step"), max_length=20, choices=Transition)
    status = models.CharField(_("status after it"), max_length=10, choices=PlanStatus)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    decided_at = models.DateTimeField(_("at"), auto_now_add=True)
    comment = models.TextField(_("comment"), blank=True)
    version = models.ForeignKey(
        PlanVersion, null=True, on_delete=models.PROTECT, related_name="decisions"
    )

    objects = querysets.PlanHangingQuerySet.as_manager()

    class Meta:
        ordering = ["-decided_at", "-pk"]

    def __str__(self) -> str:
        return f"{self.plan}: {self.get_step_display()}"


class Presence(models.Model):
    """Who has a plan open for writing now, and where: a hint, never a lock, and no history."""

    plan = models.ForeignKey(Plan, on_delete=models.CASCADE, related_name="presences")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    section = models.CharField(max_length=20, blank=True)
    seen_at = models.DateTimeField()

    objects = querysets.PresenceQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["plan", "user"], name="presence_person")]

    def __str__(self) -> str:
        return f"{self.user}: {self.plan}"
