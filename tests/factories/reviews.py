"""Stage reviews; minimal, without anything random."""

import datetime

import factory
from factory.django import DjangoModelFactory

from reviews import models
from tests.factories.accounts import AccountFactory
from tests.factories.teams import UserFactory


class StageReviewFactory(DjangoModelFactory):
    """A draft of our own view without answers."""

    class Meta:
        model = models.StageReview

    account = factory.SubFactory(AccountFactory)
    author = factory.SubFactory(UserFactory)
    reviewed_on = datetime.date(2026, 6, 1)


class AnswerFactory(DjangoModelFactory):
    """A1 answered 2 without evidence."""

    class Meta:
        model = models.Answer

    review = factory.SubFactory(StageReviewFactory)
    item = "A1"
    score = 2
    answered_on = factory.SelfAttribute("review.reviewed_on")
