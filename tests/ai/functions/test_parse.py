"""What functions make of answers: good ones become output, others are malformed with a fault that helps the repair."""

from typing import Any

import pytest

from services.ai.domain.function_names import FunctionName
from services.ai.domain.task_item import Answer
from services.ai.functions.registry import FUNCTIONS
from services.ai.providers.port import ProviderMalformed, TextRequest
from tests.ai.functions.builders import a_task, an_answer, an_item

CLUSTER = FUNCTIONS[FunctionName.CLUSTER_KEYWORDS]
IDEAS = FUNCTIONS[FunctionName.GENERATE_IDEAS]
CONTENT = FUNCTIONS[FunctionName.GENERATE_CONTENT]
PROMPTS = FUNCTIONS[FunctionName.GENERATE_IMAGE_PROMPTS]
IMAGES = FUNCTIONS[FunctionName.GENERATE_IMAGES]

KEYWORDS = an_item(
    input={
        "ids": ["bin's", "heap's"],
        "keywords": [{"id": "1", "keyword": "bin"}, {"id": "2", "keyword": "heap"}],
        "existing_clusters": [],
    }
)


def clusters(*groups: list[str]) -> dict[str, Any]:
    return {
        "clusters": [
            {"name": f"Topic {number}", "description": "All of it.", "keyword_ids": group}
            for number, group in enumerate(groups)
        ]
    }


def image(kind: str, position: int) -> dict[str, Any]:
    return {"image_type": kind, "position": position, "prompt": f"A heap {position}", "alt_text": "A heap"}


def test_clusters_that_use_every_keyword_once_are_good() -> None:
    said = clusters(["1"], ["2"])

    assert CLUSTER.parse(KEYWORDS, an_answer(said)) == said


@pytest.mark.parametrize(
    ("groups", "fault"),
    [
        ([["1"]], "1 keyword ids are missing, for example 2"),
        ([["1", "2", "3"]], "1 keyword ids are unknown, for example 3"),
        ([["1", "2"], ["2"]], "1 keyword ids are used more than once, for example 2"),
    ],
)
def test_clusters_that_lose_invent_or_double_a_keyword_are_malformed(
    groups: list[list[str]], fault: str
) -> None:
    with pytest.raises(ProviderMalformed) as malformed:
        CLUSTER.parse(KEYWORDS, an_answer(clusters(*groups)))

    assert malformed.value.metadata["fault"] == fault


@pytest.mark.parametrize("function", [CLUSTER, IDEAS, CONTENT, PROMPTS])
@pytest.mark.parametrize("said", ["", "{", "null", "[]", '{"other": 1}'])
def test_what_does_not_fit_the_schema_is_malformed(function: Any, said: str) -> None:
    with pytest.raises(ProviderMalformed) as malformed:
        function.parse(KEYWORDS, an_answer(said))

    assert malformed.value.metadata["fault"]
    assert "Nothing was charged" in malformed.value.message


def test_more_images_than_were_asked_for_are_dropped_in_the_order_of_the_article() -> None:
    item = an_item(input={"max_in_article_images": 1})
    said = {"images": [image("in_article", 2), image("featured", 0), image("in_article", 1)]}

    parsed = PROMPTS.parse(item, an_answer(said))

    assert [each["position"] for each in parsed["images"]] == [0, 1]


@pytest.mark.parametrize("kinds", [["in_article"], ["featured", "featured"]])
def test_there_must_be_one_featured_image(kinds: list[str]) -> None:
    item = an_item(input={"max_in_article_images": 2})
    said = {"images": [image(kind, position) for position, kind in enumerate(kinds)]}

    with pytest.raises(ProviderMalformed, match="one featured image"):
        PROMPTS.parse(item, an_answer(said))


@pytest.mark.parametrize(("data", "media_type"), [(b"", "image/png"), (b"<html>", "text/html")])
def test_what_is_not_a_picture_is_malformed(data: bytes, media_type: str) -> None:
    with pytest.raises(ProviderMalformed):
        IMAGES.parse(an_item(), Answer(data=data, media_type=media_type))


def test_the_repair_tells_the_model_what_was_wrong() -> None:
    item = an_item(
        input={
            "site_name": "Garden",
            "sector_id": "",
            "sector_name": None,
            "ids": ["bin's"],
            "keywords": [{"id": "1", "keyword": "bin", "volume": None, "difficulty": None, "intent": None}],
            "existing_clusters": [],
        }
    )
    task = a_task(function_name=FunctionName.CLUSTER_KEYWORDS)

    request = CLUSTER.request(task, item, fault="1 keyword ids are missing")

    assert isinstance(request, TextRequest)
    assert "1 keyword ids are missing" in request.user
