"""Jobs for tests."""

import factory

from kam.jobs.models import Job


class JobFactory(factory.django.DjangoModelFactory):
    """A waiting job that adds two numbers."""

    class Meta:
        model = Job

    task = "tests.kam.job_tasks.add"
    kwargs = factory.LazyFunction(lambda: {"a": 1, "b": 2})
