"""The address of one's calendar over REST."""

from __future__ import annotations

from django.urls import reverse
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from kam.api.serializers import Serializer
from kam.api.views import APIView
from kam.calendars import services
from kam.calendars.models import CalendarFeed


class CalendarSerializer(Serializer):
    """When the address was made."""

    created_at = serializers.DateTimeField()


class NewCalendarSerializer(CalendarSerializer):
    """The address, which is shown this once."""

    url = serializers.URLField()


class CalendarView(APIView):
    """The secret address of one's calendar (iCalendar, RFC 5545)."""

    write_scope = "admin"
    problem_codes = (404,)

    @extend_schema(responses=CalendarSerializer, operation_id="calendar_retrieve")
    def get(self, request: Request) -> Response:
        """When the address was made; 404 when there is none."""
        feed = CalendarFeed.objects.filter(owner=request.user.pk).first()
        if feed is None:
            raise NotFound
        return Response(CalendarSerializer(feed).data)

    @extend_schema(
        request=None, responses={201: NewCalendarSerializer}, operation_id="calendar_create"
    )
    def post(self, request: Request) -> Response:
        """Make a new address, shown this once; an older one is closed."""
        feed, secret = services.make_address(actor=request.user)
        url = request.build_absolute_uri(reverse("calendars:feed", args=[secret]))
        body = {"created_at": feed.created_at, "url": url}
        return Response(NewCalendarSerializer(body).data, status=status.HTTP_201_CREATED)

    @extend_schema(responses={204: None}, operation_id="calendar_destroy")
    def delete(self, request: Request) -> Response:
        """Close the address; 404 when there is none."""
        if not services.close_address(actor=request.user):
            raise NotFound
        return Response(status=status.HTTP_204_NO_CONTENT)
