"""Idempotent calls: one effect for each request_id, however often, however concurrently, whatever is lost on the way."""

import asyncio
import socket
from typing import Any

import pytest
from igny8.billing import v1 as billing
from sqlalchemy import Engine, text

from chassis.database import guarded
from chassis.refusal import NotFound, RequestIdReused, RequestInProgress, RequestInvalid
from chassis.testing import recorded
from chassis.transaction import Transaction, Transactions
from tests.chassis.sample import ACCOUNT, OTHER_ACCOUNT, notes, write_note, write_note_and_fail

TxS = Transactions[Transaction]


async def once(
    transactions: TxS,
    *,
    request_id: str = "r1",
    words: str = "once",
    usecase: Any = write_note,
    **kwargs: Any,
) -> str:
    """Writes a note by an idempotent call and returns the id it answers."""
    answer = await transactions.run_once(
        usecase,
        request_id=request_id,
        scope="WriteNote",
        request=billing.CreditsGranted(grant_id=words),
        response=billing.CreditsGranted,
        pack=lambda note_id: billing.CreditsGranted(grant_id=note_id),
        words=words,
        **({"account_id": ACCOUNT} | kwargs),
    )
    return answer.grant_id


async def test_a_repeat_gets_the_first_answer_and_has_no_effect(transactions: TxS, engine: Engine) -> None:
    first = await once(transactions)

    assert await once(transactions) == first
    assert notes(engine) == ["once"]
    assert len(recorded(engine)) == 1


async def test_64_concurrent_duplicates_have_one_effect_and_one_answer(
    transactions: TxS, engine: Engine
) -> None:
    answers = await asyncio.gather(*(once(transactions) for _ in range(64)))

    assert len(set(answers)) == 1
    assert notes(engine) == ["once"]
    assert len(recorded(engine)) == 1


async def test_the_same_id_with_another_body_is_refused(transactions: TxS, engine: Engine) -> None:
    await once(transactions)

    with pytest.raises(RequestIdReused) as refused:
        await once(transactions, words="something else")

    assert refused.value.metadata == {"request_id": "r1"}
    assert notes(engine) == ["once"]


async def test_a_refusal_does_not_use_the_id_up(transactions: TxS, engine: Engine) -> None:
    refusal = NotFound(kind="site", id="1")
    with pytest.raises(NotFound):
        await once(transactions, usecase=_refusing(refusal))

    await once(transactions)

    assert notes(engine) == ["once"]


async def test_another_account_may_use_the_same_id(transactions: TxS, engine: Engine) -> None:
    first = await once(transactions)

    other = await once(transactions, account_id=OTHER_ACCOUNT)

    assert other != first
    assert notes(engine) == ["once", "once"]


async def test_without_an_id_every_call_has_its_effect(transactions: TxS, engine: Engine) -> None:
    await once(transactions, request_id="")
    await once(transactions, request_id="")

    assert notes(engine) == ["once", "once"]


@pytest.mark.parametrize("request_id", ["x" * 256, "nul\0"])
async def test_an_id_that_cannot_be_stored_is_refused(transactions: TxS, request_id: str) -> None:
    with pytest.raises(RequestInvalid) as refused:
        await once(transactions, request_id=request_id)

    assert [fault.field for fault in refused.value.fields] == ["request_id"]


async def test_the_longest_id_is_taken(transactions: TxS, engine: Engine) -> None:
    await once(transactions, request_id="x" * 255)

    assert notes(engine) == ["once"]


async def test_a_commit_whose_answer_was_lost_is_replayed_and_not_repeated(
    transactions: TxS, engine: Engine
) -> None:
    attempts: list[str] = []

    def lose_the_answer(tx: Transaction, *, words: str, account_id: str) -> str:
        note_id = write_note(tx, words=words, account_id=account_id)
        attempts.append(note_id)
        if len(attempts) == 1:
            # The COMMIT will be sent to nobody; whether it was carried out the client cannot know.
            guarded(tx.connection).line.shutdown(socket.SHUT_WR)
        return note_id

    answer = await once(transactions, usecase=lose_the_answer)

    assert answer == attempts[-1]
    assert notes(engine) == ["once"]


async def test_a_duplicate_of_a_call_still_at_work_is_told_so(transactions: TxS, engine: Engine) -> None:
    with engine.connect() as first:
        first.execute(
            text(
                "INSERT INTO idempotency (account_id, scope, request_id, request_hash)"
                " VALUES (:account_id, 'WriteNote', 'r1', '')"
            ),
            {"account_id": ACCOUNT},
        )

        with pytest.raises(RequestInProgress):
            await once(transactions)


def _refusing(refusal: Exception) -> Any:
    def usecase(tx: Transaction, *, words: str, account_id: str) -> str:
        return write_note_and_fail(tx, words=words, error=refusal)

    return usecase
