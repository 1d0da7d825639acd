"""Refusals on the wire: a `google.rpc.Status` from a refusal and a refusal from a status, by the catalogue of reasons."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final, cast

import grpc
from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.duration_pb2 import Duration
from google.rpc import error_details_pb2, status_pb2
from igny8.errors.v1 import error_reason_pb2
from igny8.options.v1 import options_pb2

from chassis.refusal import FieldFault, Refusal

DOMAIN: Final = "igny8"
STATUS_DETAILS: Final = "grpc-status-details-bin"
"""The trailing metadata key of the rich error model, https://grpc.io/docs/guides/error/."""

# A status travels in metadata, which grpc bounds: what is longer is cut rather than losing the whole answer.
MESSAGE_LENGTH_MAX: Final = 2000
METADATA_VALUE_LENGTH_MAX: Final = 500
FIELDS_MAX: Final = 30

RETRY_SECONDS_DEFAULT: Final = 1.0


@dataclass(frozen=True, slots=True)
class Meaning:
    """What an error reason means on the wire."""

    reason: str
    code: grpc.StatusCode
    http_status: int
    retryable: bool


def _read_catalogue() -> dict[str, Meaning]:
    codes = {code.value[0]: code for code in grpc.StatusCode}
    found: dict[str, Meaning] = {}
    for value in error_reason_pb2.ErrorReason.DESCRIPTOR.values:
        if value.number == 0:
            continue
        reason = value.name.removeprefix("ERROR_REASON_")
        said = value.GetOptions().Extensions[options_pb2.error]
        assert said.http_status, f"{value.name} has no (igny8.options.v1.error)"
        found[reason] = Meaning(reason, codes[said.code], said.http_status, said.retryable)
    return found


CATALOGUE: Final[Mapping[str, Meaning]] = _read_catalogue()
"""Every reason of `protos/igny8/errors/v1/error_reason.proto`, without its prefix."""


def meaning_of(reason: str) -> Meaning:
    """What a reason means; a name outside the catalogue is a fault of ours, so INTERNAL."""
    return CATALOGUE.get(reason) or CATALOGUE["INTERNAL"]


class Internal(Refusal):
    """A fault of ours, told without its text; the log has that under the error id."""

    reason = "INTERNAL"

    def __init__(self, error_id: str) -> None:
        super().__init__(
            f"Something went wrong on our side. Error id: {error_id}.", metadata={"error_id": error_id}
        )


class RemoteRefusal(Refusal):
    """A refusal by another service, or the failure to reach it. Let through, it reaches our own caller as it is.

    `service` is the callee; `retryable` says whether the same call may succeed later; `code` is the gRPC
    code it came with.
    """

    service: str = ""
    code: grpc.StatusCode = grpc.StatusCode.UNKNOWN
    retry_after_seconds: float | None = None

    @property
    def retryable(self) -> bool:
        """Whether the same call may succeed later without anybody changing anything."""
        return meaning_of(self.reason).retryable


@cache
def _remote_kind(reason: str) -> type[RemoteRefusal]:
    """The subclass for a reason, since a refusal's reason belongs to its class."""
    name = "Remote" + reason.title().replace("_", "")
    return type(name, (RemoteRefusal,), {"reason": reason, "__module__": __name__})


def remote_refusal(
    reason: str,
    message: str,
    *,
    service: str,
    code: grpc.StatusCode | None = None,
    metadata: Mapping[str, str] | None = None,
    fields: Sequence[FieldFault] = (),
    retry_after_seconds: float | None = None,
) -> RemoteRefusal:
    """A RemoteRefusal of the given reason; a reason this build does not know becomes INTERNAL, kept in metadata."""
    known = reason if reason in CATALOGUE else "INTERNAL"
    kept = dict(metadata or {}) | ({} if known == reason else {"reason": reason})
    refusal = _remote_kind(known)(message, metadata=kept, fields=fields)
    refusal.service = service
    refusal.code = code or meaning_of(known).code
    refusal.retry_after_seconds = retry_after_seconds
    return refusal


