"""The three ways a provider can fail, as refusals of the catalogue."""

import pytest
from igny8.errors import v1 as errors

from services.ai.providers.port import (
    ProviderError,
    ProviderFinal,
    ProviderKeyRefused,
    ProviderMalformed,
    ProviderRetryable,
    TokenUsage,
)


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        (ProviderRetryable, "PROVIDER_UNAVAILABLE"),
        (ProviderFinal, "PROVIDER_REFUSED"),
        (ProviderMalformed, "PROVIDER_MALFORMED"),
    ],
)
def test_each_kind_of_failure_has_its_reason_in_the_catalogue(kind: type[ProviderError], reason: str) -> None:
    error = kind("openai refused the request.", provider="openai")

    assert error.reason == reason
    assert f"ERROR_REASON_{reason}" in errors.ErrorReason.keys()  # noqa: SIM118 - an enum wrapper, not a dict
    assert error.metadata == {"provider": "openai"}


def test_a_wait_the_provider_asked_for_is_kept() -> None:
    error = ProviderRetryable("openai asks to wait.", provider="openai", retry_after_seconds=1.5)

    assert error.retry_after_seconds == 1.5
    assert error.metadata == {"provider": "openai", "retry_after_seconds": "1.5"}


def test_total_tokens_do_not_count_contained_tokens_twice() -> None:
    usage = TokenUsage(input_tokens=100, cached_input_tokens=80, output_tokens=50, reasoning_tokens=40)

    assert usage.total_tokens == 150


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (
            ProviderRetryable("openai cannot be reached just now.", provider="openai"),
            "openai cannot be reached just now. Nothing was charged for it; retry it in some minutes, or choose another"
            " model.",
        ),
        (
            ProviderFinal("openai refused to write this: no medical advice", provider="openai"),
            "openai refused to write this: no medical advice. Nothing was charged for it; change what it is about, or"
            " choose another model, and retry it.",
        ),
        (
            ProviderMalformed("openai's answer is not JSON.", provider="openai"),
            "openai's answer is not JSON. Nothing was charged for it; retry it, or choose another model.",
        ),
    ],
)
def test_what_a_provider_failed_by_is_told_with_the_way_out(error: ProviderError, says: str) -> None:
    assert error.message == says
    assert says.startswith(error.fact)


def test_a_refused_key_has_its_own_way_out_alone() -> None:
    refused = ProviderKeyRefused.of_account("openai", "1234")

    assert refused.message.endswith("or delete it to use the platform's, and run this again.")
