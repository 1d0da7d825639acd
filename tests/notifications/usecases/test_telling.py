"""Facts told on the real database: one row each, one that counts per run and type, and an event for every one."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from igny8.notifications import v1 as notifications
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from chassis.testing.callers import ACCOUNT_ID, OTHER_ACCOUNT_ID
from services.notifications.domain.facts import AiFunction
from tests.notifications.builders import RUN_ID, TASK_ID, after, credits_added, failed_task, task
from tests.notifications.feed import Feed

OTHER_RUN_ID = "0199aaaa-0000-7000-8000-0000000000bb"


def test_what_was_told_is_read_back_whole(feed: Feed) -> None:
    [told] = feed.tell(task())

    assert feed.newest() == [told]
    assert feed.unread() == 1


def test_by_hand_each_execution_is_a_row(feed: Feed) -> None:
    feed.tell(task(), task())

    assert [notification.count for notification in feed.newest()] == [1, 1]


def test_in_a_run_one_row_counts(feed: Feed) -> None:
    feed.tell(*[task(run_id=RUN_ID) for _ in range(5)])

    [row] = feed.newest()
    assert (row.count, row.metadata["images_created"], row.title) == (5, 30, "30 images made")
    assert feed.unread() == 1


def test_each_run_type_and_account_counts_for_itself(feed: Feed) -> None:
    feed.tell(task(run_id=RUN_ID), task(run_id=OTHER_RUN_ID), failed_task(run_id=RUN_ID))
    feed.tell(task(AiFunction.GENERATE_IDEAS, run_id=RUN_ID))
    feed.tell(task(run_id=RUN_ID), account_id=OTHER_ACCOUNT_ID)

    assert len(feed.newest()) == 4
    assert [row.count for row in feed.newest(account_id=OTHER_ACCOUNT_ID)] == [1]


def test_one_more_makes_a_read_one_unread_again(feed: Feed) -> None:
    [first] = feed.tell(task(run_id=RUN_ID))
    feed.mark_read(first.id)

    feed.tell(task(run_id=RUN_ID))

    assert feed.unread() == feed.recount() == 1


def test_the_one_with_the_latest_event_comes_first(feed: Feed) -> None:
    counting, single = feed.tell(task(run_id=RUN_ID), credits_added(occurred_at=after(minutes=1)))

    feed.tell(task(run_id=RUN_ID, occurred_at=after(minutes=2)))

    assert [row.id for row in feed.newest()] == [counting.id, single.id]


def test_every_fact_is_announced_with_the_number_unread(feed: Feed) -> None:
    feed.tell(task(run_id=RUN_ID), task(run_id=RUN_ID), credits_added())

    events = feed.recorded()
    created = [event.as_message(notifications.NotificationCreated) for event in events]
    assert {event.subject for event in events} == {f"igny8.v1.notifications.{ACCOUNT_ID}.created"}
    assert [
        (each.notification.notification_type, each.notification.count, each.unread) for each in created
    ] == [
        ("ai_image_success", 1, 1),
        ("ai_image_success", 2, 1),
        ("credits_added", 1, 2),
    ]


def test_many_at_once_on_one_run_lose_no_count(feed: Feed) -> None:
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(feed.tell, [task(run_id=RUN_ID)] * 40))

    [row] = feed.newest()
    assert (row.count, row.metadata["credits_used"]) == (40, 1200)
    assert feed.unread() == feed.recount() == 1


def test_first_ones_at_once_are_all_counted(feed: Feed) -> None:
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(feed.tell, [task()] * 16))

    assert feed.unread() == feed.recount() == 16


@pytest.mark.parametrize("count", [0, 2])
def test_the_database_keeps_counts_to_runs(feed: Feed, count: int) -> None:
    feed.tell(task())

    with (
        pytest.raises(IntegrityError, match="notification_count"),
        feed.transactions.engine.begin() as open_one,
    ):
        open_one.execute(text(f"UPDATE igny8_notifications_notification SET count = {count}"))


def test_the_database_allows_one_row_per_run_and_type(feed: Feed) -> None:
    feed.tell(task(run_id=RUN_ID), task(run_id=OTHER_RUN_ID, task_id=TASK_ID))

    with (
        pytest.raises(IntegrityError, match="notification_of_run"),
        feed.transactions.engine.begin() as open_one,
    ):
        open_one.execute(text(f"UPDATE igny8_notifications_notification SET run_id = '{RUN_ID}'"))
