"""Stage reviews: 24 answers with evidence, advice, a decision, and who confirmed it (2.4-2.6)."""

from __future__ import annotations

from decimal import Decimal

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils.formats import date_format
from django.utils.translation import gettext_lazy as _

from accounts.choices import Initiator, Stage, UncouplingReason
from accounts.models import Account
from kam.changes.models import Tracked
from kam.web.addresses import address
from reviews import querysets, scoring
from reviews.choices import CheckState, ClosingStatus, ReviewStatus, ShareOrigin, Side
from reviews.texts import CHECK_TEXTS, SIGNAL_TEXTS


class StageReview(Tracked):
    """One assessment of one relationship on one day, by us or by the customer.

    Any number per account and day. `index`, `recommended_stage` and `outcome` are what the
    evidence says; they follow every answer while the review is a draft and stand still from the
    proposal on. `decided_stage` is what people propose and confirm (null: not decided, or the
    closing of an uncoupling).
    """

    account = models.ForeignKey(
        Account, verbose_name=_("account"), on_delete=models.PROTECT, related_name="stage_reviews"
    )
    side = models.CharField(_("side"), max_length=10, choices=Side, default=Side.SUPPLIER)
    reviewed_on = models.DateField(_("reviewed on"))
    status = models.CharField(
        _("status"),
        max_length=10,
        choices=ReviewStatus,
        default=ReviewStatus.DRAFT,
        editable=False,
    )
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("started by"),
        editable=False,
        on_delete=models.PROTECT,
        related_name="+",
    )
    writer = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("last changed by"),
        null=True,
        blank=True,
        editable=False,
        on_delete=models.PROTECT,
        related_name="+",
    )
    writer_since = models.PositiveIntegerField(
        default=1, editable=False, help_text=_("Version after which nobody else has written.")
    )
    participants = models.CharField(_("answered together by"), max_length=250, blank=True)
    share_of_wallet = models.DecimalField(
        _("share of wallet"),
        max_digits=9,
        decimal_places=8,
        null=True,
        blank=True,
        validators=[MinValueValidator(Decimal(0)), MaxValueValidator(Decimal(1))],
        help_text=_("As given for this review; empty: computed where the data allow."),
    )
    share_used = models.DecimalField(
        max_digits=9, decimal_places=8, null=True, blank=True, editable=False
    )
    share_origin = models.CharField(
        max_length=10, choices=ShareOrigin, default=ShareOrigin.UNKNOWN, editable=False
    )
    share_is_assumed = models.BooleanField(default=False, editable=False)
    index = models.DecimalField(
        _("relationship index"),
        max_digits=9,
        decimal_places=6,
        null=True,
        blank=True,
        editable=False,
    )
    recommended_stage = models.CharField(  # noqa: DJ001  (null = insufficient evidence)
        _("recommended stage"),
        max_length=11,
        choices=Stage,
        null=True,
        blank=True,
        editable=False,
    )
    outcome = models.JSONField(_("outcome"), default=dict, blank=True, editable=False)
    decided_stage = models.CharField(  # noqa: DJ001  (null = not decided)
        _("stage"), max_length=11, choices=Stage, null=True, blank=True
    )
    closing_status = models.CharField(
        _("closing"), max_length=10, choices=ClosingStatus, blank=True
    )
    reason = models.TextField(_("reason"), blank=True)
    what_changed = models.TextField(_("what has changed"), blank=True)
    override = models.BooleanField(_("override"), default=False)
    override_evidence = models.JSONField(_("evidence for the override"), default=list, blank=True)
    uncoupling_reason = models.CharField(
        _("reason for uncoupling"), max_length=20, choices=UncouplingReason, blank=True
    )
    initiator = models.CharField(_("initiator"), max_length=10, choices=Initiator, blank=True)
    proposed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("proposed by"),
        null=True,
        blank=True,
        editable=False,
        on_delete=models.PROTECT,
        related_name="+",
    )
    proposed_at = models.DateTimeField(_("proposed"), null=True, blank=True, editable=False)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("confirmed or rejected by"),
        null=True,
        blank=True,
        editable=False,
        on_delete=models.PROTECT,
        related_name="+",
    )
    decided_at = models.DateTimeField(_("decided"), null=True, blank=True, editable=False)
    decided_on = models.DateField(_("decided on"), null=True, blank=True, editable=False)
    rejection_reason = models.TextField(_("why it was rejected"), blank=True)

    objects = querysets.StageReviewQuerySet.as_manager()

    class Meta:
        ordering = ["-reviewed_on", "-pk"]
        indexes = [
            models.Index(fields=["account", "-reviewed_on", "-id"], name="stagereview_account"),
            models.Index(fields=["status", "-reviewed_on", "-id"], name="stagereview_status"),
            models.Index(fields=["-reviewed_on", "-id"], name="stagereview_list"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(share_of_wallet=None) | Q(share_of_wallet__range=(0, 1)),
                name="stagereview_share",
                violation_error_message=_("A share of wallet lies between 0 and 1."),
            ),
            models.CheckConstraint(
                condition=Q(decided_by=None)
                | Q(proposed_by=None)
                | ~Q(decided_by=F("proposed_by")),
                name="stagereview_second_person",
                violation_error_message=_("Somebody else has to confirm."),
            ),
            models.CheckConstraint(
                condition=~Q(status="confirmed")
                | Q(proposed_by__isnull=False, decided_by__isnull=False),
                name="stagereview_confirmed_by",
                violation_error_message=_("A confirmed review names who proposed and confirmed."),
            ),
            models.CheckConstraint(
                condition=Q(side="supplier") | Q(status="draft"),
                name="stagereview_customer_proposes_nothing",
                violation_error_message=_("The customer’s view proposes no stage."),
            ),
        ]

    def __str__(self) -> str:
        return _("%(account)s, %(day)s") % {
            "account": self.account,
            "day": date_format(self.reviewed_on, "j M Y"),
        }

    def get_absolute_url(self) -> str:
        return address("reviews:detail", self.pk)

    @property
    def is_draft(self) -> bool:
        return self.status == ReviewStatus.DRAFT

    @property
    def is_proposed(self) -> bool:
        return self.status == ReviewStatus.PROPOSED

    @property
    def is_ours(self) -> bool:
        return self.side == Side.SUPPLIER

    def written_by(self, user: models.Model | None) -> None:
        """Note who moves the version on from here; whoever sets this saves both columns."""
        key = user.pk if user else None
        if self.writer_id != key:
            self.writer_id, self.writer_since = key, self.version

    def is_own_since(self, version: int | None, user: models.Model) -> bool:
        """Whether nobody but `user` has written anything here after `version`."""
        return version is not None and self.writer_id == user.pk and self.writer_since <= version


