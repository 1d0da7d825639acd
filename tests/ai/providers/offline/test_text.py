"""The offline text provider at its port: usage, identity, refusals, and what it does not load."""

import json
import subprocess
import sys

import pytest

from services.ai.providers.offline import OfflineTextProvider
from services.ai.providers.offline.text import estimated_tokens
from services.ai.providers.port import ProviderFinal, ProviderRetryable, TextProvider, TextRequest
from tests.ai.providers.offline.requests import clustering, text_request


async def test_usage_is_about_a_token_for_four_characters_and_never_zero() -> None:
    request = text_request("cluster_keywords", clustering(["best vpn", "garden beds"]))

    answer = await OfflineTextProvider().complete(request, deadline=30)

    assert answer.usage.input_tokens == estimated_tokens(request.system + request.user)
    assert answer.usage.output_tokens == estimated_tokens(answer.text) > 0
    assert answer.usage.total_tokens == answer.usage.input_tokens + answer.usage.output_tokens
    assert estimated_tokens("") == 1


async def test_the_answer_is_json_and_names_model_and_request() -> None:
    provider: TextProvider = OfflineTextProvider()
    request = text_request("cluster_keywords", clustering(["best vpn"]))

    answer = await provider.complete(request, deadline=30)

    assert json.loads(answer.text)["clusters"][0]["keyword_ids"] == ["k0"]
    assert answer.model == request.model
    assert answer.provider_request_id == (await provider.complete(request, deadline=30)).provider_request_id


async def test_an_unknown_prompt_is_refused_for_good() -> None:
    request = TextRequest(
        model="offline-1",
        prompt_name="write_poem",
        prompt_version="v1",
        system="",
        user="",
        schema={},
        input={},
        max_output_tokens=10,
    )

    with pytest.raises(ProviderFinal, match="no answer to the prompt write_poem") as refused:
        await OfflineTextProvider().complete(request, deadline=30)

    assert refused.value.reason == "PROVIDER_REFUSED"
    assert refused.value.metadata == {"provider": "offline", "prompt": "write_poem"}


async def test_a_deadline_that_passes_can_be_tried_again() -> None:
    request = text_request("cluster_keywords", clustering(["best vpn"]))

    with pytest.raises(ProviderRetryable, match="within 0 seconds"):
        await OfflineTextProvider().complete(request, deadline=0)


def test_importing_the_provider_loads_no_heavy_library() -> None:
    code = (
        "import sys, services.ai.providers.offline, services.ai.prompts;"
        "print([name for name in ('PIL', 'numpy', 'sklearn', 'jinja2') if name in sys.modules])"
    )

    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )

    assert done.stdout.strip() == "[]"
