"""What is remembered of a function is what it would answer, never too much, and nothing but time is saved by it."""

import gc
import weakref
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given, strategies

from chassis.remembered import Remembered


class Answer:
    """What a function gives, which can be seen to be gone."""

    def __init__(self, number: int) -> None:
        self.number = number


def counted(weight_max: int) -> tuple[Remembered[int, int], list[int]]:
    """A square that each weigh one, and what the function was asked for."""
    asked: list[int] = []

    def square(number: int) -> int:
        asked.append(number)
        return number * number

    return Remembered(square, weigh=lambda _, __: 1, weight_max=weight_max), asked


@given(
    strategies.lists(strategies.lists(strategies.integers(0, 30)), max_size=30), strategies.integers(0, 20)
)
def test_each_answer_is_the_functions_whatever_was_asked_before(
    questions: list[list[int]], weight_max: int
) -> None:
    squares, _ = counted(weight_max)

    answers = [squares.each(question) for question in questions]

    assert answers == [[number * number for number in question] for question in questions]


def test_what_is_remembered_is_not_made_again() -> None:
    squares, asked = counted(weight_max=10)

    squares.each([3, 1, 3])
    squares.each([1, 3, 2])

    assert asked == [3, 1, 2]


def test_what_nobody_asks_for_while_much_else_is_asked_for_is_forgotten() -> None:
    squares, asked = counted(weight_max=8)
    squares.each([1, 2])

    for number in range(10, 30):
        squares.each([2, number])
    squares.each([1, 2])

    assert (asked.count(1), asked.count(2)) == (2, 1)


def test_what_is_kept_weighs_no_more_than_it_may() -> None:
    alive: weakref.WeakSet[Answer] = weakref.WeakSet()

    def answer(number: int) -> Answer:
        alive.add(made := Answer(number))
        return made

    remembered = Remembered(answer, weigh=lambda _, made: made.number % 7, weight_max=100)
    for number in range(1_000):
        remembered.each([number, number + 1])
    gc.collect()

    assert 0 < sum(kept.number % 7 for kept in alive) <= 100


def test_an_answer_that_is_too_heavy_is_given_and_not_kept() -> None:
    remembered = Remembered(str, weigh=lambda _, text: len(text), weight_max=4)

    assert remembered.each([123_456, 1]) == ["123456", "1"]
    assert remembered.each([123_456, 1]) == ["123456", "1"]


def test_a_refusal_is_not_remembered() -> None:
    refusing = [True]

    def once(number: int) -> int:
        if refusing and number == 2:
            refusing.clear()
            raise ValueError(number)
        return number

    remembered = Remembered(once, weigh=lambda _, __: 1, weight_max=10)
    with pytest.raises(ValueError, match="2"):
        remembered.each([1, 2, 3])

    assert remembered.each([1, 2, 3]) == [1, 2, 3]


def test_threads_that_share_it_each_get_their_own_answers() -> None:
    squares, _ = counted(weight_max=40)
    questions = [
        [start + step * stride for step in range(50)] for start in range(20) for stride in range(1, 5)
    ]

    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(squares.each, questions))

    assert answers == [[number * number for number in question] for question in questions]
