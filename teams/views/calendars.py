"""The address of one's calendar."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST
from django.views.generic import TemplateView

from kam.calendars import services
from teams.views.common import act, settings_crumbs


class CalendarMakeView(TemplateView):
    """A new address, which stands on the answer, once; POST alone."""

    http_method_names = ["post"]
    template_name = "teams/calendar_made.html"

    def post(self, request: HttpRequest) -> HttpResponse:
        """No redirect: the secret must not stand in a session."""
        _feed, secret = services.make_address(actor=request.user)
        address = request.build_absolute_uri(reverse("calendars:feed", args=[secret]))
        crumbs = settings_crumbs((_("My settings"), reverse("settings:me")), (_("Calendar"), ""))
        response = self.render_to_response({"address": address, "crumbs": crumbs})
        response["Cache-Control"] = "no-store"
        return response


@require_POST
def close(request: HttpRequest) -> HttpResponse:
    """Nobody reads the calendar under its address any more."""
    return act(
        request,
        lambda: services.close_address(actor=request.user),
        _("The address is closed."),
        reverse("settings:me"),
    )
