"""Request bodies, counted as they come: JSON read whole under a limit, files handed on in chunks."""

import asyncio
from collections.abc import AsyncIterator

from starlette.types import Receive

from gateway.refusals import BodyTooLarge, BodyTooSlow, ContentEncoded, UnsupportedMediaType

JSON_BYTES_MAX = 1024 * 1024
UPLOAD_BYTES_MAX = 20_000_000
DRAIN_BYTES_MAX = 64 * 1024 * 1024
"""So much of a body that is too large is still read and thrown away, so that the sender gets to see the answer."""

BODY_SECONDS_MAX = 10.0
UPLOAD_SECONDS_MAX = 120.0

JSON_TYPE = "application/json"
UPLOAD_TYPES = ("text/csv", "text/tab-separated-values", "text/plain")


async def read_json_body(receive: Receive, headers: dict[str, str]) -> bytes:
    """The body of a JSON operation, empty when there is none.

    Raises UnsupportedMediaType, BodyTooLarge beyond 1 MiB, BodyTooSlow after 10 seconds.
    """
    parts = [part async for part in counted(receive, headers, JSON_BYTES_MAX, BODY_SECONDS_MAX)]
    body = parts[0] if len(parts) == 1 else b"".join(parts)
    if body:
        require_type(headers, (JSON_TYPE,))
    return body


def require_type(headers: dict[str, str], readable: tuple[str, ...]) -> str:
    """The Content-Type, parameters included. Raises UnsupportedMediaType unless it is one of the readable."""
    content_type = headers.get("content-type", "")
    essence, _, parameters = content_type.partition(";")
    charset = parameters.lower().replace('"', "").replace(" ", "").partition("charset=")[2].split(";")[0]
    json_in_other_charset = readable == (JSON_TYPE,) and charset not in ("", "utf-8", "utf8")
    if essence.strip().lower() not in readable or json_in_other_charset:
        raise UnsupportedMediaType(content_type, " or ".join(readable))
    return content_type


async def counted(
    receive: Receive, headers: dict[str, str], bytes_max: int, seconds_max: float
) -> AsyncIterator[bytes]:
    """The body's parts as they come.

    Raises ContentEncoded and BodyTooLarge after draining the rest, BodyTooSlow, ConnectionError.
    """
    encoding = headers.get("content-encoding", "identity").strip()
    if encoding.lower() not in ("", "identity"):
        await drain(receive)
        raise ContentEncoded(encoding)
    length = headers.get("content-length", "")
    if length.isdecimal() and int(length) > bytes_max:
        await drain(receive)
        raise BodyTooLarge(bytes_max)
    count = 0
    until = asyncio.get_running_loop().time() + seconds_max
    more = True
    while more:
        try:
            async with asyncio.timeout_at(until):
                message = await receive()
        except TimeoutError:
            raise BodyTooSlow(seconds_max) from None
        if message["type"] == "http.disconnect":
            raise ConnectionError("the client went away while sending")
        part: bytes = message.get("body", b"")
        more = message.get("more_body", False)
        count += len(part)
        if count > bytes_max:
            if more:
                await drain(receive)
            raise BodyTooLarge(bytes_max)
        if part:
            yield part


async def drain(receive: Receive) -> None:
    """Reads on and forgets, bounded in bytes and time, because closing early would lose the answer on its way."""
    count = 0
    try:
        async with asyncio.timeout(BODY_SECONDS_MAX):
            while count < DRAIN_BYTES_MAX:
                message = await receive()
                count += len(message.get("body", b""))
                if not message.get("more_body", False):
                    return
    except TimeoutError:
        return
