"""Handing a stored file to a browser so that nothing in it ever runs at our address."""

from __future__ import annotations

from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseBase
from django.utils.cache import patch_cache_control
from django.utils.http import parse_etags

from kam.documents.models import StoredContent

POLICY = "sandbox; default-src 'none'; frame-ancestors 'none'"


def download(request: HttpRequest, stored: StoredContent) -> HttpResponseBase:
    """The file under its name, to be saved, never to be shown; not again while it is the same."""
    etag = f'"{stored.sha256[:32]}"'
    known = [
        tag.removeprefix("W/") for tag in parse_etags(request.headers.get("If-None-Match", ""))
    ]
    response: HttpResponseBase
    if etag in known:
        response = HttpResponse(status=304)
        del response["Content-Type"]
    else:
        response = FileResponse(
            stored.file.open("rb"),
            as_attachment=True,
            filename=stored.name,
            content_type=stored.media_type,
        )
        response["Content-Length"] = str(stored.size)
    response["ETag"] = etag
    response["Content-Security-Policy"] = POLICY
    response["X-Content-Type-Options"] = "nosniff"
    response["Cross-Origin-Resource-Policy"] = "same-origin"
    patch_cache_control(response, private=True, no_cache=True)
    return response
