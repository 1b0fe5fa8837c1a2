"""Files on their way in."""

import hashlib

import factory
from django.core.files.base import ContentFile
from factory.django import DjangoModelFactory

from kam.imports import models
from tests.factories.teams import ProgrammeFactory, UserFactory


class RunFactory(DjangoModelFactory):
    """A sales ledger of one row that is uploaded and waits for nobody; `scope=` a programme."""

    class Meta:
        model = models.Run
        exclude = ("scope", "text")

    scope = factory.SubFactory(ProgrammeFactory)
    text = "Customer No,Date,Amount\n1001,2026-05-01,10.00\n"
    kind = "ledger"
    scope_id = factory.SelfAttribute("scope.pk")
    owner = factory.SubFactory(UserFactory)
    status = "mapped"
    file_name = factory.Sequence(lambda n: f"sales-{n}.csv")
    file_size = factory.LazyAttribute(lambda self: len(self.text))
    file_digest = factory.LazyAttribute(lambda self: hashlib.sha256(self.text.encode()).hexdigest())
    file = factory.LazyAttribute(lambda self: ContentFile(self.text.encode(), name="sales.csv"))
    findings = factory.LazyFunction(
        lambda: {
            "form": {"value": "csv", "reason": "text"},
            "encoding": {"value": "utf-8", "reason": "only plain letters"},
            "delimiter": {"value": ",", "reason": "cuts the lines into 3 columns"},
            "header": {"value": True, "reason": "words above numbers or dates"},
            "columns": ["Customer No", "Date", "Amount"],
        }
    )
    mapping = factory.LazyFunction(
        lambda: {
            "account": {"column": 0, "reason": "name"},
            "booked_on": {"column": 1, "reason": "name and content"},
            "amount": {"column": 2, "reason": "name and content"},
        }
    )


class RememberedMappingFactory(DjangoModelFactory):
    """How a sales ledger of two columns is read; `scope=` a programme."""

    class Meta:
        model = models.RememberedMapping
        exclude = ("scope",)

    scope = factory.SubFactory(ProgrammeFactory)
    kind = "ledger"
    scope_id = factory.SelfAttribute("scope.pk")
    name = factory.Sequence(lambda n: f"Source {n}")
    signature = factory.Sequence(lambda n: f"{n:040d}")
    columns = factory.LazyFunction(lambda: ["Customer No", "Amount"])
    fields = factory.LazyFunction(lambda: {"account": "Customer No", "amount": "Amount"})


class FolderFactory(DjangoModelFactory):
    """Where ledgers come in by themselves; `scope=` a programme."""

    class Meta:
        model = models.Folder
        exclude = ("scope",)

    scope = factory.SubFactory(ProgrammeFactory)
    name = factory.Sequence(lambda n: f"Folder {n}")
    kind = "ledger"
    scope_id = factory.SelfAttribute("scope.pk")
    path = "orders"
    owner = factory.SubFactory(UserFactory)


class FolderFileFactory(DjangoModelFactory):
    """A file that was seen in a folder and cannot be read."""

    class Meta:
        model = models.FolderFile

    folder = factory.SubFactory(FolderFactory)
    name = factory.Sequence(lambda n: f"orders-{n}.csv")
    size = 100
    changed_ns = factory.Sequence(lambda n: n)
    status = "refused"
    note = "The file is empty."
