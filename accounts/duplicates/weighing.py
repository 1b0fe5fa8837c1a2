"""How alike two rows are, 0 to 100, and by which signs: each sign can be said in plain words.

Signs are independent hints, so that they add up as chances do: two of 60 make 84. The weights are
judgement; `tests/accounts/test_duplicates.py` holds what they must tell apart.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from rapidfuzz.distance import JaroWinkler
from rapidfuzz.fuzz import ratio

from accounts.duplicates import normal

LEAST = 60
"""Pairs that are less alike are not proposed."""
SIMILAR = 88.0
"""Letters in common, in percent, from which names count as similar."""
SIMILAR_PERSON = 0.93

SAME_NAME, SAME_CORE, ELSEWHERE, SUBSET = 85, 85, 45, 35
SAME_SITE, SAME_ADDRESS, SAME_NUMBER, SAME_MAIL, SAME_HOST, SAME_PHONE = 60, 50, 50, 60, 30, 30
FAMILY = 0.6
"""Accounts of one group share names and addresses: the same signs weigh less."""
PERSON_MAIL, PERSON_NAME, PERSON_SIMILAR, PERSON_INITIAL, PERSON_PHONE, PERSON_JOB = (
    95,
    80,
    62,
    50,
    35,
    20,
)


@dataclass(frozen=True)
class AccountCard:
    """What is compared of an account."""

    pk: int
    name: str
    country: str
    website: str
    root: int
    numbers: tuple[tuple[str, str], ...] = ()
    places: frozenset[str] = frozenset()
    mails: frozenset[str] = frozenset()
    phones: frozenset[str] = frozenset()

    @property
    def hosts(self) -> frozenset[str]:
        """Hosts of mail addresses that belong to the company itself."""
        found = {normal.host_of(address) for address in self.mails}
        return frozenset(host for host in found if host)


@dataclass(frozen=True)
class PersonCard:
    """What is compared of a person within their account."""

    pk: int
    account: int
    name: str
    mail: str
    phone: str
    job: str


@dataclass(frozen=True)
class Likeness:
    """How alike two rows are and by which signs, as `DuplicatePair` stores them."""

    score: int
    reasons: list[dict[str, Any]]


class _Signs:
    """Signs found so far."""

    def __init__(self) -> None:
        self.found: list[tuple[int, dict[str, Any]]] = []

    def add(self, weight: int, code: str, **values: Any) -> None:
        self.found.append((weight, {"code": code, **values}))

    def likeness(self, factor: float = 1.0) -> Likeness:
        rest = 1.0
        for weight, _reason in self.found:
            rest *= 1 - weight * factor / 100
        ranked = sorted(self.found, key=lambda item: -item[0])
        return Likeness(round(100 * (1 - rest)), [reason for _weight, reason in ranked])


def of_accounts(a: AccountCard, b: AccountCard) -> Likeness:
    """How alike two accounts are."""
    signs = _Signs()
    _names(signs, a, b)
    website = normal.site_of(a.website)
    if website and website == normal.site_of(b.website):
        signs.add(SAME_SITE, "website", value=website)
    for address in sorted(a.places & b.places)[:1]:
        signs.add(SAME_ADDRESS, "address", value=address)
    _numbers(signs, a, b)
    shared = sorted(a.mails & b.mails)
    hosts = sorted((a.hosts & b.hosts) - {website})
    if shared:
        signs.add(SAME_MAIL, "mail", value=shared[0], count=len(shared))
    elif hosts:
        signs.add(SAME_HOST, "mail_host", value=hosts[0])
    if a.phones & b.phones and not shared:
        signs.add(SAME_PHONE, "phone")
    if a.root == b.root:
        likeness = signs.likeness(FAMILY)
        return Likeness(likeness.score, [*likeness.reasons, {"code": "group"}])
    return signs.likeness()


def _names(signs: _Signs, a: AccountCard, b: AccountCard) -> None:
    mine, theirs = normal.core(a.name), normal.core(b.name)
    apart = bool(a.country and b.country) and normal.folded(a.country) != normal.folded(b.country)
    if sorted(mine) == sorted(theirs):
        code = "name" if normal.words(a.name) == normal.words(b.name) else "legal_form"
        weight = SAME_NAME if code == "name" else SAME_CORE
        signs.add(ELSEWHERE if apart else weight, "country" if apart else code)
        return
    one, other = " ".join(sorted(mine)), " ".join(sorted(theirs))
    alike = max(
        ratio(one, other, score_cutoff=SIMILAR),
        ratio("".join(mine), "".join(theirs), score_cutoff=SIMILAR),
    )
    if alike and not _differ_by_number(mine, theirs):
        weight = 50 + round((alike - SIMILAR) / (100 - SIMILAR) * 30)
        signs.add(ELSEWHERE if apart else weight, "similar_name", percent=int(alike))
    elif set(mine) < set(theirs) or set(theirs) < set(mine):
        signs.add(SUBSET, "part_of_name")


def _differ_by_number(mine: tuple[str, ...], theirs: tuple[str, ...]) -> bool:
    """Names told apart by a figure, e.g. "Plant 7" and "Plant 8"."""
    apart = set(mine) ^ set(theirs)
    return bool(apart) and any(any(map(str.isdigit, word)) for word in apart)


def _numbers(signs: _Signs, a: AccountCard, b: AccountCard) -> None:
    theirs = {value: system for system, value in b.numbers}
    for system, value in a.numbers:
        other = theirs.get(value)
        if other is not None and other != system:
            signs.add(SAME_NUMBER, "number", value=value, systems=[system, other])
            return


def of_people(a: PersonCard, b: PersonCard) -> Likeness:
    """How alike two people of one account are."""
    signs = _Signs()
    if a.mail and a.mail == b.mail:
        signs.add(PERSON_MAIL, "same_mail", value=a.mail)
    mine, theirs = normal.person(a.name), normal.person(b.name)
    alike = JaroWinkler.similarity(" ".join(mine), " ".join(theirs))
    if mine == theirs:
        signs.add(PERSON_NAME, "person_name")
    elif _initials(mine, theirs):
        signs.add(PERSON_INITIAL, "initial")
    elif alike >= SIMILAR_PERSON and len(mine) > 1:
        signs.add(PERSON_SIMILAR, "similar_person", percent=int(alike * 100))
    if not signs.found:
        return Likeness(0, [])
    if a.phone and a.phone == b.phone:
        signs.add(PERSON_PHONE, "phone")
    if a.job and a.job == b.job:
        signs.add(PERSON_JOB, "job")
    return signs.likeness()


def _initials(mine: tuple[str, ...], theirs: tuple[str, ...]) -> bool:
    """Whether one name is the other with a first name cut to its letter: "A. Smith"."""
    if len(mine) != len(theirs) or len(mine) < 2:
        return False
    shared = set(mine) & set(theirs)
    rest = [sorted(set(side) - shared) for side in (mine, theirs)]
    if not shared or any(len(side) != 1 for side in rest):
        return False
    one, other = rest[0][0], rest[1][0]
    return one[0] == other[0] and 1 in (len(one), len(other))


def in_words(reason: dict[str, Any]) -> str:
    """A sign in plain words."""
    percent = {"percent": reason.get("percent", 0)}
    value = {"value": reason.get("value", "")}
    texts = {
        "name": _("Same name"),
        "legal_form": _("Names differ only by legal form, accents or punctuation"),
        "country": _("Same name, in another country"),
        "similar_name": _("Similar name (%(percent)d %% alike)") % percent,
        "part_of_name": _("One name holds the other"),
        "website": _("Same website, %(value)s") % value,
        "address": _("Same address"),
        "mail": _("A person at both has the mail address %(value)s") % value,
        "mail_host": _("Mail addresses at %(value)s on both") % value,
        "phone": _("Same phone number"),
        "group": _("Both are in one group: that may explain it"),
        "same_mail": _("Same e-mail, %(value)s") % value,
        "person_name": _("Same name"),
        "similar_person": _("Similar name (%(percent)d %% alike)") % percent,
        "initial": _("Same surname, and the first name may be shortened"),
        "job": _("Same position"),
    }
    if reason["code"] == "number":
        systems = dict(zip(("one", "other"), reason["systems"], strict=True))
        return _("Number %(value)s in %(one)s and in %(other)s") % (value | systems)
    return texts.get(reason["code"], reason["code"])
