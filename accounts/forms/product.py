"""Forms about what we sell."""

from __future__ import annotations

from typing import Any

from accounts.models import Product, ProductLine
from accounts.services.product import LINE_FIELDS, PRODUCT_FIELDS
from kam.web.forms import ServiceForm
from teams.models import Programme


class ProductLineForm(ServiceForm):
    """A product line."""

    class Meta:
        model = ProductLine
        fields = LINE_FIELDS


class ProductForm(ServiceForm):
    """A product in its line."""

    class Meta:
        model = Product
        fields = PRODUCT_FIELDS

    def __init__(self, *args: Any, programme: Programme, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.offer("line", ProductLine.objects.filter(programme=programme))
