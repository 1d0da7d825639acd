"""A sample of the ledger's campaign; the whole of it is `make chaos ONLY=ledger`."""

import asyncio
from typing import Final

import pytest

from tests.chaos.campaign import Chaos
from tests.chaos.ledger import campaign

KILLS: Final = 4


async def test_the_books_survive_kills_of_billing_and_of_postgresql(pytestconfig: pytest.Config) -> None:
    chaos = Chaos(seed=str(pytestconfig.getoption("--seed")), rounds=KILLS, write=print)

    # In a thread: the campaign has an event loop of its own, and would take the tests' away.
    report = await asyncio.to_thread(campaign, chaos)

    assert [(promise.says, promise.found) for promise in report.broken] == []
