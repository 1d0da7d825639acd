"""Calls of WordPress's REST API: bounded, checked, and each failure with its cause."""

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

from chassis.outgoing import (
    AddressForbidden,
    NameUnknown,
    Outgoing,
    OutgoingFailed,
    TlsFault,
    TooLong,
    TooSlow,
)
from services.publisher.targets.wordpress.answers import Reply, fault_of, read_json
from services.publisher.targets.wordpress.faults import Ending, Trouble, WordPressFault

READ_SECONDS_MAX: Final = 10.0
WRITE_SECONDS_MAX: Final = 15.0
UPLOAD_SECONDS_MAX: Final = 20.0
"""WordPress makes seven sizes of a picture before it answers."""

ANSWER_BYTES_MAX: Final = 8 * 1024 * 1024
USER_AGENT: Final = "igny8"

Parameters = Mapping[str, str | int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A WordPress and who is asked as. `url` is where it is installed, as https://example.com/blog."""

    url: str
    user: str
    password: str

    @property
    def base(self) -> str:
        """The address without what people leave at its end."""
        base = self.url.strip().rstrip("/")
        for end in ("/wp-json", "/wp-admin", "/wp-login.php"):
            base = base.removesuffix(end).rstrip("/")
        return base

    @property
    def host(self) -> str:
        """What people call the site."""
        return urlsplit(self.base).netloc.rpartition("@")[2] or self.base

    @property
    def authorization(self) -> str:
        """Basic authentication by an application password, https://developer.wordpress.org/rest-api/."""
        return "Basic " + base64.b64encode(f"{self.user}:{self.password}".encode()).decode()


class WordPressClient:
    """The API as one user. Every call raises WordPressFault for what went wrong on the way, at the server, or by
    who asks; errors about what was asked come back as replies, for the asker to understand."""

    def __init__(
        self, outgoing: Outgoing, account: Account, *, plain: bool = False, patience: float = 1.0
    ) -> None:
        """`plain` is for sites without pretty permalinks, whose API is at /?rest_route=.

        `patience` is by what part of its usual time a call may take.
        """
        self.account = account
        self.plain = plain
        self._outgoing = outgoing
        self._patience = patience

    def at(self, *, plain: bool) -> "WordPressClient":
        """The same by the other form of addresses."""
        return WordPressClient(self._outgoing, self.account, plain=plain, patience=self._patience)

    async def get(self, route: str, **parameters: str | int) -> Reply:
        """A read, as an editor sees it: without `context=edit` a wrong password is silently nobody."""
        return await self._call("GET", route, {"context": "edit", **parameters}, seconds_max=READ_SECONDS_MAX)

    async def post(self, route: str, body: Mapping[str, Any]) -> Reply:
        """A write; the answer is what an editor sees."""
        return await self._call(
            "POST",
            route,
            {},
            content=json.dumps(body).encode(),
            headers={"Content-Type": "application/json"},
            seconds_max=WRITE_SECONDS_MAX,
        )

    async def upload(self, data: bytes, *, media_type: str, file_name: str, parameters: Parameters) -> Reply:
        """A file; `file_name` is ASCII with an extension."""
        headers = {
            "Content-Type": media_type,
            "Content-Disposition": f'attachment; filename="{file_name}"',
            # WordPress checks it, and so a body that came over broken is refused.
            "Content-MD5": hashlib.md5(data, usedforsecurity=False).hexdigest(),
        }
        return await self._call(
            "POST", "media", parameters, content=data, headers=headers, seconds_max=UPLOAD_SECONDS_MAX
        )

    async def delete(self, route: str) -> Reply:
        """For good, not to the trash."""
        return await self._call("DELETE", route, {"force": "true"}, seconds_max=WRITE_SECONDS_MAX)

    async def look(self, url: str) -> Reply:
        """Any page of the site as a visitor, redirects followed, whatever its status.

        `data` is its text where it is no JSON, `headers["location"]` where it came from at last.
        """
        try:
            answered = await self._outgoing.call(
                "GET",
                url,
                headers={"Accept": "application/json", "User-Agent": USER_AGENT},
                seconds_max=READ_SECONDS_MAX * self._patience,
                bytes_max=ANSWER_BYTES_MAX,
                follow_redirects=True,
            )
        except OutgoingFailed as failed:
            raise self._fault(failed, writes=False) from failed
        data = read_json(answered.body)
        return Reply(
            status=answered.status,
            data=answered.body.decode("utf-8", "replace") if data is None else data,
            headers={**answered.headers, "location": answered.url},
        )

    def address(self, route: str, parameters: Parameters) -> str:
        """Where a route of the API is, `route` without /wp/v2/; the index for an empty one."""
        path = f"/wp/v2/{route}" if route else "/"
        if self.plain:
            return f"{self.account.base}/?{urlencode({'rest_route': path, **parameters})}"
        return f"{self.account.base}/wp-json{path}" + (f"?{urlencode(parameters)}" if parameters else "")

    async def _call(
        self,
        method: str,
        route: str,
        parameters: Parameters,
        *,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        seconds_max: float,
    ) -> Reply:
        writes = method != "GET"
        try:
            answered = await self._outgoing.call(
                method,
                self.address(route, parameters),
                headers={
                    "Accept": "application/json",
                    "User-Agent": USER_AGENT,
                    "Authorization": self.account.authorization,
                    **(headers or {}),
                },
                content=content,
                seconds_max=seconds_max * self._patience,
                bytes_max=ANSWER_BYTES_MAX,
            )
        except OutgoingFailed as failed:
            raise self._fault(failed, writes=writes) from failed
        reply = Reply(status=answered.status, data=read_json(answered.body), headers=answered.headers)
        fault = fault_of(reply, host=self.account.host, user=self.account.user, writes=writes)
        if fault is not None:
            raise fault
        return reply

    def _fault(self, failed: OutgoingFailed, *, writes: bool) -> WordPressFault:
        trouble = next(
            (one for kind, one in _TROUBLES.items() if isinstance(failed, kind)), Trouble.UNREACHABLE
        )
        ending = Ending.LOST if writes and failed.sent else None
        return WordPressFault(trouble, ending=ending, host=self.account.host, said=str(failed), status="none")


_TROUBLES: Final[Mapping[type[OutgoingFailed], Trouble]] = {
    AddressForbidden: Trouble.ADDRESS_FORBIDDEN,
    NameUnknown: Trouble.NAME_UNKNOWN,
    TlsFault: Trouble.TLS_FAULT,
    TooSlow: Trouble.TOO_SLOW,
    TooLong: Trouble.ANSWER_UNREADABLE,
}
