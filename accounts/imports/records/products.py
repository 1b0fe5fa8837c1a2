"""What we sell, as a file."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.imports.numbers import (
    NUMBERS,
    Holders,
    drop_numbers,
    extra_of,
    given_by,
    keep_numbers,
    numbers_in,
)
from accounts.imports.scope import ProgrammeKind
from accounts.models import Product, ProductExternalId, ProductLine
from accounts.services.product import LINE_FIELDS
from kam.changes import editing, record
from kam.changes.models import Change
from kam.imports.kinds import Field
from kam.imports.models import Run, StagedRecord
from kam.imports.records import MODE, Cells, RecordKind, RecordSession, Wanted
from kam.imports.records.session import Pending
from kam.imports.refusal import Refused
from kam.imports.totals import is_total
from kam.imports.values import text_of
from teams.models import User

NEW_LINE = "line:"


class ProductsKind(RecordKind, ProgrammeKind):
    """Products by their code, which is case-sensitive (`design.md` 11)."""

    name: ClassVar = "products"
    label: ClassVar = gettext_lazy("Products")
    seen_at: ClassVar = (gettext_lazy("See the products"), "accounts:products")
    model: ClassVar = Product
    match_url: ClassVar = ""
    fields: ClassVar = (
        Field(
            "code",
            gettext_lazy("Code"),
            "text",
            ("product code", "product id", "sku", "stock code", "item no", "artikelnummer", "id"),
        ),
        Field(
            "name",
            gettext_lazy("Name"),
            "text",
            ("product name", "description", "product", "bezeichnung"),
        ),
        Field(
            "line",
            gettext_lazy("Product line"),
            "text",
            ("product line", "series", "category", "category name", "product group", "warengruppe"),
        ),
        NUMBERS,
    )
    options: ClassVar = (MODE,)
    blamed: ClassVar = {
        "nothing": ("code",),
        "number_taken": (NUMBERS.name,),
        **{f"bad_{field.name}": (field.name,) for field in fields},
    }
    shown: ClassVar = (gettext_lazy("Code"), gettext_lazy("Name"), gettext_lazy("Product line"))
    by_parts: ClassVar = True
    previewed: ClassVar = ("code", "name", "line")

    def problems(self, mapping: Iterable[str]) -> list[str]:
        """The code is what a product is known by."""
        return [] if "code" in mapping else [_("Say which column holds the code of the product.")]

    def open(self, run: Run) -> ProductsSession:
        """Begin a pass over a list of products."""
        return ProductsSession(run)

    def before_publishing(self, run: Run, part: list[StagedRecord]) -> None:
        """Make the product lines that are not there yet."""
        lines: dict[str, int] = {}
        for item in part:
            wanted = item.after.get("line")
            if not isinstance(wanted, str):
                continue
            name = wanted.removeprefix(NEW_LINE)
            if name not in lines:
                line = ProductLine.objects.filter(programme=run.scope_id, name=name).first()
                line = line or editing.create(
                    actor=run.owner,
                    obj=ProductLine(programme_id=run.scope_id, name=name),
                    fields=("programme", *LINE_FIELDS),
                )
                lines[name] = line.pk
            item.after["line"] = lines[name]

    def publish(self, run: Run) -> None:
        """Besides: numbers in other systems."""
        super().publish(run)
        programme = {"programme_id": run.scope_id}
        keep_numbers(run, ProductExternalId, "product", lambda pks: dict.fromkeys(pks, programme))

    def withdrawn(self, run: Run, part: list[StagedRecord]) -> dict[int, dict[str, Any]]:
        """Numbers that the run gave go."""
        gone = drop_numbers(ProductExternalId, "product", given_by(part))
        return {pk: {"external_ids": told} for pk, told in gone.items()}

    def withdraw(self, run: Run, actor_id: int) -> None:
        """Products go, and lines that the run made and nothing is in."""
        super().withdraw(run, actor_id)
        made = Change.objects.filter(
            object_type=ProductLine._meta.label_lower,
            verb="created",
            source=Change.Source.IMPORT,
            source_reference=str(run.pk),
        )
        lines = ProductLine.objects.filter(pk__in=made.values("object_id"), version=1)
        unused = list(lines.filter(products=None))
        actor = User.objects.get(pk=actor_id)
        rows = [record.Logged(line, "import_undone", {"name": line.name}, {}) for line in unused]
        record.many(actor=actor, rows=rows)
        ProductLine.objects.filter(pk__in=[line.pk for line in unused]).delete()


class ProductsSession(RecordSession):
    """One pass over a list of products."""

    model: ClassVar = Product
    reasons: ClassVar = {"total": gettext_lazy("is a total, not a product")}

    def __init__(self, run: Run) -> None:
        super().__init__(run)
        products = Product.objects.filter(programme=run.scope_id)
        self.known = dict(products.values_list("code", "pk"))
        lines = ProductLine.objects.filter(programme=run.scope_id)
        self.lines = {text_of(name): pk for name, pk in lines.values_list("name", "pk")}
        numbers = ProductExternalId.objects.filter(programme=run.scope_id)
        known = numbers.values_list("system", "value", "product_id").iterator()
        self.holders = Holders(
            {(system, value): pk for system, value, pk in known}
            if NUMBERS.name in run.columns
            else {}
        )

    def read(self, cells: Cells) -> Wanted:
        """The product of a row."""
        code, line = cells.text("code"), cells.text("line")
        if not code:
            raise Refused("nothing")
        if is_total(code):
            raise Refused("total")
        values: dict[str, Any] = {"programme": self.run.scope_id, "code": code}
        if cells.text("name"):
            values["name"] = cells.text("name")
        if len(line) > (ProductLine._meta.get_field("name").max_length or 0):
            raise Refused("bad_line", _("has the name of a product line that is too long"))
        if line:
            values["line"] = self.lines.get(line) or Pending(NEW_LINE + line)
        return Wanted((code,), values, {"numbers": numbers_in(cells.text(NUMBERS.name))})

    def find(self, wanted: Wanted) -> int | None:
        """The product with the code."""
        return self.known.get(wanted.values["code"])

    def check(self, wanted: Wanted, obj: Any) -> None:
        """Keep only numbers that the product lacks. Raises `Refused` for those of others."""
        told, holder = wanted.extra.pop("numbers"), obj and obj.pk
        lacking = self.holders.lacking(told, holder=holder, row=wanted.keys[0])
        wanted.extra.update(extra_of(lacking))

    def note(self, wanted: Wanted) -> None:
        """The numbers of a row that is taken are its own."""
        told = map(tuple, wanted.extra.get("numbers", ()))
        self.holders.take(told, wanted.keys[0])
