"""Why WordPress did not do what it was asked: a name for programs, a sentence with the way out for people."""

from enum import Enum, StrEnum
from typing import Final


class Cause(StrEnum):
    """What stands in the way."""

    # The way there.
    ADDRESS_REFUSED = "address_refused"
    NAME_UNKNOWN = "name_unknown"
    UNREACHABLE = "unreachable"
    TLS_FAULT = "tls_fault"
    TOO_SLOW = "too_slow"
    ANSWER_UNREADABLE = "answer_unreadable"
    MOVED = "moved"

    # What is there.
    NOT_WORDPRESS = "not_wordpress"
    REST_SWITCHED_OFF = "rest_switched_off"
    NO_APPLICATION_PASSWORDS = "no_application_passwords"
    MAINTENANCE = "maintenance"
    BUSY = "busy"
    SERVER_FAULT = "server_fault"
    BLOCKED = "blocked"

    # Who asks.
    WRONG_PASSWORD = "wrong_password"  # noqa: S105 - the name of a cause
    UNKNOWN_USER = "unknown_user"
    MAY_NOT_PUBLISH = "may_not_publish"
    MAY_NOT_UPLOAD = "may_not_upload"
    MAY_NOT_EDIT = "may_not_edit"
    MAY_NOT_CREATE_CATEGORIES = "may_not_create_categories"

    # What is asked.
    NOT_ACCEPTED = "not_accepted"
    PICTURE_NOT_ACCEPTED = "picture_not_accepted"
    TOO_LARGE = "too_large"
    CHANGED_MEANWHILE = "changed_meanwhile"
    POST_DELETED = "post_deleted"
    POST_TRASHED = "post_trashed"
    POST_EDITED = "post_edited"


class Ending(Enum):
    """What a fault says about what was asked."""

    REFUSED = "refused"
    """It was not done, and will not be until somebody changes something."""
    UNAVAILABLE = "unavailable"
    """It was not done; another attempt may succeed."""
    LOST = "lost"
    """It may have been done."""


_TRANSIENT: Final = frozenset(
    {
        Cause.NAME_UNKNOWN,
        Cause.UNREACHABLE,
        Cause.TLS_FAULT,
        Cause.TOO_SLOW,
        Cause.ANSWER_UNREADABLE,
        Cause.MAINTENANCE,
        Cause.BUSY,
        Cause.SERVER_FAULT,
        Cause.CHANGED_MEANWHILE,
    }
)
"""What passes by itself. Certificates are renewed and names come back, so these are worth another attempt too."""

_SENTENCES: Final = {
    Cause.ADDRESS_REFUSED: "{said} Enter the public https address of the site.",
    Cause.NAME_UNKNOWN: "The name {host} leads to no address. Check how the site's address is spelled.",
    Cause.UNREACHABLE: "{host} cannot be reached, or broke off. Check that the site is up, then try again.",
    Cause.TLS_FAULT: "{said} Renew the site's certificate, or enter the address that it is made for.",
    Cause.TOO_SLOW: "{said} Try again later; if it stays so, ask the site's hosting company.",
    Cause.ANSWER_UNREADABLE: "{host} answered with something that is not WordPress's (status {status}). "
    "Look at the site's error log; often a plugin writes into the answer.",
    Cause.MOVED: "{host} redirects to {to}. Enter that address in the connection.",
    Cause.NOT_WORDPRESS: "{host} answers, but not as WordPress does. Enter the address where WordPress is installed, "
    "as https://example.com/blog.",
    Cause.REST_SWITCHED_OFF: "WordPress at {host} has its REST API switched off. "
    "Allow /wp-json/ in the security plugin or the server that blocks it.",
    Cause.NO_APPLICATION_PASSWORDS: "WordPress at {host} accepts no application passwords: it wants https, unless "
    "its environment type is local. Enter the site's https address, or allow application passwords in the plugin "
    "that switched them off.",
    Cause.MAINTENANCE: "WordPress at {host} is in maintenance mode. It is asked again by itself once that is over.",
    Cause.BUSY: "{host} asks to be left alone for a while (status 429). It is asked again by itself.",
    Cause.SERVER_FAULT: "{host} failed with the status {status}. Look at the site's error log if it stays so.",
    Cause.BLOCKED: "Something in front of WordPress at {host} blocked the call (status 403). "
    "Let this service's calls to /wp-json/ through its firewall.",
    Cause.WRONG_PASSWORD: "WordPress at {host} does not accept the application password of {user}. Make a new one "
    "there under Users > Profile > Application Passwords, and enter it in the connection.",
    Cause.UNKNOWN_USER: "WordPress at {host} knows no user {user}. Enter the user name as it stands there under Users.",
    Cause.MAY_NOT_PUBLISH: "The WordPress user {user} may not publish posts. Give it the role Author or Editor, "
    "or enter another user in the connection.",
    Cause.MAY_NOT_UPLOAD: "The WordPress user {user} may not upload files. Give it the role Author or Editor, "
    "or enter another user in the connection.",
    Cause.MAY_NOT_EDIT: "The WordPress user {user} may not change this post, which belongs to somebody else. "
    "Give it the role Editor, or make it the author of the post.",
    Cause.MAY_NOT_CREATE_CATEGORIES: "The WordPress user {user} may not create the category {name!r}. "
    "Create it in WordPress, give the user the role Editor, or take the category off the article.",
    Cause.NOT_ACCEPTED: "WordPress at {host} refused it with the status {status}: {said}",
    Cause.PICTURE_NOT_ACCEPTED: "WordPress at {host} did not accept the picture: {said} "
    "Allow this kind and size of picture there, or make another picture.",
    Cause.TOO_LARGE: "The server of {host} takes no file as large as this picture. "
    "Raise its limit, or make a smaller picture.",
    Cause.CHANGED_MEANWHILE: "WordPress at {host} did not keep {said} as asked. It is asked once more by itself.",
    Cause.POST_DELETED: "Somebody deleted the post in WordPress at {host}. Publish the article again to make it anew.",
    Cause.POST_TRASHED: "Somebody moved the post to the trash in WordPress at {host}. Restore it there, "
    "or delete it there for good, then publish the article again.",
    Cause.POST_EDITED: "Somebody edited the post in WordPress at {host}, so it is not overwritten. Go on editing it "
    "there, or delete it there for good and publish the article again.",
}


class WordPressFault(Exception):
    """WordPress did not do it; the message is a sentence for people.

    `retry_after_seconds` is what it asked for, None where it did not.
    """

    def __init__(
        self,
        cause: Cause,
        *,
        host: str = "",
        user: str = "",
        status: int | str = "",
        said: str = "",
        to: str = "",
        name: str = "",
        code: str = "",
        ending: Ending | None = None,
        retry_after_seconds: float | None = None,
    ) -> None:
        """The strings fill the cause's sentence; `code` is WordPress's own name for it.

        Without `ending`, the cause says whether it passes by itself.
        """
        self.cause = cause
        self.code = code
        self.sentence = _SENTENCES[cause].format(
            host=host, user=user, status=status, said=said, to=to, name=name
        )
        super().__init__(self.sentence)
        self.ending = ending or (Ending.UNAVAILABLE if cause in _TRANSIENT else Ending.REFUSED)
        self.retry_after_seconds = retry_after_seconds
