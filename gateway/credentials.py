"""What a request brings to say who asks: a bearer token or key, or the session cookie of the pages with its CSRF token."""

from dataclasses import dataclass
from typing import Final

SESSION_COOKIE: Final = "igny8_session"
CSRF_COOKIE: Final = "igny8_csrf"
HOST_ONLY: Final = "__Host-"
"""Over https a browser takes a cookie of this name from this very host alone, so that no neighbour can plant one."""

CSRF_HEADER: Final = "x-csrf-token"
COOKIE_LENGTH_MAX: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """Who asks, unverified. A token counts before a cookie, so that a program is never taken for a page."""

    authorization: str = ""
    session: str = ""
    """The secret of the session cookie."""
    csrf: str = ""
    """The CSRF token that came in the header."""
    client_address: str = ""
    """The IP address of the other end."""
    secure: bool = False
    """Whether the client speaks https, to us or to a proxy that is believed."""

    @property
    def key(self) -> str:
        """What a caller is counted by; empty where there is none."""
        return self.authorization or self.session

    @property
    def by_cookie(self) -> bool:
        """Whether the session cookie is what says who asks."""
        return not self.authorization and bool(self.session)


def credentials_of(headers: dict[str, str], *, client_address: str = "", secure: bool = False) -> Credentials:
    """The credentials in headers whose names are in lower case."""
    return Credentials(
        authorization=headers.get("authorization", ""),
        session=_cookie(headers.get("cookie", ""), cookie_name(SESSION_COOKIE, secure=secure)),
        csrf=headers.get(CSRF_HEADER, ""),
        client_address=client_address,
        secure=secure,
    )


def cookie_name(name: str, *, secure: bool) -> str:
    """The name a cookie has over this kind of connection."""
    return f"{HOST_ONLY}{name}" if secure else name


def _cookie(header: str, name: str) -> str:
    """The first cookie of that name (RFC 6265, 5.4); empty where there is none or it cannot be ours."""
    for part in header.split(";"):
        key, _, value = part.strip().partition("=")
        if key == name:
            return value if len(value) <= COOKIE_LENGTH_MAX else ""
    return ""
