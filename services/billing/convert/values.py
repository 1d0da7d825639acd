"""Amounts of money as decimal strings, instants as timestamps: the chassis' conversions as billing's hot path wants them."""

from datetime import datetime
from decimal import Decimal
from functools import lru_cache

from google.protobuf.timestamp_pb2 import Timestamp

from chassis import plain
from chassis.plain import instant_from_proto as instant_from_proto
from chassis.plain import money_to_proto as money_to_proto


def money_from_proto(text: str) -> Decimal:
    """The amount of a decimal string; an empty one is 0."""
    return Decimal(text or 0)


@lru_cache(maxsize=512)
def instant_to_proto(instant: datetime) -> Timestamp:
    """One message for everything of an instant, such as all that is written together; it is never changed."""
    return plain.instant_to_proto(instant)


def maybe_to_proto(instant: datetime | None) -> Timestamp | None:
    return None if instant is None else instant_to_proto(instant)
