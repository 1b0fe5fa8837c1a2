"""Who is part of whom, by the words of a file: resolved when all of it has been read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from accounts.imports.directory import AMBIGUOUS, Directory, plain_name
from accounts.models import Account
from accounts.services import barriers
from accounts.services.account import carry_subtree
from kam.access import tree
from kam.imports.kinds import Rejected, Row
from kam.imports.models import Run
from kam.imports.parts import update_each


@dataclass
class Member:
    """A row that names a parent, or may be one: `account` is its primary key once there is one."""

    number: int
    row: Row
    key: str
    parent: str
    team: int | str | None = None
    status: str = ""
    counted: str = "created"
    problem: str = ""
    above: str = ""


@dataclass
class Groups:
    """The rows of a file by what finds them."""

    members: dict[str, Member] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    numbers: dict[str, str] = field(default_factory=dict)

    def add(self, member: Member, name: str, number: str) -> None:
        """Note a row that is taken, under its key, its name and its number."""
        self.members[member.key] = member
        if number:
            self.numbers.setdefault(number, member.key)
        if name:
            self.names.setdefault(plain_name(name), member.key)

    def resolve(self, directory: Directory) -> None:
        """Find every parent; rows that cannot be taken get their problem."""
        for member in self.members.values():
            if member.parent:
                self._find(member, directory)
        self._find_circles(directory)
        self.follow_problems()

    def refused(self) -> list[Member]:
        """The rows that cannot be taken."""
        return [member for member in self.members.values() if member.problem]

    def _find(self, member: Member, directory: Directory) -> None:
        """`above` becomes the key of the parent: a row of the file, or `@pk` of an account."""
        name = plain_name(member.parent)
        if member.parent in self.numbers:
            member.above = self.numbers[member.parent]
        elif name in self.names:
            member.above = self.names[name]
        else:
            pk = directory.by_number.get(member.parent) or directory.by_name.get(name)
            if pk is None or pk in directory.barred:
                member.problem = "no_parent"
            elif pk == AMBIGUOUS:
                member.problem = "ambiguous"
            else:
                member.above = f"@{pk}"

    def _find_circles(self, directory: Directory) -> None:
        """A row is in a circle when the way up from it comes back to it.

        Accounts that the file does not name keep their place, so that a way up may lead through
        them: their path tells whether it meets a row of the file again.
        """
        paths = self._paths_of_others()
        own = {self.pk_of(key, directory): key for key in self.members}
        for member in self.members.values():
            seen = {member.key}
            above = member.above
            while above:
                if above[0] == "@":
                    above = _next_above(paths.get(above, ""), own)
                    if not above:
                        break
                if above == member.key:
                    member.problem = member.problem or "cycle"
                    break
                if above in seen:
                    break
                seen.add(above)
                above = self.members[above].above

    def _paths_of_others(self) -> dict[str, str]:
        ids = [int(item.above[1:]) for item in self.members.values() if item.above[:1] == "@"]
        found = Account.objects.filter(pk__in=set(ids)).values_list("pk", "path")
        return {f"@{pk}": path for pk, path in found}

    @staticmethod
    def pk_of(key: str, directory: Directory) -> int | None:
        """Primary key of the account of a row."""
        table = directory.by_number if key[0] == "#" else directory.by_name
        return table.get(key[1:])

    def follow_problems(self) -> None:
        """Who is part of a customer whose row is refused is refused, too."""
        moved = True
        while moved:
            moved = False
            for member in self.members.values():
                above = self.members.get(member.above)
                if above and above.problem and not member.problem:
                    member.problem = "parent_rejected"
                    moved = True


def _next_above(path: str, own: dict[int | None, str]) -> str:
    """Key of the nearest row of the file on the way up from an account with `path`."""
    for part in reversed(path.strip("/").split("/")):
        if part and int(part) in own:
            return own[int(part)]
    return ""


def rejected(members: list[Member], reasons: dict[str, str]) -> list[Rejected]:
    """The members as refused rows."""
    return [
        Rejected(item.number, item.row, reasons[item.problem], item.problem, item.counted)
        for item in members
    ]


def in_order(parents: dict[int, int], size: int) -> Iterator[dict[int, int]]:
    """Parts of `parents` (account -> parent), none larger than `size`, tops first."""
    waiting = dict(parents)
    while waiting:
        ready = [pk for pk, above in waiting.items() if above not in waiting]
        for start in range(0, len(ready), size):
            yield {pk: waiting[pk] for pk in ready[start : start + size]}
        for pk in ready:
            del waiting[pk]


def place_new(parents: dict[int, int]) -> None:
    """Put new accounts under their parents (account -> parent), which have their places."""
    made = {item.pk: item for item in Account.objects.filter(pk__in=parents)}
    paths = dict(Account.objects.filter(pk__in=set(parents.values())).values_list("pk", "path"))
    for pk, above in parents.items():
        account = made[pk]
        account.parent_id = above
        account.path = f"{paths[above]}{pk}/"
        account.root_id = int(account.path.split("/")[1])
    update_each(list(made.values()), ["parent", "path", "root"])


def move_known(run: Run, account: Account, parent: Account | None) -> None:
    """Put an account that was there before under another parent, with all below it."""
    tree.refuse_cycle(account, parent)
    old = account.path
    account.parent = parent
    account.version += 1
    account.save(update_fields=["parent", "version", "updated_at"])
    carry_subtree(account, old)
    barriers.refuse_violations(actor=run.owner, accounts=Account.objects.under(account))
