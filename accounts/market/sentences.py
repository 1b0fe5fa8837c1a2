"""A place of the trade-channel map in words, for plans and decisions that follow from it (K091)."""

from __future__ import annotations

from django.utils.translation import gettext as _

from accounts.choices import PurchaseConfidence
from accounts.market.ranking import MarketMap, Place
from kam.web.formatting import day, figure, percent, short_day


def place_words(found: MarketMap, place: Place) -> str:
    """The figures of `place` and what they are of, a line each."""
    asked, unit = found.asked, found.unit
    if found.of_sales:
        return _sales_words(found, place)
    lines = [
        _("Trade-channel map: %(category)s, %(first)s to %(last)s.")
        % {
            "category": asked.category or _("all that we could sell"),
            "first": day(asked.period.first),
            "last": day(asked.period.last),
        },
        _("Buys %(amount)s %(unit)s (%(confidence)s): rank %(rank)s, %(share)s of the category.")
        % {
            "amount": figure(place.purchases),
            "unit": unit,
            "confidence": PurchaseConfidence(place.confidence).label,
            "rank": place.rank,
            "share": percent(place.share, 2),
        },
    ]
    if place.gap is not None:
        lines.append(
            _("Our sales %(sales)s %(unit)s, %(wallet)s of that; gap %(gap)s %(unit)s.")
            % {
                "sales": figure(place.sales),
                "unit": unit,
                "wallet": percent(place.share_of_wallet),
                "gap": figure(place.gap),
            }
        )
    if place.needs_development:
        lines.append(_("No customer yet: trial or distribution is to be gained."))
    return "\n".join(lines)


def _sales_words(found: MarketMap, place: Place) -> str:
    words = _(
        "Our sales %(first)s to %(last)s: %(amount)s %(unit)s, rank %(rank)s, %(share)s of all."
    )
    return words % {
        "first": short_day(found.asked.period.first),
        "last": short_day(found.asked.period.last),
        "amount": figure(place.purchases),
        "unit": found.unit,
        "rank": place.rank,
        "share": percent(place.share, 2),
    }
