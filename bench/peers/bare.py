"""What an answer costs at the least: starlette and uvicorn with bytes from memory, after one gRPC call that does nothing.

`python -m bench.peers.bare nothing` serves the call, `python -m bench.peers.bare app TARGET JSON` the answer. Both print
their port and serve until their input ends.
"""

import asyncio
import socket
import sys
from typing import Any

import grpc
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

METHOD = "/bench.Nothing/Do"


async def nothing() -> None:
    """The gRPC server."""

    async def do(_request: bytes, _context: Any) -> bytes:
        return b""

    server = grpc.aio.server()
    handler = grpc.unary_unary_rpc_method_handler(do)
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("bench.Nothing", {"Do": handler}),))
    print(server.add_insecure_port("127.0.0.1:0"), flush=True)
    await server.start()
    await asyncio.to_thread(sys.stdin.read)
    await server.stop(None)


async def app(target: str, answer: bytes) -> None:
    """The HTTP server."""
    channel = grpc.aio.insecure_channel(target)
    call = channel.unary_unary(METHOD, request_serializer=None, response_deserializer=None)

    async def balance(_request: Request) -> Response:
        await call(b"")
        return Response(answer, media_type="application/json")

    made = Starlette(routes=[Route("/api/v1/credits/balance", balance)])
    listener = socket.create_server(("127.0.0.1", 0), backlog=2048)
    # As the gateway does: accepted connections have it too, and answers do not wait for acknowledgements.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    server = uvicorn.Server(uvicorn.Config(made, http="httptools", log_level="warning", access_log=False))
    print(listener.getsockname()[1], flush=True)
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    await asyncio.to_thread(sys.stdin.read)
    server.should_exit = True
    await serving
    await channel.close(None)


if __name__ == "__main__":
    if sys.argv[1] == "nothing":
        asyncio.run(nothing())
    else:
        asyncio.run(app(sys.argv[2], sys.argv[3].encode()))
