"""Calls to addresses that people outside chose: only to hosts that are public, and bounded in size and time.

The check stands where the connection is made, not where the address is written: a name is resolved once, all of what
it resolves to is checked, and the connection goes to what was checked, so neither a redirect nor a name that changes
its mind leads inside. `ipaddress` decides after resolving, since "0x7f.1", "2130706433" and circled digits are all
127.0.0.1 to a resolver.
"""

import asyncio
import ipaddress
import socket
import ssl
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Final

import httpx

REDIRECTS_MAX: Final = 5
CONNECT_SECONDS_MAX: Final = 10.0

_NOT_PUBLIC: Final = tuple(
    ipaddress.ip_network(network)
    for network in (
        "64:ff9b::/96",  # NAT64: an IPv4 address inside
        "64:ff9b:1::/48",
        "2002::/16",  # 6to4: likewise
        "2001::/32",  # Teredo: likewise
        "::/96",  # IPv4-compatible: likewise
    )
)
"""What `is_global` takes for public and leads anywhere."""

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Resolve = Callable[[str, int], Awaitable[list[str]]]
"""Gives the addresses of a host's name for a port. Raises OSError."""


class OutgoingFailed(Exception):
    """There is no answer. Always raised as one of the kinds below; the message is a sentence for people.

    `sent` is False where the other side is known to have got nothing, so that asking once more repeats nothing.
    """

    def __init__(self, sentence: str, *, sent: bool = True) -> None:
        super().__init__(sentence)
        self.sent = sent


class AddressForbidden(OutgoingFailed):
    """The address is none that may be called; it was not."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence, sent=False)


class Unreachable(OutgoingFailed):
    """The host is not there, or broke off. What was sent may have arrived all the same."""


class NameUnknown(Unreachable):
    """The host's name leads to no address."""


class TlsFault(Unreachable):
    """The host has no certificate that can be trusted for its name, or speaks no TLS."""


class TooSlow(OutgoingFailed):
    """The time was over before the answer was whole. What was sent may have arrived all the same."""


class TooLong(OutgoingFailed):
    """The answer is longer than it may be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """A whole answer, whatever its status. Header names are in small letters; `url` is where it came from at last."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    url: str


