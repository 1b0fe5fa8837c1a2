"""Files on accounts and what hangs on them."""

import hashlib

import factory
from django.core.files.base import ContentFile
from django.utils import timezone
from factory.django import DjangoModelFactory

from kam.documents import models
from tests.factories.accounts import AccountFactory
from tests.factories.teams import UserFactory
from tests.files import PDF


class AttachmentFactory(DjangoModelFactory):
    """A small PDF on `on`, an account of its own unless something else is named."""

    class Meta:
        model = models.Attachment
        exclude = ("on", "body")
        skip_postgeneration_save = True

    on = factory.SubFactory(AccountFactory)
    body = PDF
    account = factory.LazyAttribute(lambda self: getattr(self.on, "account", self.on))
    object_type = factory.LazyAttribute(lambda self: self.on._meta.label_lower)
    object_id = factory.LazyAttribute(lambda self: self.on.pk)
    name = factory.Sequence(lambda n: f"file-{n}.pdf")
    file = factory.LazyAttribute(lambda self: ContentFile(self.body, name="x"))
    size = factory.LazyAttribute(lambda self: len(self.body))
    media_type = "application/pdf"
    sha256 = factory.LazyAttribute(lambda self: hashlib.sha256(self.body).hexdigest())
    uploaded_by = factory.SubFactory(UserFactory)
    stored_by = factory.SelfAttribute("uploaded_by")
    stored_at = factory.LazyFunction(timezone.now)

    @factory.post_generation
    def people(self, create, extracted, **kwargs):
        if extracted:
            self.people.set(extracted)


class EarlierFileFactory(DjangoModelFactory):
    """What a file was before."""

    class Meta:
        model = models.EarlierFile
        exclude = ("body",)

    attachment = factory.SubFactory(AttachmentFactory)
    body = PDF
    name = factory.Sequence(lambda n: f"earlier-{n}.pdf")
    file = factory.LazyAttribute(lambda self: ContentFile(self.body, name="x"))
    size = factory.LazyAttribute(lambda self: len(self.body))
    media_type = "application/pdf"
    sha256 = factory.LazyAttribute(lambda self: hashlib.sha256(self.body).hexdigest())
    stored_by = factory.SelfAttribute("attachment.uploaded_by")
    stored_at = factory.LazyFunction(timezone.now)
