"""Handing a stored file to a browser so that nothing in it ever runs at our address."""

from __future__ import annotations

import logging
from http import HTTPStatus

from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.utils.cache import patch_cache_control
from django.utils.http import content_disposition_header, parse_etags
from django.utils.translation import gettext as _

from kam.documents.models import StoredContent

logger = logging.getLogger(__name__)

SMALL = 1_000_000
"""Bytes up to which a file is read at once."""
POLICY = "sandbox; default-src 'none'; frame-ancestors 'none'"


def download(request: HttpRequest, stored: StoredContent) -> HttpResponseBase:
    """The file under its name, to be saved, never to be shown; not again while it is the same."""
    etag = f'"{stored.sha256[:32]}"'
    known = [
        tag.removeprefix("W/") for tag in parse_etags(request.headers.get("If-None-Match", ""))
    ]
    response = HttpResponse(status=304) if etag in known else _content(stored)
    if response.status_code == HTTPStatus.NOT_MODIFIED:
        del response["Content-Type"]
    response["ETag"] = etag
    response["Content-Security-Policy"] = POLICY
    response["X-Content-Type-Options"] = "nosniff"
    response["Cross-Origin-Resource-Policy"] = "same-origin"
    patch_cache_control(response, private=True, no_cache=True)
    return response


def _content(stored: StoredContent) -> HttpResponseBase:
    """What lies in the storage; small files are read at once, so that nothing stays open."""
    try:
        content = stored.file.open("rb")
    except FileNotFoundError as error:
        logger.exception("The storage has lost %s.", stored.file.name)
        raise Http404(_("The file is not in the storage any more.")) from error
    response: HttpResponseBase
    if stored.size > SMALL:
        response = FileResponse(content, content_type=stored.media_type)
    else:
        with content:
            response = HttpResponse(content.read(), content_type=stored.media_type)
    response["Content-Length"] = str(stored.size)
    response["Content-Disposition"] = content_disposition_header(True, stored.name) or "attachment"  # noqa: FBT003  (Django's signature)
    return response
