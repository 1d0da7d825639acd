"""Who may not get in: straight to the services of a running suite without an identity, and by a key that was revoked."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any, Final

import grpc
import httpx
import jwt
import pytest
from google.protobuf import message_factory
from google.protobuf.descriptor import MethodDescriptor
from igny8.options.v1 import options_pb2

from gateway.local import PACKAGE
from suite.rest import Api
from tests.gateway.sse import listening
from tests.journeys.belongings import Belongings, sign_up
from tests.journeys.id_fields import FILES, service_of_method
from tests.journeys.suites import RunningSuite

pytestmark = pytest.mark.journey

PRODUCT: Final = [
    method
    for file in FILES
    for service in file.services_by_name.values()
    for method in service.methods
    if service_of_method(method) != PACKAGE
]
FORGED: Final = jwt.encode({"sub": "user:root", "aud": "igny8", "role": "owner"}, "", algorithm="none")


def _access(method: MethodDescriptor) -> Any:
    return method.GetOptions().Extensions[options_pb2.access]


@pytest.fixture(scope="module")
async def channels(suite: RunningSuite) -> AsyncIterator[dict[str, grpc.aio.Channel]]:
    """One to each service, past the gateway."""
    found = {name: grpc.aio.insecure_channel(target) for name, target in suite.stack.grpc.items()}
    yield found
    for channel in found.values():
        await channel.close(None)


@pytest.fixture(scope="module")
async def owner(suite: RunningSuite) -> Belongings:
    return await sign_up(suite, "Doorkeeper")


async def _code(channel: grpc.aio.Channel, method: MethodDescriptor, authorization: str) -> str:
    """How a service ends a call of this method with an empty request."""
    kind = f"{'stream' if method.client_streaming else 'unary'}_{'stream' if method.server_streaming else 'unary'}"
    request = message_factory.GetMessageClass(method.input_type)()
    make = getattr(channel, kind)(
        f"/{method.containing_service.full_name}/{method.name}",
        request_serializer=type(request).SerializeToString,
        response_deserializer=message_factory.GetMessageClass(method.output_type).FromString,
    )
    metadata = [("authorization", authorization)] if authorization else []
    call = make(iter([request]) if method.client_streaming else request, timeout=20, metadata=metadata)
    try:
        if method.server_streaming:
            [part async for part in call]
        else:
            await call
    except grpc.aio.AioRpcError as error:
        return error.code().name
    return "OK"


@pytest.mark.parametrize(
    "authorization", ["", "Bearer nonsense", f"Bearer {FORGED}"], ids=["none", "nonsense", "forged"]
)
async def test_no_method_of_a_service_answers_a_caller_without_an_identity(
    channels: dict[str, grpc.aio.Channel], authorization: str
) -> None:
    guarded = [method for method in PRODUCT if _access(method) != options_pb2.ACCESS_PUBLIC]

    codes = {
        method.full_name: await _code(channels[service_of_method(method)], method, authorization)
        for method in guarded
    }

    assert len(codes) > 100
    assert {name: code for name, code in codes.items() if code != "UNAUTHENTICATED"} == {}


async def test_what_services_ask_of_each_other_no_person_may(
    channels: dict[str, grpc.aio.Channel], owner: Belongings
) -> None:
    internal = [method for method in PRODUCT if _access(method) == options_pb2.ACCESS_INTERNAL]

    codes = {
        method.full_name: await _code(channels[service_of_method(method)], method, f"Bearer {owner.token}")
        for method in internal
    }

    assert codes
    assert {name: code for name, code in codes.items() if code != "PERMISSION_DENIED"} == {}


async def test_a_revoked_key_ends_its_stream_and_gets_no_further_answer(
    suite: RunningSuite, owner: Belongings
) -> None:
    url = suite.stack.gateway_url
    async with Api(url, owner.token) as api:
        made = await api.post("/api/v1/api-keys", {"name": "Laptop", "scope": "read"})
        key = {"Authorization": f"Bearer {made['secret']}"}
        async with listening(url, key) as stream:
            assert await stream.block() is not None
            await _revoke(url, owner, made["api_key"]["id"])

            # 5 s by design (gateway/access.py, gateway/events.py); the rest is for a machine that does much else.
            async with asyncio.timeout(20):
                while await stream.block() is not None:
                    continue
        async with listening(url, key) as again:
            assert again.answer.status_code == 401


async def _revoke(url: str, owner: Belongings, key_id: str) -> None:
    async with httpx.AsyncClient(base_url=url, trust_env=False) as client:
        headers = {"Authorization": f"Bearer {owner.token}"}
        answer = await client.delete(f"/api/v1/api-keys/{key_id}", headers=headers)
    assert answer.is_success, answer.text
