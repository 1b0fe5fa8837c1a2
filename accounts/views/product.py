"""What we sell, under settings: products in product lines."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse_lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST
from django.views.generic import CreateView, ListView, UpdateView

from accounts import exports
from accounts.forms import ProductForm, ProductLineForm
from accounts.models import Product, ProductLine
from accounts.services import product as services
from accounts.views.programme import ProgrammeFormMixin
from kam.access.prepared import kept_exists, kept_objects
from kam.access.querysets import sight_of
from kam.changes.errors import VersionConflict
from kam.web.addresses import posted_version
from kam.web.views import ScopedViewMixin, TableMixin
from kam.web.views.tables import Column
from teams.models import Programme


class ProductListView(TableMixin, ScopedViewMixin, ListView):
    """Products and their lines."""

    model = Product
    columns = (
        Column("code", gettext_lazy("Code"), sort="code", optional=False),
        Column("name", gettext_lazy("Name"), sort="name", optional=False),
        Column("line", gettext_lazy("Product line"), sort="line__name", optional=False),
    )
    default_sort = "code"
    page_name = "products"
    export_layout = exports.PRODUCTS
    template_name = "accounts/product_list.html"

    def kept_under(self) -> Hashable:
        return sight_of(self.request.user)

    def get_queryset(self) -> Any:
        rows = super().get_queryset().active().select_related("line")
        text = self.request.GET.get("search", "").strip()
        return rows.named(text) if text else rows

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        user, sight = self.request.user, sight_of(self.request.user)
        return super().get_context_data(
            lines=kept_objects(
                ("product lines", sight), lambda: ProductLine.objects.visible_to(user).active()
            ),
            may_manage=kept_exists(
                ("manages products", sight), lambda: Programme.objects.editable_by(user)
            ),
            **kwargs,
        )


class ProductFormMixin(ProgrammeFormMixin):
    """A form on the list of what we sell."""

    success_url = reverse_lazy("accounts:products")


class ProductMixin(ProductFormMixin):
    model = Product
    form_class = ProductForm

    def get_form_kwargs(self) -> dict[str, Any]:
        return super().get_form_kwargs() | {"programme": self.programme}


class ProductCreateView(ProductMixin, CreateView):
    """Add a product."""

    form_title = gettext_lazy("New product")
    submit_label = gettext_lazy("Add product")

    def perform(self, form: ProductForm) -> Product:
        return services.create_product(
            actor=self.request.user, programme=self.programme, changes=form.values
        )


class ProductUpdateView(ProductMixin, UpdateView):
    """Change a product."""

    form_title = gettext_lazy("Edit product")
    submit_label = gettext_lazy("Save")

    def perform(self, form: ProductForm) -> Product:
        return services.update_product(
            actor=self.request.user,
            product=self.object,
            expected_version=form.version,
            changes=form.changes,
        )


class LineMixin(ProductFormMixin):
    model = ProductLine
    form_class = ProductLineForm


class LineCreateView(LineMixin, CreateView):
    """Add a product line."""

    form_title = gettext_lazy("New product line")
    submit_label = gettext_lazy("Add line")

    def perform(self, form: ProductLineForm) -> ProductLine:
        return services.create_product_line(
            actor=self.request.user, programme=self.programme, changes=form.values
        )


class LineUpdateView(LineMixin, UpdateView):
    """Rename a product line."""

    form_title = gettext_lazy("Edit product line")
    submit_label = gettext_lazy("Save")

    def perform(self, form: ProductLineForm) -> ProductLine:
        return services.update_product_line(
            actor=self.request.user,
            line=self.object,
            expected_version=form.version,
            changes=form.changes,
        )


MODELS = {"product": Product, "line": ProductLine}


def _act(request: HttpRequest, kind: str, pk: int, service: Any) -> HttpResponse:
    if kind not in MODELS:
        raise Http404
    row = get_object_or_404(MODELS[kind].objects.visible_to(request.user), pk=pk)
    try:
        service(actor=request.user, item=row, expected_version=posted_version(request))
    except VersionConflict:
        messages.error(request, _("Somebody else changed it in the meantime: look again."))
    return redirect("accounts:products")


@require_POST
def archive(request: HttpRequest, kind: str, pk: int) -> HttpResponse:
    """Take a product or line out of use."""
    return _act(request, kind, pk, services.archive)


@require_POST
def restore(request: HttpRequest, kind: str, pk: int) -> HttpResponse:
    """Bring a product or line back."""
    return _act(request, kind, pk, services.restore)
