"""Bodies of selections over REST (`design.md` 6; handbook 3.5)."""

from __future__ import annotations

from typing import Any

from django.utils.functional import cached_property
from drf_spectacular.utils import OpenApiParameter, extend_schema_field
from rest_framework import serializers

from accounts.models import Conflict, Selection
from accounts.selection import words
from accounts.selection.comparing import MOST_COMPARED
from accounts.selection.sight import as_seen
from accounts.services import selection as runs
from kam.api.filters import LARGEST_ID
from kam.api.serializers import ModelSerializer, Serializer, VisibleRelatedField

STAMPS = ("version", "created_at", "updated_at", "archived_at")
KEY: dict[str, Any] = {"min_value": 1, "max_value": LARGEST_ID}
SCORE: dict[str, Any] = {"max_digits": 9, "decimal_places": 6, "min_value": 0, "max_value": 10}


class CandidateSerializer(Serializer):
    """A candidate as the caller gives it: scores 0..10, cost a year in the programme's currency,
    effort of the manager in FTE."""

    account = serializers.IntegerField(**KEY)
    attractiveness = serializers.DecimalField(**SCORE)
    strength = serializers.DecimalField(**SCORE)
    cost = serializers.DecimalField(max_digits=24, decimal_places=6, min_value=0)
    effort = serializers.DecimalField(max_digits=6, decimal_places=3, min_value=0)
    must_include = serializers.BooleanField(required=False, default=False)
    barred = serializers.BooleanField(required=False, default=False)


class ManagerSerializer(Serializer):
    """A manager: accounts (`capacity`) and FTE (`effort`) at most; `eligible` null: all."""

    user = serializers.IntegerField(**KEY)
    capacity = serializers.IntegerField(min_value=0, max_value=1000)
    effort = serializers.DecimalField(
        max_digits=6, decimal_places=3, min_value=0, required=False, default="1"
    )
    eligible = serializers.ListField(
        child=serializers.IntegerField(**KEY), required=False, allow_null=True, default=None
    )


class PairSerializer(Serializer):
    """A conflict between two candidates."""

    a = serializers.IntegerField(**KEY)
    b = serializers.IntegerField(**KEY)
    kind = serializers.ChoiceField(choices=Conflict.Kind.choices)


class ChosenSerializer(Serializer):
    """An account and who looks after it."""

    account = serializers.IntegerField()
    manager = serializers.IntegerField()


class OtherSetSerializer(Serializer):
    """Another set of accounts than the best."""

    objective = serializers.DecimalField(max_digits=14, decimal_places=6, coerce_to_string=False)
    cost = serializers.CharField()
    selected = ChosenSerializer(many=True)


class RunnerUpSerializer(OtherSetSerializer):
    """The next best set of accounts; where not `is_proven`, as in a large scenario, the best that
    was found one account apart from the selected: others may lie between."""

    is_proven = serializers.BooleanField()


class ExplanationSerializer(Serializer):
    """Why an account is in or out."""

    account = serializers.IntegerField()
    text = serializers.CharField()


class LimitSerializer(Serializer):
    """A limit that binds: how far it is used, and what one `step` more would gain; at least that
    where `is_least`, since in a large scenario it was found and not proven."""

    condition = serializers.CharField()
    used = serializers.CharField()
    limit = serializers.CharField()
    step = serializers.CharField()
    gain = serializers.CharField(allow_null=True)
    is_least = serializers.BooleanField()
    text = serializers.CharField()


class ConditionSerializer(Serializer):
    """One of the fewest conditions that contradict each other."""

    condition = serializers.CharField()
    of = serializers.ListField(child=serializers.IntegerField())
    text = serializers.CharField()


class StepSerializer(Serializer):
    """The smallest budget with which something better can be had; or, where `is_least`, a larger
    one and the best that was found with it."""

    budget = serializers.CharField()
    objective = serializers.CharField()
    accounts = serializers.ListField(child=serializers.IntegerField())
    is_least = serializers.BooleanField()


class ScoreAloneSerializer(Serializer):
    """What taking the best scores one after the other would give."""

    objective = serializers.CharField()
    cost = serializers.CharField()
    accounts = serializers.ListField(child=serializers.IntegerField())


class WithoutManagerSerializer(OtherSetSerializer):
    """The best programme without one of the managers."""

    manager = serializers.IntegerField()


class DifferingSerializer(Serializer):
    """An account that some scenarios choose and others do not, or give to somebody else: who has
    it in each of them, null where it is out."""

    account = serializers.IntegerField()
    managers = serializers.ListField(child=serializers.IntegerField(allow_null=True))


class SelectionListSerializer(ModelSerializer):
    """A scenario and what came of it, in short."""

    class Meta:
        model = Selection
        fields = (
            "id",
            "programme",
            *runs.SELECTION_FIELDS,
            "currency",
            "status",
            "objective",
            "gap",
            "cost",
            "error",
            "copied_from",
            "created_by",
            "solved_at",
            "decided_at",
            "decided_by",
            *STAMPS,
        )
        read_only_fields = (
            "currency",
            "status",
            "objective",
            "gap",
            "cost",
            "error",
            "copied_from",
            "created_by",
            "solved_at",
            "decided_at",
            "decided_by",
            *STAMPS,
        )
        extra_kwargs = {
            **{name: {"required": False} for name in runs.SELECTION_FIELDS},
            "objective": {"coerce_to_string": False},
            "gap": {"coerce_to_string": False},
        }


