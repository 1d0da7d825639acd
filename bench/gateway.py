"""The gateway: calls beside a bare application and Django REST framework, and live events to many clients."""

from collections.abc import Callable

from bench import embedded, gateway_calls
from bench.result import Result


def results(say: Callable[[str], None]) -> list[Result]:
    """Of one suite after another, each new."""
    with embedded.suite({}) as suite:
        return gateway_calls.results(suite, say)
