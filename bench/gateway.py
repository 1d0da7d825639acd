"""The gateway: calls beside a bare application and Django REST framework, and live events to many clients."""

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from bench import gateway_calls, gateway_streams
from bench.result import Result
from tests.chaos.suites import RATE_LIMITS_OFF
from tests.journeys.suites import running


def results(say: Callable[[str], None]) -> list[Result]:
    """Calls on a new suite, then events on the same data after another start."""
    outer = Path(tempfile.mkdtemp(prefix="igny8-bench-"))
    # Root's PostgreSQL runs as another user, who must get there.
    outer.chmod(0o711)
    try:
        with running(outer / "data", environment=RATE_LIMITS_OFF) as suite:
            calls = gateway_calls.results(suite, say)
            gateway_streams.prepare(suite)
        with running(outer / "data", environment=RATE_LIMITS_OFF) as suite:
            return [*calls, *gateway_streams.results(suite, say)]
    finally:
        shutil.rmtree(outer)
