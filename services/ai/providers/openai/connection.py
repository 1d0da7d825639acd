"""The client of the openai SDK, and what its failures mean here."""

import asyncio
import contextlib
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from services.ai.providers.port import (
    KeyFault,
    ProviderBusy,
    ProviderFinal,
    ProviderKeyRefused,
    ProviderMalformed,
    ProviderRetryable,
)
from services.ai.providers.telling import without
from services.ai.providers.waits import retry_after_seconds

if TYPE_CHECKING:
    from openai import APIStatusError, AsyncOpenAI

NAME: Final = "openai"
NO_KEY: Final = "none"
"""A compatible server that asks for no key gets this word, because the SDK refuses to send nothing."""

_OUT_OF_QUOTA: Final = "insufficient_quota"


class Connection:
    """The SDK's client, made when it is first used: the SDK is heavy, and many suites never use it.

    `shared` is another connection to the same server, whose sockets it uses.
    """

    def __init__(self, *, api_key: str, base_url: str, shared: "Connection | None" = None) -> None:
        self._api_key = api_key or NO_KEY
        self.base_url = base_url
        self._shared = shared
        self._client: AsyncOpenAI | None = None

    async def client(self) -> "AsyncOpenAI":
        """Without retries of its own: waiting is decided in one place, with the deadline in view."""
        if self._client is None:
            # The import takes seconds on a busy machine, and everything else must not wait for it.
            self._client = await asyncio.to_thread(self._connect)
        return self._client

    def _connect(self) -> "AsyncOpenAI":
        if self._shared is not None:
            root = self._shared._client = self._shared._client or self._shared._connect()
            return root.with_options(api_key=self._api_key)
        from openai import AsyncOpenAI

        return AsyncOpenAI(api_key=self._api_key, base_url=self.base_url or None, max_retries=0)

    @contextlib.contextmanager
    def translated(self) -> Iterator[None]:
        """Raises what the SDK raised as one of the kinds of ProviderError."""
        import httpx2
        import openai

        try:
            yield
        except openai.RateLimitError as error:
            if error.code == _OUT_OF_QUOTA:
                raise ProviderKeyRefused.of_platform(NAME, KeyFault.NO_CREDIT) from None
            raise ProviderBusy(
                "openai has too many requests just now.",
                provider=NAME,
                retry_after_seconds=_retry_after(error),
            ) from None
        except openai.APITimeoutError as error:
            raise ProviderRetryable(
                "openai did not answer in time.",
                provider=NAME,
                maybe_paid=not isinstance(error.__cause__, httpx2.ConnectTimeout | httpx2.PoolTimeout),
            ) from error
        except openai.APIConnectionError as error:
            raise ProviderRetryable(
                "openai cannot be reached just now.",
                provider=NAME,
                maybe_paid=not isinstance(error.__cause__, httpx2.ConnectError),
            ) from error
        except httpx2.HTTPError as error:
            # While an answer is streamed the SDK lets these through.
            raise ProviderRetryable(
                "openai's answer broke off in the middle.", provider=NAME, maybe_paid=True
            ) from error
        except openai.AuthenticationError:
            # What the server says may repeat the key, so it is not told on, as a cause neither.
            raise ProviderKeyRefused.of_platform(NAME) from None
        except openai.PermissionDeniedError:
            raise ProviderKeyRefused.of_platform(NAME, KeyFault.FORBIDDEN) from None
        except openai.APIStatusError as error:
            if error.status_code >= 500 or error.status_code in (408, 409):
                raise ProviderRetryable(
                    f"openai answered with the status {error.status_code}.",
                    provider=NAME,
                    retry_after_seconds=_retry_after(error),
                    maybe_paid=error.status_code in (408, 504),
                ) from None
            said = without(error.message, self._api_key)
            raise ProviderFinal(
                f"openai refused the request with the status {error.status_code}: {said[:300]}",
                provider=NAME,
            ) from None
        except openai.APIResponseValidationError as error:
            raise ProviderMalformed("openai's answer is not JSON.", provider=NAME) from error
        except openai.APIError as error:
            # An error that a server tells in the middle of a stream has no status.
            said = without(error.message, self._api_key)
            raise ProviderRetryable(
                f"openai broke off its answer: {said[:300]}", provider=NAME, maybe_paid=True
            ) from None
        except ValueError as error:
            raise ProviderMalformed("openai's answer is not JSON.", provider=NAME) from error


@contextlib.contextmanager
def understood() -> Iterator[None]:
    """Raises ProviderMalformed for an answer without the parts that are read inside.

    The SDK does not validate what it answers with: a page of a proxy is a str, a part that is missing is None.
    """
    try:
        yield
    except (AttributeError, LookupError, TypeError) as error:
        raise ProviderMalformed("openai's answer has not the form of its API.", provider=NAME) from error


def _retry_after(error: "APIStatusError") -> float | None:
    return retry_after_seconds(error.response.headers, now=datetime.now(UTC))
