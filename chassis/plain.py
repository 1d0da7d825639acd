"""Between plain Python values and the values messages hold: instants, money, free-form data. No noun of the product."""

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from google.protobuf.struct_pb2 import Struct
from google.protobuf.timestamp_pb2 import Timestamp

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def instant_to_proto(instant: datetime) -> Timestamp:
    """A time-zone-aware instant. By hand, since Timestamp.FromDatetime takes three times as long."""
    since = instant - _EPOCH
    return Timestamp(seconds=since.days * 86_400 + since.seconds, nanos=since.microseconds * 1_000)


def instant_fields(instant: datetime | None) -> dict[str, int] | None:
    """What a message that is made in place by `add(…)` takes for a Timestamp, which is then not made and copied."""
    if instant is None:
        return None
    since = instant - _EPOCH
    return {"seconds": since.days * 86_400 + since.seconds, "nanos": since.microseconds * 1_000}


def maybe_instant_to_proto(instant: datetime | None) -> Timestamp | None:
    """None stays absent."""
    return None if instant is None else instant_to_proto(instant)


def instant_from_proto(timestamp: Timestamp) -> datetime:
    """The instant in UTC."""
    return timestamp.ToDatetime(tzinfo=UTC)


def money_to_proto(usd: Decimal) -> str:
    """An amount as people write it: no exponent, no zeros at the end."""
    text = format(usd, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def struct_to_proto(values: Mapping[str, Any]) -> Struct:
    """JSON-like values; their integers come back as whole numbers by `chassis.wire_values.write_struct`."""
    struct = Struct()
    struct.update(dict(values))
    return struct
