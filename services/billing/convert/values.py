"""Amounts of money as decimal strings, instants as timestamps."""

from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache

from google.protobuf.timestamp_pb2 import Timestamp


def money_to_proto(usd: Decimal) -> str:
    """An amount of USD as people write it: no exponent, no zeros at the end."""
    text = format(usd, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def money_from_proto(text: str) -> Decimal:
    """The amount of a decimal string; an empty one is 0."""
    return Decimal(text or 0)


@lru_cache(maxsize=512)
def instant_to_proto(instant: datetime) -> Timestamp:
    """One message for everything of an instant, such as all that is written together; it is never changed."""
    timestamp = Timestamp()
    timestamp.FromDatetime(instant)
    return timestamp


def instant_from_proto(timestamp: Timestamp) -> datetime:
    return timestamp.ToDatetime(tzinfo=UTC)


def maybe_to_proto(instant: datetime | None) -> Timestamp | None:
    return None if instant is None else instant_to_proto(instant)
