"""What a write can run into besides validation and rights."""

from django.core.exceptions import ValidationError
from django.db import models


class VersionConflict(Exception):  # noqa: N818  (the name that design.md 4.2 uses)
    """Somebody else changed the object since the caller read it; `current` is its present state."""

    def __init__(self, current: models.Model) -> None:
        super().__init__("Changed by somebody else in the meantime.")
        self.current = current


def field_error(field: str, message: str, code: str) -> ValidationError:
    """A refusal beside `field` that keeps its `code`; Django drops the code of a bare dict."""
    return ValidationError({field: ValidationError(message, code=code)})


def row_error(field: str, place: int, member: str, message: str, code: str) -> ValidationError:
    """A refusal of one `member` of the row at `place` in a list `field`; the API points there."""
    single = ValidationError(message, code=code)
    single.within = (place, member)  # type: ignore[attr-defined]
    return ValidationError({field: single})
