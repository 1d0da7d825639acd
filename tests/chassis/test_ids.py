"""Ids are UUIDv7, ever greater, and what is no id is simply not found."""

import time
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import pytest

from chassis.ids import is_id, known_id, new_id
from chassis.refusal import NotFound


def test_an_id_is_a_uuid_of_version_7() -> None:
    made = UUID(new_id())

    assert made.version == 7
    assert made.variant == "specified in RFC 4122"


def test_an_id_tells_when_it_was_made() -> None:
    before = time.time_ns() // 1_000_000

    made = UUID(new_id()).int >> 80

    # A burst of ids may run ahead of the clock by some milliseconds.
    assert before <= made < before + 1000


def test_ids_grow_even_within_a_millisecond() -> None:
    made = [new_id() for _ in range(10_000)]

    assert made == sorted(set(made))


def test_threads_never_make_the_same_id() -> None:
    with ThreadPoolExecutor(8) as threads:
        made = list(threads.map(lambda _: new_id(), range(10_000)))

    assert len(set(made)) == 10_000


def test_an_id_is_known_in_lower_case() -> None:
    made = new_id()

    assert known_id(made.upper(), kind="site") == made


@pytest.mark.parametrize(
    "text", ["", "1", "../etc", "0199aaaa00007000800000000000000f", "g" * 36, "x" * 5000]
)
def test_what_is_no_id_is_not_found(text: str) -> None:
    assert not is_id(text)

    with pytest.raises(NotFound) as refused:
        known_id(text, kind="site")

    assert refused.value.metadata["kind"] == "site"
    assert len(refused.value.metadata["id"]) <= 100
