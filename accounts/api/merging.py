"""Bodies of duplicates and merges."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from accounts.duplicates.weighing import in_words
from accounts.merging.fields import SIDES
from accounts.models import Account, DuplicateKind, DuplicatePair, Merge
from kam.api.serializers import ModelSerializer, Serializer, VisibleRelatedField


class DuplicateSerializer(ModelSerializer):
    """Two accounts, or two people of one account, that may be one; `score` 0 to 100. Both sides
    of the pair are visible to the caller, or the pair is not there."""

    reasons = serializers.SerializerMethodField()

    class Meta:
        model = DuplicatePair
        fields = (
            "id",
            "kind",
            "account_a",
            "account_b",
            "contact_a",
            "contact_b",
            "score",
            "reasons",
            "state",
            "note",
            "found_at",
            "decided_by",
            "decided_at",
            "version",
            "updated_at",
        )
        read_only_fields = fields

    @extend_schema_field(serializers.ListField(child=serializers.CharField()))
    def get_reasons(self, pair: DuplicatePair) -> list[str]:
        """What the two have in common, in words."""
        return [in_words(reason) for reason in pair.reasons]


class DismissSerializer(Serializer):
    """Why the two are not the same."""

    note = serializers.CharField(max_length=250, required=False, allow_blank=True, default="")


class SearchSerializer(Serializer):
    """Where to look: everywhere in what the caller sees, or among the people of one account."""

    account = VisibleRelatedField(Account, required=False, allow_null=True, default=None)


class SearchStartedSerializer(Serializer):
    """The search that a worker does now; its pairs are then in the list."""

    job = serializers.UUIDField(source="pk")
    status = serializers.CharField()


class CountSerializer(Serializer):
    """Rows of one kind that move."""

    relation = serializers.CharField()
    words = serializers.CharField()
    rows = serializers.IntegerField()


class MergeSerializer(ModelSerializer):
    """One account, or person, taken up by another: `account` (`contact`) stays, `loser`
    (`lost_contact`) is archived. `taken` are the fields whose value came from that."""

    taken = serializers.ListField(
        child=serializers.CharField(), source="summary.fields", read_only=True
    )
    counts = CountSerializer(many=True, source="summary.counts", read_only=True)
    remarks = serializers.ListField(
        child=serializers.CharField(), source="summary.remarks", read_only=True
    )
    kept = serializers.ListField(child=serializers.CharField(), read_only=True)

    class Meta:
        model = Merge
        fields = (
            "id",
            "kind",
            "account",
            "loser",
            "contact",
            "lost_contact",
            "survivor_name",
            "loser_name",
            "taken",
            "counts",
            "remarks",
            "merged_by",
            "merged_at",
            "undo_until",
            "undone_by",
            "undone_at",
            "kept",
            "updated_at",
        )
        read_only_fields = fields


class NewMergeSerializer(Serializer):
    """Which two, and field by field whose value stays; what is left out: the survivor's, unless
    that is empty. With `dry_run` it is tried and nothing is kept."""

    kind = serializers.ChoiceField(choices=DuplicateKind.choices)
    survivor = serializers.IntegerField(min_value=1)
    loser = serializers.IntegerField(min_value=1)
    survivor_version = serializers.IntegerField(required=False, allow_null=True, default=None)
    loser_version = serializers.IntegerField(required=False, allow_null=True, default=None)
    choices = serializers.DictField(
        child=serializers.ChoiceField(choices=list(SIDES.items())), required=False, default=dict
    )
    dry_run = serializers.BooleanField(required=False, default=False)


class ChoiceSerializer(Serializer):
    """One field of both."""

    name = serializers.CharField()
    label = serializers.CharField()
    survivor = serializers.CharField()
    loser = serializers.CharField()
    chosen = serializers.ChoiceField(choices=list(SIDES.items()))
    same = serializers.BooleanField()


class PreviewSerializer(Serializer):
    """What a merge would do; with any of `refusals` it cannot be done."""

    choices = ChoiceSerializer(many=True)
    counts = CountSerializer(many=True)
    remarks: Any = serializers.ListField(child=serializers.CharField())
    refusals: Any = serializers.ListField(child=serializers.CharField())
