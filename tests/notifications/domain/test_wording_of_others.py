"""Titles and errors that others wrote are named, cut and kept short in a notification."""

from services.notifications.domain.drafting import draft_of
from services.notifications.domain.facts import ContentApproved, ContentPublishFailed
from tests.notifications.builders import ARTICLE, told


def test_an_article_without_a_title_is_named_so() -> None:
    untitled = ContentApproved(**{**ARTICLE, "title": " "}, actor="user:somebody")

    assert told(untitled).title == "An untitled article is approved"


def test_long_words_of_others_are_cut() -> None:
    long = ContentPublishFailed(**{**ARTICLE, "title": "rose " * 500}, error="no " * 5000)

    notification = told(long)

    assert len(notification.title) < 120
    assert len(notification.message) <= 1000
    assert notification.message.endswith("no…")


def test_every_text_of_a_draft_fits() -> None:
    draft = draft_of(ContentPublishFailed(**{**ARTICLE, "title": "r" * 5000}, error="e" * 5000))

    assert {name: len(str(text)) for name, text in draft.facts.items()} == {"title": 1000, "error": 1000}