class SelectionSerializer(SelectionListSerializer):
    """A scenario: the body is the whole problem. A list left out is filled from what is stored
    (scored candidates, managers of the programme, its conflicts), a given one used as it is.
    Accounts that the caller may not see are in no list of the answer."""

    fixed = ("programme",)
    candidates = CandidateSerializer(many=True, required=False, write_only=True)
    managers = ManagerSerializer(many=True, required=False, write_only=True)
    conflicts = PairSerializer(many=True, required=False, write_only=True)
    selected = serializers.SerializerMethodField()
    runner_up = serializers.SerializerMethodField()
    explanations = serializers.SerializerMethodField()
    binding = serializers.SerializerMethodField()
    conflicting = serializers.SerializerMethodField()
    budget_curve = serializers.SerializerMethodField()
    without_manager = serializers.SerializerMethodField()
    by_score_alone = serializers.SerializerMethodField()
    steps = serializers.JSONField(read_only=True)
    progress = serializers.SerializerMethodField()

    class Meta(SelectionListSerializer.Meta):
        fields = (  # type: ignore[assignment]
            *SelectionListSerializer.Meta.fields,
            "candidates",
            "managers",
            "conflicts",
            "selected",
            "runner_up",
            "explanations",
            "binding",
            "conflicting",
            "budget_curve",
            "without_manager",
            "by_score_alone",
            "steps",
            "progress",
        )

    def to_representation(self, instance: Selection) -> dict[str, Any]:
        return super().to_representation(as_seen(instance, self.context["request"].user))

    @cached_property
    def _names(self) -> dict[int, words.Names]:
        return {}

    def _seen(self, run: Selection) -> words.Names:
        if run.pk not in self._names:
            self._names[run.pk] = words.names_for(run, self.context["request"].user)
        return self._names[run.pk]

    def _shown(self, run: Selection, rows: Any) -> list[dict[str, Any]]:
        names = self._seen(run)
        return [row for row in rows if row["account"] in names.accounts]

    @extend_schema_field(ChosenSerializer(many=True))
    def get_selected(self, run: Selection) -> list[dict[str, Any]]:
        """Chosen accounts with their managers, by name."""
        return self._shown(run, run.result.get("selected", ()))

    @extend_schema_field(RunnerUpSerializer(many=True))
    def get_runner_up(self, run: Selection) -> list[dict[str, Any]]:
        """The next best sets, the best first."""
        rows = run.result.get("runner_up", ())
        return [{**self._set(run, row), "is_proven": row["is_proven"]} for row in rows]

    def _set(self, run: Selection, row: dict[str, Any]) -> dict[str, Any]:
        return {
            "objective": float(row["objective"]),
            "cost": row["cost"],
            "selected": self._shown(run, row["selected"]),
        }

    @extend_schema_field(WithoutManagerSerializer(many=True))
    def get_without_manager(self, run: Selection) -> list[dict[str, Any]]:
        """What is left with one manager less, for the first few of those who are given work."""
        rows = run.result.get("without_manager", ())
        return [{"manager": row["user"], **self._set(run, row)} for row in rows]

    @extend_schema_field(ScoreAloneSerializer(allow_null=True))
    def get_by_score_alone(self, run: Selection) -> dict[str, Any] | None:
        """What somebody would choose without a solver, for comparison."""
        row = run.result.get("by_score_alone")
        names = self._seen(run)
        return row and {**row, "accounts": [pk for pk in row["accounts"] if pk in names.accounts]}

    @extend_schema_field(ExplanationSerializer(many=True))
    def get_explanations(self, run: Selection) -> list[dict[str, Any]]:
        """One sentence for each candidate."""
        return list(words.explanations(run, self._seen(run)))

    @extend_schema_field(LimitSerializer(many=True))
    def get_binding(self, run: Selection) -> list[dict[str, Any]]:
        """Limits that bind."""
        names = self._seen(run)
        return [
            {
                **{name: row[name] for name in ("used", "limit", "step", "gain")},
                "is_least": row["is_least"],
                "condition": row["condition"][0],
                "text": words.limit_words(row, run.problem, names),
            }
            for row in run.result.get("binding", ())
            if row["binds"]
        ]

    @extend_schema_field(ConditionSerializer(many=True))
    def get_conflicting(self, run: Selection) -> list[dict[str, Any]]:
        """The fewest conditions that contradict each other, where there is no answer."""
        names = self._seen(run)
        return [
            {
                "condition": row[0],
                "of": [pk for pk in row[1:] if pk in names.accounts or pk in names.people],
                "text": words.condition_words(row, run.problem, names),
            }
            for row in run.result.get("conflicting", ())
        ]

    @extend_schema_field(StepSerializer(many=True))
    def get_budget_curve(self, run: Selection) -> list[dict[str, Any]]:
        """Budgets above this one at which the best programme gets better."""
        names = self._seen(run)
        return [
            {**row, "accounts": [pk for pk in row["accounts"] if pk in names.accounts]}
            for row in run.result.get("budget_curve", ())
        ]

    def get_progress(self, run: Selection) -> float | None:
        """How near the best answer so far is to what is still possible, 0..1."""
        if run.status not in Selection.UNDER_WAY:
            return 1.0 if run.solved_at else None
        return run.job.progress_ratio if run.job else None


class ComparedSerializer(Serializer):
    """Scenarios side by side."""

    scenarios = SelectionListSerializer(many=True)
    differing = DifferingSerializer(many=True)


RUNS = (
    OpenApiParameter(
        "runs", str, required=True, description="Two to four scenarios, separated by commas."
    ),
)


class AskedRunsSerializer(Serializer):
    """Which scenarios."""

    runs = serializers.ListField(
        child=VisibleRelatedField(Selection),
        min_length=2,
        max_length=MOST_COMPARED,
    )
