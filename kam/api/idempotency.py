"""A POST with an `Idempotency-Key` is done once, however often it is sent within 24 hours.

The key, the work and the answer are written in one transaction. A second call with the same key
waits for it (PostgreSQL: on the unique index; SQLite: on the write lock) and gets the same answer;
a call that dies leaves nothing behind.
"""

from __future__ import annotations

import datetime
import hashlib
import json
from collections.abc import Callable
from typing import cast

from django.core.files.uploadedfile import UploadedFile
from django.core.serializers.json import DjangoJSONEncoder
from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from rest_framework.exceptions import ValidationError
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from kam.api.errors import MEDIA_TYPE, KeyReused
from kam.api.models import StoredAnswer

HEADER = "Idempotency-Key"
KEPT = datetime.timedelta(hours=24)
LONGEST = 255
NOT_KEPT = (401, 403, 409, 429)
"""Answers about the moment, not about the request: the next try may fare better."""


def fingerprint(request: Request) -> str:
    """Hash of address and body; files count with their content."""
    found = hashlib.sha256(f"{request.method} {request.get_full_path()}".encode())
    data = request.data
    lists = data.lists() if hasattr(data, "lists") else None
    if lists is None:
        found.update(json.dumps(data, sort_keys=True, cls=DjangoJSONEncoder).encode())
        return found.hexdigest()
    for name, values in sorted(lists):
        for value in values:
            found.update(f"\n{name}=".encode())
            if isinstance(value, UploadedFile):
                for chunk in value.chunks():
                    found.update(chunk)
                value.seek(0)
            else:
                found.update(str(value).encode())
    return found.hexdigest()


def once(
    request: Request, handler: Callable[[], Response], refuse: Callable[[Exception], Response]
) -> Response:
    """Answer of `handler()`, run once for the key of `request`.

    `refuse` turns an exception into an answer or raises it again. Raises `KeyReused` (422) and
    `ValidationError` (a key that is too long).
    """
    key = request.headers[HEADER]
    if not 1 <= len(key) <= LONGEST or not key.isprintable():
        raise ValidationError(_("An Idempotency-Key has 1 to 255 characters."), code="key")
    user_id = cast("int", request.user.pk)
    mark = fingerprint(request)  # reads the body before the transaction begins
    with transaction.atomic():
        earlier = _claim(user_id, key, mark)
        if earlier is not None:
            return _replay(earlier, mark)
        try:
            with transaction.atomic():
                response = handler()
        except Exception as error:  # noqa: BLE001  (refuse() raises what is not a refusal)
            response = refuse(error)
        _keep(user_id, key, response)
    return response


def _claim(owner_id: int, key: str, mark: str) -> StoredAnswer | None:
    """Write the key; the stored answer when somebody did so before."""
    answers = StoredAnswer.objects.filter(owner_id=owner_id, key=key)
    answers.filter(created_at__lt=timezone.now() - KEPT).delete()
    sql = (
        "INSERT INTO api_storedanswer (owner_id, key, fingerprint, headers, body, created_at)"
        " VALUES (%s, %s, %s, '{}', '', %s) ON CONFLICT DO NOTHING"
    )
    created_at = connection.ops.adapt_datetimefield_value(timezone.now())
    with connection.cursor() as cursor:
        cursor.execute(sql, [owner_id, key, mark, created_at])
        if cursor.rowcount == 1:
            return None
    return answers.get()


def _keep(owner_id: int, key: str, response: Response) -> None:
    answers = StoredAnswer.objects.filter(owner_id=owner_id, key=key)
    if response.status_code in NOT_KEPT:
        answers.delete()
        return
    headers = {name: response[name] for name in ("Location", "ETag") if name in response}
    body = JSONRenderer().render(response.data).decode() if response.data is not None else ""
    answers.update(status=response.status_code, headers=headers, body=body)


def _replay(answer: StoredAnswer, mark: str) -> Response:
    if answer.fingerprint != mark:
        raise KeyReused
    data = json.loads(answer.body) if answer.body else None
    kind = MEDIA_TYPE if (answer.status or 0) >= 400 else None
    headers = answer.headers | {"Idempotent-Replayed": "true"}
    return Response(data, status=answer.status, headers=headers, content_type=kind)
