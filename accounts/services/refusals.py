"""What is wrong with a list of which all is taken or nothing."""

from __future__ import annotations

from collections.abc import Sequence

from django.core.exceptions import ValidationError


class RefusalsError(ValidationError):
    """Why a list was refused: `refusals` pairs the place in the list with what is wrong there;
    read as one error it is the first of them, `place` its place."""

    def __init__(self, refusals: Sequence[tuple[int, ValidationError]]) -> None:
        self.place, first = refusals[0]
        super().__init__(first)
        self.refusals = list(refusals)
