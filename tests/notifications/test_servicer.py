"""NotificationService over real gRPC: who may ask, what pages hold, and that no account sees another's."""

from typing import TYPE_CHECKING

import pytest
from igny8.notifications import v1 as notifications

from chassis.errors import RemoteRefusal
from chassis.identity import Caller, Role
from chassis.testing.callers import ACCOUNT_ID, OTHER_ACCOUNT_ID, api_key, operator, person, service
from chassis.testing.serving import Served
from services.notifications.domain.facts import AiFunction
from tests.notifications.builders import RUN_ID, after, credits_added, failed_task, task
from tests.notifications.feed import Feed

if TYPE_CHECKING:
    # The asynchronous stubs exist for type checkers only.
    from igny8.notifications.v1.notification_service_pb2_grpc import NotificationServiceAsyncStub

NOBODYS_ID = "0199ffff-0000-7000-8000-000000000000"


@pytest.fixture
def stub(served: Served) -> "NotificationServiceAsyncStub":
    """Calls of a viewer."""
    return served.stub(notifications.NotificationServiceStub, caller=person(Role.VIEWER))


@pytest.fixture
def others(served: Served) -> "NotificationServiceAsyncStub":
    """Calls of another account's owner."""
    return served.stub(notifications.NotificationServiceStub, caller=person(account_id=OTHER_ACCOUNT_ID))


async def test_a_list_has_the_latest_first(stub: "NotificationServiceAsyncStub", feed: Feed) -> None:
    feed.tell(task(), credits_added(occurred_at=after(hours=1)), failed_task(occurred_at=after(minutes=1)))

    listed = await stub.List(notifications.ListRequest())

    assert [each.notification_type for each in listed.notifications] == [
        "credits_added",
        "ai_image_failed",
        "ai_image_success",
    ]
    assert listed.next_page_token == ""


async def test_pages_hold_everything_once(stub: "NotificationServiceAsyncStub", feed: Feed) -> None:
    # Many of one instant, so that only the id tells them apart.
    told = feed.tell(*[task(occurred_at=after(minutes=number // 3)) for number in range(8)])
    seen: list[str] = []
    token = ""

    for _ in range(3):
        page = await stub.List(notifications.ListRequest(page_size=3, page_token=token))
        seen += [each.id for each in page.notifications]
        token = page.next_page_token

    assert token == ""
    assert sorted(seen) == sorted(each.id for each in told)


async def test_only_unread_ones_may_be_asked_for(stub: "NotificationServiceAsyncStub", feed: Feed) -> None:
    first, second = feed.tell(task(), task())
    feed.mark_read(first.id)

    listed = await stub.List(notifications.ListRequest(unread_only=True))

    assert [each.id for each in listed.notifications] == [second.id]


@pytest.mark.parametrize(("asked", "count"), [("ai_ideas_success", 1), ("never_heard_of", 0), ("", 2)])
async def test_one_type_may_be_asked_for(
    stub: "NotificationServiceAsyncStub", feed: Feed, asked: str, count: int
) -> None:
    feed.tell(task(), task(AiFunction.GENERATE_IDEAS))

    listed = await stub.List(notifications.ListRequest(notification_type=asked))

    assert len(listed.notifications) == count


async def test_a_token_of_another_list_is_refused(stub: "NotificationServiceAsyncStub", feed: Feed) -> None:
    feed.tell(task(), task())
    page = await stub.List(notifications.ListRequest(page_size=1))

    with pytest.raises(RemoteRefusal) as refused:
        await stub.List(notifications.ListRequest(page_token=page.next_page_token, unread_only=True))

    assert refused.value.reason == "PAGE_TOKEN_INVALID"


async def test_the_counter_is_told(stub: "NotificationServiceAsyncStub", feed: Feed) -> None:
    feed.tell(task(run_id=RUN_ID), task(run_id=RUN_ID), task())

    assert (await stub.CountUnread(notifications.CountUnreadRequest())).unread == 2


async def test_one_is_marked_as_read(stub: "NotificationServiceAsyncStub", feed: Feed) -> None:
    [told] = feed.tell(task())
    request = notifications.MarkReadRequest(notification_id=told.id)

    first, again = await stub.MarkRead(request), await stub.MarkRead(request)

    assert first.notification.read
    assert again == first
    assert feed.unread() == 0


async def test_all_are_marked_as_read(stub: "NotificationServiceAsyncStub", feed: Feed) -> None:
    feed.tell(task(), task())

    assert (await stub.MarkAllRead(notifications.MarkAllReadRequest())).marked == 2
    assert (await stub.MarkAllRead(notifications.MarkAllReadRequest())).marked == 0


@pytest.mark.parametrize(
    ("notification_id", "reason"),
    [(NOBODYS_ID, "NOT_FOUND"), ("not an id", "REQUEST_INVALID"), ("", "REQUEST_INVALID")],
)
async def test_what_is_not_there_cannot_be_marked(
    stub: "NotificationServiceAsyncStub", notification_id: str, reason: str
) -> None:
    with pytest.raises(RemoteRefusal) as refused:
        await stub.MarkRead(notifications.MarkReadRequest(notification_id=notification_id))

    assert refused.value.reason == reason


async def test_another_account_sees_nothing(others: "NotificationServiceAsyncStub", feed: Feed) -> None:
    feed.tell(task(), task())

    listed = await others.List(notifications.ListRequest())
    unread = await others.CountUnread(notifications.CountUnreadRequest())

    assert (list(listed.notifications), unread.unread) == ([], 0)


async def test_another_account_marks_nothing(others: "NotificationServiceAsyncStub", feed: Feed) -> None:
    [told] = feed.tell(task())

    with pytest.raises(RemoteRefusal) as refused:
        await others.MarkRead(notifications.MarkReadRequest(notification_id=told.id))
    marked = await others.MarkAllRead(notifications.MarkAllReadRequest())

    assert (refused.value.reason, marked.marked) == ("NOT_FOUND", 0)
    assert feed.unread(account_id=ACCOUNT_ID) == 1


@pytest.mark.parametrize(
    "caller", [person(Role.VIEWER), api_key(Role.VIEWER), service()], ids=lambda caller: caller.kind.value
)
async def test_everybody_of_the_account_reads(served: Served, feed: Feed, caller: Caller) -> None:
    feed.tell(task())

    listed = await served.stub(notifications.NotificationServiceStub, caller=caller).List(
        notifications.ListRequest()
    )

    assert len(listed.notifications) == 1


@pytest.mark.parametrize(
    ("caller", "reason"),
    [
        (None, "UNAUTHENTICATED"),
        (operator(), "PERMISSION_DENIED"),
        (service(account_id=None), "PERMISSION_DENIED"),
    ],
)
async def test_nobody_without_an_account_reads(served: Served, caller: Caller | None, reason: str) -> None:
    stub = served.stub(notifications.NotificationServiceStub, caller=caller, anonymous=caller is None)

    with pytest.raises(RemoteRefusal) as refused:
        await stub.List(notifications.ListRequest())

    assert refused.value.reason == reason
