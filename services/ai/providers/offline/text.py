"""The offline text provider: answers the four text functions from their typed input, without a model or network."""

import asyncio
import hashlib
import json
from collections.abc import Callable, Mapping
from typing import Any, Final, cast

from services.ai.functions.schemas import (
    ClusterKeywordsInput,
    GenerateContentInput,
    GenerateIdeasInput,
    GenerateImagePromptsInput,
    MergeClustersInput,
    WriteSectionsInput,
)
from services.ai.providers.offline.articles import describe, outline, write_sections
from services.ai.providers.offline.cluster_merges import merge_clusters
from services.ai.providers.offline.clusters import cluster_keywords
from services.ai.providers.offline.ideas import generate_ideas
from services.ai.providers.offline.image_prompts import generate_image_prompts
from services.ai.providers.port import (
    Progressed,
    ProviderFinal,
    ProviderRetryable,
    TextAnswer,
    TextRequest,
    TokenUsage,
    nobody_waits,
)

TEXT_MODEL: Final = "offline-1"
CHARACTERS_PER_TOKEN: Final = 4
"""The usual rule of thumb for English; the offline provider has no tokenizer and needs none."""

_ANSWERS: Final[Mapping[str, Callable[[Any, int], Mapping[str, Any]]]] = {
    "cluster_keywords": lambda asked, _seed: cluster_keywords(cast(ClusterKeywordsInput, asked)),
    "generate_ideas": lambda asked, seed: generate_ideas(cast(GenerateIdeasInput, asked), seed=seed),
    "cluster_keywords_merge": lambda asked, _seed: merge_clusters(cast(MergeClustersInput, asked)),
    "generate_content_outline": lambda asked, seed: outline(cast(GenerateContentInput, asked), seed=seed),
    "generate_content_sections": lambda asked, seed: write_sections(
        cast(WriteSectionsInput, asked), seed=seed
    ),
    "generate_content_description": lambda asked, seed: describe(
        cast(GenerateContentInput, asked), seed=seed
    ),
    "generate_image_prompts": lambda asked, seed: generate_image_prompts(
        cast(GenerateImagePromptsInput, asked), seed=seed
    ),
}


class OfflineTextProvider:
    """Clusters, plans and drafts on this machine. The same input and seed give the same answer."""

    name = "offline"

    async def complete(
        self, request: TextRequest, *, deadline: float, progressed: Progressed = nobody_waits
    ) -> TextAnswer:
        """Answers from `request.input`. ProviderFinal for a prompt it has no answer to."""
        try:
            async with asyncio.timeout(deadline):
                return await asyncio.to_thread(_answer, request)
        except TimeoutError as error:
            raise ProviderRetryable(
                f"offline did not answer within {deadline:g} seconds.",
                provider="offline",
            ) from error


def estimated_tokens(text: str) -> int:
    """About how many tokens a text is; never 0, because nothing is free of cost."""
    return max(1, (len(text) + CHARACTERS_PER_TOKEN - 1) // CHARACTERS_PER_TOKEN)


def request_id_of(*parts: object) -> str:
    """The same id for the same request, so that a repeated run can be compared with the first."""
    return (
        "offline-"
        + hashlib.sha256("\x1f".join(map(str, parts)).encode("utf-8", "surrogatepass")).hexdigest()[:24]
    )


def _answer(request: TextRequest) -> TextAnswer:
    answer = _ANSWERS.get(request.prompt_name)
    if answer is None:
        raise ProviderFinal(
            f"offline has no answer to the prompt {request.prompt_name}. It knows {', '.join(_ANSWERS)}.",
            provider="offline",
            metadata={"prompt": request.prompt_name},
        )
    output = answer(request.input, request.seed)
    text = json.dumps(output, ensure_ascii=False, separators=(",", ":"))
    return TextAnswer(
        text=text,
        usage=TokenUsage(
            input_tokens=estimated_tokens(request.system + request.user), output_tokens=estimated_tokens(text)
        ),
        model=request.model,
        provider_request_id=request_id_of(
            request.model, request.prompt_name, request.seed, request.user, text
        ),
    )
