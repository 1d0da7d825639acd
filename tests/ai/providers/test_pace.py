"""Turns that come at an even rate, and a breaker that opens at half of 20 calls."""

import pytest

from services.ai.providers.pace import OPEN_SECONDS, Breaker, Bucket


def test_without_a_limit_every_turn_is_now() -> None:
    bucket = Bucket(0)

    assert [bucket.take(5.0) for _ in range(100)] == [0.0] * 100


def test_a_second_of_turns_is_taken_at_once_and_the_next_come_evenly() -> None:
    bucket = Bucket(120)

    assert [bucket.take(100.0) for _ in range(5)] == pytest.approx([0, 0, 0.5, 1.0, 1.5])


def test_turns_that_nobody_took_are_not_saved_beyond_a_second() -> None:
    bucket = Bucket(60)
    bucket.take(0.0)

    assert [bucket.take(3600.0) for _ in range(3)] == pytest.approx([0, 1, 2])


def ended(breaker: Breaker, *calls: bool | None, now: float = 0.0) -> Breaker:
    for fine in calls:
        breaker.end(fine=fine, probe=breaker.begin(), now=now)
    return breaker


def opened() -> Breaker:
    return ended(Breaker(), *[True, False] * 10)


@pytest.mark.parametrize(
    "calls",
    [[False] * 19, [True] * 11 + [False] * 9, [None] * 40, [False] * 9 + [True] * 20 + [False] * 9],
)
def test_it_stays_closed_until_half_of_twenty_have_failed(calls: list[bool | None]) -> None:
    assert ended(Breaker(), *calls).withheld(0.0) == 0


def test_it_opens_when_half_of_the_last_twenty_have_failed() -> None:
    assert opened().withheld(1.0) == OPEN_SECONDS - 1


def test_after_its_time_one_call_is_let_through_and_the_others_wait_for_it() -> None:
    breaker = opened()

    assert breaker.withheld(OPEN_SECONDS) == 0
    assert breaker.begin()
    assert breaker.withheld(OPEN_SECONDS) > 0


def test_a_good_answer_to_the_one_closes_it() -> None:
    breaker = ended(opened(), True, now=OPEN_SECONDS)

    assert breaker.withheld(OPEN_SECONDS) == 0
    assert not breaker.begin()


def test_another_failure_of_the_one_opens_it_again() -> None:
    breaker = ended(opened(), False, now=OPEN_SECONDS)

    assert breaker.withheld(OPEN_SECONDS) == OPEN_SECONDS


def test_when_the_one_was_cut_short_the_next_decides() -> None:
    breaker = ended(opened(), None, now=OPEN_SECONDS)

    assert breaker.withheld(OPEN_SECONDS) == 0
    assert breaker.begin()


def test_calls_that_were_made_before_it_opened_change_nothing() -> None:
    breaker = opened()

    breaker.end(fine=True, probe=False, now=1.0)

    assert breaker.withheld(1.0) > 0
