"""Finds out whether articles can be published at a WordPress, and if not, the one thing that stands in the way."""

from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode

from services.publisher.domain.slug import slug_of
from services.publisher.targets.wordpress.answers import Reply
from services.publisher.targets.wordpress.client import Account, WordPressClient
from services.publisher.targets.wordpress.faults import Trouble, WordPressFault

_INDEX_FIELDS: Final = "name,namespaces,authentication"
_NAMESPACE: Final = "wp/v2"
_TRACES: Final = ("/wp-content/", "/wp-includes/")
"""What the page of nearly every WordPress has in it."""

_BY_CODE: Final = {
    "incorrect_password": Trouble.PASSWORD_WRONG,
    "invalid_username": Trouble.USERNAME_UNKNOWN,
    "invalid_email": Trouble.USERNAME_UNKNOWN,
    "application_passwords_disabled": Trouble.PASSWORDS_UNAVAILABLE,
    "application_passwords_disabled_for_user": Trouble.PASSWORDS_UNAVAILABLE,
}
"""A stock WordPress answers all of these with rest_not_logged_in; with some plugins they are told apart."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WordPressReady:
    """A WordPress at which articles can be published. `plain`: its API is at /?rest_route=."""

    site_name: str
    plain: bool
    may_create_categories: bool


async def check(client: WordPressClient) -> WordPressReady:
    """Asks in the order in which things can stand in the way. Raises WordPressFault with the first that does."""
    index, plain = await _index(client)
    here = client.at(plain=plain)
    if "application-passwords" not in (index.get("authentication") or ()):
        by_https = client.account.base.startswith("https:")
        raise _fault(Trouble.PASSWORDS_UNAVAILABLE if by_https else Trouble.HTTPS_NEEDED, client.account)
    capabilities = await _capabilities(here)
    for capability, trouble in (
        ("publish_posts", Trouble.MAY_NOT_PUBLISH),
        ("upload_files", Trouble.MAY_NOT_UPLOAD),
    ):
        if not capabilities.get(capability):
            raise _fault(trouble, client.account)
    return WordPressReady(
        site_name=str(index.get("name", "")),
        plain=plain,
        may_create_categories=bool(capabilities.get("manage_categories")),
    )


async def _index(client: WordPressClient) -> tuple[dict[str, Any], bool]:
    """What the API says of itself, and whether it is found without pretty permalinks only."""
    account, replies = client.account, []
    for plain in (False, True):
        there = client.at(plain=plain)
        reply = await there.look(there.address("", {"_fields": _INDEX_FIELDS}))
        index = _index_in(reply)
        if index is not None:
            _check_not_moved(reply, there)
            return index, plain
        if reply.status == 429 or reply.status >= 500:
            raise await _busy(client, reply)
        replies.append(reply)
    if any(str(reply.code).startswith("rest_") for reply in replies) or await _looks_like_wordpress(client):
        raise _fault(Trouble.REST_SWITCHED_OFF, account)
    raise _fault(Trouble.NOT_WORDPRESS, account)


def _index_in(reply: Reply) -> dict[str, Any] | None:
    found = reply.data
    if reply.status == 200 and isinstance(found, dict) and _NAMESPACE in (found.get("namespaces") or ()):
        return found
    return None


def _check_not_moved(reply: Reply, client: WordPressClient) -> None:
    """A redirect would make a read of a write, and take the password off: the connection names the last address."""
    asked, found = client.address("", {}), reply.headers["location"]
    if found.partition("?")[0].rstrip("/") == asked.partition("?")[0].rstrip("/"):
        return
    to = found.partition("?")[0].rstrip("/").removesuffix("/wp-json")
    raise _fault(Trouble.REDIRECTED, client.account, to=to)


async def _busy(client: WordPressClient, reply: Reply) -> WordPressFault:
    account = client.account
    if reply.status == 429:
        return _fault(Trouble.RATE_LIMITED, account)
    in_maintenance = reply.status == 503 and "retry-after" in reply.headers
    return _fault(
        Trouble.MAINTENANCE if in_maintenance else Trouble.TARGET_FAULT, account, status=str(reply.status)
    )


async def _looks_like_wordpress(client: WordPressClient) -> bool:
    page = await client.look(f"{client.account.base}/")
    return "api.w.org" in page.headers.get("link", "") or any(trace in str(page.data) for trace in _TRACES)


async def _capabilities(client: WordPressClient) -> dict[str, Any]:
    """What the user may do."""
    try:
        reply = await client.get("users/me")
    except WordPressFault as fault:
        if fault.trouble is Trouble.PASSWORD_WRONG:
            raise await _not_logged_in(client, fault.code) from fault
        raise
    found = reply.data.get("capabilities") if reply.status == 200 and isinstance(reply.data, dict) else None
    if not isinstance(found, dict):
        raise _fault(Trouble.MAY_NOT_PUBLISH, client.account)
    return found


async def _not_logged_in(client: WordPressClient, code: str) -> WordPressFault:
    """Whether it is the user or the password.

    WordPress does not say, but it shows a page for every user that it has, with posts or without, and none for
    others. An e-mail address names no page, and some plugins take the pages away.
    """
    account = client.account
    if code in _BY_CODE:
        return _fault(_BY_CODE[code], account)
    if "@" in account.user:
        return _fault(Trouble.CREDENTIALS_REFUSED, account)
    page = await client.look(f"{account.base}/?{urlencode({'author_name': slug_of(account.user)})}")
    by_status = {200: Trouble.PASSWORD_WRONG, 404: Trouble.USERNAME_UNKNOWN}
    return _fault(by_status.get(page.status, Trouble.CREDENTIALS_REFUSED), account)


def _fault(trouble: Trouble, account: Account, *, to: str = "", status: str = "") -> WordPressFault:
    return WordPressFault(trouble, host=account.host, user=account.user, to=to, status=status)
