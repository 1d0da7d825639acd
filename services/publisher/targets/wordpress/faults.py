"""What can go wrong at a WordPress: its cause for programs, a sentence with the way out for people, and how it ends."""

from enum import Enum
from typing import Final, Self

from services.publisher.domain.cause import Cause


class Ending(Enum):
    """What a fault says about what was asked."""

    CONTENT_REFUSED = "content_refused"
    """This article is not taken until somebody changes something."""
    ACCESS_REFUSED = "access_refused"
    """No article is taken until somebody changes something."""
    UNAVAILABLE = "unavailable"
    """It was not done; another attempt may succeed."""
    LOST = "lost"
    """It may have been done."""


_CONTENT, _ACCESS, _LATER = Ending.CONTENT_REFUSED, Ending.ACCESS_REFUSED, Ending.UNAVAILABLE


class Trouble(Enum):
    """Each has a cause, an ending, and a sentence. Certificates are renewed and names come back: those pass."""

    # The way there.
    ADDRESS_FORBIDDEN = (
        Cause.ADDRESS_FORBIDDEN,
        _ACCESS,
        "{said} Enter the public https address of the site.",
    )
    NAME_UNKNOWN = (
        Cause.NAME_UNKNOWN,
        _LATER,
        "The name {host} leads to no address. Check how the site's address is spelled.",
    )
    UNREACHABLE = (
        Cause.UNREACHABLE,
        _LATER,
        "{host} cannot be reached, or broke off. Check that the site is up, then try again.",
    )
    TLS_FAULT = (
        Cause.TLS_FAULT,
        _LATER,
        "{said} Renew the site's certificate, or enter the address that it is made for.",
    )
    TOO_SLOW = (
        Cause.TOO_SLOW,
        _LATER,
        "{said} Try again later; if it stays so, ask the site's hosting company.",
    )
    ANSWER_UNREADABLE = (
        Cause.ANSWER_UNREADABLE,
        _LATER,
        "{host} answered with something that is not WordPress's (status {status}). "
        "Look at the site's error log; often a plugin writes into the answer.",
    )
    REDIRECTED = (
        Cause.REDIRECTED,
        _ACCESS,
        "{host} redirects to {to}. Enter that address in the connection.",
    )

    # What is there.
    NOT_WORDPRESS = (
        Cause.NOT_WORDPRESS,
        _ACCESS,
        "{host} answers, but not as WordPress does. Enter the address where WordPress is installed, "
        "as https://example.com/blog.",
    )
    REST_SWITCHED_OFF = (
        Cause.REST_SWITCHED_OFF,
        _ACCESS,
        "WordPress at {host} has its REST API switched off. "
        "Allow /wp-json/ in the security plugin or the server that blocks it.",
    )
    HTTPS_NEEDED = (
        Cause.HTTPS_NEEDED,
        _ACCESS,
        "WordPress at {host} accepts application passwords by https only, unless its environment type is local. "
        "Enter the site's https address.",
    )
    PASSWORDS_UNAVAILABLE = (
        Cause.PASSWORDS_UNAVAILABLE,
        _ACCESS,
        "WordPress at {host} has application passwords switched off. Allow them in the plugin that did it, "
        "for the user {user} too.",
    )
    MAINTENANCE = (
        Cause.MAINTENANCE,
        _LATER,
        "WordPress at {host} is in maintenance mode. It is asked again by itself once that is over.",
    )
    RATE_LIMITED = (
        Cause.RATE_LIMITED,
        _LATER,
        "{host} asks to be left alone for a while (status 429). It is asked again by itself.",
    )
    TARGET_FAULT = (
        Cause.TARGET_FAULT,
        _LATER,
        "{host} failed with the status {status}. Look at the site's error log if it stays so.",
    )
    BLOCKED = (
        Cause.BLOCKED,
        _ACCESS,
        "Something before WordPress at {host} blocked the call (status 403). "
        "Let calls to /wp-json/ through its firewall.",
    )

    # Who asks.
    PASSWORD_WRONG = (
        Cause.PASSWORD_WRONG,
        _ACCESS,
        "WordPress at {host} does not accept the application password of {user}. Make a new one there under "
        "Users > Profile > Application Passwords, and enter it in the connection.",
    )
    USERNAME_UNKNOWN = (
        Cause.USERNAME_UNKNOWN,
        _ACCESS,
        "WordPress at {host} knows no user {user}. Enter the user name as it stands there under Users.",
    )
    CREDENTIALS_REFUSED = (
        Cause.CREDENTIALS_REFUSED,
        _ACCESS,
        "WordPress at {host} does not accept the user {user} with this application password, and does not say "
        "which of them is wrong. Check the user, and make a new password under Users > Profile there.",
    )
    MAY_NOT_PUBLISH = (
        Cause.RIGHTS_MISSING,
        _ACCESS,
        "The WordPress user {user} may not publish posts. Give it the role Author or Editor, "
        "or enter another user in the connection.",
    )
    MAY_NOT_UPLOAD = (
        Cause.RIGHTS_MISSING,
        _ACCESS,
        "The WordPress user {user} may not upload files. Give it the role Author or Editor, "
        "or enter another user in the connection.",
    )
    MAY_NOT_EDIT = (
        Cause.RIGHTS_MISSING,
        _CONTENT,
        "The WordPress user {user} may not change this post, which belongs to somebody else. "
        "Give it the role Editor, or make it the author of the post.",
    )
    MAY_NOT_CREATE_TERM = (
        Cause.RIGHTS_MISSING,
        _CONTENT,
        "The WordPress user {user} may not create the category {name}. Create it in WordPress, "
        "give the user the role Editor, or take the category off the article.",
    )

    # What is asked.
    NOT_ACCEPTED = (
        Cause.CONTENT_REFUSED,
        _CONTENT,
        "WordPress at {host} refused it with the status {status}: {said} Change the article, or what refuses it there.",
    )
    PICTURE_NOT_ACCEPTED = (
        Cause.CONTENT_REFUSED,
        _CONTENT,
        "WordPress at {host} did not accept the picture: {said} "
        "Allow this kind and size of picture there, or make another picture.",
    )
    TOO_LARGE = (
        Cause.CONTENT_REFUSED,
        _CONTENT,
        "The server of {host} takes nothing as large as this. Raise its limit, or make smaller pictures.",
    )
    CHANGED_MEANWHILE = (
        Cause.TARGET_FAULT,
        _LATER,
        "WordPress at {host} did not keep {said} as asked. It is asked once more by itself.",
    )
    POST_DELETED = (
        Cause.POST_DELETED,
        _CONTENT,
        "Somebody deleted the post in WordPress at {host}. Publish the article again to make it anew.",
    )
    POST_TRASHED = (
        Cause.POST_TRASHED,
        _CONTENT,
        "Somebody moved the post to the trash in WordPress at {host}. Restore it there, "
        "or delete it there for good, then publish the article again.",
    )
    POST_EDITED = (
        Cause.POST_EDITED,
        _CONTENT,
        "Somebody edited the post in WordPress at {host}, so it is not overwritten. Go on editing it there, "
        "or delete it there for good and publish the article again.",
    )

    @property
    def cause(self) -> Cause:
        return self.value[0]

    @property
    def ending(self) -> Ending:
        return self.value[1]

    @property
    def sentence(self) -> str:
        """With the places {host}, {user}, {status}, {said}, {to} and {name}."""
        return self.value[2]


NOT_SAID: Final = "it gave no reason."


class WordPressFault(Exception):
    """WordPress did not do it; `sentence` is for people.

    `code` is WordPress's own word for it, `retry_after_seconds` how long it wants to be left alone.
    """

    def __init__(
        self,
        trouble: Trouble,
        *,
        host: str = "",
        user: str = "",
        status: int | str = "",
        said: str = NOT_SAID,
        to: str = "",
        name: str = "",
        code: str = "",
        ending: Ending | None = None,
        retry_after_seconds: float = 0,
    ) -> None:
        """The strings fill the trouble's sentence. `ending` is given where this fault ends otherwise than most."""
        self.trouble = trouble
        self.code = code
        self.sentence = trouble.sentence.format(
            host=host, user=user, status=status, said=said, to=to, name=name
        )
        super().__init__(self.sentence)
        self.ending = ending or trouble.ending
        self.retry_after_seconds = retry_after_seconds

    def ending_as(self, ending: Ending) -> Self:
        """The same, once more is known of how it ends."""
        self.ending = ending
        return self
