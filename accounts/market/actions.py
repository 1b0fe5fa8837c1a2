"""What apps above offer beside a row of the trade-channel map, from `AppConfig.ready()`."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any, NamedTuple


class RowAction(NamedTuple):
    """A button that posts to `url_name` with the key of the account, and the map's parameters in
    the address; for accounts in one of `statuses` that the reader may edit."""

    name: str
    label: Any
    url_name: str
    statuses: Collection[str]


_actions: dict[str, RowAction] = {}


def register_row_action(action: RowAction) -> None:
    """Offer `action`; a second one of the same name replaces the first."""
    _actions[action.name] = action


def row_actions(status: str) -> Iterable[RowAction]:
    """Actions for an account of `status`."""
    return [action for action in _actions.values() if status in action.statuses]
