"""One's own page, and first use."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.auth import login
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import ValidationError
from django.db import models
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext_lazy
from django.views.generic import FormView, UpdateView

from kam.calendars.models import CalendarFeed
from kam.web.views import ServiceFormMixin
from teams import forms, services
from teams.models import User
from teams.querysets import grants_today, memberships_today
from teams.views.common import Crumbs, PageFormMixin


class MeView(PageFormMixin, UpdateView):
    """One's name, zone, formats and look; password, second factor and sessions."""

    form_class = forms.PreferencesForm
    form_title = gettext_lazy("My settings")
    success_message = gettext_lazy("Saved.")
    template_name = "teams/me.html"

    def get_object(self, queryset: Any = None) -> User:
        return User.objects.get(pk=self.request.user.pk)

    def get_back_url(self) -> str:
        return reverse("settings:me")

    def get_crumbs(self) -> Crumbs:
        return []

    def perform(self, form: Any) -> User:
        return services.update_preferences(
            actor=self.request.user, expected_version=form.version, changes=form.changes
        )

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        mine: models.QuerySet = memberships_today().filter(user=self.request.user)
        return super().get_context_data(
            grants=grants_today().filter(user=self.request.user).for_list(),
            memberships=mine.for_list(),
            calendar=CalendarFeed.objects.filter(owner=self.request.user).first(),
            cancel_url="",
            **kwargs,
        )


@method_decorator(login_not_required, name="dispatch")
class SetUpView(ServiceFormMixin, FormView):
    """First administrator and first programme; 404 from then on."""

    form_class = forms.SetUpForm
    template_name = "teams/set_up.html"

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if services.is_set_up():
            raise Http404
        return super().dispatch(request, *args, **kwargs)

    def perform(self, form: Any) -> User:
        try:
            user, _programme = services.set_up(
                person=form.part(form.PERSON),
                password=form.cleaned_data["password"],
                programme=form.part(form.PROGRAMME),
            )
        except ValidationError as error:
            if getattr(error, "code", "") == "done":
                raise Http404 from error
            raise
        login(self.request, user, "allauth.account.auth_backends.AuthenticationBackend")
        return user

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        is_kept = settings.EMAIL_BACKEND.startswith("kam.mail")
        return super().get_context_data(mail_is_kept=is_kept, **kwargs)

    def get_success_url(self) -> str:
        return reverse("settings:index")
