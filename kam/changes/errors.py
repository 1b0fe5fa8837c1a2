"""What a write can run into besides validation and rights."""

from django.db import models


class VersionConflict(Exception):  # noqa: N818  (the name that design.md 4.2 uses)
    """Somebody else changed the object since the caller read it; `current` is its present state."""

    def __init__(self, current: models.Model) -> None:
        super().__init__("Changed by somebody else in the meantime.")
        self.current = current
