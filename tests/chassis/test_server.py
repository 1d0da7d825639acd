"""The server: health by name, reflection, room for calls, a port of its own, a graceful end."""

import asyncio
from typing import Any

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

from chassis.errors import RemoteRefusal
from chassis.identity import Keyring, TokenVerifier
from chassis.server import AddressTaken, Server
from chassis.testing import until
from chassis.testing.serving import SECRET_KEY, serving
from tests.chassis import echo

SERVICE = "echo.v1.EchoService"


def new_server(servicer: echo.EchoServicer | None = None, **options: Any) -> Server:
    server = Server(TokenVerifier(Keyring.from_secret(SECRET_KEY), "billing"), **options)
    server.add_servicer(*echo.added(servicer or echo.EchoServicer()))
    return server


async def health(target: str, service: str) -> int:
    """The status grpc.health.v1 tells of a service."""
    async with grpc.aio.insecure_channel(target) as channel:
        stub: Any = health_pb2_grpc.HealthStub(channel)
        answer = await stub.Check(health_pb2.HealthCheckRequest(service=service), timeout=5)
    return int(answer.status)


async def reflected(target: str) -> list[str]:
    """The names of the services reflection tells."""

    async def requests() -> Any:
        yield reflection_pb2.ServerReflectionRequest(list_services="")

    async with grpc.aio.insecure_channel(target) as channel:
        stub: Any = reflection_pb2_grpc.ServerReflectionStub(channel)
        answers = [answer async for answer in stub.ServerReflectionInfo(requests(), timeout=5)]
    return [service.name for service in answers[0].list_services_response.service]


@pytest.mark.parametrize("name", ["", SERVICE])
async def test_health_is_told_for_each_service_without_a_token(name: str) -> None:
    server = new_server()
    port = await server.start("127.0.0.1:0")

    before = await health(f"127.0.0.1:{port}", name)
    await server.set_serving(True)
    after = await health(f"127.0.0.1:{port}", name)
    await server.stop(0)

    assert before == health_pb2.HealthCheckResponse.NOT_SERVING
    assert after == health_pb2.HealthCheckResponse.SERVING


async def test_reflection_names_the_services() -> None:
    async with serving(echo.added(echo.EchoServicer()), service="billing") as served:
        assert SERVICE in await reflected(served.target)


async def test_reflection_can_be_switched_off() -> None:
    server = new_server(reflection=False)
    port = await server.start("127.0.0.1:0")

    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await reflected(f"127.0.0.1:{port}")
    await server.stop(0)

    assert refused.value.code() is grpc.StatusCode.UNIMPLEMENTED


async def test_two_servers_do_not_share_a_port() -> None:
    first, second = new_server(), new_server()
    port = await first.start("127.0.0.1:0")

    with pytest.raises(AddressTaken, match=str(port)):
        await second.start(f"127.0.0.1:{port}")
    await first.stop(0)


async def test_a_call_over_the_limit_is_refused_at_once() -> None:
    gate = asyncio.Event()

    async def wait(_request: Any, _context: Any) -> Any:
        await gate.wait()
        return echo.Response()

    servicer = echo.EchoServicer(wait)
    async with serving(echo.added(servicer), service="billing", concurrent_calls_max=2) as served:
        stub = served.stub(echo.Stub)
        held = [asyncio.ensure_future(stub.Edit(echo.Request())) for _ in range(2)]
        await until(lambda: len(servicer.calls) == 2)

        with pytest.raises(RemoteRefusal) as refused:
            await stub.Edit(echo.Request())
        gate.set()
        await asyncio.gather(*held)

    assert refused.value.reason == "OVERLOADED"


async def test_there_is_room_for_256_calls_in_flight() -> None:
    gate = asyncio.Event()

    async def wait(_request: Any, _context: Any) -> Any:
        await gate.wait()
        return echo.Response()

    servicer = echo.EchoServicer(wait)
    async with serving(echo.added(servicer), service="billing") as served:
        stub = served.stub(echo.Stub)
        held = [asyncio.ensure_future(stub.Edit(echo.Request(), timeout=20)) for _ in range(256)]
        await until(lambda: len(servicer.calls) == 256)
        gate.set()

        assert len(await asyncio.gather(*held)) == 256


async def test_a_stop_lets_calls_in_flight_end_and_takes_no_new_one() -> None:
    began, gate = asyncio.Event(), asyncio.Event()

    async def wait(request: Any, _context: Any) -> Any:
        began.set()
        await gate.wait()
        return echo.Response(text=request.text)

    servicer = echo.EchoServicer(wait)
    async with serving(echo.added(servicer), service="billing") as served:
        stub = served.stub(echo.Stub)
        held = asyncio.ensure_future(stub.Edit(echo.Request(text="hello")))
        await began.wait()
        stopping = asyncio.ensure_future(served.server.stop(10))
        await asyncio.sleep(0)

        with pytest.raises(RemoteRefusal) as refused:
            await served.stub(echo.Stub).Edit(echo.Request(), timeout=0.3)
        gate.set()
        answer = await held
        await stopping

    assert answer.text == "hello"
    assert refused.value.reason == "SERVICE_UNAVAILABLE"


async def test_a_call_that_does_not_end_is_cut_off_after_the_grace() -> None:
    began, ended = asyncio.Event(), asyncio.Event()

    async def hang(_request: Any, _context: Any) -> Any:
        began.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    async with serving(echo.added(echo.EchoServicer(hang)), service="billing") as served:
        held = asyncio.ensure_future(served.stub(echo.Stub).Edit(echo.Request(), timeout=30))
        await began.wait()

        await asyncio.wait_for(served.server.stop(0.1), 5)

        with pytest.raises(RemoteRefusal):
            await held
        await asyncio.wait_for(ended.wait(), 5)


def test_a_rule_that_cannot_be_kept_is_found_before_the_server_starts() -> None:
    server = Server(TokenVerifier(Keyring.from_secret(SECRET_KEY), "billing"))

    with pytest.raises(ValueError, match="haiku"):
        server.add_servicer(
            echo.stubs.add_BrokenServiceServicer_to_server, echo.stubs.BrokenServiceServicer()
        )