async def resolve(host: str, port: int) -> list[str]:
    """The addresses of a name as the system's resolver gives them."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(where[0]) for *_, where in found))


class Outgoing:
    """Makes the calls. Reads no proxy and no key from the environment, and keeps no connection."""

    def __init__(
        self,
        *,
        allow_private: bool = False,
        trusted: Collection[tuple[str, int]] = (),
        resolve: Resolve = resolve,
    ) -> None:
        """`allow_private` lets every address and plain HTTP through; `trusted` hosts with their ports alone."""
        self._allow_private = allow_private
        self._trusted = frozenset((host.casefold(), port) for host, port in trusted)
        self._resolve = resolve
        self._tls: ssl.SSLContext | None = None

    async def call(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        content: bytes | None = None,
        seconds_max: float = 15.0,
        bytes_max: int = 10 * 1024 * 1024,
        follow_redirects: bool = False,
    ) -> Answered:
        """The answer, whole, within `seconds_max` from the first lookup to the last byte. Raises OutgoingFailed.

        A redirect is followed only when asked for, and then checked like a first address.
        """
        # A client for each call: a kept connection goes to an address, and would be shared by all its names.
        async with httpx.AsyncClient(
            transport=_Checked(self, self._tls_context()),
            trust_env=False,
            # Less than the whole, so that a host which never took the connection is known to have got nothing.
            timeout=httpx.Timeout(seconds_max, connect=min(CONNECT_SECONDS_MAX, seconds_max * 0.8)),
            max_redirects=REDIRECTS_MAX,
        ) as client:
            try:
                async with (
                    asyncio.timeout(seconds_max),
                    client.stream(
                        method, url, headers=headers, content=content, follow_redirects=follow_redirects
                    ) as response,
                ):
                    return Answered(
                        status=response.status_code,
                        headers={name.lower(): value for name, value in response.headers.items()},
                        body=await _body(response, bytes_max),
                        url=str(response.url),
                    )
            except (TimeoutError, httpx.TimeoutException) as error:
                raise TooSlow(
                    f"{_host(url)} did not answer within {seconds_max:g} seconds.",
                    sent=not isinstance(error, httpx.ConnectTimeout),
                ) from error
            except httpx.TooManyRedirects as error:
                raise Unreachable(f"{_host(url)} redirects too often.") from error
            except (httpx.InvalidURL, httpx.UnsupportedProtocol) as error:
                raise AddressForbidden("The address is not one of the web.") from error
            except socket.gaierror as error:
                raise NameUnknown(f"The name {_host(url)} leads to no address.", sent=False) from error
            except (httpx.HTTPError, OSError) as error:
                raise _unreachable(_host(url), error) from error

    def _tls_context(self) -> ssl.SSLContext:
        """One for all calls: reading the certificates anew for each took most of its time."""
        if self._tls is None:
            self._tls = httpx.create_ssl_context(trust_env=False)
        return self._tls

    async def checked(self, url: httpx.URL) -> str:
        """The address to connect to for this URL. Raises AddressForbidden, and gaierror for a name that is none."""
        host, port = url.host, url.port or (443 if url.scheme == "https" else 80)
        trusted = self._allow_private or (host.casefold(), port) in self._trusted
        if url.userinfo or not host or url.scheme not in ("https", "http"):
            raise AddressForbidden(
                "The address must be https://host/path, without a name and a password in it."
            )
        if not trusted and (url.scheme != "https" or port != 443):
            raise AddressForbidden(f"{host} must be called by https at its usual port.")
        found = await self._resolve(host, port)
        if not found:
            raise socket.gaierror(f"{host} has no address")
        if not trusted and not all(public(address) for address in found):
            raise AddressForbidden(f"{host} is inside a private network, which is not called from here.")
        return found[0]


def place_of(url: str) -> tuple[str, int]:
    """The host and port of an address, to be trusted. Raises httpx.InvalidURL."""
    there = httpx.URL(url)
    return there.host, there.port or (443 if there.scheme == "https" else 80)


def public(address: str) -> bool:
    """Whether an IP address, as a resolver writes it, is one of the public internet."""
    try:
        ip: Address = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(ip, ipaddress.IPv6Address) and ip.ipv4_mapped is not None:
        ip = ip.ipv4_mapped
    return (
        ip.is_global
        and not (ip.is_multicast or ip.is_reserved or ip.is_unspecified)
        and not any(ip in network for network in _NOT_PUBLIC)
    )


class _Checked(httpx.AsyncBaseTransport):
    """Checks every request, those of redirects too, and connects to the address that was checked, by its own name."""

    def __init__(self, outgoing: Outgoing, tls: ssl.SSLContext) -> None:
        self._outgoing = outgoing
        self._transport = httpx.AsyncHTTPTransport(verify=tls, trust_env=False)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        address = await self._outgoing.checked(request.url)
        # The Host header stands already, and the certificate is checked for the name.
        there = httpx.Request(
            request.method,
            request.url.copy_with(host=address),
            headers=request.headers,
            stream=request.stream,
            extensions={**request.extensions, "sni_hostname": request.url.host},
        )
        return await self._transport.handle_async_request(there)

    async def aclose(self) -> None:
        await self._transport.aclose()


async def _body(response: httpx.Response, bytes_max: int) -> bytes:
    body = bytearray()
    async for part in response.aiter_bytes():
        body += part
        if len(body) > bytes_max:
            raise TooLong(f"{_host(str(response.url))} answered with more than {bytes_max} bytes.")
    return bytes(body)


def _unreachable(host: str, error: Exception) -> Unreachable:
    if not isinstance(error, httpx.ConnectError):
        return Unreachable(f"{host} cannot be reached, or broke off.")
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLError):
            why = getattr(cause, "verify_message", "") or cause.reason or "the handshake failed"
            return TlsFault(f"{host} cannot be trusted by TLS: {why}.", sent=False)
        cause = cause.__cause__ or cause.__context__
    return Unreachable(f"{host} cannot be reached.", sent=False)


def _host(url: str) -> str:
    """What people call the other side; never the whole address, which may hold a secret."""
    try:
        return httpx.URL(url).host or "the address"
    except httpx.InvalidURL:
        return "the address"
