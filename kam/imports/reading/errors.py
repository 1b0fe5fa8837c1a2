"""What a file can be refused for, in words that say what to do."""

from django.core.exceptions import ValidationError


class UnreadableFile(ValidationError):  # noqa: N818  (a file, not a programme, is at fault)
    """The file, or a place in it, cannot be read; the message is shown as it stands."""
