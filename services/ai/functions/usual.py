"""What one usual item of each function takes, for estimates before there is a real one to look at."""

from typing import Final

from services.ai.domain.function_names import FunctionName
from services.ai.ledger import Estimate

READ_TOKENS: Final = 900
"""Of a usual prompt beside what its items add."""

WORDS: Final = 1_200
"""Of a usual article."""

WRITTEN: Final = {
    FunctionName.GENERATE_IDEAS: (500, 3_000),
    FunctionName.GENERATE_CONTENT: (300 + 2 * WORDS, 2 * (300 + 2 * WORDS)),
    FunctionName.GENERATE_IMAGE_PROMPTS: (300, 2_500),
}
"""Tokens a model writes for one item, as expected and at most."""

KEYWORD_TOKENS: Final = 30
"""Of one keyword of a batch, read or written."""


def usual(function: FunctionName, *, batch_size: int, images: int) -> Estimate:
    """One item: a batch of so many keywords, one cluster, one task, or the so many images of one article."""
    if function.makes_images:
        return Estimate(items=images, images=images)
    read = READ_TOKENS
    if function is FunctionName.CLUSTER_KEYWORDS:
        read += KEYWORD_TOKENS * batch_size
        expected = 100 + KEYWORD_TOKENS * batch_size
        most = 2 * expected
    else:
        expected, most = WRITTEN[function]
    return Estimate(items=1, expected_tokens=read + expected, maximum_tokens=read + most)
