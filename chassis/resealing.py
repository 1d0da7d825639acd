"""Sealing everything that a service keeps under the newest secret of the suite, and saying what cannot be."""

import asyncio
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from google.protobuf.message import Message
from sqlalchemy import Connection

from chassis.database import open_engine
from chassis.outbox import Outbox
from chassis.sealing import Sealer
from chassis.settings import ServiceSettings
from chassis.transaction import Transaction, Transactions

Tx = TypeVar("Tx", bound=Transaction)
Tx_contra = TypeVar("Tx_contra", bound=Transaction, contravariant=True)


class ResealSome(Protocol[Tx_contra]):
    """A use case that seals some anew and returns how many; 0 ends it."""

    def __call__(self, tx: Tx_contra, /, *, sealer: Sealer) -> int: ...


@dataclass(frozen=True, kw_only=True)
class SealedThings(Generic[Tx]):
    """What a service keeps sealed: its use cases, and what people call such things."""

    name: str
    """In the plural: `provider keys`."""
    way_out: str
    """What is to be done about those that do not open any more."""
    reseal_some: ResealSome[Tx]
    count_by_key: Callable[[Tx], dict[str, int]]
    """How many are sealed under each key of the ring, by its id."""


class KeysUnknown(Exception):
    """Some are sealed under secrets that this process was not given; its message says how many under which."""


async def reseal(transactions: Transactions[Tx], sealer: Sealer, things: SealedThings[Tx]) -> int:
    """Seals all that it can open. Returns how many; raises KeysUnknown after them for what is left."""
    done = 0
    while some := await transactions.run(things.reseal_some, sealer=sealer):
        done += some
    left = await transactions.run(things.count_by_key)
    unknown = {key_id: count for key_id, count in left.items() if key_id not in sealer.key_ids}
    if unknown:
        listed = ", ".join(f"{count} under {key_id}" for key_id, count in sorted(unknown.items()))
        raise KeysUnknown(
            f"{done} sealed anew; {sum(unknown.values())} cannot be opened here: {listed}. "
            f"Name their secrets in IGNY8_SECRET_KEYS_BEFORE, or {things.way_out}."
        )
    return done


async def reseal_service(
    settings: ServiceSettings, transaction: Callable[[Connection], Tx], things: SealedThings[Tx]
) -> None:
    """Does it once, while the suite may be at work, and prints the result; exit status 1 for what is left."""
    engine = open_engine(settings.database_url.get_secret_value(), service=settings.service, pool_size=2)
    outbox = Outbox(service=settings.service, encode=_nothing_to_tell)
    transactions = Transactions(engine, transaction, outbox=outbox, threads=2)
    try:
        done = await reseal(transactions, Sealer.of(settings), things)
    except KeysUnknown as unknown:
        print(unknown, file=sys.stderr)
        raise SystemExit(1) from None
    finally:
        await asyncio.to_thread(transactions.close)
        engine.dispose()
    print(f"{done} {things.name} sealed anew; all are sealed under the newest secret.")


def _nothing_to_tell(event: object) -> Message:
    raise AssertionError(f"sealing anew is no event: {type(event).__name__}")
