"""The score card of an account, and giving one score with its grounds (K062; 3.1, 3.2)."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.generic import FormView

from accounts import policies
from accounts.choices import Confidence, Horizon
from accounts.forms.score import AGREED, MINE, ScoreForm, seen_as
from accounts.models import Account, Score
from accounts.scoring.card import card_of
from accounts.scoring.criteria import Default
from accounts.scoring.holding import criteria_on
from accounts.services.scoring import Given, give_scores
from accounts.views.parts import AccountPartView
from kam.access.dates import business_today
from kam.web.views import ScopedViewMixin, ServiceFormMixin

GIVEN = ("value", "horizon", "confidence", "evidence", "customer_said")
"""What the form says of the score itself."""


class ScoreCardView(AccountPartView):
    """Every criterion with anchors, scores, spread, suggestion, evidence and history."""

    part = "scores"
    part_template_name = "accounts/_scores.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        account, user = self.object, self.request.user
        return super().get_context_data(
            card=card_of(account, reader=user, on=business_today()),
            may_score=account.may_contribute and not account.is_archived,
            may_weigh=account.may_manage and not account.is_archived,
            **kwargs,
        )


class GiveView(ServiceFormMixin, ScopedViewMixin, FormView):
    """Give one score, or take it back; `?code=` names the criterion."""

    form_class = ScoreForm
    template_name = "accounts/score_give.html"
    dialog_template_name = "accounts/_score_dialog.html"
    submit_label = gettext_lazy("Save score")
    success_message = gettext_lazy("Score saved.")

    @cached_property
    def account(self) -> Account:
        """The account in the address: 404 when invisible, PermissionDenied when one may not."""
        rows = Account.objects.visible_to(self.request.user).select_related("programme")
        account = get_object_or_404(rows, pk=self.kwargs["pk"])
        if not policies.can_contribute(self.request.user, account):
            raise PermissionDenied
        return account

    @cached_property
    def may_agree(self) -> bool:
        """Whether the agreed score is theirs to write down."""
        return policies.can_edit(self.request.user, self.account)

    @cached_property
    def criterion(self) -> Default:
        """The criterion that the address names."""
        pk = self.account.pk
        held = criteria_on(self.account.programme_id, business_today(), [pk])
        known = {row.code: row for part in held.of(pk) for row in part.criteria}
        found = known.get(self.request.GET.get("code", ""))
        if found is None:
            raise Http404
        return found

    def get_form_kwargs(self) -> dict[str, Any]:
        return super().get_form_kwargs() | {"may_agree": self.may_agree}

    def get_initial(self) -> dict[str, Any]:
        horizon = self.request.GET.get("horizon", "")
        wanted = {
            "horizon": horizon if horizon in Horizon.values else Horizon.TODAY,
            "whose": AGREED if self.may_agree else MINE,
            "confidence": Confidence.ASSUMED,
        }
        rows = Score.objects.in_force().filter(account=self.account, code=self.criterion.code)
        scorer = None if wanted["whose"] == AGREED else self.request.user
        row = rows.filter(horizon=wanted["horizon"], scorer=scorer).first()
        shown = str(wanted["whose"]), str(wanted["horizon"])
        wanted["seen"] = seen_as(*shown, row.value if row else None)
        if row is None:
            return wanted
        names = ("value", "confidence", "evidence", "customer_said")
        return wanted | {name: getattr(row, name) for name in names}

    def perform(self, form: ScoreForm) -> None:
        values = {name: form.cleaned_data[name] for name in GIVEN}
        is_agreed = form.cleaned_data["whose"] == AGREED
        code, before = self.criterion.code, form.before
        given = Given(self.account, code, is_agreed=is_agreed, before=before, **values)
        give_scores(actor=self.request.user, scores=[given])

    def get_success_url(self) -> str:
        return reverse("accounts:scores_of", args=[self.account.pk])

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        title = _("Score %(account)s") % {"account": self.account.name}
        return super().get_context_data(
            form_title=title,
            criterion=self.criterion,
            cancel_url=self.get_success_url(),
            list_title=self.account.name,
            **kwargs,
        )
