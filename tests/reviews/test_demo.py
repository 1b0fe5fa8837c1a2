"""The demonstration programme is made in demonstration mode alone; what it shows is looked at in
tests/browser/demo/."""

import pytest
from django.core.management import CommandError, call_command

from teams.models import Programme

pytestmark = pytest.mark.django_db


def test_demonstration_is_refused_outside_demonstration_mode(settings):
    settings.DEMO = False
    with pytest.raises(CommandError, match="no demonstration"):
        call_command("seed_demo")
    assert not Programme.objects.exists()
