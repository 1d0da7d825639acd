"""Why a target did not do what it was asked, as a word for programs. The sentence beside it is the finder's."""

from enum import StrEnum


class Cause(StrEnum):
    """A named cause. Each is told with a sentence that says what was seen and the way out."""

    ADDRESS_FORBIDDEN = "address_forbidden"
    """The address is none that may be called: private, not https, or with credentials in it."""
    UNREACHABLE = "unreachable"
    """Nobody listens, or the connection broke."""
    NAME_UNKNOWN = "name_unknown"
    """The name of its host leads to no address."""
    TLS_FAULT = "tls_fault"
    """It has no certificate that can be trusted for its name."""
    TOO_SLOW = "too_slow"
    """It did not answer in time."""
    MAINTENANCE = "maintenance"
    """It said that it is away for a while."""
    TARGET_FAULT = "target_fault"
    """It answered with a fault of its own."""
    RATE_LIMITED = "rate_limited"
    """It asked for fewer calls."""
    ANSWER_UNREADABLE = "answer_unreadable"
    """It answered, and not as it should: a page, a notice before the JSON, or more than is read."""
    REDIRECTED = "redirected"
    """It sends callers elsewhere, as to a sign-in page or another name."""
    CONTENT_REFUSED = "content_refused"
    """It does not take this content."""
    POST_DELETED = "post_deleted"
    """Somebody deleted there what we had brought."""
    POST_TRASHED = "post_trashed"
    """Somebody moved to the trash there what we had brought."""
    POST_EDITED = "post_edited"
    """Somebody edited there what we had brought, and it is not overwritten."""
    ADDRESS_WRONG = "address_wrong"
    """Somebody is there, and takes nothing of ours at that address."""
    PUBLIC_URL_MISSING = "public_url_missing"
    """This suite does not know its own public address, so what links to it is relative."""
    NOT_WORDPRESS = "not_wordpress"
    """No WordPress answers at the address."""
    REST_SWITCHED_OFF = "rest_switched_off"
    """A WordPress answers, and its REST interface does not."""
    PASSWORDS_UNAVAILABLE = "passwords_unavailable"
    """WordPress has application passwords switched off."""
    HTTPS_NEEDED = "https_needed"
    """WordPress takes application passwords by https alone, unless its environment is `local`."""
    USERNAME_UNKNOWN = "username_unknown"
    """It has no such user."""
    PASSWORD_WRONG = "password_wrong"  # noqa: S105
    """It has the user, and not this password."""
    CREDENTIALS_REFUSED = "credentials_refused"
    """It does not accept the credentials, and does not say which part."""
    RIGHTS_MISSING = "rights_missing"
    """The user may not do what publishing needs."""
    BLOCKED = "blocked"
    """Something before it, such as a firewall, lets no calls of ours through."""
    GONE = "gone"
    """The receiver said that it wants no more (410)."""
    CREDENTIALS_UNREADABLE = "credentials_unreadable"
    """The credentials stored here do not open any more: the suite's secret was replaced without the one before."""
    NOT_CONNECTED = "not_connected"
    """The site is connected to another target by now."""

    @property
    def loses_connection(self) -> bool:
        """Whether nothing can be delivered until a person has changed something."""
        return self in _LOSES_CONNECTION


_LOSES_CONNECTION = frozenset(
    {
        Cause.ADDRESS_FORBIDDEN,
        Cause.ADDRESS_WRONG,
        Cause.REDIRECTED,
        Cause.NOT_WORDPRESS,
        Cause.REST_SWITCHED_OFF,
        Cause.PASSWORDS_UNAVAILABLE,
        Cause.HTTPS_NEEDED,
        Cause.USERNAME_UNKNOWN,
        Cause.PASSWORD_WRONG,
        Cause.CREDENTIALS_REFUSED,
        Cause.RIGHTS_MISSING,
        Cause.BLOCKED,
        Cause.GONE,
        Cause.CREDENTIALS_UNREADABLE,
    }
)
