"""What one usual item of each function takes, for estimates: its function's own estimate, so that neither can drift."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from igny8.publisher import v1 as publisher

from services.ai.domain.function_names import FunctionName
from services.ai.domain.task import AiTask
from services.ai.domain.task_item import TaskItem
from services.ai.functions import (
    cluster_keywords,
    generate_content,
    generate_ideas,
    generate_image_prompts,
    generate_images,
)
from services.ai.functions.base import Draft
from services.ai.functions.registry import FUNCTIONS
from services.ai.ledger import Estimate

WORDS: Final = 1_200
"""Of a usual article, where no task says how long it becomes."""

KEYWORDS_OF_A_CLUSTER: Final = 8
HEADINGS_OF_AN_ARTICLE: Final = 8
OTHER_NAMES: Final = 20
"""Clusters, articles and links of the site that a usual prompt names."""

SITE: Final = "A usual site"
NAME: Final = "Growing tomatoes in a small greenhouse"
DESCRIPTION: Final = "What a reader wants to know before the first season, and what to buy for it. " * 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """How large an item is, in what makes its price; each function looks at its own part."""

    keywords: int = 1
    """Of the batch that is clustered."""
    words: int = WORDS
    """Of the article that is written."""
    images: int = 1
    """Of one article, the featured one among them."""


def usual(function: FunctionName, size: Size) -> Estimate:
    """What one item of a run takes: a batch of keywords, a cluster, an article, its prompts, or all of its images."""
    task = _task(function)
    items = [
        TaskItem(task_id=task.id, position=position, item_id="", label=draft.label, input=draft.input)
        for position, draft in enumerate(_DRAFTS[function](size))
    ]
    return FUNCTIONS[function].estimate(task, items)


def _keyword_batch(size: Size) -> list[Draft]:
    names = [NAME] * OTHER_NAMES
    return [cluster_keywords.draft_of(SITE, "", None, _keywords(size.keywords), names)]


def _cluster() -> list[Draft]:
    cluster = publisher.Cluster(name=NAME, description=DESCRIPTION)
    return [generate_ideas.draft_of(SITE, cluster, _keywords(KEYWORDS_OF_A_CLUSTER))]


def _article(size: Size) -> list[Draft]:
    task = publisher.Task(
        title=NAME,
        brief=DESCRIPTION,
        word_count=size.words,
        content_structure="guide",
        target_keywords=[keyword.keyword for keyword in _keywords(KEYWORDS_OF_A_CLUSTER)],
    )
    pages = [publisher.Content(title=NAME, external_url="https://example.com/a-page")] * OTHER_NAMES
    titles = [f"{NAME} {number}" for number in range(OTHER_NAMES)]
    return [generate_content.draft_of(SITE, task, NAME, pages, titles)]


def _article_to_illustrate(size: Size) -> list[Draft]:
    html = f"<h2>{NAME}</h2>" * HEADINGS_OF_AN_ARTICLE
    content = publisher.Content(title=NAME, html=html, primary_keyword=NAME)
    return [generate_image_prompts.draft_of(content, size.images - 1)]


def _images(size: Size) -> list[Draft]:
    content = publisher.Content(title=NAME)
    types = [publisher.Image.TYPE_FEATURED, *[publisher.Image.TYPE_IN_ARTICLE] * (size.images - 1)]
    return [
        generate_images.draft_of(
            content, publisher.Image(image_type=image_type, position=position, prompt=DESCRIPTION)
        )
        for position, image_type in enumerate(types)
    ]


def _keywords(count: int) -> list[publisher.Keyword]:
    return [
        publisher.Keyword(
            keyword=f"tomatoes for a small greenhouse {number}",
            volume=1_000,
            difficulty=30,
            intent=publisher.Keyword.INTENT_INFORMATIONAL,
        )
        for number in range(count)
    ]


def _task(function: FunctionName) -> AiTask:
    """An execution that is nowhere written down; estimates are made of what its items hold."""
    never = datetime.min.replace(tzinfo=UTC)
    return AiTask(
        id="",
        account_id="",
        site_id="",
        function_name=function,
        model_name="",
        prompt_version="",
        actor="",
        created_at=never,
        updated_at=never,
        payload={},
    )


_DRAFTS: Final[Mapping[FunctionName, Callable[[Size], list[Draft]]]] = {
    FunctionName.CLUSTER_KEYWORDS: _keyword_batch,
    FunctionName.GENERATE_IDEAS: lambda _: _cluster(),
    FunctionName.GENERATE_CONTENT: _article,
    FunctionName.GENERATE_IMAGE_PROMPTS: _article_to_illustrate,
    FunctionName.GENERATE_IMAGES: _images,
}
