"""Each gate holds content back with a sentence that says what is missing."""

from typing import Any

import pytest

from services.publisher.domain.image import ImageStatus
from services.publisher.domain.publishing_settings import QualityGates
from services.publisher.domain.quality_gates import failed_gates
from tests.publisher.domain.builders import GOOD_HTML, content, image, text


def sentences(*, image_alt: str = "A heap", title_is_used: bool = False, **more: Any) -> list[str]:
    given = content(text=text(**more))
    failures = failed_gates(
        given, images=[image(alt_text=image_alt)], title_is_used=title_is_used, gates=QualityGates()
    )
    return [failure.sentence for failure in failures]


def test_good_content_passes_every_gate() -> None:
    assert sentences() == []


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (
            {"html": "<h2>a</h2><h2>b</h2><p>Too short.</p>"},
            "The article has 4 words; at least 300 are asked for.",
        ),
        (
            {"html": GOOD_HTML.replace("h2", "h1")},
            "The article has 0 headings below its title; at least 2 are asked for.",
        ),
        ({"meta_title": " "}, "The meta title is empty."),
        ({"meta_title": "x" * 71}, "The meta title has 71 characters; at most 70 are shown."),
        ({"meta_description": ""}, "The meta description is empty."),
        ({"meta_description": "x" * 171}, "The meta description has 171 characters; at most 170 are shown."),
        ({"image_alt": " "}, "1 image has no alternative text."),
        ({"html": GOOD_HTML + '<img src="/a"><img src="/b" alt="">'}, "2 images have no alternative text."),
        ({"title_is_used": True}, "Another article of this site has the same title."),
    ],
)
def test_a_gate_says_what_is_missing(fault: dict[str, Any], said: str) -> None:
    assert sentences(**fault) == [said]


def test_an_image_that_failed_needs_no_alternative_text() -> None:
    failed = image(ImageStatus.FAILED, alt_text="")

    assert failed_gates(content(), images=[failed], title_is_used=False, gates=QualityGates()) == ()
