"""Webhooks for tests."""

import factory
from factory.django import DjangoModelFactory

from kam.webhooks.models import Webhook
from tests.factories.teams import UserFactory


class WebhookFactory(DjangoModelFactory):
    """Told everything from the first change on."""

    class Meta:
        model = Webhook

    owner = factory.SubFactory(UserFactory)
    name = factory.Sequence(lambda n: f"webhook {n}")
    url = "https://hooks.example.com/kam"
