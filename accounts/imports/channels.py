"""Trade channels that files name: found by code or by names from the top, made where missing."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import BigIntegerField, QuerySet
from django.db.models.fields.json import KT
from django.db.models.functions import Cast
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.imports.directory import plain_name
from accounts.models import Account, Channel, ProductLine, StagedAccount
from accounts.services.channel import CHANNEL_FIELDS, SEPARATOR, place
from kam.changes import editing, record
from kam.changes.models import Change
from kam.imports.kinds import Option
from kam.imports.models import Run
from kam.imports.records.session import Pending
from teams.models import Programme, User

_STEP = re.compile(r"\s*[/>\\»]\s*")
LONGEST = 120
CODE = Channel._meta.get_field("code").max_length
CHANNEL_CODES = Option(
    "channel_codes",
    gettext_lazy("Trade channels stand for"),
    help=gettext_lazy("What codes of the file mean, e.g. 1 = Hotels; 2 = Retail."),
)


def codes_in(text: str) -> dict[str, str]:
    """What codes stand for in "1 = Hotels; 2 = Retail". Raises ValidationError."""
    found = {}
    for part in filter(str.strip, text.split(";")):
        code, _mark, names = part.partition("=")
        if not code.strip() or not names.strip():
            message = _("Write what the channels stand for like this: 1 = Hotels; 2 = Retail.")
            raise ValidationError({"channel_codes": message}, code="channel_codes")
        found[code.strip()] = names.strip()
    return found


def steps_of(text: str) -> list[str]:
    """Names from the top down in "On-trade / Hotels"."""
    return [step for step in _STEP.split(" ".join(text.split())) if step]


def _plain(steps: list[str]) -> str:
    return SEPARATOR.join(plain_name(step) for step in steps)


class Channels:
    """Channels in use of one programme, by code, by names from the top, or by a name that only
    one has. `meant` says what the codes of a file stand for (`codes_in`); a channel that is made
    for one keeps it as its code."""

    def __init__(self, programme: int, meant: Mapping[str, str] | None = None) -> None:
        self.programme = programme
        self.meant = {plain_name(code): names for code, names in (meant or {}).items()}
        self.codes = {_plain(steps_of(names)): code for code, names in (meant or {}).items()}
        self.by_name: dict[str, int] = {}
        self.by_code: dict[str, int] = {}
        alone: dict[str, list[int]] = {}
        rows = Channel.objects.active().filter(programme=programme).order_by("path")
        for pk, name, code, full in rows.values_list("pk", "name", "code", "full_name"):
            self.by_name[_plain(steps_of(full))] = pk
            alone.setdefault(plain_name(name), []).append(pk)
            if code:
                self.by_code[plain_name(code)] = pk
        self.alone = {name: found[0] for name, found in alone.items() if len(found) == 1}
        self.missing: dict[str, Pending] = {}
        every = Channel.objects.filter(programme=programme)
        self.taken = {code.lower() for code in every.values_list("code", flat=True)}
        gone = every.exclude(archived_at=None)
        self.archived = {
            _plain(steps_of(name)) for name in gone.values_list("full_name", flat=True)
        }

    def find(self, text: str) -> int | None:
        """Primary key of the channel that `text` means; None where there is none."""
        text = self.meant.get(plain_name(text), text)
        plain = plain_name(text)
        if plain in self.by_code:
            return self.by_code[plain]
        return self.by_name.get(_plain(steps_of(text))) or self.alone.get(plain)

    def is_archived(self, text: str) -> bool:
        """Whether `text` names one that is out of use, or lies below one."""
        text = self.meant.get(plain_name(text), text)
        steps = steps_of(text)
        return any(_plain(steps[:count]) in self.archived for count in range(1, len(steps) + 1))

    def pending(self, text: str) -> Pending:
        """The names of one that will be made."""
        text = self.meant.get(plain_name(text), text)
        steps = [step[:LONGEST] for step in steps_of(text)]
        names = SEPARATOR.join(steps) or text[:LONGEST]
        return self.missing.setdefault(_plain(steps), Pending(names))

    def made(self, actor: User, names: str) -> int:
        """The channel with these names, made with all above it where it is missing; in the
        transaction that publishes."""
        found = self.find(names)
        if found is not None:
            return found
        parent: Channel | None = None
        steps = steps_of(names) or [names]
        for place_of in range(len(steps)):
            plain = _plain(steps[: place_of + 1])
            known = self.by_name.get(plain)
            if known is not None:
                parent = Channel.objects.get(pk=known)
                continue
            channel = Channel(
                programme_id=self.programme, name=steps[place_of][:LONGEST], parent=parent
            )
            code = self.codes.get(plain, "")
            if code.lower() not in self.taken:
                channel.code = code[:CODE]
                self.taken.add(code.lower())
            fields = ("programme", *CHANNEL_FIELDS)
            parent = editing.create(actor=actor, obj=channel, fields=fields)
            place(parent)
            self.by_name[plain] = parent.pk
        assert parent is not None  # noqa: S101  (there is at least one step)
        return parent.pk


def refuse_archived(channels: Iterable[int] | QuerySet) -> None:
    """Raise ValidationError if one of `channels` (primary keys) has been archived since the file
    was read; the caller holds the lock of the trees."""
    if Channel.objects.exclude(archived_at=None).filter(pk__in=channels).exists():
        message = _("A trade channel of the file has been archived meanwhile. Try the file again.")
        raise ValidationError(message, code="meanwhile")


def refuse_return(run: Run) -> None:
    """Raise ValidationError if undoing `run` would put an account back into a channel that has been
    archived since. Holds the lock of the trees from then on."""
    Programme.objects.select_for_update(no_key=True).get(pk=run.scope_id)
    changed = StagedAccount.objects.filter(run=run, created=False, before__has_key="channel")
    active = changed.filter(account__archived_at=None)
    still = active.filter(account__channel=Cast(KT("after__channel"), BigIntegerField()))
    former = still.annotate(former=Cast(KT("before__channel"), BigIntegerField())).order_by()
    gone = Channel.objects.exclude(archived_at=None).filter(pk__in=former.values("former"))
    channel = gone.order_by("path").first()
    if channel is not None:
        words = _("Accounts were in the trade channel “%(name)s” before. Restore it first.")
        raise ValidationError(words % {"name": channel.name}, code="archived")


def give_channels(run: Run, wanted: Mapping[int | None, dict[str, Any]]) -> None:
    """Put accounts that are in no channel into the one that `run` names, with a row of history
    each; those that the run itself has made carry it from the start."""
    channels = {pk: extra["channel"] for pk, extra in wanted.items() if pk and "channel" in extra}
    rows = Account.objects.select_for_update(of=("self",), no_key=True)
    made = StagedAccount.objects.filter(run=run, created=True, account__in=channels)
    new = set(made.values_list("account", flat=True))
    found = list(rows.filter(pk__in=channels, channel=None).order_by("pk"))
    now = timezone.now()
    log = []
    for account in found:
        account.channel_id = channels[account.pk]
        account.updated_at = now
        if account.pk not in new:
            account.version += 1
        after = {"channel": account.channel_id}
        log.append(record.Logged(account, "updated", {"channel": None}, after))
    Account.objects.bulk_update(found, ["channel", "version", "updated_at"], batch_size=200)
    record.many(actor=run.owner, rows=log)


def take_channels(run: Run, actor_id: int) -> None:
    """Take accounts out of the channels into which `run` has put them, where they still are."""
    changes = Change.objects.filter(
        object_type=Account._meta.label_lower,
        verb="updated",
        source=Change.Source.IMPORT,
        source_reference=str(run.pk),
        after__has_key="channel",
    )
    given = {row.object_id: row.after["channel"] for row in changes}
    rows = Account.objects.select_for_update(of=("self",), no_key=True)
    found = [
        account
        for account in rows.filter(pk__in=given).order_by("pk")
        if account.channel_id == given[account.pk]
    ]
    now = timezone.now()
    log = []
    for account in found:
        before = {"channel": account.channel_id}
        account.channel, account.updated_at = None, now
        account.version += 1
        log.append(record.Logged(account, "import_undone", before, {"channel": None}))
    Account.objects.bulk_update(found, ["channel", "version", "updated_at"], batch_size=200)
    record.many(actor=User.objects.get(pk=actor_id), rows=log)


class Listed:
    """Channels and categories that a run has made."""

    def __init__(self, run: Run, actor_id: int) -> None:
        self.run = run
        self.actor = User.objects.get(pk=actor_id)

    def remove_unused(self) -> None:
        """Delete those that nobody has changed and nothing refers to, the lowest first."""
        for channel in self._made(Channel).order_by("-path"):
            used = (
                channel.children.exists()
                or channel.accounts.exists()
                or channel.category_purchases.exists()
            )
            if not used:
                self._delete(channel)
        unused = self._made(ProductLine).filter(products=None, category_purchases=None)
        for line in unused:
            self._delete(line)

    def _made(self, model: Any) -> Any:
        made = Change.objects.filter(
            object_type=model._meta.label_lower,
            verb="created",
            source=Change.Source.IMPORT,
            source_reference=str(self.run.pk),
        )
        return model.objects.filter(pk__in=made.values("object_id"), version=1)

    def _delete(self, row: Any) -> None:
        gone = [record.Logged(row, "import_undone", {"name": row.name}, {})]
        record.many(actor=self.actor, rows=gone)
        row.delete()
