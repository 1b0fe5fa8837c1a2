"""Files that were asked for."""

import datetime

import factory
from django.core.files.base import ContentFile
from django.utils import timezone
from factory.django import DjangoModelFactory

from kam.exports import models
from tests.factories.teams import UserFactory


class ExportFactory(DjangoModelFactory):
    """A list of accounts of one row that is ready; its owner could see nothing."""

    class Meta:
        model = models.Export

    owner = factory.SubFactory(UserFactory)
    list_name = "accounts"
    title = factory.Sequence(lambda n: f"List {n}")
    format = "csv"
    address = "/accounts/"
    file = factory.LazyFunction(lambda: ContentFile(b"Name\r\nBirch\r\n", name="exports/one.csv"))
    rows = 1
    size = 13
    reach = factory.LazyFunction(lambda: {"held": [], "fenced": [], "accounts": []})
    finished_at = factory.LazyFunction(timezone.now)
    expires_at = factory.LazyFunction(lambda: timezone.now() + datetime.timedelta(days=7))
