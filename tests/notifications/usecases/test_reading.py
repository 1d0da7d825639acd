"""Marking as read, and a counter that equals a recount whatever was done."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from igny8.notifications import v1 as notifications

from chassis.refusal import NotFound
from chassis.testing.callers import ACCOUNT_ID, OTHER_ACCOUNT_ID
from services.notifications.domain.facts import AiFunction
from tests.notifications.builders import RUN_ID, task
from tests.notifications.feed import Feed

NOBODYS_ID = "0199ffff-0000-7000-8000-000000000000"


def test_reading_one_takes_it_off_the_counter(feed: Feed) -> None:
    first, _ = feed.tell(task(), task())

    read = feed.mark_read(first.id)

    assert read.read_at == feed.clock.now()
    assert feed.unread() == feed.recount() == 1


def test_reading_it_again_changes_and_announces_nothing(feed: Feed) -> None:
    [told] = feed.tell(task())
    first = feed.mark_read(told.id)
    announced = len(feed.recorded())
    feed.clock.advance(minutes=1)

    assert feed.mark_read(told.id) == first
    assert len(feed.recorded()) == announced
    assert feed.unread() == 0


def test_reading_is_announced_with_the_number_left(feed: Feed) -> None:
    first, _ = feed.tell(task(), task())
    feed.mark_read(first.id)

    feed.mark_all_read()

    one, rest = [each.as_message(notifications.NotificationRead) for each in feed.recorded()[2:]]
    assert (one.notification_id, one.unread) == (first.id, 1)
    assert (rest.notification_id, rest.unread, rest.account_id) == ("", 0, ACCOUNT_ID)


def test_all_are_marked_and_counted(feed: Feed) -> None:
    feed.tell(task(), task(), task())

    assert feed.mark_all_read() == 3
    assert feed.unread() == feed.recount() == 0


def test_marking_all_when_all_are_read_announces_nothing(feed: Feed) -> None:
    feed.tell(task())
    feed.mark_all_read()
    announced = len(feed.recorded())

    assert feed.mark_all_read() == 0
    assert len(feed.recorded()) == announced


def test_an_account_that_was_told_nothing_has_nothing_unread(feed: Feed) -> None:
    assert feed.unread() == 0
    assert feed.mark_all_read() == 0


@pytest.mark.parametrize("reader", [ACCOUNT_ID, OTHER_ACCOUNT_ID])
def test_what_is_not_there_or_another_accounts_is_not_found(feed: Feed, reader: str) -> None:
    [others] = feed.tell(task(), account_id=OTHER_ACCOUNT_ID)
    wanted = others.id if reader == ACCOUNT_ID else NOBODYS_ID

    with pytest.raises(NotFound):
        feed.mark_read(wanted, account_id=reader)

    assert feed.unread(account_id=OTHER_ACCOUNT_ID) == 1


def test_marking_all_leaves_other_accounts_alone(feed: Feed) -> None:
    feed.tell(task())
    feed.tell(task(), account_id=OTHER_ACCOUNT_ID)

    feed.mark_all_read()

    assert feed.unread(account_id=OTHER_ACCOUNT_ID) == feed.recount(account_id=OTHER_ACCOUNT_ID) == 1


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["by hand", "in a run", "other in a run", "read one", "read all"]),
        st.sampled_from([ACCOUNT_ID, OTHER_ACCOUNT_ID]),
        st.integers(0, 20),
    ),
    max_size=15,
)


@given(steps=STEPS)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_counter_equals_a_recount_after_anything(feed: Feed, steps: list[tuple[str, str, int]]) -> None:
    # The examples go on from each other's rows: the rule holds from any state.
    for step, account_id, number in steps:
        _do(feed, step, account_id, number)

    for account_id in (ACCOUNT_ID, OTHER_ACCOUNT_ID):
        assert feed.unread(account_id=account_id) == feed.recount(account_id=account_id)


def _do(feed: Feed, step: str, account_id: str, number: int) -> None:
    match step:
        case "by hand":
            feed.tell(task(), account_id=account_id)
        case "in a run":
            feed.tell(task(run_id=RUN_ID), account_id=account_id)
        case "other in a run":
            feed.tell(task(AiFunction.GENERATE_IDEAS, run_id=RUN_ID), account_id=account_id)
        case "read one" if rows := feed.newest(account_id=account_id):
            feed.mark_read(rows[number % len(rows)].id, account_id=account_id)
        case "read all":
            feed.mark_all_read(account_id=account_id)
