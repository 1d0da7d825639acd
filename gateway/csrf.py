"""CSRF tokens of cookie sessions: another site can make a browser send the cookie, and cannot know its token."""

import base64
import hashlib
import hmac

from chassis.identity import Keyring
from gateway.credentials import CSRF_COOKIE, CSRF_HEADER, Credentials, cookie_name
from gateway.refusals import CsrfRefused


class CsrfTokens:
    """Makes and checks the token of a session: a signed double submit, after OWASP's cheat sheet on CSRF.

    The token is a HMAC of the session's secret, so a cookie that a neighbouring host has planted does not pass for it.
    """

    def __init__(self, keyring: Keyring) -> None:
        self._key = keyring.derived("csrf")

    def of(self, session: str) -> str:
        """The token that goes with a session cookie, 43 characters."""
        digest = hmac.digest(self._key, session.encode(), hashlib.sha256)
        return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()

    def check(self, credentials: Credentials) -> None:
        """Raises CsrfRefused unless the header has the token of the session cookie."""
        if not hmac.compare_digest(credentials.csrf.encode(), self.of(credentials.session).encode()):
            raise CsrfRefused(CSRF_HEADER, cookie_name(CSRF_COOKIE, secure=credentials.secure))
