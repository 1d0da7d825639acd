"""Replacing the suite's secret: keys go on working, are sealed anew, and what cannot be opened is named."""

from typing import Any

import pytest

from chassis.resealing import KeysUnknown, reseal
from chassis.sealing import Sealer
from chassis.testing import ManualClock
from chassis.testing.callers import ACCOUNT_ID, OTHER_ACCOUNT_ID
from chassis.transaction import Transactions
from services.ai.account_keys import reading
from services.ai.domain.provider_key import KeyedProvider
from services.ai.reseal import PROVIDER_KEYS
from services.ai.store.transaction import AiTransaction
from services.ai.usecases import provider_keys

OLD, NEW, LOST = (f"a {word} secret of the suite, long enough" for word in ("former", "present", "lost"))


@pytest.fixture
def give(transactions: Transactions[AiTransaction], clock: ManualClock) -> Any:
    def given(secret: str, account_id: str = ACCOUNT_ID, provider: str = "openai") -> None:
        transactions.run_sync(
            provider_keys.put_key,
            account_id=account_id,
            provider=KeyedProvider(provider),
            key=f"sk-of-{account_id}-at-{provider}",
            sealer=Sealer(secret),
            actor="user:1",
            now=clock.now(),
        )

    return given


async def test_keys_are_sealed_under_the_newest_secret_and_open_by_it_alone(
    transactions: Transactions[AiTransaction], give: Any
) -> None:
    give(OLD)
    give(OLD, OTHER_ACCOUNT_ID, "runware")
    give(NEW, OTHER_ACCOUNT_ID)

    assert await reseal(transactions, Sealer(NEW, before=[OLD]), PROVIDER_KEYS) == 2

    read = reading(transactions, Sealer(NEW))
    keys = [await read(ACCOUNT_ID, "openai"), await read(OTHER_ACCOUNT_ID, "runware")]
    assert [key and key.secret for key in keys] == [
        f"sk-of-{ACCOUNT_ID}-at-openai",
        f"sk-of-{OTHER_ACCOUNT_ID}-at-runware",
    ]


async def test_more_keys_than_fit_in_one_transaction_are_all_sealed(
    transactions: Transactions[AiTransaction], give: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(provider_keys, "RESEALED_AT_ONCE", 1)
    give(OLD)
    give(OLD, OTHER_ACCOUNT_ID)

    assert await reseal(transactions, Sealer(NEW, before=[OLD]), PROVIDER_KEYS) == 2


async def test_doing_it_again_changes_nothing(transactions: Transactions[AiTransaction], give: Any) -> None:
    give(NEW)

    assert await reseal(transactions, Sealer(NEW, before=[OLD]), PROVIDER_KEYS) == 0


async def test_keys_under_an_unknown_secret_are_counted_and_left_as_they_are(
    transactions: Transactions[AiTransaction], give: Any
) -> None:
    give(OLD)
    give(LOST, OTHER_ACCOUNT_ID)

    with pytest.raises(
        KeysUnknown, match=f"1 sealed anew; 1 cannot be opened here: 1 under {Sealer(LOST).key_id}"
    ):
        await reseal(transactions, Sealer(NEW, before=[OLD]), PROVIDER_KEYS)

    assert await reading(transactions, Sealer(LOST))(OTHER_ACCOUNT_ID, "openai") is not None
