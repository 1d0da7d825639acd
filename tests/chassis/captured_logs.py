"""Logs in tests: set up as a service does, read back as records, and left as they were."""

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, ClassVar, Literal

import pytest
import structlog
from pydantic import SecretStr

from chassis import logs
from chassis.settings import ProcessSettings

SECRET_KEY = "a-secret-key-that-must-not-be-seen-anywhere"


class Settings(ProcessSettings):
    service: ClassVar[str] = "billing"


@contextmanager
def configured(
    log_format: Literal["console", "json"] = "json", level: Literal["debug", "info", "warning"] = "info"
) -> Iterator[None]:
    """Inside, logs are written as a service with these settings writes them."""
    before, secrets = dict(logs._state), list(logs._secrets)
    root = logging.getLogger()
    handlers, root_level = list(root.handlers), root.level
    logs.configure(Settings(secret_key=SecretStr(SECRET_KEY), log_format=log_format, log_level=level))
    try:
        yield
    finally:
        structlog.reset_defaults()
        logs._state.update(before)
        logs._secrets[:] = secrets
        root.handlers = handlers
        root.setLevel(root_level)


def records(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    """The records written since the last look, of logs in JSON."""
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]
