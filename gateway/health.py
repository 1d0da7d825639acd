"""Whether the gateway lives and what it depends on works: /healthz and /readyz."""

import asyncio
from collections.abc import Mapping
from typing import Any

import grpc
import orjson
from grpc_health.v1 import health_pb2
from starlette.responses import Response

from gateway.feed import Feed

CHECK_SECONDS_MAX = 1.0

NEEDED = "billing"
"""Without it nobody gets in. Each other service is missed by its own calls alone, which say so."""

_CHECK = "/grpc.health.v1.Health/Check"


class Health:
    """Asks every dependency at once, each for a second at most."""

    def __init__(self, channels: Mapping[str, grpc.aio.Channel], feed: Feed) -> None:
        self._channels = channels
        self._feed = feed
        self.draining = False

    def live(self) -> Response:
        """The event loop turns; nothing outside is asked, since a restart of ours would not heal it."""
        return _answer({"status": "ok"}, 200)

    async def ready(self) -> Response:
        """200 while callers can be let in, and 503 else; with a part away it is `degraded`, and the part is named."""
        names = list(self._channels)
        states = await asyncio.gather(*(self._service(name) for name in names))
        dependencies = dict(zip(names, states, strict=True))
        dependencies["nats"] = "serving" if self._feed.is_live else "unreachable"
        if self.draining:
            status = "draining"
        elif dependencies.get(NEEDED, "serving") != "serving":
            status = "not_ready"
        else:
            status = "ready" if set(dependencies.values()) == {"serving"} else "degraded"
        document = {
            "status": status,
            "dependencies": {name: {"status": state} for name, state in dependencies.items()},
        }
        return _answer(document, 200 if status in ("ready", "degraded") else 503)

    async def _service(self, name: str) -> str:
        call = self._channels[name].unary_unary(
            _CHECK,
            request_serializer=health_pb2.HealthCheckRequest.SerializeToString,
            response_deserializer=health_pb2.HealthCheckResponse.FromString,
        )(health_pb2.HealthCheckRequest(), timeout=CHECK_SECONDS_MAX)
        try:
            answer = await call
        except grpc.aio.AioRpcError:
            return "unreachable"
        finally:
            call.cancel()
        return str(health_pb2.HealthCheckResponse.ServingStatus.Name(answer.status)).lower()


def _answer(document: dict[str, Any], status: int) -> Response:
    headers = {"Cache-Control": "no-store"} | ({"Retry-After": "2"} if status == 503 else {})
    return Response(orjson.dumps(document), status, headers, "application/json")
