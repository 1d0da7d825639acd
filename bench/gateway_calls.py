"""Calls through the gateway, beside a bare application and beside Django REST framework, each in turns."""

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from statistics import median
from typing import Any, Final

import grpc
from igny8.billing import v1 as billing

from bench.gateway_load import HOST, Connection, Load
from bench.gateway_world import ENTRIES, Place, furnish
from bench.peers import serving
from bench.result import Result
from chassis.identity import Keyring, TokenIssuer
from chassis.testing.callers import person
from suite import secrets
from tests.journeys.suites import RunningSuite

ROUNDS: Final = 5
ALTERNATIONS: Final = 400

BALANCE: Final = "balance"
CALENDAR: Final = f"calendar of {ENTRIES:,} entries"
CHANGED: Final = "calendar after each change"
KEYWORD: Final = "creating a keyword"

_CHANGE: Final = """
UPDATE publisher.content SET external_url = 'https://example.com/' || clock_timestamp()
WHERE site_id = '{site_id}' AND slug = (SELECT 'article-' || 1 + floor(random() * {entries})::integer)
"""
"""Another entry of the calendar each time, as both sides show it."""

_DRF: Final = f"Django REST framework, {serving.PROCESSES} processes"
_BARE: Final = "bytes from memory after an empty gRPC call, starlette"


def results(suite: RunningSuite, say: Callable[[str], None]) -> list[Result]:
    """Answers a second as ratios of rounds in which the sides ran one after the other, and what the gateway adds to a call."""
    place = asyncio.run(furnish(suite))
    ours = int(suite.stack.gateway_url.rpartition(":")[2])
    answer = asyncio.run(_once(_balance(ours, place)))
    with ExitStack() as peers:
        bare = peers.enter_context(serving.bare(answer))
        drf = peers.enter_context(serving.drf(suite.stack.database_url, say))
        rounds = []
        for _ in range(ROUNDS):
            found = {
                BALANCE: (_rate(_balance(ours, place)), _rate(_balance(drf, place))),
                "bare": (_rate(_balance(ours, place)), _rate(_balance(bare, place))),
                CALENDAR: (_rate(_calendar(ours, place)), _rate(_calendar(drf, place))),
                CHANGED: (_rate(_changed(suite, ours, place)), _rate(_changed(suite, drf, place))),
                KEYWORD: (_rate(_keyword(ours, place)), _rate(_keyword(drf, place))),
            }
            rounds.append(found)
            say(", ".join(f"{name} {ours:,.0f} : {peer:,.0f}" for name, (ours, peer) in found.items()))
    added = [asyncio.run(_added_ms(suite, _balance(ours, place), place)) for _ in range(ROUNDS)]
    say(f"added: {', '.join(f'{each:.2f}' for each in added)} ms")

    def compared(name: str, of: str, peer: str, floor: float | None = None) -> Result:
        ratios = tuple(each[of][0] / each[of][1] for each in rounds)
        return Result(
            name=name,
            unit="times",
            ours=median(ratios),
            runs=ratios,
            peer=f"{peer}, a second",
            peer_value=median(each[of][1] for each in rounds),
            floor=floor,
        )

    return [
        *(
            Result(name=name, unit="a second", ours=median(runs), runs=runs)
            for name in (BALANCE, CALENDAR, CHANGED, KEYWORD)
            for runs in [tuple(each[name][0] for each in rounds)]
        ),
        compared(f"{BALANCE}, against a bare application", "bare", _BARE, 0.35),
        compared(f"{BALANCE}, against Django REST framework", BALANCE, _DRF, 1.2),
        compared(f"{CALENDAR}, against Django REST framework", CALENDAR, _DRF, 3.0),
        compared(f"{CHANGED}, against Django REST framework", CHANGED, _DRF),
        compared(f"{KEYWORD}, against Django REST framework", KEYWORD, _DRF, 1.2),
        Result(
            name="what the gateway adds to a call",
            unit="ms",
            ours=median(added),
            runs=tuple(added),
            ceiling=1.0,
        ),
    ]


def _balance(port: int, place: Place) -> Load:
    return Load(port=port, request=_head("GET", "/api/v1/credits/balance", place))


def _calendar(port: int, place: Place) -> Load:
    return Load(port=port, request=_head("GET", f"/api/v1/sites/{place.site_id}/calendar", place))


def _changed(suite: RunningSuite, port: int, place: Place) -> Load:
    change = _CHANGE.format(site_id=place.site_id, entries=ENTRIES)
    return replace(_calendar(port, place), change=change, database_url=suite.stack.database_url)


def _keyword(port: int, place: Place) -> Load:
    head = _head("POST", f"/api/v1/sites/{place.site_id}/keywords", place)
    # With it ours writes two rows as well, the keyword and the answer to a repeat.
    return Load(
        port=port,
        request=f"{head}Idempotency-Key: {{number}}\r\n",
        body='{"keyword": "compost {number}", "volume": 10, "difficulty": 20}',
    )


def _head(verb: str, path: str, place: Place) -> str:
    return f"{verb} {path} HTTP/1.1\r\nAuthorization: Bearer {place.key}\r\nAccept: application/json\r\n"


def _rate(load: Load) -> float:
    said = subprocess.run(
        [sys.executable, "-m", "bench.gateway_load", load.to_argument()],
        capture_output=True,
        text=True,
        check=False,
    )
    assert said.returncode == 0, said.stderr
    return float(json.loads(said.stdout)["per_second"])


async def _once(load: Load) -> bytes:
    """The body of one answer."""
    reader, writer = await asyncio.open_connection(HOST, load.port)
    writer.write(load.bytes())
    head = await reader.readuntil(b"\r\n\r\n")
    length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
    body = await reader.readexactly(int(length.partition(b":")[2]))
    writer.close()
    return body


async def _added_ms(suite: RunningSuite, load: Load, place: Place) -> float:
    """The median time of a request less that of the gRPC call it makes, one after the other in turns."""
    keyring = Keyring.from_secret(secrets.load_or_make(suite.data_dir).secret_key)
    token = TokenIssuer(keyring, "billing").issue(person(account_id=place.account_id))
    metadata = (("authorization", f"Bearer {token}"),)
    loop = asyncio.get_running_loop()
    by_http: list[float] = []
    by_grpc: list[float] = []
    failed: asyncio.Future[None] = loop.create_future()
    _, connection = await loop.create_connection(lambda: Connection(load, by_http, failed), HOST, load.port)
    async with grpc.aio.insecure_channel(suite.stack.grpc["billing"]) as channel:
        stub: Any = billing.CreditServiceStub(channel)
        connection.stopping = True
        for _ in range(ALTERNATIONS):
            connection.idle.clear()
            connection.ask()
            await connection.ended()
            began = time.perf_counter()
            await stub.GetBalance(billing.GetBalanceRequest(), metadata=metadata, timeout=10)
            by_grpc.append(time.perf_counter() - began)
    return 1000 * (median(by_http) - median(by_grpc))
