"""What the gateway itself refuses, before any service is asked."""

import math

from chassis.refusal import Refusal


class RouteUnknown(Refusal):
    """No method is served on this path."""

    reason = "NOT_FOUND"

    def __init__(self, path: str) -> None:
        super().__init__(
            f"Nothing is served at {path[:200]}. See /docs for what is.",
            metadata={"kind": "route", "id": path[:200]},
        )


class MethodNotAllowed(Refusal):
    """The path is known, and this verb is not served on it."""

    reason = "METHOD_NOT_ALLOWED"

    def __init__(self, verb: str, allowed: list[str]) -> None:
        verbs = ", ".join(allowed)
        super().__init__(f"{verb[:20]} is not possible here. Allowed: {verbs}.", metadata={"allowed": verbs})


class NotAcceptable(Refusal):
    """The caller accepts no form this route answers in."""

    reason = "NOT_ACCEPTABLE"

    def __init__(self, offered: str) -> None:
        super().__init__(
            f"This route answers {offered} only. Name it in the header Accept, or leave that header out.",
            metadata={"offered": offered},
        )


class UnsupportedMediaType(Refusal):
    """The body is of a type this route does not read."""

    reason = "UNSUPPORTED_MEDIA_TYPE"

    def __init__(self, content_type: str, readable: str) -> None:
        super().__init__(
            f"Send the body as {readable}.",
            metadata={"content_type": content_type[:100], "readable": readable},
        )


class ContentEncoded(Refusal):
    """The body is compressed, which no route reads (RFC 9110, 15.5.16)."""

    reason = "UNSUPPORTED_MEDIA_TYPE"

    def __init__(self, encoding: str) -> None:
        super().__init__(
            f"The body is encoded as {encoding[:40]}. Send it as it is, without the header Content-Encoding.",
            metadata={"content_encoding": encoding[:40], "readable": "identity"},
        )


class OriginRefused(Refusal):
    """A browser asks whether a page of another origin may do this, and it may not."""

    reason = "PERMISSION_DENIED"

    def __init__(self, origin: str, what: str) -> None:
        super().__init__(
            f"Pages of {origin[:100]} may not do this here: {what}. The operator allows origins by IGNY8_CORS_ORIGINS.",
            metadata={"origin": origin[:100]},
        )


class BodyTooLarge(Refusal):
    """The body is larger than the gateway takes; nothing of it was used."""

    reason = "PAYLOAD_TOO_LARGE"

    def __init__(self, limit: int) -> None:
        super().__init__(
            f"The body is larger than {limit:,} bytes, the most this route takes. Send less at once.",
            metadata={"limit": str(limit), "unit": "bytes", "part": "body"},
        )


class HeadersTooLarge(Refusal):
    """The request's line and headers are more than the gateway reads."""

    reason = "HEADERS_TOO_LARGE"

    def __init__(self, limit: int) -> None:
        super().__init__(
            f"The headers are larger than {limit:,} bytes, the most there may be. Send fewer, or shorter cookies.",
            metadata={"limit": str(limit), "unit": "bytes"},
        )


class HeadersTooSlow(Refusal):
    """The request's headers did not arrive in time."""

    reason = "REQUEST_TIMEOUT"

    def __init__(self, seconds: float) -> None:
        super().__init__(
            f"The request's headers did not arrive within {seconds:g} seconds. Send it again.",
            metadata={"seconds": f"{seconds:g}"},
        )


class BodyTooSlow(Refusal):
    """The body did not arrive in time."""

    reason = "REQUEST_TIMEOUT"

    def __init__(self, seconds: float) -> None:
        super().__init__(
            f"The request's body did not arrive within {seconds:g} seconds. Send it again.",
            metadata={"seconds": f"{seconds:g}"},
        )


class CsrfRefused(Refusal):
    """A session cookie came without its CSRF token to a call that may change something."""

    reason = "CSRF_REFUSED"

    def __init__(self, header: str, cookie: str) -> None:
        header = header.title().replace("Csrf", "CSRF")
        super().__init__(
            f"Send the value of the cookie {cookie} in the header {header}, or a token instead of the session cookie.",
            metadata={"header": header, "cookie": cookie},
        )


class TooManyStreams(Refusal):
    """The caller has as many event streams open as it may."""

    reason = "RATE_LIMITED"

    def __init__(self, limit: int, *, of: str) -> None:
        super().__init__(
            f"{limit} event streams of this {of} are open, the most there may be. Close one and try again.",
            metadata={"limit": str(limit), "of": of, "retry_after_seconds": "10"},
        )


class TooManyRequests(Refusal):
    """The caller or its address has made as many requests as it may for now."""

    reason = "RATE_LIMITED"

    def __init__(self, per_minute: int, *, of: str, wait_seconds: float) -> None:
        seconds = max(1, math.ceil(wait_seconds))
        super().__init__(
            f"More than {per_minute:,} requests a minute came from this {of}. Try again in {seconds} s.",
            metadata={"limit": str(per_minute), "of": of, "retry_after_seconds": str(seconds)},
        )
