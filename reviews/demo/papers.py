"""Files of the demonstration: small papers, written here byte by byte, the same on every run."""

from __future__ import annotations

import datetime
from typing import Any

from django.core.files.base import ContentFile

from accounts.models import Account, Contact
from kam.documents import services
from kam.documents.models import Attachment
from plans.models import Action, Plan
from reviews.models import StageReview
from reviews.services import answer
from teams.models import User

LINE = 18
"""Points from one line of a page to the next."""


def pdf(title: str, *lines: str) -> bytes:
    """A page of A4 with a title and a few lines."""
    rows = [f"BT /F1 18 Tf 60 770 Td ({_escaped(title)}) Tj ET"]
    for number, text in enumerate(lines, 1):
        rows.append(f"BT /F1 11 Tf 60 {760 - LINE * number} Td ({_escaped(text)}) Tj ET")
    content = "\n".join(rows).encode("cp1252")
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R/Resources 6 0 R>>",
        b"<</Length %d>>stream\n%s\nendstream" % (len(content), content),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>",
        b"<</Font<</F1 5 0 R>>>>",
    ]
    body, places = b"%PDF-1.4\n", []
    for number, item in enumerate(objects, 1):
        places.append(len(body))
        body += b"%d 0 obj%s endobj\n" % (number, item)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    size = len(objects) + 1
    return (
        body
        + b"xref\n0 %d\n0000000000 65535 f \n%s" % (size, table)
        + b"trailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (size, len(body))
    )


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)")


def file_papers(account: Account, people: dict[str, User], today: datetime.date) -> None:
    """What lies in the files of a customer: contract, minutes, quote, figures, their scorecard."""
    kam, member, sponsor = (people[name] for name in ("kam", "member", "sponsor"))
    year = today.year
    contract = _file(
        kam,
        account,
        f"Frame contract {year} draft.pdf",
        pdf(f"Frame contract {year}, draft", "Hartwell Supply and Birch Logistics", "Term: open"),
        description="Prices, service levels and notice",
        confidentiality="team",
    )
    services.replace_file(
        actor=kam,
        attachment=contract,
        file=ContentFile(
            pdf(
                f"Frame contract {year}",
                "Hartwell Supply and Birch Logistics",
                "Term: two years from 1 January, notice six months.",
                "Service level: 98.5 % on time in full, measured at their dock.",
            ),
            name=f"Frame contract {year} signed.pdf",
        ),
        expected_version=1,
    )
    _file(
        sponsor,
        account,
        "Price corridor.csv",
        b"product line;list;floor\nPallets;100.00;88.50\nWrap;100.00;91.00\n",
        description="What we may go down to",
        confidentiality="people",
        people=[kam],
    )
    contact = Contact.objects.filter(account=account).order_by("name", "pk").first()
    if contact is not None:
        text = f"# Talk with {contact.name}\n\n* pilot in one depot first\n* wants weekly figures\n"
        _file(member, contact, "Minutes of the depot visit.md", text.encode())
    action = Action.objects.filter(account=account).order_by("pk").first()
    if action is not None:
        lines = ("1,200 pallets a month", "Delivered to the dock, net 45 days")
        _file(kam, action, "Quote pilot depot.pdf", pdf("Quote for the pilot", *lines))
    plan = Plan.objects.filter(account=account).order_by("-starts_on", "pk").first()
    if plan is not None:
        table = b"year;our share;their saving\n1;0.34;120000\n2;0.41;260000\n"
        _file(kam, plan, "Business case.csv", table, description="Figures behind the ambition")
    review = StageReview.objects.filter(account=account).ours().order_by("-reviewed_on").first()
    if review is not None:
        lines = ("On time in full: 98.7 %", "Claims: 3 of 1,420 deliveries")
        scorecard = _file(
            kam,
            review,
            "Supplier scorecard.pdf",
            pdf("Birch Logistics: supplier scorecard", *lines),
            description="As they sent it",
        )
        if review.is_draft:
            text = f"Their scorecard: {scorecard.get_absolute_url()}"
            answer(actor=kam, review=review, item="F3", changes={"evidence": text}, on=today)


def _file(actor: User, obj: Any, name: str, body: bytes, **values: Any) -> Attachment:
    file = ContentFile(body, name=name)
    return services.add_attachments(actor=actor, obj=obj, files=[file], **values)[0]
