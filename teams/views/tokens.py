"""API tokens: one's own, and everybody's for administrators."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST
from django.views.generic import FormView, ListView

from kam.api.models import Token
from kam.api.services import create_token, revoke_token
from kam.web.views import ScopedViewMixin
from kam.web.views.tables import ExportMixin
from teams import exports, forms
from teams.views.common import Crumbs, PageFormMixin, act, reach, settings_crumbs


class TokenListView(ExportMixin, ScopedViewMixin, ListView):
    """Tokens with scope, end and last use; the secret is never shown again."""

    model = Token
    reading = "for_list"
    paginate_by = 50
    template_name = "teams/token_list.html"
    export_layout = exports.TOKENS

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        crumbs = settings_crumbs((_("Tokens"), ""))
        return super().get_context_data(crumbs=crumbs, **kwargs)


class TokenCreateView(PageFormMixin, FormView):
    """A new token for oneself; its secret stands on the answer, once."""

    form_class = forms.TokenForm
    form_title = gettext_lazy("New token")
    submit_label = gettext_lazy("Make token")

    def get_crumbs(self) -> Crumbs:
        return settings_crumbs((_("Tokens"), reverse("settings:tokens")))

    def perform(self, form: Any) -> Token:
        user = self.request.user
        token, self.secret = create_token(actor=user, owner=user, **form.cleaned_data)
        return token

    def succeed(self, form: Any) -> HttpResponse:
        """No redirect: the secret must not stand in an address or a session."""
        context = {
            "token": self.object,
            "secret": self.secret,
            "crumbs": [*self.get_crumbs(), (self.object.name, "")],
        }
        response = self.response_class(
            request=self.request, template=["teams/token_made.html"], context=context
        )
        response["Cache-Control"] = "no-store"
        return response


@require_POST
def revoke(request: HttpRequest, pk: int) -> HttpResponse:
    """Close a token for good."""
    token = reach(Token.objects, request.user, needs="editable_by", pk=pk)
    return act(
        request,
        lambda: revoke_token(actor=request.user, token=token),
        _("Token %(name)s revoked.") % {"name": token.name},
        reverse("settings:tokens"),
    )
