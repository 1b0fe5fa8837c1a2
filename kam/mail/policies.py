"""Who may open the kept mail."""

from django.contrib.auth import get_user_model

from kam.access.querysets import Reader


def can_read_mail(user: Reader) -> bool:
    """Administrators; what they see of it is for the queryset to say."""
    people = get_user_model()._default_manager.filter(pk=user.pk, is_active=True)
    return people.holding("administrator").exists()  # type: ignore[attr-defined]
