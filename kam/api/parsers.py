"""Reading bodies."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from rest_framework import parsers
from rest_framework.exceptions import ParseError


class JSONParser(parsers.JSONParser):
    """JSON without the two things that no database stores: NUL and half surrogate pairs."""

    def parse(self, stream: Any, media_type: Any = None, parser_context: Any = None) -> Any:
        try:
            value = super().parse(stream, media_type, parser_context)
            _refuse_unstorable(value)
        except RecursionError as error:
            raise ParseError(_("The body is nested too deeply.")) from error
        return value


def _refuse_unstorable(value: Any) -> None:
    if isinstance(value, str):
        if "\x00" in value or not _encodes(value):
            raise ParseError(_("The text contains characters that cannot be stored."))
    elif isinstance(value, dict):
        for name, item in value.items():
            _refuse_unstorable(name)
            _refuse_unstorable(item)
    elif isinstance(value, list):
        for item in value:
            _refuse_unstorable(item)


def _encodes(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
