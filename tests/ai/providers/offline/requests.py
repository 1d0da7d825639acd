"""Builders of requests to the offline provider; each fills what a test does not care about."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from services.ai.functions.schemas import SCHEMAS
from services.ai.prompts import LATEST, render
from services.ai.providers.offline import IMAGE_MODEL, TEXT_MODEL, OfflineTextProvider
from services.ai.providers.port import ImageRequest, TextRequest


def text_request(function: str, values: Mapping[str, Any], *, seed: int = 1, step: str = "") -> TextRequest:
    prompt = render(function, LATEST[function], values, step=step)
    return TextRequest(
        model=TEXT_MODEL,
        prompt_name=prompt.name,
        prompt_version=prompt.version,
        system=prompt.system,
        user=prompt.user,
        schema=SCHEMAS[prompt.name],
        input=values,
        max_output_tokens=16_000,
        seed=seed,
    )


async def answered(
    function: str, values: Mapping[str, Any], *, seed: int = 1, step: str = ""
) -> dict[str, Any]:
    request = text_request(function, values, seed=seed, step=step)
    answer = await OfflineTextProvider().complete(request, deadline=30)
    output: dict[str, Any] = json.loads(answer.text)
    return output


def clustering(keywords: Sequence[str], *, existing: Sequence[str] = ()) -> dict[str, Any]:
    return {
        "site_name": "Example site",
        "sector_name": None,
        "keywords": [
            {"id": f"k{at}", "keyword": text, "volume": None, "difficulty": None, "intent": None}
            for at, text in enumerate(keywords)
        ],
        "existing_clusters": [{"name": name} for name in existing],
    }


def ideas_for(name: str, keywords: Sequence[str], *, ideas_per_cluster: int | None = None) -> dict[str, Any]:
    return {
        "site_name": "Example site",
        "cluster": {
            "name": name,
            "description": "Searches about one topic.",
            "keywords": [{"keyword": text, "volume": 100, "intent": None} for text in keywords],
        },
        "ideas_per_cluster": ideas_per_cluster,
    }


def article(
    title: str = "Raised Garden Beds: A Practical Guide",
    *,
    keywords: Sequence[str] = (
        "raised garden beds",
        "how to build raised garden beds",
        "what soil to put in a raised bed",
    ),
    words: int = 900,
    structure: str = "guide",
    cluster: str | None = "Raised Garden Beds",
    links: Sequence[tuple[str, str]] = (),
) -> dict[str, Any]:
    return {
        "site_name": "Example site",
        "task": {
            "title": title,
            "brief": "",
            "word_count": words,
            "content_structure": structure,
            "target_keywords": list(keywords),
            "cluster_name": cluster,
        },
        "internal_links": [{"title": link, "url": url} for link, url in links],
        "other_titles": [],
    }


def sections_of_an_article(*numbers: int) -> dict[str, Any]:
    """The call for these sections of an article of two."""
    return {
        **article(),
        "outline": {
            "title": "Raised Garden Beds",
            "sections": [
                {"heading": "", "points": ["What they are"], "words": 100},
                {"heading": "Wood", "points": ["Which to take"], "words": 200},
            ],
        },
        "numbers": list(numbers or (0, 1)),
        "sections": [{"heading": "Wood", "points": ["Which to take"], "words": 200}],
        "words": 300,
        "written_so_far": "",
    }


def picture_prompts(title: str, headings: Sequence[str], *, at_most: int = 2) -> dict[str, Any]:
    return {
        "title": title,
        "headings": list(headings),
        "primary_keyword": title,
        "max_in_article_images": at_most,
    }


def picture(
    prompt: str = "Raised garden beds", *, width: int = 1200, height: int = 675, alt_text: str = ""
) -> ImageRequest:
    return ImageRequest(
        model=IMAGE_MODEL, prompt=prompt, width=width, height=height, alt_text=alt_text, seed=1
    )
