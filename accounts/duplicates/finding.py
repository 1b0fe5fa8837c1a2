"""Finding pairs without comparing everything with everything.

Each row is put into blocks by what it would share with its double: the bare name, each rare word of
it, the name with one letter left out (which two spellings of a word have in common), website,
address, numbers, mail. Only rows of one block are compared; a block that many rows share says
nothing and is left out, unless its sign alone suffices (`TELLING`).
"""

from __future__ import annotations

import itertools
import sqlite3
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator
from operator import itemgetter
from typing import Any

from accounts.duplicates import normal
from accounts.duplicates.weighing import AccountCard, Likeness, PersonCard, of_accounts, of_people
from accounts.models import Contact, ExternalId, Site

MOST_IN_BLOCK = 40
"""Rows that share a block at most; a word of more is common."""
TELLING = frozenset({"core", "mail", "number"})
"""Blocks that tell however many share them: there each row is compared with the next one."""
LONGEST_SPELLING = 40
CACHE_KIB = 24_000
"""Memory for the blocks of all rows; the rest lies on disk."""


Pair = tuple[int, int]
Block = tuple[str | int, ...]


def account_cards(accounts: Any) -> list[AccountCard]:
    """What is compared of `accounts`, in five queries."""
    rows = list(accounts.order_by("pk").values_list("pk", "name", "country", "website", "root_id"))
    mine = accounts.order_by().values("pk")
    numbers: dict[int, list[tuple[str, str]]] = defaultdict(list)
    found = ExternalId.objects.filter(account__in=mine).values_list("account", "system", "value")
    for pk, system, value in found.iterator():
        if bare := normal.number(value):
            numbers[pk].append((system, bare))
    places: dict[int, set[str]] = defaultdict(set)
    sites = Site.objects.active().filter(account__in=mine).exclude(address="")
    for pk, address, city in sites.values_list("account", "address", "city").iterator():
        places[pk].add(normal.place(address, city))
    mails: dict[int, set[str]] = defaultdict(set)
    phones: dict[int, set[str]] = defaultdict(set)
    people = Contact.objects.active().filter(account__in=mine)
    for pk, mail, phone in people.values_list("account", "email", "phone").iterator():
        mails[pk].add(normal.mail(mail))
        phones[pk].add(normal.phone(phone))
    return [
        AccountCard(
            pk=pk,
            name=name,
            country=country,
            website=website,
            root=root,
            numbers=tuple(sorted(numbers[pk])),
            places=frozenset(places[pk] - {""}),
            mails=frozenset(mails[pk] - {""}),
            phones=frozenset(phones[pk] - {""}),
        )
        for pk, name, country, website, root in rows
    ]


def person_cards(people: Any) -> list[PersonCard]:
    """What is compared of `people`."""
    rows = people.order_by("pk").values_list(
        "pk", "account_id", "name", "email", "phone", "job_title"
    )
    return [
        PersonCard(
            pk, account, name, normal.mail(mail), normal.phone(phone), normal.folded(job.strip())
        )
        for pk, account, name, mail, phone, job in rows.iterator()
    ]


def spellings(text: str) -> Iterator[str]:
    """`text` with one letter left out: two texts one slip apart have one of these, or the text
    itself, in common."""
    yield text
    for place in range(min(len(text), LONGEST_SPELLING)):
        yield text[:place] + text[place + 1 :]


def account_blocks(card: AccountCard) -> Iterator[Block]:
    """What a double of the account would share."""
    words = normal.core(card.name)
    yield ("core", *sorted(words))
    for word in words:
        yield ("word", word)
    if len(squashed := "".join(words)) > 4:
        for spelling in spellings(squashed):
            yield ("spelling", spelling)
    if website := normal.site_of(card.website):
        yield ("website", website)
    for place in card.places:
        yield ("place", place)
    for _system, number in card.numbers:
        yield ("number", number)
    for mail in card.mails:
        yield ("mail", mail)


def person_blocks(card: PersonCard) -> Iterator[Block]:
    """What a double of the person would share, within the account."""
    if card.mail:
        yield ("mail", card.account, card.mail)
    for word in normal.person(card.name):
        if len(word) > 1:
            yield ("word", card.account, word)
    for spelling in spellings("".join(normal.person(card.name))):
        yield ("spelling", card.account, spelling)


def candidates(
    cards: Iterable[Any], blocks: Callable[[Any], Iterable[Block]], only: Collection[int] | None
) -> Iterator[Pair]:
    """Pairs of keys that share a block, in their order; with `only`, those of which one is in it.

    Blocks are sorted in a private temporary database that spills to disk: a hundred thousand
    accounts have millions of them.
    """
    wanted = None if only is None else set(only)
    stored = sqlite3.connect("", isolation_level=None)
    try:
        for order in (
            f"PRAGMA cache_size=-{CACHE_KIB}",
            "PRAGMA journal_mode=OFF",
            "PRAGMA synchronous=OFF",
            "CREATE TABLE block (place INTEGER NOT NULL, pk INTEGER NOT NULL)",
            "CREATE TABLE pair (a INTEGER, b INTEGER, PRIMARY KEY (a, b)) WITHOUT ROWID",
            "BEGIN",
        ):
            stored.execute(order)
        stored.executemany("INSERT INTO block VALUES (?, ?)", _places(cards, blocks))
        stored.executemany("INSERT OR IGNORE INTO pair VALUES (?, ?)", _pairs(stored, wanted))
        yield from stored.execute("SELECT a, b FROM pair ORDER BY a, b")
    finally:
        stored.close()


def _places(
    cards: Iterable[Any], blocks: Callable[[Any], Iterable[Block]]
) -> Iterator[tuple[int, int]]:
    """A number for each block of each card, odd where the block tells, with the card's key."""
    for card in cards:
        for block in set(blocks(card)):
            yield hash(block) & ~1 | (block[0] in TELLING), card.pk


def _pairs(stored: sqlite3.Connection, wanted: set[int] | None) -> Iterator[Pair]:
    rows = stored.execute("SELECT place, pk FROM block ORDER BY place, pk")
    for place, members in itertools.groupby(rows, itemgetter(0)):
        keys = [pk for _place, pk in itertools.islice(members, MOST_IN_BLOCK + 1)]
        if len(keys) <= MOST_IN_BLOCK:
            found: Iterable[Pair] = itertools.combinations(keys, 2)
        elif place & 1:
            rest = (pk for _place, pk in members)
            found = itertools.pairwise(itertools.chain(keys, rest))
        else:
            continue
        for pair in found:
            if wanted is None or not wanted.isdisjoint(pair):
                yield pair


def alike(
    cards: list[Any],
    *,
    of_people_cards: bool = False,
    only: Collection[int] | None = None,
    least: int = 0,
) -> Iterator[tuple[Pair, Likeness]]:
    """Pairs among `cards` that are at least `least` alike, in the order of their keys."""
    compare: Any = of_people if of_people_cards else of_accounts
    blocks: Any = person_blocks if of_people_cards else account_blocks
    known = {card.pk: card for card in cards}
    for pair in candidates(cards, blocks, only):
        likeness = compare(known[pair[0]], known[pair[1]])
        if likeness.score >= least:
            yield pair, likeness


def live_accounts(accounts: Any) -> Any:
    """Those of `accounts` that are compared at all."""
    return accounts.filter(archived_at=None, staged_by=None)


def live_people(people: Any) -> Any:
    """Those of `people` that are compared at all."""
    return people.filter(archived_at=None, account__archived_at=None, account__staged_by=None)
