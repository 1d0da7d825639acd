"""What every call goes through, over the wire: nothing leaks, nobody hangs, every answer leaves its line."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from typing import Any

import grpc
import pytest
from prometheus_client import REGISTRY

from chassis import deadline, telemetry
from chassis.errors import RemoteRefusal
from chassis.identity import current_caller
from chassis.refusal import NotFound
from chassis.testing import until
from chassis.testing.callers import ACCOUNT_ID, person
from chassis.testing.serving import Served, serving
from tests.chassis import echo
from tests.chassis.captured_logs import configured, records

DSN = "postgresql://igny8:hidden-word@db/igny8"


@pytest.fixture
def servicer() -> echo.EchoServicer:
    return echo.EchoServicer()


@pytest.fixture
async def served(servicer: echo.EchoServicer) -> AsyncIterator[Served]:
    async with serving(echo.added(servicer), service="billing") as running:
        yield running


@pytest.fixture
def json_logs() -> Iterator[None]:
    with configured():
        yield


@pytest.fixture
def debug_logs() -> Iterator[None]:
    with configured(level="debug"):
        yield


async def leak(_request: Any, _context: Any) -> Any:
    raise ValueError(f"cannot connect to {DSN}")


async def test_a_fault_tells_the_caller_an_error_id_and_nothing_of_its_text(
    served: Served, servicer: echo.EchoServicer
) -> None:
    servicer.behave = leak

    async with grpc.aio.insecure_channel(served.target) as channel:
        with pytest.raises(grpc.aio.AioRpcError) as failed:
            await echo.Stub(channel).Open(echo.Request(), timeout=5)

    error = failed.value
    assert error.code() is grpc.StatusCode.INTERNAL
    assert "Error id: " in str(error.details())
    assert "hidden-word" not in f"{error.details()}{error.debug_error_string()}{error.trailing_metadata()}"
    assert "ValueError" not in f"{error.details()}{error.trailing_metadata()}"


@pytest.mark.usefixtures("json_logs")
async def test_a_fault_is_logged_with_its_error_id_and_without_secrets(
    served: Served, servicer: echo.EchoServicer, capsys: pytest.CaptureFixture[str]
) -> None:
    servicer.behave = leak

    with pytest.raises(RemoteRefusal) as refused:
        await served.stub(echo.Stub).View(echo.Request())

    error = next(line for line in records(capsys) if line["level"] == "error")
    assert error["error_id"] == refused.value.metadata["error_id"]
    assert error["trace_id"]
    assert "ValueError" in error["exception"]
    assert "hidden-word" not in json.dumps(error)


async def test_a_fault_in_a_stream_leaks_no_more(served: Served, servicer: echo.EchoServicer) -> None:
    servicer.behave = leak

    with pytest.raises(RemoteRefusal, match="Error id") as refused:
        _ = [answer async for answer in served.stub(echo.Stub).Download(echo.Request(texts=["a"]))]

    assert "hidden-word" not in refused.value.message


@pytest.mark.usefixtures("json_logs")
async def test_a_refusal_is_an_answer_logged_at_info(
    served: Served, servicer: echo.EchoServicer, capsys: pytest.CaptureFixture[str]
) -> None:
    async def refuse(_request: Any, _context: Any) -> Any:
        raise NotFound(kind="site", id="7")

    servicer.behave = refuse

    with pytest.raises(RemoteRefusal, match="No site has the id 7") as refused:
        await served.stub(echo.Stub).View(echo.Request())

    (line,) = records(capsys)
    assert refused.value.metadata == {"kind": "site", "id": "7"}
    assert (line["level"], line["code"], line["reason"]) == ("info", "NOT_FOUND", "NOT_FOUND")


@pytest.mark.usefixtures("json_logs")
async def test_an_answered_call_leaves_one_line(served: Served, capsys: pytest.CaptureFixture[str]) -> None:
    await served.stub(echo.Stub).View(echo.Request(text="private words", password="hunter2"))

    (line,) = records(capsys)
    assert line["method"] == "echo.v1.EchoService.View"
    assert line["code"] == "OK"
    assert line["caller_kind"] == "person"
    assert line["account_id"] == ACCOUNT_ID
    assert len(line["trace_id"]) == 32
    assert line["ms"] >= 0
    assert "private words" not in json.dumps(line)


@pytest.mark.usefixtures("debug_logs")
async def test_at_debug_the_request_is_logged_without_its_secrets(
    served: Served, capsys: pytest.CaptureFixture[str]
) -> None:
    await served.stub(echo.Stub).View(
        echo.Request(text="words", password="hunter2", items=[{"title": "item", "pin": "4711"}])
    )

    (request,) = [line for line in records(capsys) if line["event"] == "request"]
    assert "words" in request["request"]
    assert "hunter2" not in request["request"]
    assert "4711" not in request["request"]


async def test_faulty_fields_are_refused_before_the_method_runs(
    served: Served, servicer: echo.EchoServicer
) -> None:
    with pytest.raises(RemoteRefusal) as refused:
        await served.stub(echo.Stub).View(echo.Request(site_id="7", items=[{"title": "no"}]))

    assert refused.value.reason == "REQUEST_INVALID"
    assert [fault.field for fault in refused.value.fields] == ["site_id", "items[0].title"]
    assert servicer.calls == []


async def test_a_faulty_message_ends_an_upload(served: Served, servicer: echo.EchoServicer) -> None:
    async def requests() -> AsyncIterator[Any]:
        yield echo.Request(text="good")
        yield echo.Request(slug="No Slug")

    with pytest.raises(RemoteRefusal) as refused:
        await served.stub(echo.Stub).Upload(requests())

    assert [fault.field for fault in refused.value.fields] == ["slug"]
    assert servicer.calls == []


async def test_a_call_without_a_deadline_is_refused(served: Served, servicer: echo.EchoServicer) -> None:
    async with grpc.aio.insecure_channel(served.target) as channel:
        with pytest.raises(grpc.aio.AioRpcError, match="no deadline") as refused:
            await echo.Stub(channel).Open(echo.Request())

    assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert servicer.calls == []


async def test_the_method_knows_its_caller_deadline_and_trace(
    served: Served, servicer: echo.EchoServicer
) -> None:
    seen: dict[str, Any] = {}

    async def look(request: Any, _context: Any) -> Any:
        seen["caller"] = current_caller()
        seen["left"] = deadline.remaining()
        seen["trace"] = telemetry.trace_id()
        return echo.Response()

    servicer.behave = look

    with telemetry.span("the test") as around:
        await served.stub(echo.Stub, caller=person()).View(echo.Request(), timeout=4)

    assert seen["caller"] == person()
    # gRPC rounds a timeout up on its way, by a hundredth or two.
    assert 0 < seen["left"] < 4.5
    assert seen["trace"] == around.trace.trace_id


async def test_work_that_gives_itself_up_is_answered_and_nobody_hangs(
    served: Served, servicer: echo.EchoServicer
) -> None:
    async def give_up(_request: Any, _context: Any) -> Any:
        raise asyncio.CancelledError

    servicer.behave = give_up

    with pytest.raises(RemoteRefusal) as refused:
        await served.stub(echo.Stub).View(echo.Request(), timeout=5)

    assert refused.value.reason == "CANCELLED"


@pytest.mark.usefixtures("json_logs")
async def test_a_caller_that_goes_away_ends_the_work(
    served: Served, servicer: echo.EchoServicer, capsys: pytest.CaptureFixture[str]
) -> None:
    began, ended = asyncio.Event(), asyncio.Event()

    async def work(_request: Any, _context: Any) -> Any:
        began.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    servicer.behave = work
    call = asyncio.ensure_future(served.stub(echo.Stub).View(echo.Request(), timeout=4))
    await began.wait()

    call.cancel()
    await asyncio.wait_for(ended.wait(), 5)

    written: list[dict[str, Any]] = []

    async def said() -> bool:
        written.extend(records(capsys))
        return bool(written)

    await until(said)
    assert written[0]["code"] == "CANCELLED"


async def test_a_listener_that_leaves_early_ends_the_stream(
    served: Served, servicer: echo.EchoServicer
) -> None:
    gate = asyncio.Event()

    async def second_waits(request: Any, _context: Any) -> Any:
        if request.text == "b":
            try:
                await gate.wait()
            finally:
                gate.set()
        return echo.Response(text=request.text)

    servicer.behave = second_waits
    stream = served.stub(echo.Stub).Download(echo.Request(texts=["a", "b", "c"]))

    first = await anext(stream)
    await stream.aclose()
    await asyncio.wait_for(gate.wait(), 5)

    assert first.text == "a"


async def test_calls_are_counted_by_method_and_code(served: Served) -> None:
    labels = {"method": "echo.v1.EchoService.Greet", "code": "OK"}
    before = REGISTRY.get_sample_value("rpc_seconds_count", labels) or 0

    await served.stub(echo.Stub).Greet(echo.Request())

    assert REGISTRY.get_sample_value("rpc_seconds_count", labels) == before + 1


async def test_a_method_may_abort_by_itself(served: Served, servicer: echo.EchoServicer) -> None:
    async def abort(_request: Any, context: Any) -> Any:
        await context.abort(grpc.StatusCode.DATA_LOSS, "gone")

    servicer.behave = abort

    with pytest.raises(RemoteRefusal) as refused:
        await served.stub(echo.Stub).View(echo.Request())

    assert refused.value.code is grpc.StatusCode.DATA_LOSS