class Answer(Tracked):
    """The answer to one statement. Taken over from last time it counts only once confirmed."""

    KEY, LOGGED = "item", ("score", "evidence", "answered_on")

    review = models.ForeignKey(StageReview, on_delete=models.CASCADE, related_name="answers")
    item = models.CharField(_("statement"), max_length=2)
    score = models.PositiveSmallIntegerField(
        _("score"), null=True, blank=True, validators=[MaxValueValidator(scoring.MAX_SCORE)]
    )
    evidence = models.TextField(_("evidence"), blank=True)
    answered_on = models.DateField(_("answered on"))
    is_confirmed = models.BooleanField(_("confirmed"), default=True)

    objects = querysets.OfReviewQuerySet.as_manager()

    class Meta:
        ordering = ["review", "item"]
        constraints = [
            models.UniqueConstraint(fields=["review", "item"], name="answer_item"),
            models.CheckConstraint(
                condition=Q(item__in=[i for i in scoring.ITEMS if i != scoring.COMPUTED_ITEM]),
                name="answer_known_item",
                violation_error_message=_("There is no such statement to answer."),
            ),
            models.CheckConstraint(
                condition=Q(score=None) | Q(score__range=(0, scoring.MAX_SCORE)),
                name="answer_scale",
                violation_error_message=_("Scores go from 0 to 4."),
            ),
        ]

    def __str__(self) -> str:
        score = "–" if self.score is None else self.score
        return _("statement %(item)s: %(score)s") % {"item": self.item, "score": score}


class ReviewCheck(Tracked):
    """An item of the checklist for leaving the present stage, ticked by hand with a note."""

    KEY, LOGGED = "code", ("state", "note")

    review = models.ForeignKey(StageReview, on_delete=models.CASCADE, related_name="checks")
    code = models.SlugField(_("item"), max_length=30)
    state = models.CharField(_("state"), max_length=15, choices=CheckState, default=CheckState.OPEN)
    note = models.TextField(_("note"), blank=True)

    objects = querysets.OfReviewQuerySet.as_manager()

    class Meta:
        ordering = ["review", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["review", "code"], name="reviewcheck_code"),
            models.CheckConstraint(
                condition=Q(state="open") | ~Q(note=""),
                name="reviewcheck_note",
                violation_error_message=_("Say what shows it."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.text}: {self.get_state_display()}"

    @property
    def text(self) -> str:
        """The item in words."""
        return str(CHECK_TEXTS[self.code].text) if self.code in CHECK_TEXTS else self.code

    def clean(self) -> None:
        super().clean()
        if self.code not in CHECK_TEXTS:
            raise ValidationError({"code": _("There is no such item.")}, code="unknown")
        if self.state == CheckState.NOT_APPLICABLE and not CHECK_TEXTS[self.code].may_not_apply:
            raise ValidationError({"state": _("This item always applies.")}, code="applies")


class SignalMark(Tracked):
    """A signal of uncoupling that somebody saw, with what shows it (handbook 2.6)."""

    KEY, LOGGED = "code", ("is_present", "evidence")

    review = models.ForeignKey(StageReview, on_delete=models.CASCADE, related_name="signals")
    code = models.CharField(_("signal"), max_length=3)
    is_present = models.BooleanField(_("present"), default=True)
    evidence = models.TextField(_("what shows it"))

    objects = querysets.OfReviewQuerySet.as_manager()

    class Meta:
        ordering = ["review", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["review", "code"], name="signalmark_code"),
            models.CheckConstraint(
                condition=Q(code__in=scoring.SIGNALS),
                name="signalmark_known",
                violation_error_message=_("There is no such signal."),
            ),
        ]

    def __str__(self) -> str:
        return str(SIGNAL_TEXTS.get(self.code, self.code))
