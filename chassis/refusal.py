"""Expected refusals: a sentence for people, a catalogue reason and metadata for programs; plain Python, so the domain may raise them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class FieldFault:
    """What is wrong with one field of a request."""

    field: str
    message: str


class Refusal(Exception):
    """Something the world asked for and cannot have; the interceptor turns it into a `google.rpc.Status` once.

    A subclass sets `reason` to a name of the error catalogue without its prefix
    (`protos/igny8/errors/v1/error_reason.proto`), which also fixes its gRPC code, HTTP status and
    whether a retry can help. The sentence states what happened, the numbers, and the way out;
    everything variable in it is in `metadata` too. `fields` is for refusals about request fields.
    """

    reason: ClassVar[str] = "INTERNAL"

    def __init__(
        self,
        message: str,
        *,
        metadata: Mapping[str, str] | None = None,
        fields: Sequence[FieldFault] = (),
    ) -> None:
        super().__init__(message)
        self.message = message
        self.metadata: dict[str, str] = dict(metadata or {})
        self.fields: tuple[FieldFault, ...] = tuple(fields)


class RequestInvalid(Refusal):
    """Fields of the request do not hold what they must."""

    reason = "REQUEST_INVALID"

    def __init__(self, *faults: FieldFault) -> None:
        assert faults, "an invalid request has at least one fault"
        said = "; ".join(f"{fault.field} {fault.message}" for fault in faults)
        super().__init__(
            f"The request is not valid: {said}.",
            metadata={"fields": ",".join(fault.field for fault in faults)},
            fields=faults,
        )


class PageTokenInvalid(Refusal):
    """The page token was not given out by this list with these filters."""

    reason = "PAGE_TOKEN_INVALID"

    def __init__(self) -> None:
        super().__init__("This page token does not belong to this list. Start again without page_token.")


class Unauthenticated(Refusal):
    """No valid token came with the call."""

    reason = "UNAUTHENTICATED"


class PermissionDenied(Refusal):
    """The caller is known, and may not do this."""

    reason = "PERMISSION_DENIED"


class AccountSuspended(Refusal):
    """The platform has suspended the account: it can be read, and not written."""

    reason = "ACCOUNT_SUSPENDED"

    def __init__(self, account_id: str) -> None:
        super().__init__("This account is suspended. Contact support.", metadata={"account_id": account_id})


class NotFound(Refusal):
    """The thing does not exist, or belongs to another account; the two are never told apart."""

    reason = "NOT_FOUND"

    def __init__(self, *, kind: str, id: str) -> None:
        super().__init__(
            f"No {kind.replace('_', ' ')} has the id {id}. It may have been deleted.",
            metadata={"kind": kind, "id": id},
        )


class AlreadyExists(Refusal):
    """Something with the same unique name is already there."""

    reason = "ALREADY_EXISTS"

    def __init__(self, *, kind: str, field: str, value: str) -> None:
        noun = kind.replace("_", " ")
        super().__init__(
            f"A {noun} with the {field.replace('_', ' ')} {value} is already there. Choose another.",
            metadata={"kind": kind, "field": field, "value": value},
        )


class StateConflict(Refusal):
    """The thing is not in a state in which this can be done."""

    reason = "STATE_CONFLICT"


class StaleEtag(Refusal):
    """Somebody else changed the thing since it was read."""

    reason = "STALE_ETAG"

    def __init__(self, *, kind: str, etag: str) -> None:
        super().__init__(
            f"This {kind.replace('_', ' ')} was changed since you opened it. "
            "Reload it and make your change again.",
            metadata={"kind": kind, "etag": etag},
        )


class RequestIdReused(Refusal):
    """The request_id was used before with another body."""

    reason = "REQUEST_ID_REUSED"

    def __init__(self, request_id: str) -> None:
        super().__init__(
            "This request_id was already used for a different request. Use a new one.",
            metadata={"request_id": request_id},
        )


class RequestInProgress(Refusal):
    """A call with the same request_id has not ended yet."""

    reason = "REQUEST_IN_PROGRESS"

    def __init__(self, request_id: str) -> None:
        super().__init__(
            "The same request is still being worked on. Try again in a second.",
            metadata={"request_id": request_id},
        )


class Contention(Refusal):
    """The database gave the transaction up for others; nothing was changed."""

    reason = "CONTENTION"

    def __init__(self) -> None:
        super().__init__("Too many changes to the same thing at once. Try again.")


class Overloaded(Refusal):
    """No free place for this call just now; nothing was done."""

    reason = "OVERLOADED"

    def __init__(self) -> None:
        super().__init__("The service is busy. Try again in a second.")


class DeadlineExceeded(Refusal):
    """The work did not end in the time it had; whether it took effect is not known."""

    reason = "DEADLINE_EXCEEDED"

    def __init__(self) -> None:
        super().__init__("The answer took too long. Repeat the request with the same request_id.")


class ServiceUnavailable(Refusal):
    """Something this call needs cannot be reached; `service` names it, for example `billing` or `database`."""

    reason = "SERVICE_UNAVAILABLE"

    def __init__(self, service: str) -> None:
        super().__init__(
            f"The {service} cannot be reached just now. Try again in a few seconds."
            if service == "database"
            else f"The {service} service cannot be reached just now. Try again in a few seconds.",
            metadata={"service": service},
        )


class PayloadTooLarge(Refusal):
    """The body or the file is larger than the method takes; nothing of it was used."""

    reason = "PAYLOAD_TOO_LARGE"
