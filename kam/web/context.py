"""What the frame of every page needs."""

from typing import Any

from django.http import HttpRequest

from kam.web.formatting import current_locale
from kam.web.navigation import Frame


def frame(request: HttpRequest) -> dict[str, Any]:
    """Navigation and preferences; queries run only where a page shows the navigation."""
    user = getattr(request, "user", None)
    known = user is not None and user.is_authenticated
    return {
        "frame": Frame(request) if known else None,
        "theme": getattr(user, "theme", "system") if known else "system",
        "density": getattr(user, "density", "normal") if known else "normal",
        "number_locale": current_locale(),
        "single_keys": bool(getattr(user, "single_keys", False)) if known else False,
    }
