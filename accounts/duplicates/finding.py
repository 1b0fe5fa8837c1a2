"""Finding pairs without comparing everything with everything.

Each row is put into blocks by what it would share with its double: the bare name, each rare word of
it, the name with one letter left out (which two spellings of a word have in common), website,
address, numbers, mail. Only rows of one block are compared; a block that many rows share says
nothing and is left out, unless its sign alone suffices (`TELLING`).
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator
from typing import Any

from accounts.duplicates import normal
from accounts.duplicates.weighing import AccountCard, Likeness, PersonCard, of_accounts, of_people
from accounts.models import Contact, ExternalId, Site

MOST_IN_BLOCK = 40
"""Rows that share a block at most; a word of more is common."""
TELLING = frozenset({"core", "mail", "number"})
"""Blocks that tell however many share them: there each row is compared with the next one."""
LONGEST_SPELLING = 40


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
) -> set[Pair]:
    """Pairs of keys that share a block; with `only`, those of which one is in it."""
    members: dict[tuple[bool, int], list[int]] = defaultdict(list)
    for card in cards:
        for block in set(blocks(card)):
            members[block[0] in TELLING, hash(block)].append(card.pk)
    wanted = None if only is None else set(only)
    pairs: set[Pair] = set()
    for (tells, _block), keys in members.items():
        found = itertools.combinations(keys, 2) if len(keys) <= MOST_IN_BLOCK else ()
        for first, second in itertools.pairwise(keys) if tells and not found else found:
            if wanted is None or first in wanted or second in wanted:
                pairs.add((first, second) if first < second else (second, first))
    return pairs


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
    for pair in sorted(candidates(cards, blocks, only)):
        likeness = compare(known[pair[0]], known[pair[1]])
        if likeness.score >= least:
            yield pair, likeness


def live_accounts(accounts: Any) -> Any:
    """Those of `accounts` that are compared at all."""
    return accounts.filter(archived_at=None, staged_by=None)


def live_people(people: Any) -> Any:
    """Those of `people` that are compared at all."""
    return people.filter(archived_at=None, account__archived_at=None, account__staged_by=None)
