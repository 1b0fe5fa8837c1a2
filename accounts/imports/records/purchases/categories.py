"""Categories that files name: product lines of the programme, and those that are to be made."""

from __future__ import annotations

from django.utils.translation import gettext as _

from accounts.imports.directory import plain_name
from accounts.models import ProductLine
from accounts.services.product import LINE_FIELDS
from kam.changes import editing
from kam.imports.models import Run
from kam.imports.records.session import Pending
from kam.imports.refusal import Refused
from kam.imports.totals import is_total


def by_name(programme: int) -> dict[str, int]:
    """Product lines in use by their name; where two differ in case only, by that exactly."""
    rows = ProductLine.objects.active().filter(programme=programme).order_by("-pk")
    found = list(rows.values_list("name", "pk"))
    return {plain_name(name): pk for name, pk in found} | dict(found)


def made(run: Run, name: str, categories: dict[str, int]) -> int:
    """The product line called `name`, new, as one of `categories`."""
    line = ProductLine(programme_id=run.scope_id, name=name)
    fields = ("programme", *LINE_FIELDS)
    categories[name] = editing.create(actor=run.owner, obj=line, fields=fields).pk
    return categories[name]


class Categories:
    """What the names in one file stand for: the key of a product line, or where the file `makes`
    what is missing its name."""

    def __init__(self, programme: int, *, makes: bool) -> None:
        self.programme, self.makes = programme, makes
        self._known: dict[str, int | str] = {**by_name(programme)}
        lines = ProductLine.objects.filter(programme=programme)
        self._gone = set(lines.exclude(archived_at=None).values_list("name", flat=True))
        self._labels: dict[int, str] = {}

    def find(self, name: str) -> int | str | None:
        """The category called `name`; None stands for all. Raises Refused."""
        if not name:
            return None
        found = self._known.get(name) or self._known.get(plain_name(name))
        if found is not None:
            return found
        if is_total(name):
            raise Refused("total")
        if name in self._gone:
            raise Refused("archived")
        if not self.makes:
            raise Refused("bad_category", _("names “%(name)s”: no category") % {"name": name[:80]})
        if len(name) > (ProductLine._meta.get_field("name").max_length or 0):
            raise Refused("bad_category", _("has the name of a category that is too long"))
        return self._known.setdefault(plain_name(name), Pending(name))

    @property
    def missing(self) -> set[str]:
        """Names of those that are made when the file counts."""
        return {name for name in self._known.values() if isinstance(name, str)}

    def label(self, category: int | str | None) -> str:
        """A category that was found, in words."""
        if category is None:
            return _("all categories")
        if isinstance(category, str):
            return category
        if not self._labels:
            lines = ProductLine.objects.filter(programme=self.programme)
            self._labels = dict(lines.values_list("pk", "name"))
        return self._labels[category]
