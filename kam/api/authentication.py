"""Who calls the API."""

from rest_framework.authentication import BaseAuthentication, SessionAuthentication


class TokenAuthentication(BaseAuthentication):
    """A bearer token."""

    def authenticate(self, request):
        return None


class BrowserAuthentication(SessionAuthentication):
    """A browser session, with CSRF."""
