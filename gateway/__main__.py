"""`python -m gateway [--check]`: the REST and event facade of the suite."""

import asyncio
import contextlib
import socket
from collections.abc import Iterator, Mapping

import uvicorn

from chassis import logs, telemetry
from chassis.entry import run_service
from chassis.identity import Keyring
from chassis.internal_http import InternalHttp
from chassis.lifecycle import Shutdown
from chassis.nats import Bus
from gateway.http_protocol import HttpProtocol
from gateway.operations import descriptor_set, product_files
from gateway.process import NAME, Process
from gateway.settings import GatewaySettings

SERVICES = ("billing", "ai", "publisher", "notifications")
REQUESTS_SECONDS_MAX = 10
"""What requests in flight get to end when the process is told to."""


class HttpServer(uvicorn.Server):
    """uvicorn without its signal handlers: the process ends as every process of the suite does."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leaves SIGTERM and SIGINT alone."""
        yield


async def main(settings: GatewaySettings) -> None:
    """Serves until SIGTERM or SIGINT, then drains."""
    telemetry.configure(NAME, settings.otlp_endpoint)
    described = descriptor_set()

    async def connect() -> Bus:
        return await Bus.connect(settings.nats_url.get_secret_value(), name=NAME)

    process = Process(
        files=product_files(described),
        described=described,
        addresses={service: settings.address_of(service) for service in SERVICES},
        keyring=Keyring.from_secret(settings.secret_key.get_secret_value()),
        connect=connect,
        support_url=settings.support_url,
        cors_origins=settings.cors_origins,
        requests_per_minute=(settings.requests_per_minute, settings.requests_per_minute_per_address),
        streams=(settings.streams_per_caller, settings.streams_per_account),
    )
    internal = InternalHttp(lambda: _readiness(process))
    listener = listen(settings.host, settings.port)
    server = HttpServer(http_config(process, settings.forwarded_allow_ips))
    shutdown = Shutdown()
    with shutdown.on_signals():
        process.start()
        if settings.metrics_port:
            await internal.start(settings.metrics_host, settings.metrics_port)
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        serving.add_done_callback(lambda _: shutdown.ask("the HTTP server ended"))
        logs.get_logger().info("the gateway serves", host=settings.host, port=listener.getsockname()[1])
        await shutdown.wait()
        process.health.draining = True
        await asyncio.sleep(settings.drain_wait_seconds)
        process.drain()
        server.should_exit = True
        await serving
        await internal.stop()
        await process.close()
        telemetry.flush()


def listen(host: str, port: int) -> socket.socket:
    """A listening socket; port 0 takes any free one. Raises OSError when the port is taken.

    TCP_NODELAY passes on to accepted connections. asyncio sets it for sockets it opened itself only, and without
    it an answer's body waits 40 ms for the acknowledgement of its head.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.create_server((host, port), family=family, backlog=2048)
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


def http_config(process: Process, forwarded_allow_ips: str = "127.0.0.1") -> uvicorn.Config:
    """How uvicorn serves the gateway."""
    return uvicorn.Config(
        process.app,
        http=HttpProtocol,
        lifespan="off",
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_keep_alive=15,
        timeout_graceful_shutdown=REQUESTS_SECONDS_MAX,
        forwarded_allow_ips=forwarded_allow_ips,
    )


def _readiness(process: Process) -> tuple[bool, Mapping[str, str]]:
    return not process.health.draining, {"nats": "ok" if process.feed.is_live else "unreachable"}


if __name__ == "__main__":
    run_service(GatewaySettings, main)
