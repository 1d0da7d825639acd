"""One call being served, as the interceptors hand it to each other."""

import time
from dataclasses import dataclass, field

from google.protobuf.descriptor import MethodDescriptor
from igny8.options.v1 import options_pb2

from chassis.access import access_of, changes_something
from chassis.identity import Caller
from chassis.telemetry import Span
from chassis.validation import Validate, validator


@dataclass(frozen=True, slots=True)
class Method:
    """What the protos say of a method, read once when its servicer is added."""

    path: str
    name: str
    access: "options_pb2.Access.ValueType"
    changes: bool
    validate: Validate
    attributes: dict[str, str | int]

    @classmethod
    def of(cls, descriptor: MethodDescriptor) -> "Method":
        """Raises ValueError for rules in its request that cannot be kept."""
        service = descriptor.containing_service
        return cls(
            path=f"/{service.full_name}/{descriptor.name}",
            name=descriptor.full_name,
            access=access_of(descriptor),
            changes=changes_something(descriptor),
            validate=validator(descriptor.input_type),
            attributes={"rpc.system.name": "grpc", "rpc.method": descriptor.full_name},
        )


@dataclass(slots=True)
class Call:
    """One call: when it began, in which span, and, once admitted, by whom."""

    method: Method
    span: Span
    authorization: str = ""
    caller: Caller | None = None
    reason: str = ""
    started: float = field(default_factory=time.perf_counter)
