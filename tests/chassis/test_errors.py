"""Refusals there and back: what leaves as a status arrives as the same refusal, and strangers' errors as ours."""

import grpc
import pytest
from google.protobuf.any_pb2 import Any as AnyMessage
from google.rpc import error_details_pb2, status_pb2

from chassis.errors import (
    CATALOGUE,
    DOMAIN,
    FIELDS_MAX,
    STATUS_DETAILS,
    Internal,
    RemoteRefusal,
    from_rpc_error,
    from_status,
    meaning_of,
    to_status,
)
from chassis.refusal import FieldFault, NotFound, Refusal, RequestInvalid, ServiceUnavailable


class InsufficientCredits(Refusal):
    reason = "INSUFFICIENT_CREDITS"


class RateLimited(Refusal):
    reason = "RATE_LIMITED"


class Misspelt(Refusal):
    reason = "INSUFICIENT_CREDITS"


def detail(status: status_pb2.Status, kind: type) -> AnyMessage | None:
    return next((one for one in status.details if one.Is(kind.DESCRIPTOR)), None)  # type: ignore[attr-defined]


def failed(
    code: grpc.StatusCode, *, details: str = "", status: status_pb2.Status | None = None
) -> grpc.aio.AioRpcError:
    trailing = ((STATUS_DETAILS, status.SerializeToString()),) if status else ()
    return grpc.aio.AioRpcError(code, grpc.aio.Metadata(), grpc.aio.Metadata(*trailing), details, None)


def test_a_refusal_carries_reason_domain_metadata_and_its_sentence() -> None:
    refusal = InsufficientCredits("Required: 120, Available: 40", metadata={"required": "120"})

    status = to_status(refusal)
    info = error_details_pb2.ErrorInfo.FromString(status.details[0].value)

    assert status.code == grpc.StatusCode.FAILED_PRECONDITION.value[0]
    assert status.message == "Required: 120, Available: 40"
    assert (info.reason, info.domain, dict(info.metadata)) == (
        "INSUFFICIENT_CREDITS",
        DOMAIN,
        {"required": "120"},
    )


def test_a_refusal_over_the_wire_and_back_says_the_same() -> None:
    sent = RequestInvalid(FieldFault("items[2].title", "must not be empty"), FieldFault("slug", "is wrong"))

    came = from_rpc_error(failed(grpc.StatusCode.INVALID_ARGUMENT, status=to_status(sent)), service="billing")

    assert isinstance(came, RemoteRefusal)
    assert (came.reason, came.message) == (sent.reason, sent.message)
    assert (came.metadata, came.fields) == (sent.metadata, sent.fields)
    assert came.service == "billing"
    assert came.code is grpc.StatusCode.INVALID_ARGUMENT


def test_a_refusal_passed_on_by_the_service_in_between_stays_itself() -> None:
    sent = NotFound(kind="site", id="7")

    came = from_status(to_status(sent), service="publisher")
    assert came is not None
    passed_on = from_status(to_status(came), service="ai")

    assert passed_on is not None
    assert (passed_on.reason, passed_on.message, passed_on.metadata) == (
        sent.reason,
        sent.message,
        sent.metadata,
    )


def test_a_retryable_refusal_says_when_to_come_back() -> None:
    status = to_status(RateLimited("Slow down.", metadata={"retry_after_seconds": "12"}))

    came = from_status(status, service="gateway")

    assert came is not None
    assert came.retryable
    assert came.retry_after_seconds == 12.0


def test_a_final_refusal_does_not_invite_a_retry() -> None:
    status = to_status(NotFound(kind="site", id="7"))

    assert detail(status, error_details_pb2.RetryInfo) is None
    came = from_status(status, service="publisher")
    assert came is not None
    assert not came.retryable


def test_a_reason_outside_the_catalogue_is_a_fault_of_ours() -> None:
    assert to_status(Misspelt("?")).code == grpc.StatusCode.INTERNAL.value[0]


def test_a_reason_of_a_newer_service_is_kept_in_the_metadata() -> None:
    info = error_details_pb2.ErrorInfo(reason="SOMETHING_NEW", domain=DOMAIN)
    status = status_pb2.Status(code=9, message="New.")
    status.details.add().Pack(info)

    came = from_status(status, service="billing")

    assert came is not None
    assert (came.reason, came.metadata["reason"]) == ("INTERNAL", "SOMETHING_NEW")


def test_details_of_somebody_elses_domain_are_not_ours() -> None:
    status = status_pb2.Status(code=5, message="Not here.")
    status.details.add().Pack(error_details_pb2.ErrorInfo(reason="NOT_FOUND", domain="example.com"))

    assert from_status(status, service="billing") is None


@pytest.mark.parametrize(
    ("code", "text", "reached", "reason"),
    [
        (grpc.StatusCode.UNAVAILABLE, "", True, "SERVICE_UNAVAILABLE"),
        (grpc.StatusCode.DEADLINE_EXCEEDED, "", True, "DEADLINE_EXCEEDED"),
        (grpc.StatusCode.DEADLINE_EXCEEDED, "", False, "SERVICE_UNAVAILABLE"),
        (grpc.StatusCode.CANCELLED, "", True, "SERVICE_UNAVAILABLE"),
        (grpc.StatusCode.RESOURCE_EXHAUSTED, "Concurrent RPC limit exceeded!", True, "OVERLOADED"),
        (
            grpc.StatusCode.RESOURCE_EXHAUSTED,
            "CLIENT: Sent message larger than max (5 vs. 4)",
            True,
            "PAYLOAD_TOO_LARGE",
        ),
        (grpc.StatusCode.UNIMPLEMENTED, "Method not found!", True, "INTERNAL"),
        (grpc.StatusCode.UNKNOWN, "ValueError: postgresql://u:p@h/d", True, "INTERNAL"),
    ],
)
def test_an_error_of_grpc_itself_becomes_a_refusal_in_our_words(
    code: grpc.StatusCode, text: str, reached: bool, reason: str
) -> None:
    came = from_rpc_error(failed(code, details=text), service="billing", reached=reached)

    assert came.reason == reason
    assert came.code is code
    assert not text or text not in came.message


def test_an_internal_fault_tells_its_id_and_nothing_else() -> None:
    refusal = Internal("4f1c")

    assert refusal.message == "Something went wrong on our side. Error id: 4f1c."
    assert refusal.metadata == {"error_id": "4f1c"}


def test_a_status_stays_small_enough_for_its_metadata() -> None:
    faults = [FieldFault(f"items[{index}]", "x" * 100) for index in range(200)]
    refusal = Refusal("y" * 100_000, metadata={"long": "z" * 100_000}, fields=faults)

    status = to_status(refusal)
    bad = detail(status, error_details_pb2.BadRequest)

    assert bad is not None
    assert len(error_details_pb2.BadRequest.FromString(bad.value).field_violations) == FIELDS_MAX
    assert len(status.SerializeToString()) < 8 * 1024


def test_every_reason_has_a_code_and_a_status() -> None:
    assert len(CATALOGUE) >= 35
    assert meaning_of("INSUFFICIENT_CREDITS").http_status == 402
    assert meaning_of("SERVICE_UNAVAILABLE").retryable
    assert ServiceUnavailable("database").reason in CATALOGUE
