"""Who may bring files in."""

from __future__ import annotations

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.db.models import Q

from kam.access.querysets import Reader
from kam.imports import kinds
from kam.imports.kinds import ImportKind
from kam.imports.models import Folder, Run

SYSTEM = "system"
"""User name under which commands act; nobody can sign in with it."""


def is_system(actor: AbstractBaseUser | AnonymousUser) -> bool:
    """Whether a command acts for the installation itself: its right is the shell."""
    return actor.get_username() == SYSTEM


def can_import(actor: AbstractBaseUser, kind: ImportKind, scope_id: int) -> bool:
    """Whether `actor` may bring files of `kind` into the scope."""
    return is_system(actor) or kind.scopes_for(actor).filter(pk=scope_id).exists()


def can_import_anything(user: Reader) -> bool:
    """Whether there is anything into which `user` may bring files."""
    return any(kind.is_offered_to(user) for kind in kinds.registered())


def can_see(actor: AbstractBaseUser, run: Run) -> bool:
    """Whether `actor` may see `run`."""
    return is_system(actor) or Run.objects.visible_to(actor).filter(pk=run.pk).exists()


def can_edit(actor: AbstractBaseUser, run: Run) -> bool:
    """Whether `actor` may map, start, stop and undo `run`."""
    return is_system(actor) or Run.objects.editable_by(actor).filter(pk=run.pk).exists()


def readers_of_runs(user: Reader) -> Q:
    """Condition on the change log: imports that `user` may see; a file name may name a customer."""
    shown = Run.objects.visible_to(user).order_by().values("pk")
    return Q(object_type=Run._meta.label_lower, audience_id__in=shown)


def readers_of_folders(user: Reader) -> Q:
    """Condition on the change log: folders that `user` may see."""
    shown = Folder.objects.visible_to(user).order_by().values("pk")
    return Q(object_type=Folder._meta.label_lower, audience_id__in=shown)


def can_watch(actor: AbstractBaseUser, kind: ImportKind, scope_id: int) -> bool:
    """Whether `actor` may have files of the scope come in from a folder: reads all its imports."""
    return kind.scopes_read_by(actor).filter(pk=scope_id).exists()


def can_use_path(actor: AbstractBaseUser, kind: ImportKind, scope_id: int, first: str) -> bool:
    """Whether `actor` may take files of a scope from below the folder `first`: the one that has
    the scope's number; any folder for whoever reads the imports of every scope."""
    others = kind.scopes().exclude(pk__in=kind.scopes_read_by(actor).order_by().values("pk"))
    return first == str(scope_id) or not others.exists()
