"""Whatever a person chooses on the page of a file, the answer is a page: no choice breaks it, and
what can be taken is taken and undone."""

from collections import Counter

import pytest
from django.core.files.base import ContentFile
from django.urls import reverse
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kam.imports import kinds, passes, services
from kam.imports.models import Run
from tests.factories.accounts import ChannelFactory, ExternalIdFactory, ProductLineFactory
from tests.factories.teams import RoleGrantFactory, TeamFactory

pytestmark = pytest.mark.django_db
VALUES = {
    "number": ("12.50", "-3", "1e3", ""),
    "date": ("2026-05-02", "2026-06-01", "2026-02-30", ""),
    "currency": ("EUR", "GBP", "euro", ""),
}
TEXTS = ("7", "Birch", "Hotels", "")
FREE = ("", "2025", "2025-Q1", "1 = Hotels; 2 = Milk", "EUR", "erp", "nonsense")
TAKEN = ("accounts", "sites")
"""Kinds that take such values; the others refuse every row, each for a reason of its own."""
RARELY = 8
"""One choice of so many is another than the one that the page proposes."""


@pytest.fixture
def manager():
    """Manages the only programme, which has a customer, a team, a channel and a category."""
    manager = RoleGrantFactory(programme_manager=True, programme__currency="EUR").user
    programme = manager.grants.get().programme
    ExternalIdFactory(account__programme=programme, system="erp", value="7")
    TeamFactory(programme=programme, name="Birch")
    ChannelFactory(programme=programme, name="Hotels")
    ProductLineFactory(programme=programme, name="Milk")
    return manager


def file_for(kind):
    """A column for each field that `kind` knows, under its name, with good and bad values."""
    columns = [(field.name, *VALUES.get(field.form, TEXTS)) for field in kind.fields]
    rows = zip(*columns, strict=True)
    return "".join(",".join(row) + "\n" for row in rows) + "Total,1\n"


def chosen(data, form):
    """What somebody may send: what is proposed, now and then changed for anything on offer.
    Nothing is remembered, so that every file is proposed afresh."""
    given = {}
    for name, field in form.fields.items():
        if name == "remember":
            continue
        options = [value for value, _label in getattr(field, "choices", [])]
        if not options:
            options = FREE if name.startswith(("option-", "named-")) else ()
        changed = options and data.draw(st.integers(1, RARELY)) == RARELY
        given[name] = data.draw(st.sampled_from(options)) if changed else form[name].value()
    return {name: "" if value is None else value for name, value in given.items()}


@pytest.mark.parametrize("kind", kinds.registered(), ids=lambda kind: kind.name)
def test_every_choice_is_answered(manager, client, kind):
    client.force_login(manager)
    reached = Counter()

    def shown(run):
        reached[run.status] += 1
        assert client.get(run.get_absolute_url()).status_code == 200
        assert client.get(f"/api/v1/imports/{run.pk}/").status_code == 200

    @settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
    @given(data=st.data())
    def any_choice(data):
        run = services.upload_file(
            actor=manager,
            kind=kind.name,
            scope_id=manager.grants.get().programme_id,
            file=ContentFile(file_for(kind).encode(), name="any.csv"),
            file_name="any.csv",
        )
        form = client.get(run.get_absolute_url()).context["form"]
        answer = client.post(reverse("imports:columns", args=[run.pk]), chosen(data, form))
        assert answer.status_code in (302, 422)
        run.refresh_from_db()
        if run.status != Run.Status.CHECKING:
            shown(run)
            return
        run = passes.check(run.pk)
        assert run.status == Run.Status.READY
        assert run.rows_read == run.created + run.updated + run.unchanged + run.rejected
        shown(run)
        taken = run.created, run.updated
        if any(taken):
            run = passes.import_rows(services.start_run(actor=manager, run=run, enqueue=False).pk)
            assert (run.status, (run.created, run.updated)) == (Run.Status.PUBLISHED, taken)
            shown(run)
            run = passes.undo(services.undo_run(actor=manager, run=run, enqueue=False).pk)
            assert run.status == Run.Status.UNDONE

    any_choice()
    assert reached[Run.Status.READY] > 2
    assert reached[Run.Status.PUBLISHED] or kind.name not in TAKEN
