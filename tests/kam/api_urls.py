"""A resource with everything that the bases offer, for the tests of the bases themselves."""

from django.core.exceptions import PermissionDenied
from django.db import models, transaction
from django.db.models.functions import Lower
from django.urls import include, path
from rest_framework import serializers

from kam import urls
from kam.api.serializers import ModelSerializer
from kam.api.urls import patterns
from kam.api.viewsets import EditableViewSet
from kam.changes import editing
from teams.models import Programme

FIELDS = ("name", "supplier_name", "currency")


class ProgrammeSerializer(ModelSerializer):
    letters = serializers.IntegerField(read_only=True)

    class Meta:
        model = Programme
        fields = ("id", *FIELDS, "archived_at", "letters", "version")
        read_only_fields = ("archived_at", "version")


class ProgrammeViewSet(EditableViewSet):
    model = Programme
    serializer_class = ProgrammeSerializer
    filterset_fields = ("currency",)
    ordering_fields = {"name": "name", "letters": "letters", "archived": "archived_at"}
    search_fields = ("name", "supplier_name")

    def get_queryset(self):
        rows = super().get_queryset().annotate(letters=models.functions.Length("name"))
        return rows.order_by(Lower("name").desc())

    def perform_create(self, serializer):
        obj = Programme(**serializer.validated_data)
        user = self.request.user
        serializer.instance = editing.create(actor=user, obj=obj, fields=FIELDS)

    def perform_update(self, serializer):
        user, changes = self.request.user, serializer.validated_data
        if changes.get("name") == "forbidden":
            raise PermissionDenied
        with transaction.atomic():
            obj = editing.locked(serializer.instance)
            serializer.instance = editing.save(
                actor=user, obj=obj, expected_version=self.version, changes=changes
            )

    def perform_destroy(self, instance):
        with transaction.atomic():
            obj = editing.locked(instance)
            editing.archive(actor=self.request.user, obj=obj, expected_version=self.version)


class BrokenViewSet(EditableViewSet):
    model = Programme
    serializer_class = ProgrammeSerializer

    def get_queryset(self):
        raise RuntimeError("secret internals")


routes = [("programmes", ProgrammeViewSet), ("broken", BrokenViewSet)]
urlpatterns = [
    path("api/", include((patterns(routes), "api"))),
    *(item for item in urls.urlpatterns if str(item.pattern) != "api/"),
]
