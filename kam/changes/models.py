"""The change log and the base of everything that it describes."""

from functools import cache

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.utils.encoding import force_str
from django.utils.translation import gettext_lazy as _

from kam.changes.querysets import ChangeQuerySet


class CurrentTransaction(models.Func):
    """Number of the writing transaction, so that readers can hand out rows in commit order.

    PostgreSQL: `pg_current_xact_id()`. SQLite writes one transaction at a time, so that the
    order of ids is the order of commits and 0 serves.
    """

    output_field = models.BigIntegerField()

    def as_postgresql(self, compiler, connection, **extra):
        return "(pg_current_xact_id()::text::bigint)", []

    def as_sqlite(self, compiler, connection, **extra):
        return "0", []


class Change(models.Model):
    """One write: who, when, from where, on what, before and after.

    `before` and `after` hold field name -> value; money and dates are strings, relations are
    primary keys that readers resolve within what they may see. `account_id` is the account on
    which the row hangs, empty for the programme's own matters.
    """

    class Source(models.TextChoices):
        PAGE = "page", _("page")
        API = "api", _("API")
        IMPORT = "import", _("import")
        COMMAND = "command", _("command")
        JOB = "job", _("background work")
        SYSTEM = "system", _("system")

    class Audience(models.TextChoices):
        """Who may read the row, besides the rule of its account."""

        ACCOUNT = "account", _("all who see the account")
        PLAN = "plan", _("the plan's readers")
        TEAM = "team", _("the team")
        PRIVATE = "private", _("one person")
        PROGRAMME = "programme", _("the programme's administrators")
        OBJECT = "object", _("who may see the object")

    at = models.DateTimeField(_("at"), auto_now_add=True, db_index=True)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("who"),
        null=True,
        on_delete=models.PROTECT,
        related_name="+",
    )
    source = models.CharField(_("from"), max_length=10, choices=Source)
    source_reference = models.CharField(_("reference"), max_length=200, blank=True)
    verb = models.CharField(_("what"), max_length=40)
    object_type = models.CharField(_("kind"), max_length=60)
    object_id = models.BigIntegerField()
    object_label = models.CharField(_("object"), max_length=250, blank=True)
    account_id = models.BigIntegerField(null=True)
    audience = models.CharField(max_length=10, choices=Audience, default=Audience.ACCOUNT)
    audience_id = models.BigIntegerField(null=True)
    before = models.JSONField(default=dict, encoder=DjangoJSONEncoder)
    after = models.JSONField(default=dict, encoder=DjangoJSONEncoder)
    transaction = models.BigIntegerField(db_default=CurrentTransaction(), editable=False)

    objects = ChangeQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["account_id", "-id"], name="change_account"),
            models.Index(fields=["object_type", "object_id", "-id"], name="change_object"),
            models.Index(fields=["actor", "-id"], name="change_actor"),
            models.Index(  # of a team, a plan, a programme: few beside those of accounts
                fields=["audience", "audience_id", "-id"],
                condition=models.Q(audience_id__isnull=False),
                name="change_audience",
            ),
            models.Index(fields=["transaction", "id"], name="change_feed"),
        ]

    def __str__(self) -> str:
        return f"{self.verb} {self.object_type} {self.object_id}"


@cache
def _labels(field):
    """Labels of a field's choices by value; translated when they are shown."""
    return dict(field.flatchoices)


class Tracked(models.Model):
    """What people edit: `version` is its ETag, archiving replaces deletion.

    Each model names its own manager, made of a `TrackedQuerySet`.
    """

    version = models.PositiveIntegerField(default=1, editable=False)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    updated_at = models.DateTimeField(_("changed"), auto_now=True, db_index=True)
    archived_at = models.DateTimeField(_("archived"), null=True, blank=True, editable=False)

    class Meta:
        abstract = True

    def _get_FIELD_display(self, field):  # noqa: N802  (Django's name)
        """As Django's, which puts all labels of a field into words to find one."""
        value = getattr(self, field.attname)
        return force_str(_labels(field).get(value, value), strings_only=True)

    @property
    def is_archived(self) -> bool:
        return self.archived_at is not None
