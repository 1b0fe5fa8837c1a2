"""Trade channels, and what customers buy from anybody."""

from __future__ import annotations

import datetime

from django.utils import timezone

from accounts.choices import PurchaseConfidence
from accounts.models import Account, CategoryPurchase, Channel
from reviews.load.customers import Customer
from reviews.load.people import Crew
from reviews.load.store import insert
from teams.models import Programme

CHANNELS = 12


def open_channels(programme: Programme) -> list[Channel]:
    """A tree of three channels with three below each."""
    channels: list[Channel] = []
    for number in range(CHANNELS):
        above = channels[number - number % 4] if number % 4 else None
        name = f"Channel {number:02}"
        channel = Channel.objects.create(programme=programme, name=name, parent=above)
        channel.path = f"{above.path if above else '/'}{channel.pk}/"
        channel.full_name = f"{above.full_name} / {name}" if above else name
        channel.save(update_fields=["path", "full_name"])
        channels.append(channel)
    return channels


def buy(
    customers: list[Customer], channels: list[Channel], crew: Crew, today: datetime.date
) -> None:
    """Each customer is in a channel and has bought something last year."""
    for number, channel in enumerate(channels):
        inside = [row.account.pk for row in customers if row.place % CHANNELS == number]
        Account.objects.filter(pk__in=inside).update(channel=channel)
    now = timezone.now().isoformat()
    year = today.year - 1
    insert(
        CategoryPurchase,
        (
            "programme",
            "account",
            "period_from",
            "period_until",
            "use_type",
            "volume_unit",
            "amount",
            "currency",
            "source",
            "as_of",
            "confidence",
            "recorded_on",
            "version",
            "created_at",
            "updated_at",
        ),
        (
            (
                crew.programme.pk,
                row.account.pk,
                datetime.date(year, 1, 1),
                datetime.date(year, 12, 31),
                "",
                "",
                50_000 + 731 * row.place % 90_000,
                row.account.currency or crew.programme.currency,
                "seed",
                today,
                PurchaseConfidence.ESTIMATED.value,
                today,
                1,
                now,
                now,
            )
            for row in customers
        ),
    )
