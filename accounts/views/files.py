"""The account's files: its own, and those on its people, plans, actions and reviews."""

from __future__ import annotations

from typing import Any

from django.core.paginator import Page
from django.urls import reverse
from django.utils.translation import gettext_lazy

from accounts.models import Account
from accounts.views.parts import AccountPartView
from kam.documents import holders
from kam.documents.models import Attachment
from kam.documents.tables import Table
from kam.documents.views import FILES
from kam.web.views.tables import CappedPaginator, ExportMixin

FILES_A_PAGE = 25


class FilesView(ExportMixin, AccountPartView):
    """All files of the account that the reader may see."""

    part = "files"
    part_template_name = "accounts/_files.html"
    empty_title = gettext_lazy("No file yet")
    empty_text = gettext_lazy("Contracts, minutes, drawings: whatever proves what is written here.")

    export_layout = FILES

    def get_table(self) -> Table:
        """The files, not the account on whose page they are."""
        return FILES.table(self._files(self.get_object()).active(), self.request.user)

    def _files(self, account: Account) -> Any:
        return Attachment.objects.visible_to(self.request.user).filter(account=account).for_list()

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        account = self.object
        rows = self._files(account)
        page = CappedPaginator(rows.active(), FILES_A_PAGE).get_page(self.request.GET.get("page"))
        return super().get_context_data(
            page_obj=page,
            files=self._with_holders(page),
            archived=list(rows.filter(archived_at__isnull=False)[:FILES_A_PAGE]),
            add_url=self._add_url(account),
            **kwargs,
        )

    def _with_holders(self, page: Page) -> list[Any]:
        """Files of this page with what they hang on, unless that is the account itself."""
        files = list(page)
        own = Account._meta.label_lower
        keys = [(file.object_type, file.object_id) for file in files if file.object_type != own]
        named = holders.named_for(self.request.user, keys)
        for file in files:
            file.held = named.get((file.object_type, file.object_id))
            holder = holders.named(file.object_type)
            file.held_page = holder.page(file.held) if holder and file.held is not None else ""
        return files

    def _add_url(self, account: Any) -> str:
        if not account.may_contribute:
            return ""
        return reverse("documents:add", args=["account", account.pk])
