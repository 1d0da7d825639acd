"""Calls to addresses that people outside chose: never inside a private network, never endless, never too long."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Callable

import pytest

from chassis.outgoing import (
    AddressForbidden,
    Answered,
    NameUnknown,
    Outgoing,
    OutgoingFailed,
    TlsFault,
    TooLong,
    TooSlow,
    Unreachable,
    public,
)

HANGS = b""
"""A server that says nothing and does not hang up."""


@contextlib.asynccontextmanager
async def server(answer: bytes | Callable[[bytes], bytes]) -> AsyncIterator[tuple[int, list[bytes]]]:
    """The port of a server that answers everything so, and what it was sent."""
    asked: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        asked.append(head)
        said = answer(head) if callable(answer) else answer
        if said == HANGS:
            with contextlib.suppress(ConnectionError):
                await reader.read()
        with contextlib.suppress(ConnectionError):
            writer.write(said)
            await writer.drain()
            writer.close()

    running = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with running:
        yield running.sockets[0].getsockname()[1], asked


def saying(body: bytes, *, head: bytes = b"200 OK") -> bytes:
    return b"HTTP/1.1 " + head + b"\r\ncontent-length: %d\r\nconnection: close\r\n\r\n" % len(body) + body


def redirecting(to: str) -> bytes:
    return saying(b"", head=f"302 Found\r\nlocation: {to}".encode())


async def to_loopback(host: str, port: int) -> list[str]:
    return ["127.0.0.1"]


async def get(outgoing: Outgoing, url: str, **more: object) -> Answered:
    return await outgoing.call("GET", url, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0"),
        *("224.0.0.1", "240.0.0.1", "255.255.255.255", "192.0.2.1", "198.18.0.1"),
        *("::1", "::", "fe80::1", "fe80::1%eth0", "fc00::1", "ff02::1", "2001:db8::1"),
        *(
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "::127.0.0.1",
            "64:ff9b::7f00:1",
            "2002:7f00:1::",
            "2001::1",
        ),
        *("", "localhost", "127.1"),
    ],
)
def test_an_address_inside_or_of_no_host_is_not_public(address: str) -> None:
    assert not public(address)


@pytest.mark.parametrize("address", ["1.1.1.1", "93.184.216.34", "2606:4700::1111", "::ffff:1.1.1.1"])
def test_an_address_of_the_internet_is_public(address: str) -> None:
    assert public(address)


@pytest.mark.parametrize(
    "url",
    [
        "https://127.0.0.1/",
        "https://2130706433/",
        "https://0x7f.1/",
        "https://127.1/",
        "https://[::1]/",
        "https://localhost/",
        "http://example.org/",
        "https://example.org:8443/",
        "https://user:secret@example.org/",
        "ftp://example.org/",
        "file:///etc/passwd",
        "//example.org",
        "example.org",
        "https://",
        "",
        "https://exa mple.org/",
        "https://\x00",
    ],
)
async def test_what_leads_inside_or_is_no_plain_address_is_refused(url: str) -> None:
    with pytest.raises(OutgoingFailed) as refused:
        await get(Outgoing(), url)

    assert isinstance(refused.value, AddressForbidden | Unreachable)
    assert "secret" not in str(refused.value)


async def test_a_name_that_resolves_inside_is_refused_before_anything_is_sent() -> None:
    async with server(saying(b"inside")) as (port, asked):
        outgoing = Outgoing(trusted=[("cdn.example", port)], resolve=to_loopback)

        with pytest.raises(AddressForbidden, match="private network"):
            await get(outgoing, "https://evil.example/")

    assert asked == []


async def test_one_address_inside_among_many_is_enough_to_refuse() -> None:
    async def both(host: str, port: int) -> list[str]:
        return ["1.1.1.1", "10.0.0.1"]

    with pytest.raises(AddressForbidden):
        await get(Outgoing(resolve=both), "https://evil.example/")


async def test_a_trusted_host_is_called_by_its_name_at_the_address_that_was_checked() -> None:
    async with server(saying(b"here")) as (port, asked):
        outgoing = Outgoing(trusted=[("cdn.example", port)], resolve=to_loopback)

        answered = await get(outgoing, f"http://cdn.example:{port}/picture.png")

    assert (answered.status, answered.body) == (200, b"here")
    assert answered.url == f"http://cdn.example:{port}/picture.png"
    assert f"host: cdn.example:{port}".encode() in asked[0].lower()


async def test_trust_is_in_a_host_with_its_port() -> None:
    with pytest.raises(AddressForbidden):
        await get(Outgoing(trusted=[("127.0.0.1", 1)]), "http://127.0.0.1:2/")


async def test_a_redirect_is_the_answer_unless_it_is_to_be_followed() -> None:
    async with server(redirecting("https://127.0.0.1/")) as (port, _):
        answered = await get(Outgoing(allow_private=True), f"http://127.0.0.1:{port}/")

    assert (answered.status, answered.headers["location"]) == (302, "https://127.0.0.1/")


async def test_a_redirect_to_the_inside_is_refused() -> None:
    async with server(redirecting("http://169.254.169.254/latest/meta-data/")) as (port, _):
        outgoing = Outgoing(trusted=[("127.0.0.1", port)])

        with pytest.raises(AddressForbidden):
            await get(outgoing, f"http://127.0.0.1:{port}/", follow_redirects=True)


async def test_a_relative_redirect_stays_with_its_host() -> None:
    def answer(head: bytes) -> bytes:
        return saying(b"moved") if head.startswith(b"GET /new") else redirecting("/new")

    async with server(answer) as (port, asked):
        outgoing = Outgoing(trusted=[("cdn.example", port)], resolve=to_loopback)

        answered = await get(outgoing, f"http://cdn.example:{port}/old", follow_redirects=True)

    assert (answered.body, len(asked)) == (b"moved", 2)


async def test_redirects_in_a_circle_end() -> None:
    async with server(redirecting("/again")) as (port, _):
        with pytest.raises(Unreachable, match="redirects too often"):
            await get(Outgoing(allow_private=True), f"http://127.0.0.1:{port}/", follow_redirects=True)


async def test_an_answer_that_is_too_long_is_not_read_to_its_end() -> None:
    async with server(saying(b"x" * 2_000_000)) as (port, _):
        with pytest.raises(TooLong, match="more than 1000 bytes"):
            await get(Outgoing(allow_private=True), f"http://127.0.0.1:{port}/", bytes_max=1000)


async def test_an_answer_that_does_not_come_is_given_up() -> None:
    async with server(HANGS) as (port, _):
        with pytest.raises(TooSlow):
            await get(Outgoing(allow_private=True), f"http://127.0.0.1:{port}/", seconds_max=0.2)


async def test_an_answer_that_breaks_off_is_none() -> None:
    async with server(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf") as (port, _):
        with pytest.raises(Unreachable):
            await get(Outgoing(allow_private=True), f"http://127.0.0.1:{port}/")


async def test_a_name_that_leads_nowhere_is_told_from_a_host_that_is_not_there() -> None:
    async def nowhere(host: str, port: int) -> list[str]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    with pytest.raises(NameUnknown, match="leads to no address") as unknown:
        await get(Outgoing(resolve=nowhere), "https://blog.example/")

    assert not unknown.value.sent


async def test_a_host_that_speaks_no_tls_is_told_from_one_that_is_not_there() -> None:
    async def plain(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(saying(b"plain"))
        writer.close()

    async with await asyncio.start_server(plain, "127.0.0.1", 0) as running:
        port = running.sockets[0].getsockname()[1]
        with pytest.raises(TlsFault) as fault:
            await get(Outgoing(allow_private=True), f"https://127.0.0.1:{port}/")

    assert not fault.value.sent


async def test_nothing_was_sent_to_a_host_that_took_no_connection(port: int) -> None:
    with pytest.raises(Unreachable) as refused:
        await get(Outgoing(allow_private=True), f"http://127.0.0.1:{port}/")

    assert not refused.value.sent


@pytest.mark.parametrize("answer", [HANGS, b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf"])
async def test_what_was_sent_to_a_host_that_did_not_answer_may_have_arrived(answer: bytes) -> None:
    async with server(answer) as (port, _):
        with pytest.raises(OutgoingFailed) as failed:
            await get(Outgoing(allow_private=True), f"http://127.0.0.1:{port}/", seconds_max=0.5)

    assert failed.value.sent


async def test_what_is_sent_arrives_whole() -> None:
    async with server(saying(b"", head=b"201 Created")) as (port, asked):
        answered = await Outgoing(allow_private=True).call(
            "POST", f"http://127.0.0.1:{port}/", headers={"X-Mark": "1"}, content=b"body"
        )

    assert answered.status == 201
    assert b"x-mark: 1" in asked[0].lower()


async def test_no_proxy_of_the_environment_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1")
    async with server(saying(b"direct")) as (port, _):
        answered = await get(Outgoing(allow_private=True), f"http://127.0.0.1:{port}/")

    assert answered.body == b"direct"
