"""What tests of every service share: a clock to move, conditions to wait for, events to look at."""

from chassis.testing.clock import ManualClock
from chassis.testing.events import Recorded, recorded, recorded_jobs, send
from chassis.testing.schemas import CleanSchema, assert_schema_matches
from chassis.testing.waiting import until

__all__ = [
    "CleanSchema",
    "ManualClock",
    "Recorded",
    "assert_schema_matches",
    "recorded",
    "recorded_jobs",
    "send",
    "until",
]
