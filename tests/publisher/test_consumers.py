"""The consumer on the real NATS and PostgreSQL: each charge of billing is added to its site once."""

import contextlib
from collections.abc import AsyncIterator

import pytest
from igny8.billing import v1 as billing
from sqlalchemy import func, select

from chassis.ids import new_id
from chassis.nats import Bus
from chassis.plain import instant_to_proto
from chassis.tables import inbox
from chassis.testing import send, until
from chassis.testing.callers import ACCOUNT_ID
from services.publisher.consumers import NAME, charges_consumer
from services.publisher.store import tables
from tests.kit.tasks import cancelled_at_the_end
from tests.publisher.newsroom import Newsroom

SITE_ID = "0199aaaa-0000-7000-8000-00000000000a"


@pytest.fixture
async def consuming(newsroom: Newsroom, bus: Bus) -> AsyncIterator[None]:
    """The consumer at work."""
    async with contextlib.AsyncExitStack() as stack:
        work = charges_consumer().run(bus, newsroom.transactions)
        await stack.enter_async_context(cancelled_at_the_end(work))
        yield


async def test_charges_are_added_up_each_once_however_often_they_arrive(
    consuming: None, newsroom: Newsroom, bus: Bus
) -> None:
    first, second, without_site = new_id(), new_id(), new_id()
    for event_id, credits in ((first, 10), (second, 3), (first, 10)):
        await send(bus, _captured(newsroom, credits), account_id=ACCOUNT_ID, event_id=event_id)
    await send(bus, _captured(newsroom, 99, site_id=""), account_id=ACCOUNT_ID, event_id=without_site)

    await until(lambda: _handled(newsroom) == 3)

    with newsroom.engine.connect() as connection:
        (row,) = connection.execute(select(tables.site_credits)).all()
    assert (row.site_id, row.account_id, row.credits_used) == (SITE_ID, ACCOUNT_ID, 13)
    assert (row.day, row.as_of) == (newsroom.clock.now().date(), newsroom.clock.now())


def _captured(newsroom: Newsroom, credits: int, *, site_id: str = SITE_ID) -> billing.CreditsCaptured:
    return billing.CreditsCaptured(
        account_id=ACCOUNT_ID,
        credits_used=credits,
        site_id=site_id,
        item_id=new_id(),
        occurred_at=instant_to_proto(newsroom.clock.now()),
    )


def _handled(newsroom: Newsroom) -> int:
    query = select(func.count()).where(inbox.c.consumer == NAME)
    with newsroom.engine.connect() as connection:
        return int(connection.execute(query).scalar_one())
