"""Where pages find their own files."""

from __future__ import annotations

from whitenoise.storage import CompressedManifestStaticFilesStorage


class PageFilesStorage(CompressedManifestStaticFilesStorage):
    """Files under names with their hashes. The addresses stay the same while a process lives, so
    each is worked out once: a page asks for twenty."""

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self._addresses: dict[str, str] = {}

    def url(self, name: str, force: bool = False) -> str:  # noqa: FBT001, FBT002  (Django's signature)
        """The address of the file `name`."""
        if force:
            return super().url(name, force=True)
        if name not in self._addresses:
            self._addresses[name] = super().url(name)
        return self._addresses[name]
