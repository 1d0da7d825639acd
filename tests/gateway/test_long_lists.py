"""JSON of long lists is that of short ones, whatever was written before, and for whomever."""

import random
from typing import Any

import orjson
import pytest
from igny8.publisher import v1 as publisher

from chassis import wire_json
from chassis.paging import PAGE_SIZE_MAX
from chassis.plain import instant_fields
from chassis.testing.clock import START
from gateway.long_lists import long_lists


def calendar(entries: int, *, seed: int = 1) -> publisher.Calendar:
    """A calendar in which fields are set at random, unknown words and unusual characters among them."""
    chosen = random.Random(seed)
    made = publisher.Calendar(time_zone="Europe/Rome", daily_limit=3)
    for number in range(entries):
        made.entries.add(
            content_id=f"{number}",
            title=chosen.choice(("", 'A "heap"\n', "Über 🌱", "\u2028\\ \x1f")),
            status=chosen.randrange(0, 9),
            scheduled_publish_at=instant_fields(chosen.choice((None, START))),
            external_url=chosen.choice(("", "https://example.com/")),
        )
    made.days.add(date="2026-11-02", count=entries)
    return made


@pytest.mark.parametrize("entries", [0, 1, PAGE_SIZE_MAX, PAGE_SIZE_MAX + 1, 1_000])
def test_a_list_of_any_length_is_written_as_its_elements_are(entries: int) -> None:
    made = calendar(entries)

    written = [wire_json.to_json_bytes(made, long_lists) for _ in range(2)]

    assert written == [wire_json.to_json_bytes(made)] * 2


def test_what_changed_is_written_as_it_is_now() -> None:
    made = calendar(PAGE_SIZE_MAX + 50)
    wire_json.to_json_bytes(made, long_lists)
    made.entries[17].title = "Another"
    del made.entries[30]
    made.entries[40].ClearField("scheduled_publish_at")
    made.entries.add(title="One more")

    assert wire_json.to_json_bytes(made, long_lists) == wire_json.to_json_bytes(made)


def test_the_list_of_a_message_inside_is_written_alike() -> None:
    answer = publisher.GetCalendarResponse(calendar=calendar(PAGE_SIZE_MAX + 1))

    assert wire_json.to_json_bytes(answer, long_lists) == wire_json.to_json_bytes(answer)


def test_elements_of_other_types_with_the_same_bytes_are_their_own() -> None:
    """As those of two accounts are told apart: by all that is sent to them."""
    long = PAGE_SIZE_MAX + 1
    counts = publisher.Calendar(days=[publisher.CalendarCount(date="the same")] * long)
    moved = publisher.ShiftScheduleResponse(moved=[publisher.MovedContent(content_id="the same")] * long)
    assert counts.days[0].SerializeToString() == moved.moved[0].SerializeToString()

    written: list[dict[str, Any]] = [
        orjson.loads(wire_json.to_json_bytes(message, long_lists)) for message in (counts, moved)
    ]

    assert written[0]["days"][0] == {"date": "the same", "count": 0, "full": False}
    assert written[1]["moved"][0] == {
        "content_id": "the same",
        "title": "",
        "scheduled_publish_at": None,
    }
