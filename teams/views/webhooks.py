"""One's webhooks: addresses that are told what happens."""

from __future__ import annotations

import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST
from django.views.generic import FormView, ListView, TemplateView

from kam.web.addresses import posted_version
from kam.web.views import ScopedViewMixin
from kam.web.views.tables import ExportMixin
from kam.webhooks import services
from kam.webhooks.models import Webhook
from teams import exports, forms
from teams.views.common import Crumbs, PageFormMixin, act, reach, settings_crumbs

AGAIN = datetime.timedelta(days=1)
"""How far back the button "send again" goes; the API takes any moment."""


def _list_url() -> str:
    return reverse("settings:webhooks")


def _crumbs() -> Crumbs:
    return settings_crumbs((_("Webhooks"), _list_url()))


def _own(request: HttpRequest, pk: int) -> Webhook:
    return reach(Webhook.objects.active(), request.user, needs="editable_by", pk=pk)


class WebhookListView(ExportMixin, ScopedViewMixin, ListView):
    """Webhooks with what became of the last try."""

    model = Webhook
    reading = "for_list"
    paginate_by = 50
    template_name = "teams/webhook_list.html"
    export_layout = exports.WEBHOOKS

    def get_queryset(self) -> Any:
        return super().get_queryset().active()

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        crumbs = settings_crumbs((_("Webhooks"), ""))
        return super().get_context_data(crumbs=crumbs, **kwargs)


class SecretMixin:
    """Shows a secret once, on the answer itself."""

    def show(self: Any, webhook: Webhook, secret: str) -> HttpResponse:
        """No redirect: the secret must not stand in an address or a session."""
        context = {
            "webhook": webhook,
            "secret": secret,
            "crumbs": [*_crumbs(), (webhook.name, "")],
        }
        response = self.response_class(
            request=self.request, template=["teams/webhook_made.html"], context=context
        )
        response["Cache-Control"] = "no-store"
        return response


class WebhookCreateView(SecretMixin, PageFormMixin, FormView):
    """A new webhook; its secret stands on the answer, once."""

    form_class = forms.WebhookForm
    form_title = gettext_lazy("New webhook")
    submit_label = gettext_lazy("Make webhook")

    def get_crumbs(self) -> Crumbs:
        return _crumbs()

    def perform(self, form: Any) -> Webhook:
        values = form.cleaned_data
        webhook, self.secret = services.create_webhook(actor=self.request.user, values=values)
        return webhook

    def succeed(self, form: Any) -> HttpResponse:
        return self.show(self.object, self.secret)


class WebhookRotateView(SecretMixin, TemplateView):
    """A new secret for a webhook; POST alone."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The old secret signs beside the new one for a day."""
        webhook, secret = services.rotate_secret(actor=request.user, webhook=_own(request, pk))
        return self.show(webhook, secret)


@require_POST
def switch(request: HttpRequest, pk: int) -> HttpResponse:
    """On or off."""
    webhook = _own(request, pk)
    done = _("%(name)s is off.") if webhook.is_on else _("%(name)s is on.")
    return act(
        request,
        lambda: services.update_webhook(
            actor=request.user,
            webhook=webhook,
            expected_version=posted_version(request),
            changes={"is_on": not webhook.is_on},
        ),
        done % {"name": webhook.name},
        _list_url(),
    )


@require_POST
def send_again(request: HttpRequest, pk: int) -> HttpResponse:
    """Tell the last day once more."""
    webhook = _own(request, pk)
    since = timezone.now() - AGAIN
    return act(
        request,
        lambda: services.replay(actor=request.user, webhook=webhook, since=since),
        _("%(name)s gets the last 24 hours again.") % {"name": webhook.name},
        _list_url(),
    )


@require_POST
def remove(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a webhook away for good."""
    webhook = _own(request, pk)
    return act(
        request,
        lambda: services.archive_webhook(actor=request.user, webhook=webhook),
        _("Webhook %(name)s removed.") % {"name": webhook.name},
        _list_url(),
    )
