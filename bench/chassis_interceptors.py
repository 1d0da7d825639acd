"""What the interceptors cost a call: one method behind them and bare, in turns, with client and servers in one process.

`python -m bench.chassis_interceptors` prints calls per second of both, best of seven rounds, and the difference.
"""

import asyncio
import contextlib
import os
import sys
import time
from typing import Any, Final

import grpc

from chassis.identity import Keyring, TokenIssuer, TokenVerifier
from chassis.server import Server
from chassis.testing.callers import service
from chassis.testing.serving import SECRET_KEY
from tests.chassis import echo

CALLS: Final = 3_200
IN_FLIGHT: Final = 32
ROUNDS: Final = 7
KEYRING: Final = Keyring.from_secret(SECRET_KEY)


async def seconds_per_call(channel: grpc.aio.Channel) -> float:
    """CPU time of client and server in one round, 32 calls in flight, each with a token and a deadline.

    CPU time and not the clock, which on a busy machine tells more about the others on it.
    """
    token = TokenIssuer(KEYRING, "ai").issue(service("ai"), audience="billing")
    metadata = (("authorization", f"Bearer {token}"),)
    request = echo.Request(text="forty words or so", site_id="0199aaaa-0000-7000-8000-000000000001")
    method: Any = echo.Stub(channel).Edit

    async def some() -> None:
        for _ in range(CALLS // IN_FLIGHT):
            await method(request, timeout=10, metadata=metadata)

    began = time.process_time()
    await asyncio.gather(*(some() for _ in range(IN_FLIGHT)))
    return (time.process_time() - began) / CALLS


async def measure() -> tuple[float, float]:
    """Seconds per call: bare, and behind token, access, rules, deadline, trace, metrics and a line in the log."""
    guarded = Server(TokenVerifier(KEYRING, "billing"))
    guarded.add_servicer(*echo.added(echo.EchoServicer()))
    guarded_port = await guarded.start("127.0.0.1:0")
    bare = grpc.aio.server()
    echo.stubs.add_EchoServiceServicer_to_server(echo.EchoServicer(), bare)
    bare_port = bare.add_insecure_port("127.0.0.1:0")
    await bare.start()
    rounds: list[tuple[float, float]] = []
    async with (
        grpc.aio.insecure_channel(f"127.0.0.1:{bare_port}") as to_bare,
        grpc.aio.insecure_channel(f"127.0.0.1:{guarded_port}") as to_guarded,
    ):
        for _ in range(ROUNDS):
            rounds.append((await seconds_per_call(to_bare), await seconds_per_call(to_guarded)))
    await bare.stop(0)
    await guarded.stop(0)
    return min(without for without, _ in rounds), min(behind for _, behind in rounds)


def main() -> None:
    """Prints both rates and the difference per call."""
    # The log lines are written as always, and go nowhere.
    with open(os.devnull, "w", encoding="utf-8") as nowhere, contextlib.redirect_stdout(nowhere):
        without, behind = asyncio.run(measure())
    sys.stdout.write(
        f"bare {1 / without:,.0f} calls/s, guarded {1 / behind:,.0f} calls/s: "
        f"{(behind - without) * 1e6:.0f} us a call for the interceptors\n"
    )


if __name__ == "__main__":
    main()
