"""One trace over gRPC, NATS and the logs: W3C trace contexts always, OpenTelemetry's SDK only where spans are sent."""

import os
import re
from collections.abc import Mapping
from contextvars import ContextVar, Token
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal, Self

from prometheus_client import Gauge, Histogram

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.trace import Span as OtelSpan

TRACEPARENT: Final = "traceparent"
"""Name of the metadata key and NATS header, of https://www.w3.org/TR/trace-context/."""

SpanKind = Literal["server", "client", "producer", "consumer", "internal"]

RPC_SECONDS: Final = Histogram(
    "rpc_seconds",
    "Time to answer a call, by method and gRPC code.",
    ("method", "code"),
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
CLIENT_SECONDS: Final = Histogram(
    "rpc_client_seconds",
    "Time that a call to another service took, by method and gRPC code.",
    ("method", "code"),
    buckets=(0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 2.5, 5, 10),
)
LOOP_LAG_SECONDS: Final = Gauge(
    "event_loop_lag_seconds", "How late the event loop last ran a task that was due."
)

_TRACEPARENT: Final = re.compile(r"[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})")
_NO_TRACE: Final = "0" * 32
_NO_SPAN: Final = "0" * 16


@dataclass(frozen=True, slots=True)
class Trace:
    """Where in which trace the code runs: 32 and 16 lower-case hex digits."""

    trace_id: str
    span_id: str
    sampled: bool = True

    @property
    def traceparent(self) -> str:
        """The W3C header that hands this place on."""
        return f"00-{self.trace_id}-{self.span_id}-{'01' if self.sampled else '00'}"


_trace: ContextVar[Trace | None] = ContextVar("trace", default=None)
_provider: "TracerProvider | None" = None


def current_trace() -> Trace | None:
    """Where the code runs, or None outside every span."""
    return _trace.get()


def trace_id() -> str:
    """The id that logs, errors and answers carry as `trace_id`; empty outside every span."""
    trace = _trace.get()
    return trace.trace_id if trace else ""


def traceparent() -> str:
    """The W3C header for what is sent from here; the start of a new trace outside every span."""
    trace = _trace.get()
    return trace.traceparent if trace else _root().traceparent


def parse(header: str | None) -> Trace | None:
    """Reads a `traceparent`; None for one that is absent or malformed, as W3C says to treat it."""
    found = _TRACEPARENT.match(header) if header else None
    if found is None or header is None or header.startswith("ff"):
        return None
    trace, span_id, flags = found.groups()
    if trace == _NO_TRACE or span_id == _NO_SPAN:
        return None
    return Trace(trace, span_id, sampled=bool(int(flags, 16) & 1))


class Span:
    """One step of a trace; made by `span`."""

    __slots__ = ("_attributes", "_before", "_kind", "_name", "_otel", "_parent", "trace")

    def __init__(
        self,
        name: str,
        kind: SpanKind,
        parent: str | None,
        attributes: Mapping[str, str | int] | None,
    ) -> None:
        self._name = name
        self._kind = kind
        self._parent = parent
        self._attributes = attributes
        self._otel: OtelSpan | None = None
        self._before: Token[Trace | None] | None = None

    def begin(self) -> Trace:
        """Begins the span without entering it: code that runs next does not become part of it."""
        parent = parse(self._parent) or _trace.get()
        if _provider is None:
            self.trace = Trace(parent.trace_id, _new_id(8), parent.sampled) if parent else _root()
        else:
            self._otel, self.trace = _start_otel(self._name, self._kind, parent, self._attributes)
        return self.trace

    def start(self) -> Trace:
        """Enters the span for the rest of this task; for the server, whose every call is a task of its own."""
        self._before = _trace.set(self.begin())
        return self.trace

    def end(self, *, failed: bool = False, code: str = "") -> None:
        """Ends the span without leaving it: what the task does afterwards still belongs to its trace."""
        if self._otel is not None:
            _end_otel(self._otel, failed=failed, code=code)
            self._otel = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self.end(failed=kind is not None)
        assert self._before is not None
        _trace.reset(self._before)


def span(
    name: str,
    *,
    kind: SpanKind = "internal",
    parent: str | None = None,
    attributes: Mapping[str, str | int] | None = None,
) -> Span:
    """`with span("publish credits.captured", kind="producer"):` is one step of the trace.

    Its parent is `parent` (a `traceparent` that came from outside), else the span around it, else nothing. An
    exception that leaves the block marks it as failed; its text is not recorded, since it may hold secrets.
    """
    return Span(name, kind, parent, attributes)


def configure(service: str, endpoint: str) -> None:
    """Sends spans to an OTLP endpoint from now on; with an empty one only trace contexts are kept."""
    global _provider
    if not endpoint or _provider is not None:
        return
    from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    provider = TracerProvider(resource=Resource.create({"service.name": f"igny8-{service}"}))
    exporter = OTLPSpanExporter(endpoint=endpoint, insecure=endpoint.startswith("http://"))
    provider.add_span_processor(BatchSpanProcessor(exporter))
    _provider = provider


def use_provider(provider: "TracerProvider | None") -> None:
    """Takes a ready provider, or none; for tests, which look at the spans in memory."""
    global _provider
    _provider = provider


def flush() -> None:
    """Sends what is still held back; at most 2 seconds."""
    if _provider is not None:
        _provider.force_flush(timeout_millis=2000)
        _provider.shutdown()


def _root() -> Trace:
    return Trace(_new_id(16), _new_id(8))


def _new_id(length: int) -> str:
    return os.urandom(length).hex()


def _start_otel(
    name: str, kind: SpanKind, parent: Trace | None, attributes: Mapping[str, str | int] | None
) -> "tuple[OtelSpan, Trace]":
    from opentelemetry import trace as otel

    assert _provider is not None
    context = None
    if parent is not None:
        flags = otel.TraceFlags(otel.TraceFlags.SAMPLED if parent.sampled else otel.TraceFlags.DEFAULT)
        there = otel.SpanContext(int(parent.trace_id, 16), int(parent.span_id, 16), True, flags)
        context = otel.set_span_in_context(otel.NonRecordingSpan(there))
    started: Any = _provider.get_tracer("igny8").start_span(
        name, context=context, kind=otel.SpanKind[kind.upper()], attributes=dict(attributes or {})
    )
    here = started.get_span_context()
    return started, Trace(f"{here.trace_id:032x}", f"{here.span_id:016x}", here.trace_flags.sampled)


def _end_otel(started: "OtelSpan", *, failed: bool, code: str) -> None:
    from opentelemetry.trace import StatusCode

    if code:
        started.set_attribute("rpc.response.status_code", code)
    if failed:
        started.set_status(StatusCode.ERROR)
    started.end()
