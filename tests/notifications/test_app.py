"""The service as a process of its own: it starts, consumes, answers, and ends when asked."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from typing import Any

import pytest
from igny8.notifications import v1 as notifications

from chassis.channel import Channels
from chassis.identity import Keyring, TokenIssuer
from chassis.nats import Bus
from chassis.refusal import Refusal
from chassis.testing import send, until
from chassis.testing.callers import ACCOUNT_ID, person
from tests.kit.databases import SessionDatabase
from tests.kit.streams import SessionNats
from tests.notifications.builders import task_completed

SECRET_KEY = "of-this-test-only" * 3

ENVIRONMENT = {"PATH": os.environ["PATH"], "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
"""What a process needs to find its code, and no setting."""


@pytest.fixture
async def address(
    database: SessionDatabase, nats_server: SessionNats, bus: Bus, port: int
) -> AsyncIterator[str]:
    """Where a process of the service listens, on clean tables and streams."""
    dsn = database.dsn("notifications")
    database.empty("notifications")
    address = f"127.0.0.1:{port}"
    settings = {
        **ENVIRONMENT,
        "IGNY8_SECRET_KEY": SECRET_KEY,
        "IGNY8_NOTIFICATIONS_DATABASE_URL": dsn,
        "IGNY8_NATS_URL": nats_server.url,
        "IGNY8_NOTIFICATIONS_ADDR": address,
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "services.notifications", env=settings
    )
    yield address
    process.send_signal(signal.SIGTERM)
    assert await asyncio.wait_for(process.wait(), 30) == 0


async def test_the_process_tells_what_the_stream_says_and_announces_it(address: str, bus: Bus) -> None:
    announced = await bus.client.subscribe(f"igny8.v1.notifications.{ACCOUNT_ID}.created")
    channels = Channels(_as_owner, as_itself=False)
    stub = channels.stub("notifications", address, notifications.NotificationServiceStub)
    await send(bus, task_completed(), account_id=ACCOUNT_ID)

    unread = await until(lambda: _unread(stub), timeout_seconds=30)
    event = await announced.next_msg(timeout=30)
    await announced.unsubscribe()
    await channels.close()

    assert unread == 1
    assert b'"6 images made"' in event.data


def test_a_process_without_settings_says_what_it_needs() -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "services.notifications", "--check"],
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert ended.returncode == 78
    assert "IGNY8_SECRET_KEY: is not set" in ended.stderr
    assert "IGNY8_DATABASE_URL: is not set" in ended.stderr


async def _unread(stub: Any) -> int:
    """0 while nothing was told, or the process does not answer yet."""
    try:
        return int((await stub.CountUnread(notifications.CountUnreadRequest())).unread)
    except Refusal:
        return 0


def _as_owner(callee: str) -> str:
    return f"Bearer {TokenIssuer(Keyring.from_secret(SECRET_KEY), 'billing').issue(person())}"
