"""Clients that go away in mid-call: what they ordered is done once or not at all, and no hold stays for ever."""

import asyncio
from typing import Any, Final

import pytest
from google.protobuf.message import Message
from igny8.billing import v1 as billing_proto
from sqlalchemy import text

from chassis.testing import until
from chassis.testing.callers import service
from services.billing.domain.reservation import LIFETIME
from tests.billing.books import IMAGE_MODEL, Billing
from tests.billing.servicers.calls import Calls
from tests.billing.servicers.outcome import patiently

LOCK: Final = text("SELECT FROM credit_account WHERE account_id = CAST(:id AS uuid) FOR UPDATE")
WAITING: Final = (
    "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND usename = current_user"
)
LEFT: Final = {"Reserve": (100, 10), "Capture": (97, 7), "Charge": (97, 0)}
"""Credits and held ones after the order was carried out once."""


@pytest.mark.parametrize("method", LEFT)
async def test_what_a_client_ordered_that_went_away_is_there_once(
    calls: Calls, billing: Billing, method: str
) -> None:
    account, request = _ordered(billing, method)
    call = getattr(calls.credits(service(account_id=account)), method)

    await _ask_and_go_away(billing, account, call(request))
    await patiently(call, request)

    balance = billing.balance(account)
    assert (balance.credits, balance.reserved) == LEFT[method]
    billing.check_books()


async def test_a_hold_of_a_client_that_went_away_ends_by_itself(calls: Calls, billing: Billing) -> None:
    account, request = _ordered(billing, "Reserve")
    reserve: Any = calls.credits(service(account_id=account)).Reserve

    # The database gives up on a lock after two seconds, which a busy machine may need; then nothing was held.
    while not billing.balance(account).reserved:
        await _ask_and_go_away(billing, account, reserve(request))
    billing.clock.set(billing.clock.now() + LIFETIME)

    assert billing.balance(account).available == 100
    billing.check_books()


async def _ask_and_go_away(billing: Billing, account: str, call: Any) -> None:
    """The client leaves while its order waits for the account's lock in the database."""
    with billing.transactions.engine.begin() as other:
        other.execute(LOCK, {"id": account})
        asked = asyncio.ensure_future(call)
        await until(lambda: billing.rows(WAITING) == [(1,)])
        asked.cancel()
        await asyncio.wait([asked])


def _ordered(billing: Billing, method: str) -> tuple[str, Message]:
    """An account with 100 credits, and the order of one of its services."""
    billing.price()
    account = billing.account(credits=100)
    quote = billing.quote(account, images=10)
    if method == "Reserve":
        return account, billing_proto.ReserveRequest(request_id="once", quote_id=quote.id)
    if method == "Capture":
        return account, billing_proto.CaptureRequest(
            request_id="once", reservation_id=billing.reserve_by(quote).id, item_id="an item", images=3
        )
    item = billing_proto.ChargedItem(
        operation_type="image_generation", model_name=IMAGE_MODEL, item_id="an item", images=3
    )
    return account, billing_proto.ChargeRequest(request_id="once", item=item)
