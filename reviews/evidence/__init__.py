"""What the data already say about a statement, beside which people judge (`design.md` 4.4).

Only what is stored, and what the reader may read, is said; a statement without data says so.
`says` is the score that the data support, so that a page can show where they disagree.
"""

from __future__ import annotations

import datetime
from collections.abc import Collection

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from kam.access.once import asking_once
from kam.access.prepared import kept_objects
from kam.access.querysets import Reader, sight_of
from kam.web.formatting import short_day
from reviews import scoring
from reviews.choices import Side
from reviews.evidence import people, work
from reviews.evidence.base import Evidence, Found, Record
from reviews.models import StageReview
from reviews.querysets import CUSTOMER_VIEW

__all__ = ["Evidence", "Record", "gather"]

SOURCES = {
    "A": people.contact_breadth,
    "B": work.commitments,
    "C": work.joint_planning,
    "D": work.commercial,
    "F": work.recognition,
}
"""By dimension; nothing is stored yet that tells of integration (E)."""


def gather(
    review: StageReview, reader: Reader, dimensions: Collection[str] = scoring.DIMENSIONS
) -> dict[str, tuple[Evidence, ...]]:
    """Evidence for the statements of `dimensions`, as of the review's day, as `reader` reads it.

    A constant number of queries, whatever is found.
    """
    found: Found = {item: [] for item in scoring.ITEMS if item[0] in dimensions}
    with asking_once():
        for dimension in dimensions:
            if dimension in SOURCES:
                for item, pieces in SOURCES[dimension](review, reader).items():
                    found[item] += pieces
        for item, piece in _customers_own(review, reader).items():
            if item in found:
                found[item].append(piece)
    return {item: tuple(pieces) for item, pieces in found.items()}


def _customers_own(review: StageReview, reader: Reader) -> dict[str, Evidence]:
    """What the customer answered to the same statements in the last twelve months (rule 8)."""
    if review.side == Side.CUSTOMER:
        return {}

    def views(account: int, since: datetime.date, on: datetime.date) -> QuerySet[StageReview]:
        theirs = StageReview.objects.visible_to(reader).customer_view(account, since, on)
        return theirs.prefetch_related("answers")[:1]

    found = kept_objects(
        ("customer's own view", sight_of(reader)),
        views,
        account=review.account_id,
        since=review.reviewed_on - CUSTOMER_VIEW,
        on=review.reviewed_on,
    )
    if not found:
        return {}
    theirs = found[0]
    record = Record(short_day(theirs.reviewed_on), theirs.get_absolute_url())
    return {
        answer.item: Evidence(
            _("The customer says %(score)s") % {"score": answer.score}, None, (record,)
        )
        for answer in theirs.answers.all()
        if answer.score is not None and answer.is_confirmed
    }
