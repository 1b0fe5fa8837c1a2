"""What somebody could see at a moment, in few words, and whether they still can."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.contrib.auth.models import AbstractBaseUser

from kam.access.querysets import roles_of, scope_model


def reach_of(user: AbstractBaseUser) -> dict[str, Any]:
    """Roles and teams that `user` holds, barriers before which they stand, and the accounts that
    they see, as ranges of primary keys: `[first, last]`, both included."""
    held = roles_of(user)
    roles = [list(item) for item in (*held.programmes, *held.units, *held.teams)]
    accounts = scope_model()._default_manager.all().visible_to(user).order_by("pk")
    return {
        "held": sorted(roles, key=str),
        "fenced": sorted(held.fenced),
        "accounts": ranges(accounts.values_list("pk", flat=True).iterator()),
    }


def together(before: dict[str, Any], after: dict[str, Any]) -> dict[str, Any]:
    """All that was seen at either moment."""
    found = (row for reach in (before, after) for row in reach["accounts"])
    keys = sorted({key for first, last in found for key in range(first, last + 1)})
    held = [*before["held"], *(item for item in after["held"] if item not in before["held"])]
    return {
        "held": held,
        "fenced": sorted(set(before["fenced"]) & set(after["fenced"])),
        "accounts": ranges(keys),
    }


def has_shrunk(then: dict[str, Any], now: dict[str, Any]) -> bool:
    """Whether something that was seen `then` is out of sight `now`: a role or team is gone, a
    barrier is new, or an account is somebody else's."""
    if any(item not in now["held"] for item in then["held"]):
        return True
    if set(now["fenced"]) - set(then["fenced"]):
        return True
    return not _covers(now["accounts"], then["accounts"])


def ranges(keys: Iterable[int]) -> list[list[int]]:
    """Rising `keys` as ranges."""
    found: list[list[int]] = []
    for key in keys:
        if found and found[-1][1] == key - 1:
            found[-1][1] = key
        else:
            found.append([key, key])
    return found


def _covers(wide: list[list[int]], narrow: list[list[int]]) -> bool:
    """Whether every key in `narrow` is in `wide`; both are rising ranges that do not touch."""
    place = 0
    for first, last in narrow:
        while place < len(wide) and wide[place][1] < first:
            place += 1
        if place == len(wide) or wide[place][0] > first or wide[place][1] < last:
            return False
    return True
