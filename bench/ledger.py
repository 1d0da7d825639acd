"""The ledger's speed, beside pgbench with the same writes and beside a method that does nothing, in turns."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median
from typing import Final

import grpc

from bench.ledger_client import BATCH, Call, Client, median_seconds, rate
from bench.ledger_peer import CONNECTIONS, Peer
from bench.ledger_world import served, world
from bench.result import Result

ROUNDS: Final = 5
SECONDS: Final = 3
IN_FLIGHT: Final = 256
ACCOUNTS: Final = 1_000
CREDITS: Final = 10**9
CALLS_ALONE: Final = 300


def results(say: Callable[[str], None]) -> list[Result]:
    """Rates and how they compare; each ratio is the median of rounds in which both sides ran one after the other."""
    with world() as made:
        price = made.books.price()
        accounts = [made.books.account(credits=CREDITS) for _ in range(ACCOUNTS)]
        account = made.books.account()
        peer = Peer(
            dsn=made.owner_dsn,
            folder=made.folder,
            account_id=account,
            grant_id=made.books.grant(account, amount=CREDITS).id,
            price_id=price.id,
        )
        with served(made.dsn) as targets:
            turn = _Turn(peer=peer, targets=targets, accounts=accounts, say=say)
            rounds = [asyncio.run(turn.measure()) for _ in range(ROUNDS)]

    def compared(of: str, peer: str, *, by: str, **bound: float) -> Result:
        ratios = tuple(each[of] / each[by] for each in rounds)
        return Result(
            name=f"{of}, against {peer}",
            unit="times",
            ours=median(ratios),
            runs=ratios,
            peer=f"{peer}, {_unit(by)}",
            peer_value=median(each[by] for each in rounds),
            **bound,
        )

    pgbench = f"pgbench on {CONNECTIONS} connections"
    return [
        *(
            Result(name=name, unit=_unit(name), ours=median(runs), runs=runs)
            for name in rounds[0]
            for runs in [tuple(each[name] for each in rounds)]
        ),
        compared("Charge", pgbench, floor=2.0, by="pgbench"),
        compared("Charge", "a method that does nothing", floor=0.5, by="nothing"),
        compared(f"BatchCharge of {BATCH}", pgbench, floor=6.0, by="pgbench"),
        compared("Charge on 1,000 accounts", "Charge on one", floor=0.8, by="Charge"),
        compared("Reserve and Capture", "Charge", floor=0.38, by="Charge"),
        compared("Charge alone", "pgbench and nothing alone", ceiling=2.5, by="pgbench and nothing alone"),
    ]


@dataclass(frozen=True, kw_only=True)
class _Turn:
    """Every figure once; each side by side with what it is compared with."""

    peer: Peer
    targets: tuple[str, str]
    accounts: list[str]
    say: Callable[[str], None]

    async def measure(self) -> dict[str, float]:
        hot, *_ = self.accounts
        at, at_nothing = self.targets
        async with grpc.aio.insecure_channel(at) as channel, grpc.aio.insecure_channel(at_nothing) as nowhere:
            ours = Client(channel, self.accounts)
            nothing = Client(nowhere, [hot])
            await ours.quote(hot)
            found = {
                "pgbench": await asyncio.to_thread(self.peer.transactions_per_second, seconds=SECONDS),
                "Charge": await _rate(lambda: ours.charge(hot)),
                "nothing": await _rate(lambda: nothing.charge(hot)),
                f"BatchCharge of {BATCH}": await _rate(lambda: ours.batch(hot), in_flight=4),
                "Charge on 1,000 accounts": await _rate(ours.charge_any),
                "Reserve and Capture": await _rate(lambda: ours.reserve_and_capture(hot)),
                "pgbench and nothing alone": 1000
                * (
                    await asyncio.to_thread(self.peer.median_seconds, transactions=CALLS_ALONE)
                    + await median_seconds(lambda: nothing.charge(hot), calls=CALLS_ALONE)
                ),
                "Charge alone": 1000 * await median_seconds(lambda: ours.charge(hot), calls=CALLS_ALONE),
            }
        self.say(", ".join(f"{name} {_written(name, figure)}" for name, figure in found.items()))
        return found


async def _rate(call: Call, *, in_flight: int = IN_FLIGHT) -> float:
    return await rate(call, in_flight=in_flight, seconds=SECONDS)


def _unit(name: str) -> str:
    return "ms" if name.endswith("alone") else "a second"


def _written(name: str, figure: float) -> str:
    return f"{figure:.2f} ms" if name.endswith("alone") else f"{figure:,.0f}"
