"""What holds rows of one account together, so that taking a merge back never parts them.

A talk names people of its account, an action an objective of a plan of its account. Rows that have
come since stay with the one that stayed; what they hold on to stays with them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from django.apps import apps
from django.db import models

from accounts.models import Account
from kam.access.querysets import AccountScopedQuerySet

DIRECT = "account"


class Tie(NamedTuple):
    """Rows of `model` point by `field` to rows that hang on an account, too.

    `owner` and `far_owner` are the look-ups from a row of `model` to the two rows with a key
    `account` that are held together, with the labels of their models.
    """

    model: Any
    owner: str
    owner_label: str
    far_owner: str
    far_label: str


def path_of(model: Any) -> str:
    """Look-up from `model` to its account; empty for what hangs on none."""
    queryset = model._default_manager.all()
    if isinstance(queryset, AccountScopedQuerySet):
        return queryset.account_path
    fields = {field.name: field for field in model._meta.concrete_fields}
    return DIRECT if DIRECT in fields and fields[DIRECT].related_model is Account else ""


def owner_of(model: Any, path: str) -> tuple[str, Any]:
    """Look-up from `model` to the row with the key `account`, and that row's model."""
    way = path.split("__")[:-1]
    for name in way:
        model = model._meta.get_field(name).related_model
    return "__".join([*way, "pk"]), model


def ties() -> Iterator[Tie]:
    """Every relation between two kinds of rows that hang on accounts by rows of their own."""
    for model in apps.get_models():
        path = path_of(model)
        if not path or model is Account:
            continue
        owner, owner_model = owner_of(model, path)
        if path_of(owner_model) != DIRECT:
            continue
        for field in (*model._meta.concrete_fields, *model._meta.many_to_many):
            related: Any = field.related_model
            if related is None or related is Account or not isinstance(related, type):
                continue
            far_path = path_of(related)
            if not far_path or field.name == path.split("__")[0]:
                continue
            far, far_model = owner_of(related, far_path)
            if path_of(far_model) == DIRECT:
                labels = owner_model._meta.label, far_model._meta.label
                yield Tie(model, owner, labels[0], f"{field.name}__{far}", labels[1])


def untie(moved: dict[str, set[int]], account: int) -> dict[str, set[int]]:
    """Of the rows `moved` to `account`, by model, those that nothing else there holds on to."""
    back = {label: set(keys) for label, keys in moved.items()}
    known = [tie for tie in ties() if tie.owner_label in back or tie.far_label in back]
    changed = True
    while changed:
        changed = False
        for tie in known:
            for here, there in _held(tie, account):
                mine = here in back.get(tie.owner_label, ())
                theirs = there in back.get(tie.far_label, ())
                if mine != theirs:
                    back.get(tie.owner_label, set()).discard(here)
                    back.get(tie.far_label, set()).discard(there)
                    changed = True
    return back


def _held(tie: Tie, account: int) -> models.QuerySet:
    """Pairs of owners that rows at `account` hold together."""
    rows = tie.model._base_manager.filter(**{f"{_way(tie.owner)}account": account})
    rows = rows.filter(**{f"{_way(tie.far_owner)}account": account})
    return rows.order_by().values_list(tie.owner, tie.far_owner).distinct()


def _way(owner: str) -> str:
    return owner.removesuffix("pk")
