"""The register of key accounts, and what is to be looked at again (K010, K021, K032, K128)."""

from __future__ import annotations

from collections import Counter
from functools import cached_property
from typing import Any

from django.db.models import QuerySet
from django.http import Http404
from django.utils.translation import gettext as _
from django.views.generic import ListView

from accounts import exports
from accounts.choices import RationaleType, Status
from accounts.models import Account
from accounts.running.returns import accounts_to_review
from accounts.selection.history import appointment, lines_of, with_history
from accounts.selection.looking import looked_at_again, reasons_of
from kam.access.dates import business_today
from kam.web.formatting import number
from kam.web.views import ScopedViewMixin
from kam.web.views.tables import CappedPaginator, ExportMixin
from teams.models import Programme
from teams.policies import reads_whole
from teams.programme_settings import PROGRAMME_WARNING, settings_on


class RegisterView(ExportMixin, ScopedViewMixin, ListView):
    """Who is on the list, and why: status, rationale with its kinds, when it was decided, by whom,
    and all that was decided before (K010, K021, K032)."""

    model = Account
    paginate_by = 200
    paginator_class = CappedPaginator
    template_name = "accounts/account_register.html"
    export_layout = exports.REGISTER
    context_object_name = "rows"

    @cached_property
    def kinds(self) -> list[str]:
        """Kinds of reason that the address asks for."""
        return list(filter(None, self.request.GET.getlist("rationale")))

    def get_queryset(self) -> QuerySet[Account]:
        user = self.request.user
        rows = Account.objects.visible_to(user).active().of_status(Status.KEY)
        if self.kinds:
            rows = rows.with_rationale(*self.kinds)
        return with_history(rows.for_page(user).select_related("programme"))

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)
        rows = list(context["page_obj"].object_list)
        for row in rows:
            row.lines = lines_of(row)
            row.decided = appointment(row.lines)
            row.reasons = [str(RationaleType(kind).label) for kind in row.rationale_types]
        is_all = not context["page_obj"].has_other_pages()
        whole = len(rows) if is_all else context["paginator"].count
        limits = [] if self.kinds else self._limits(rows, whole)
        kinds = [(value, label, value in self.kinds) for value, label in RationaleType.choices]
        today = business_today()
        return context | {
            "rows": rows,
            "today": today,
            "limits": limits,
            "kinds": kinds,
            "reads_whole": reads_whole(self.request.user),
        }

    def _limits(self, rows: list[Any], whole: int) -> list[tuple[str, bool]]:
        """How full each programme on the page is, as far as the reader sees it, and whether that
        warns (K032; handbook 3.6)."""
        counts = Counter(row.programme for row in rows)
        if len(counts) == 1:
            counts = Counter(dict.fromkeys(counts, whole))
        return [_limit(programme, count, len(counts) > 1) for programme, count in counts.items()]


def _limit(programme: Programme, count: int, names: bool) -> tuple[str, bool]:  # noqa: FBT001  (one caller)
    most = int(settings_on(programme, programme.today())["programme_max_accounts"])
    told = {"count": number(count), "most": number(most), "far": PROGRAMME_WARNING}
    text = _("%(count)s key accounts of at most %(most)s.") % told
    if count > PROGRAMME_WARNING:
        text = f"{text} {_('More than %(far)d are far too many to serve as such.') % told}"
    return (f"{programme}: {text}" if names else text), count > min(most, PROGRAMME_WARNING)


class LookAgainView(ExportMixin, ScopedViewMixin, ListView):
    """What is to be looked at again: reviews that are open, groomed accounts whose day has come,
    what was not scored for a year, and key accounts below the cut (K048, K128; handbook 3.6)."""

    model = Account
    paginate_by = 50
    paginator_class = CappedPaginator
    template_name = "accounts/look_again.html"
    export_layout = exports.LOOK_AGAIN
    context_object_name = "rows"

    def get_queryset(self) -> QuerySet[Account]:
        user = self.request.user
        if not reads_whole(user):
            raise Http404
        whole = Programme.objects.read_whole_by(user)
        rows = Account.objects.visible_to(user).filter(programme__in=whole.order_by().values("pk"))
        today = business_today()
        low = accounts_to_review(user, today)
        return looked_at_again(rows, today, low).with_rights_of(user)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)
        today = business_today()
        rows = list(context["page_obj"].object_list)
        for row in rows:
            row.reasons = reasons_of(row, today)
        return context | {"rows": rows}
