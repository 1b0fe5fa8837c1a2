"""Tokens for tests."""

import factory
from factory.django import DjangoModelFactory
from rest_framework.test import APIClient

from kam.api.models import Token, digest
from tests.factories.teams import UserFactory


class TokenFactory(DjangoModelFactory):
    """A token that reads and writes for ever; its secret is `TokenFactory.secret(token)`."""

    class Meta:
        model = Token

    owner = factory.SubFactory(UserFactory)
    name = factory.Sequence(lambda n: f"token {n}")
    prefix = factory.Sequence(lambda n: f"kam_{n:06d}")
    secret_hash = factory.LazyAttribute(lambda self: digest(f"{self.prefix} secret"))
    scope = "write"

    @staticmethod
    def secret(token: Token) -> str:
        return f"{token.prefix} secret"


def caller(user, scope="write") -> APIClient:
    """A client that calls the API as `user` with a fresh token."""
    client = APIClient()
    token = TokenFactory(owner=user, scope=scope)
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {TokenFactory.secret(token)}")
    return client
