"""Names, addresses and numbers as they are compared: without what says nothing."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from urllib.parse import urlsplit


def _listed(*lines: str) -> frozenset[str]:
    return frozenset(" ".join(lines).split())


LEGAL_FORMS = _listed(
    # German and Dutch speaking, Nordic, Baltic
    "gmbh mbh gmbhco kg kgaa ag ug ohg gbr ev eg se bv nv vof cv ab as asa aps oy oyj hf ehf sia",
    "uab",
    # English speaking
    "ltd limited llc llp lp plc inc incorporated corp corporation co company pty pvt private pte",
    "unlimited dac bhd sdn",
    # Romance languages
    "sa sarl sas sasu snc eurl sca scop sl slu srl srls spa sapa sac saic sab cv decv ltda eireli",
    # Central and eastern Europe, Turkey, Asia
    "kft zrt nyrt rt sro doo dd ood ead ad sp z oo zoo spol ooo oao zao pao jsc cjsc pjsc ojsc",
    "tov kk yk gk pt tbk",
)
"""Words at the end (or the beginning) of a name that only say in which form a company exists."""
LEADING_FORMS = _listed("ooo oao zao pao jsc pjsc pt sia uab tov sa sarl srl spa as the")
FILLERS = _listed("and und et y e och og en the")
PUBLIC_MAIL = _listed(
    "gmail.com googlemail.com outlook.com hotmail.com live.com msn.com yahoo.com yahoo.co.uk",
    "icloud.com me.com mac.com aol.com gmx.de gmx.net gmx.at gmx.ch web.de t-online.de freenet.de",
    "orange.fr wanadoo.fr free.fr laposte.net libero.it proton.me protonmail.com mail.ru qq.com",
    "163.com yandex.ru btinternet.com comcast.net",
)
"""Hosts at which anybody has an address: two people there have nothing in common."""
_SPLIT = re.compile(r"[^\w]+|_+")
_DOTTED = re.compile(r"\b(?:\w\.){2,}(?:\w\b)?|\b\w(?:\s*[./]\s*\w)+\b\.?")
_DIGITS = re.compile(r"\D+")
STREETS = {"street": "st", "strasse": "str", "road": "rd", "avenue": "ave", "lane": "ln"}
PHONE_DIGITS = 9
"""Digits of a phone number that are compared, from its end: prefixes are written in many ways."""
LEAST_DIGITS = 6


def folded(text: str) -> str:
    """Small letters without accents; "ß" is "ss", "Ø" is "o"."""
    plain = unicodedata.normalize("NFKD", text.casefold().translate(_LETTERS))
    return "".join(letter for letter in plain if not unicodedata.combining(letter))


_LETTERS = str.maketrans({"ø": "o", "đ": "d", "ł": "l", "æ": "ae", "œ": "oe", "þ": "th", "ı": "i"})


@lru_cache(maxsize=50_000)
def words(name: str) -> tuple[str, ...]:
    """Words of a name in small letters; initials stand together: "S. A." is "sa"."""
    joined = _DOTTED.sub(lambda found: re.sub(r"[\s./]", "", found.group()) + " ", folded(name))
    return tuple(word for word in _SPLIT.split(joined) if word)


@lru_cache(maxsize=50_000)
def core(name: str) -> tuple[str, ...]:
    """Words of a company's name without legal form and fillers; never none of those it has."""
    parts = [word for word in words(name) if word not in FILLERS] or list(words(name))
    while len(parts) > 1 and parts[-1] in LEGAL_FORMS:
        parts.pop()
    while len(parts) > 1 and parts[0] in LEADING_FORMS:
        parts.pop(0)
    return tuple(parts)


def person(name: str) -> tuple[str, ...]:
    """Words of a person's name, in the order of the alphabet: "Smith, Anna" is "Anna Smith"."""
    titles = {"dr", "prof", "mr", "mrs", "ms", "herr", "frau", "dipl", "ing", "mme", "m"}
    parts = [word for word in words(name) if word not in titles] or list(words(name))
    return tuple(sorted(parts))


def mail(address: str) -> str:
    """An e-mail address without case and without what stands after a plus."""
    local, _at, host = address.strip().casefold().rpartition("@")
    return f"{local.partition('+')[0]}@{host}" if local else ""


def host_of(address: str) -> str:
    """The host of an e-mail address, empty for those at which anybody has one."""
    host = mail(address).rpartition("@")[2]
    return "" if host in PUBLIC_MAIL else host


def phone(number: str) -> str:
    """The last digits of a phone number; empty where too few are given."""
    digits = _DIGITS.sub("", number)
    return digits[-PHONE_DIGITS:] if len(digits) >= LEAST_DIGITS else ""


def site_of(website: str) -> str:
    """The host of a website, without "www."."""
    host = urlsplit(website if "//" in website else f"//{website}").hostname or ""
    return host.casefold().removeprefix("www.")


def place(address: str, city: str) -> str:
    """An address in one line; empty without a street."""
    street = [STREETS.get(word, word) for word in words(address.replace("straße", "strasse"))]
    return " ".join([*street, *words(city)]) if street else ""


def number(value: str) -> str:
    """A number in another system without blanks, leading zeros and case; empty if too short."""
    bare = re.sub(r"[\s.\-/]", "", value).casefold().lstrip("0")
    return bare if len(bare) >= LEAST_NUMBER else ""


LEAST_NUMBER = 4
"""Shorter numbers are alike by chance."""
