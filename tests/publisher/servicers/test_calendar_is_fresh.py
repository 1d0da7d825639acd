"""Whoever reads a calendar after a commit sees what it changed, in whichever process; and each answer is of one moment."""

import asyncio
import json
import random
import sys
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

import pytest
from igny8.publisher import v1 as publisher

from chassis import wire_json
from chassis.channel import Channels
from chassis.errors import RemoteRefusal
from chassis.testing.callers import OTHER_ACCOUNT_ID, person
from chassis.testing.serving import Served, serving
from services.publisher.domain.site import Site
from services.publisher.pages.addresses import Addresses
from services.publisher.servicers.calendar import CalendarServicer
from tests.kit.databases import SessionDatabase
from tests.publisher.newsroom import Newsroom
from tests.publisher.shown_calendar import Changes, expected, summary

if TYPE_CHECKING:
    from igny8.publisher.v1.calendar_service_pb2_grpc import CalendarServiceAsyncStub

CHANGES = 40
CALLS = 100
FAILED = publisher.Content.SITE_STATUS_FAILED


@pytest.fixture
async def served(newsroom: Newsroom) -> AsyncIterator[Served]:
    servicer = CalendarServicer(
        newsroom.transactions, newsroom.clock, addresses=Addresses(), wake_scheduler=lambda: None
    )
    added = (publisher.add_CalendarServiceServicer_to_server, servicer)
    async with serving(added, service="publisher", clock=newsroom.clock) as server:
        yield server


@pytest.fixture
def here(served: Served) -> "CalendarServiceAsyncStub":
    return served.stub(publisher.CalendarServiceStub)


@pytest.fixture
async def elsewhere(
    newsroom: Newsroom, database: SessionDatabase, served: Served
) -> "AsyncIterator[CalendarServiceAsyncStub]":
    """A second process that shows the same calendars, and remembers what it made of them."""
    job = {"dsn": database.dsn("publisher"), "now": newsroom.clock.now().isoformat()}
    command = [sys.executable, "-m", "tests.publisher.calendar_reader", json.dumps(job)]
    token = served.token(person())
    channels = Channels(lambda _callee: f"Bearer {token}", as_itself=False)
    process = await asyncio.create_subprocess_exec(*command, stdin=PIPE, stdout=PIPE)
    assert process.stdin is not None
    assert process.stdout is not None
    port = int(await process.stdout.readline())
    yield channels.stub("publisher", f"127.0.0.1:{port}", publisher.CalendarServiceStub)
    await channels.close()
    process.stdin.close()
    await process.wait()


async def shown(stub: "CalendarServiceAsyncStub", site: Site) -> dict[str, Any]:
    answer = await stub.GetCalendar(publisher.GetCalendarRequest(site_id=site.id))
    return summary(wire_json.to_dict(answer.calendar))


@pytest.mark.parametrize("seed", [1, 2])
async def test_every_process_shows_what_was_committed_before_it_was_asked(
    newsroom: Newsroom,
    here: "CalendarServiceAsyncStub",
    elsewhere: "CalendarServiceAsyncStub",
    seed: int,
) -> None:
    site = newsroom.site()
    changes = Changes(newsroom=newsroom, site=site, chosen=random.Random(seed))

    for _ in range(CHANGES):
        change = await changes.make()

        meant = expected(newsroom, site)
        assert await shown(here, site) == meant, change
        assert await shown(elsewhere, site) == meant, change


async def test_an_answer_is_of_one_moment_while_others_change_the_calendar(
    newsroom: Newsroom, database: SessionDatabase, here: "CalendarServiceAsyncStub"
) -> None:
    site = newsroom.site()
    contents = [newsroom.approved(site) for _ in range(8)]
    job = {
        "dsn": database.dsn("publisher"),
        "site_id": site.id,
        "account_id": site.account_id,
        "content_ids": [content.id for content in contents],
        "now": newsroom.clock.now().isoformat(),
        "calls": CALLS,
        "seed": 1,
    }
    command = [sys.executable, "-m", "tests.publisher.calendar_client", json.dumps(job)]

    changing = await asyncio.create_subprocess_exec(*command, stdout=DEVNULL)
    answers = []
    while changing.returncode is None:
        answers.append((await here.GetCalendar(publisher.GetCalendarRequest(site_id=site.id))).calendar)

    assert changing.returncode == 0
    for calendar in answers:
        ids = [entry.content_id for entry in (*calendar.entries, *calendar.unscheduled)]
        assert sorted(ids) == sorted(content.id for content in contents)
        taken = [entry for entry in calendar.entries if entry.site_status != FAILED]
        assert sum(day.count for day in calendar.days) == len(taken)
    assert await shown(here, site) == expected(newsroom, site)


async def test_an_account_is_shown_nothing_of_another_with_the_same_titles_and_times(
    newsroom: Newsroom, served: Served, here: "CalendarServiceAsyncStub"
) -> None:
    mine, theirs = newsroom.site(), newsroom.site(account_id=OTHER_ACCOUNT_ID)
    contents = [newsroom.schedule(newsroom.approved(site, title="The same")) for site in (mine, theirs)]
    there = served.stub(publisher.CalendarServiceStub, caller=person(account_id=OTHER_ACCOUNT_ID))

    entries = [
        (await shown(stub, site))["entries"] for stub, site in ((here, mine), (there, theirs), (here, mine))
    ]

    assert [[entry["content_id"] for entry in each] for each in entries] == [
        [contents[0].id],
        [contents[1].id],
        [contents[0].id],
    ]
    with pytest.raises(RemoteRefusal) as refused:
        await shown(here, theirs)
    assert refused.value.reason == "NOT_FOUND"
