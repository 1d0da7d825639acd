"""The echo service of the tests: its stubs, built from the proto beside it, and a servicer that does as it is told."""

import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import google.rpc.code_pb2 as code_pb2
import grpc_tools
from grpc_tools import protoc

from chassis.identity import caller_or_none

HERE = Path(__file__).parent
ROOT = HERE.parent.parent


def _build() -> tuple[Any, Any]:
    """Compiles the proto into a folder that lives as long as the session."""
    assert code_pb2.__file__ is not None
    assert grpc_tools.__file__ is not None
    status = protoc.main(
        [
            "protoc",
            f"-I{HERE / 'protos'}",
            f"-I{ROOT / 'protos'}",
            f"-I{Path(code_pb2.__file__).parent.parent.parent}",
            f"-I{Path(grpc_tools.__file__).parent / '_proto'}",
            f"--python_out={_folder.name}",
            f"--grpc_python_out={_folder.name}",
            str(HERE / "protos" / "echo" / "v1" / "echo.proto"),
        ]
    )
    assert status == 0, "protoc refused echo.proto"
    sys.path.insert(0, _folder.name)
    return import_module("echo.v1.echo_pb2"), import_module("echo.v1.echo_pb2_grpc")


_folder = tempfile.TemporaryDirectory(prefix="igny8-echo-")
messages, stubs = _build()

Request = messages.EchoRequest
Response = messages.EchoResponse
Item = messages.Item
Stub = stubs.EchoServiceStub

Behaviour = Callable[[Any, Any], Awaitable[Any]]


async def echo(request: Any, _context: Any) -> Any:
    """Answers with the text, and with who called."""
    caller = caller_or_none()
    return Response(
        text=request.text,
        actor=caller.actor if caller else "",
        account_id=(caller.account_id or "") if caller else "",
    )


class EchoServicer:
    """Every method does what `behave` does, and counts."""

    def __init__(self, behave: Behaviour = echo) -> None:
        self.behave = behave
        self.calls: list[str] = []

    async def _answer(self, name: str, request: Any, context: Any) -> Any:
        self.calls.append(name)
        return await self.behave(request, context)

    async def Open(self, request: Any, context: Any) -> Any:
        return await self._answer("Open", request, context)

    async def Greet(self, request: Any, context: Any) -> Any:
        return await self._answer("Greet", request, context)

    async def View(self, request: Any, context: Any) -> Any:
        return await self._answer("View", request, context)

    async def Edit(self, request: Any, context: Any) -> Any:
        return await self._answer("Edit", request, context)

    async def Own(self, request: Any, context: Any) -> Any:
        return await self._answer("Own", request, context)

    async def Serve(self, request: Any, context: Any) -> Any:
        return await self._answer("Serve", request, context)

    async def Operate(self, request: Any, context: Any) -> Any:
        return await self._answer("Operate", request, context)

    async def Hurry(self, request: Any, context: Any) -> Any:
        return await self._answer("Hurry", request, context)

    async def Upload(self, requests: AsyncIterator[Any], context: Any) -> Any:
        texts = [request.text async for request in requests]
        return await self._answer("Upload", Request(text="".join(texts)), context)

    async def Download(self, request: Any, context: Any) -> AsyncIterator[Any]:
        for text in request.texts:
            yield await self._answer("Download", Request(text=text), context)

    async def Talk(self, requests: AsyncIterator[Any], context: Any) -> AsyncIterator[Any]:
        async for request in requests:
            yield await self._answer("Talk", request, context)


def added(servicer: EchoServicer) -> tuple[Callable[[Any, Any], None], Any]:
    """What `serving` takes."""
    return stubs.add_EchoServiceServicer_to_server, servicer
