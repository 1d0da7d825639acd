"""A sample of the ledger's campaign; the whole of it is `make chaos ONLY=ledger`."""

from typing import Final

import pytest

from tests.chaos.campaign import Chaos
from tests.chaos.ledger import campaign

KILLS: Final = 4


def test_the_books_survive_kills_of_billing_and_of_postgresql(pytestconfig: pytest.Config) -> None:
    chaos = Chaos(seed=str(pytestconfig.getoption("--seed")), rounds=KILLS, write=print)

    report = campaign(chaos)

    assert [(promise.says, promise.found) for promise in report.broken] == []
