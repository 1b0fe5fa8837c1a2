"""Uploads that are too large, or that nobody asked for, are refused while they come in."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.files.uploadhandler import FileUploadHandler, StopUpload
from django.http import HttpRequest
from django.utils.translation import gettext as _

from kam.changes.errors import field_error
from kam.web.formatting import file_size

FORM_BYTES = 1_000_000
"""What the rest of a form may weigh besides its files."""


def was_stopped(request: Any) -> bool:
    """Whether reading the body of `request` ended at a file that is too large."""
    return bool(getattr(getattr(request, "_request", request), "upload_stopped", False))


def too_large(setting: str) -> ValidationError:
    """The refusal, on `file`, of one that is larger than the setting says."""
    text = _("The file is larger than %(size)s.")
    size = file_size(getattr(settings, setting))
    return field_error("file", text % {"size": size}, "too_large")


class BoundedUploadHandler(FileUploadHandler):
    """Stops reading at the first file that is larger than the view takes.

    A view class says so by `upload_setting`, the name of a setting in bytes, and by `most_files`;
    all others take no file. What stood in the form before the file is there; `was_stopped` tells
    of it.
    """

    request: HttpRequest

    def __init__(self, request: HttpRequest | None = None) -> None:
        super().__init__(request)
        self.most = 0
        self.seen = 0
        self.hopeless = False

    def handle_raw_input(
        self,
        input_data: Any,
        META: Any,  # noqa: N803  (Django's name)
        content_length: int,
        boundary: Any,
        encoding: str | None = None,
    ) -> None:
        """Before anything is read: what the view takes."""
        match = getattr(self.request, "resolver_match", None)
        function = getattr(match, "func", None)
        view = getattr(function, "view_class", None) or getattr(function, "cls", None)
        name = getattr(view, "upload_setting", "")
        self.most = getattr(settings, name) if name else 0
        allowed = self.most * getattr(view, "most_files", 1) + FORM_BYTES
        self.hopeless = content_length > allowed

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        """A file begins."""
        super().new_file(*args, **kwargs)
        self.seen = 0
        if self.hopeless:
            self._stop()

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes:
        """Count, and hand on to who keeps it."""
        self.seen += len(raw_data)
        if self.seen > self.most:
            self._stop()
        return raw_data

    def file_complete(self, file_size: int) -> None:
        """Kept by the handlers after this one."""

    def _stop(self) -> None:
        self.request.upload_stopped = True  # type: ignore[attr-defined]
        raise StopUpload(connection_reset=True)
