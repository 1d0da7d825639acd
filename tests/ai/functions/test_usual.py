"""What a usual item takes is what its function says of it."""

import pytest

from services.ai.domain.function_names import FunctionName
from services.ai.functions.article_plan import parts_expected
from services.ai.functions.generate_content import PROMPT_TOKENS
from services.ai.functions.usual import Size, usual


@pytest.mark.parametrize("function", list(FunctionName))
def test_every_function_has_a_usual_item(function: FunctionName) -> None:
    estimate = usual(function, Size(keywords=20, words=900, images=3))

    assert estimate.items == (3 if function.makes_images else 1)
    assert (estimate.images, estimate.expected_tokens > 0) == (
        (3, False) if function.makes_images else (0, True)
    )
    assert estimate.expected_tokens <= estimate.maximum_tokens


def test_an_article_counts_every_call_it_takes() -> None:
    short, long = (
        usual(FunctionName.GENERATE_CONTENT, Size(words=words)).expected_tokens for words in (600, 3_000)
    )

    assert long - short > (parts_expected(3_000) - parts_expected(600)) * PROMPT_TOKENS + 2_400


def test_a_larger_batch_of_keywords_takes_more() -> None:
    few, many = (
        usual(FunctionName.CLUSTER_KEYWORDS, Size(keywords=keywords)).expected_tokens
        for keywords in (10, 1_000)
    )

    assert many > 10 * few