def to_status(refusal: Refusal) -> status_pb2.Status:
    """The rich status of a refusal: ErrorInfo always, BadRequest for fields, RetryInfo where a retry can help."""
    meaning = meaning_of(refusal.reason)
    info = error_details_pb2.ErrorInfo(reason=meaning.reason, domain=DOMAIN)
    for key, value in refusal.metadata.items():
        info.metadata[key] = str(value)[:METADATA_VALUE_LENGTH_MAX]
    details = [_packed(info)]
    if refusal.fields:
        violations = [
            error_details_pb2.BadRequest.FieldViolation(field=fault.field, description=fault.message)
            for fault in refusal.fields[:FIELDS_MAX]
        ]
        details.append(_packed(error_details_pb2.BadRequest(field_violations=violations)))
    if meaning.retryable:
        details.append(_packed(error_details_pb2.RetryInfo(retry_delay=_delay(refusal))))
    return status_pb2.Status(
        code=meaning.code.value[0], message=refusal.message[:MESSAGE_LENGTH_MAX], details=details
    )


def from_rpc_error(error: grpc.aio.AioRpcError, *, service: str, reached: bool = True) -> RemoteRefusal:
    """The refusal in a failed call to `service`; `reached` is whether there was a connection when it failed."""
    trailing = cast(Iterable[tuple[str, str | bytes]], error.trailing_metadata() or ())
    for key, value in trailing:
        if key == STATUS_DETAILS and isinstance(value, bytes):
            refusal = from_status(status_pb2.Status.FromString(value), service=service)
            if refusal is not None:
                return refusal
    return _without_details(error, service=service, reached=reached)


def from_status(status: status_pb2.Status, *, service: str) -> RemoteRefusal | None:
    """The refusal a rich status tells; None when it is not one of ours."""
    info: error_details_pb2.ErrorInfo | None = None
    fields: list[FieldFault] = []
    retry_after: float | None = None
    for detail in status.details:
        if detail.Is(error_details_pb2.ErrorInfo.DESCRIPTOR):
            info = error_details_pb2.ErrorInfo.FromString(detail.value)
        elif detail.Is(error_details_pb2.BadRequest.DESCRIPTOR):
            bad = error_details_pb2.BadRequest.FromString(detail.value)
            fields = [FieldFault(fault.field, fault.description) for fault in bad.field_violations]
        elif detail.Is(error_details_pb2.RetryInfo.DESCRIPTOR):
            delay = error_details_pb2.RetryInfo.FromString(detail.value).retry_delay
            retry_after = delay.seconds + delay.nanos / 1e9
    if info is None or info.domain != DOMAIN:
        return None
    return remote_refusal(
        info.reason,
        status.message,
        service=service,
        metadata=dict(info.metadata),
        fields=fields,
        retry_after_seconds=retry_after,
    )


def _without_details(error: grpc.aio.AioRpcError, *, service: str, reached: bool) -> RemoteRefusal:
    """What grpc itself says, in our words; its own text stays in the log, never in an answer."""
    code = error.code()
    # A cancellation of our own is a CancelledError here; one that comes as a status is a server that went away.
    gone = code in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED)
    if gone or (code is grpc.StatusCode.DEADLINE_EXCEEDED and not reached):
        reason = "SERVICE_UNAVAILABLE"
        message = f"The {service} service cannot be reached just now. Try again in a few seconds."
    elif code is grpc.StatusCode.DEADLINE_EXCEEDED:
        reason = "DEADLINE_EXCEEDED"
        message = f"The {service} service took too long. Repeat the request with the same request_id."
    elif code is grpc.StatusCode.RESOURCE_EXHAUSTED:
        # grpc gives this code to a full server and to a message over its limit; only its text tells which.
        if "message larger than max" in (error.details() or "").lower():
            reason, message = "PAYLOAD_TOO_LARGE", "The message is larger than 4 MiB. Send less at once."
        else:
            reason, message = "OVERLOADED", f"The {service} service is busy. Try again in a second."
    else:
        reason, message = "INTERNAL", f"The {service} service failed to answer."
    return remote_refusal(reason, message, service=service, code=code, metadata={"service": service})


def _delay(refusal: Refusal) -> Duration:
    try:
        seconds = float(refusal.metadata.get("retry_after_seconds", RETRY_SECONDS_DEFAULT))
    except ValueError:
        seconds = RETRY_SECONDS_DEFAULT
    return Duration(seconds=int(seconds), nanos=int(seconds % 1 * 1e9))


def _packed(
    message: error_details_pb2.ErrorInfo | error_details_pb2.BadRequest | error_details_pb2.RetryInfo,
) -> AnyMessage:
    packed = AnyMessage()
    packed.Pack(message)
    return packed
