"""Image prompts by the offline provider: one featured picture, then some spread over the article."""

import jsonschema_rs
from hypothesis import given, settings
from hypothesis import strategies as st

from services.ai.functions.schemas import GENERATE_IMAGE_PROMPTS
from services.ai.providers.offline.image_prompts import caption_of, generate_image_prompts
from tests.ai.providers.offline.requests import answered, picture_prompts

HEADINGS = ["Wood", "Soil", "Size", "Light", "Water", "Frequently asked questions", "Conclusion"]


@settings(max_examples=40, deadline=None)
@given(
    title=st.text(max_size=50),
    headings=st.lists(st.text(max_size=40), max_size=8),
    at_most=st.integers(-1, 12),
)
def test_one_featured_image_comes_first_and_all_prompts_differ(
    title: str, headings: list[str], at_most: int
) -> None:
    output = generate_image_prompts(
        {"title": title, "headings": headings, "primary_keyword": "", "max_in_article_images": at_most},
        seed=1,
    )

    images = output["images"]
    jsonschema_rs.validator_for(GENERATE_IMAGE_PROMPTS).validate(output)
    assert [image["image_type"] for image in images] == ["featured"] + ["in_article"] * (len(images) - 1)
    assert [image["position"] for image in images] == list(range(len(images)))
    assert len(images) <= 1 + max(0, at_most)
    assert len({image["prompt"] for image in images}) == len(images)


async def test_in_article_images_are_spread_over_the_sections_that_can_be_illustrated() -> None:
    output = await answered(
        "generate_image_prompts", picture_prompts("Raised Garden Beds", HEADINGS, at_most=3)
    )

    assert [image["alt_text"] for image in output["images"]] == [
        "Abstract illustration for “Raised Garden Beds”",
        "Abstract illustration for the section “Wood”",
        "Abstract illustration for the section “Size”",
        "Abstract illustration for the section “Water”",
    ]


async def test_no_in_article_images_where_none_are_wanted() -> None:
    output = await answered(
        "generate_image_prompts", picture_prompts("Raised Garden Beds", HEADINGS, at_most=0)
    )

    assert len(output["images"]) == 1


def test_a_caption_is_what_the_alt_text_quotes_or_its_words_or_the_prompts_first() -> None:
    assert caption_of("Abstract illustration for “Garden Beds”", "a prompt") == "Garden Beds"
    assert caption_of("A wooden bed in the sun", "a prompt") == "A wooden bed in the sun"
    assert caption_of(" ", "Garden Beds: a scene in morning light") == "Garden Beds"
