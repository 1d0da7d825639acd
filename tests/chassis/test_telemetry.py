"""Traces: continued from what came in, begun where nothing did, and sent only where somebody collects them."""

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

from chassis import telemetry
from chassis.errors import RemoteRefusal
from chassis.testing.serving import serving
from tests.chassis import echo

ROOT = Path(__file__).parent.parent.parent
PARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


@pytest.fixture
def collected() -> Iterator[InMemorySpanExporter]:
    """The spans that would be sent."""
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    telemetry.use_provider(provider)
    yield exporter
    telemetry.use_provider(None)


def test_a_span_continues_the_trace_that_came_in() -> None:
    with telemetry.span("step", parent=PARENT) as step:
        assert step.trace.trace_id == "4bf92f3577b34da6a3ce929d0e0e4736"
        assert step.trace.span_id != "00f067aa0ba902b7"
        assert telemetry.trace_id() == step.trace.trace_id


def test_a_span_inside_another_is_of_the_same_trace() -> None:
    with telemetry.span("outer") as outer, telemetry.span("inner") as inner:
        assert inner.trace.trace_id == outer.trace.trace_id
        assert inner.trace.span_id != outer.trace.span_id

    assert telemetry.current_trace() is None


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "garbage",
        PARENT.upper(),
        "ff" + PARENT[2:],
        "00-" + "0" * 32 + "-00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-" + "0" * 16 + "-01",
    ],
)
def test_a_malformed_parent_begins_a_new_trace(header: str | None) -> None:
    with telemetry.span("step", parent=header) as step:
        assert len(step.trace.trace_id) == 32
        assert step.trace.trace_id != "4bf92f3577b34da6a3ce929d0e0e4736"


def test_not_being_sampled_is_handed_on() -> None:
    with telemetry.span("step", parent=PARENT[:-2] + "00"):
        assert telemetry.traceparent().endswith("-00")


def test_outside_every_span_each_message_begins_a_trace() -> None:
    assert telemetry.trace_id() == ""
    assert telemetry.traceparent() != telemetry.traceparent()


async def test_a_task_keeps_the_trace_it_was_made_in() -> None:
    async def look() -> str:
        return telemetry.trace_id()

    with telemetry.span("outer") as outer:
        task = asyncio.create_task(look())

    assert await task == outer.trace.trace_id


async def test_a_call_is_one_trace_with_a_span_at_each_end(collected: InMemorySpanExporter) -> None:
    async with serving(echo.added(echo.EchoServicer()), service="billing") as served:
        with telemetry.span("the test", parent=PARENT):
            await served.stub(echo.Stub).View(echo.Request())

    server, client, around = collected.get_finished_spans()
    assert (server.kind, client.kind) == (SpanKind.SERVER, SpanKind.CLIENT)
    assert server.name == "echo.v1.EchoService.View"
    assert server.parent is not None
    assert server.parent.span_id == client.context.span_id
    assert client.parent is not None
    assert client.parent.span_id == around.context.span_id
    assert f"{server.context.trace_id:032x}" == "4bf92f3577b34da6a3ce929d0e0e4736"
    assert (server.attributes or {})["rpc.response.status_code"] == "OK"


async def test_a_refusal_is_no_failed_span_and_a_fault_is_one_without_its_text(
    collected: InMemorySpanExporter,
) -> None:
    servicer = echo.EchoServicer()

    async def leak(_request: object, _context: object) -> object:
        raise ValueError("hunter2")

    async with serving(echo.added(servicer), service="billing") as served:
        stub = served.stub(echo.Stub)
        with pytest.raises(RemoteRefusal):
            await stub.View(echo.Request(slug="No Slug"))
        servicer.behave = leak
        with pytest.raises(RemoteRefusal):
            await stub.View(echo.Request())

    servers = [span for span in collected.get_finished_spans() if span.kind is SpanKind.SERVER]
    assert [span.status.status_code for span in servers] == [StatusCode.UNSET, StatusCode.ERROR]
    assert all("hunter2" not in span.to_json() for span in collected.get_finished_spans())


def test_without_an_endpoint_opentelemetry_is_not_even_loaded() -> None:
    program = (
        "import sys, chassis.host, chassis.telemetry as t; t.configure('billing', '');"
        "print([name for name in sys.modules if name.startswith('opentelemetry')])"
    )

    ended = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env={"PYTHONPATH": ".:gen"},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )

    assert ended.stdout.strip() == "[]"
