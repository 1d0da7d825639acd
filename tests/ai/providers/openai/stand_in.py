"""A stand-in for OpenAI's API: an HTTP server that answers what a test scripted, and keeps what it was asked."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from chassis.testing import until


@dataclass
class StandIn:
    """`answers` are given in order; the last one again and again. `asked` holds path, headers and body of each call."""

    url: str = ""
    answers: list[Response] = field(default_factory=list)
    asked: list[tuple[str, dict[str, str], dict[str, Any]]] = field(default_factory=list)

    async def answer(self, request: Request) -> Response:
        self.asked.append((request.url.path, dict(request.headers), await request.json()))
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


@contextlib.asynccontextmanager
async def listening() -> AsyncIterator[StandIn]:
    """The server on a free port of the loopback address."""
    stand_in = StandIn()
    app = Starlette(routes=[Route("/v1/{path:path}", stand_in.answer, methods=["POST"])])
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="error", lifespan="off"))
    serving = asyncio.create_task(server.serve())
    await until(lambda: server.started)
    port = server.servers[0].sockets[0].getsockname()[1]
    stand_in.url = f"http://127.0.0.1:{port}/v1"
    try:
        yield stand_in
    finally:
        server.should_exit = True
        await serving


def completion(content: dict[str, Any] | None, **choice: Any) -> Response:
    """A chat completion as the API answers it."""
    message = {
        "role": "assistant",
        "content": None if content is None else json.dumps(content),
        "refusal": None,
    }
    message |= choice.pop("message", {})
    return JSONResponse(
        {
            "id": "chatcmpl-1",
            "object": "chat.completion",
            "created": 1,
            "model": "gpt-5-mini-2025-08-07",
            "choices": [{"index": 0, "finish_reason": "stop", "message": message, **choice}],
            "usage": {
                "prompt_tokens": 120,
                "completion_tokens": 80,
                "total_tokens": 200,
                "prompt_tokens_details": {"cached_tokens": 100},
                "completion_tokens_details": {"reasoning_tokens": 30},
            },
        }
    )


def refused(status: int, *, code: str = "", headers: dict[str, str] | None = None) -> Response:
    """An error as the API answers it."""
    body = {"error": {"message": "No.", "type": "invalid_request_error", "code": code or None, "param": None}}
    return JSONResponse(body, status_code=status, headers=headers)
