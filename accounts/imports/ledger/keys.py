"""Marks by which a sales line that we have handed out is known when it comes back.

A line's identity comes from the file that brought it, with columns that our own file does not
have; so our file carries it, with a check over the cells that make the line what it is.
"""

from __future__ import annotations

import re
from decimal import Decimal
from hashlib import blake2b
from typing import Any

IDENTITY = 32
"""Hexadecimal digits of the identity; the check follows."""
_KEY = re.compile(r"[0-9a-f]{32}[0-9a-f]{12}")


def plain_number(number: Decimal | None) -> str:
    """`number` without exponent and idle zeros; nothing for None."""
    return "" if number is None else format(number.normalize(), "f")


def check_of(*cells: str) -> str:
    """Short digest of account number and name, day, product code, quantity, amount, currency,
    cost and document."""
    return blake2b("\x1f".join(cells).encode(), digest_size=6).hexdigest()


def key_of(row: Any) -> str:
    """The mark of a ledger line with `account_number` annotated."""
    check = check_of(
        row.account_number,
        row.account.name,
        row.booked_on.isoformat(),
        row.product.code if row.product else "",
        plain_number(row.quantity),
        plain_number(row.amount),
        row.currency,
        plain_number(row.cost),
        row.document,
    )
    return f"{bytes(row.identity).hex()}{check}"


def identity_in(key: str, check: str) -> bytes | None:
    """The identity that `key` carries; None when it is no key of ours, or when the line has
    another `check` by now."""
    if _KEY.fullmatch(key) is None or key[IDENTITY:] != check:
        return None
    return bytes.fromhex(key[:IDENTITY])
