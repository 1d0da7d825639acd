"""`python -m services.ai.reseal`: seals every stored provider key under the newest secret, and says what cannot be."""

import asyncio
import sys

from google.protobuf.message import Message

from chassis.database import open_engine
from chassis.entry import run_service
from chassis.outbox import Outbox
from chassis.sealing import Sealer
from chassis.transaction import Transactions
from services.ai.settings import AiSettings
from services.ai.store.transaction import AiTransaction
from services.ai.usecases import provider_keys


class KeysUnknown(Exception):
    """Some keys are sealed under secrets that this process was not given; its message says how many under which."""


async def reseal(transactions: Transactions[AiTransaction], sealer: Sealer) -> int:
    """Seals all that it can open. Returns how many; raises KeysUnknown after them for what is left."""
    done = 0
    while some := await transactions.run(provider_keys.reseal_some, sealer=sealer):
        done += some
    left = await transactions.run(provider_keys.count_by_key)
    unknown = {key_id: count for key_id, count in left.items() if key_id not in sealer.key_ids}
    if unknown:
        listed = ", ".join(f"{count} under {key_id}" for key_id, count in sorted(unknown.items()))
        raise KeysUnknown(
            f"{done} sealed anew; {sum(unknown.values())} cannot be opened here: {listed}. "
            "Name their secrets in IGNY8_SECRET_KEYS_BEFORE, or have these accounts give their keys again."
        )
    return done


async def main(settings: AiSettings) -> None:
    """Does it once, while the suite may be at work, and prints the result."""
    engine = open_engine(settings.database_url.get_secret_value(), service="ai", pool_size=2)
    transactions = Transactions(
        engine, AiTransaction, outbox=Outbox(service="ai", encode=_nothing_to_tell), threads=2
    )
    try:
        done = await reseal(transactions, Sealer.of(settings))
    except KeysUnknown as unknown:
        print(unknown, file=sys.stderr)
        raise SystemExit(1) from None
    finally:
        await asyncio.to_thread(transactions.close)
        engine.dispose()
    print(f"{done} provider keys sealed anew; all are sealed under the newest secret.")


def _nothing_to_tell(event: object) -> Message:
    raise AssertionError(f"sealing anew is no event: {type(event).__name__}")


if __name__ == "__main__":
    run_service(AiSettings, main)
