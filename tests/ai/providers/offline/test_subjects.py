"""Search phrases read as subjects: what they name, ask or want to do."""

import pytest

from services.ai.providers.offline.subjects import (
    Kind,
    Manner,
    domain_of,
    heading_of,
    manner_of,
    noun_of,
    subject_of,
    topic_of,
    topic_phrase,
)


@pytest.mark.parametrize(
    ("keyword", "noun"),
    [
        ("best running shoes for beginners", "running shoes for beginners"),
        ("cheap espresso machine under 200", "espresso machines"),
        ("roof repair cost", "roof repair"),
        ("puppy training classes near me", "puppy training classes"),
        ("leash training a puppy", "leash training a puppy"),
        ("fastest vpn for gaming", "VPN for gaming"),
        ("raised bed ideas", "raised beds"),
        ("best", "best"),
        ("咖啡机", "“咖啡机”"),
    ],
)
def test_the_noun_is_named_without_the_searchers_qualifiers(keyword: str, noun: str) -> None:
    assert noun_of(keyword) == noun


def test_a_how_to_search_is_a_task() -> None:
    subject = subject_of("How to build raised garden beds?")

    assert subject.kind is Kind.TASK
    assert subject.task == "build raised garden beds"


def test_a_comparison_gives_its_shared_head_noun_to_both_sides() -> None:
    subject = subject_of("dry vs wet dog food")

    assert subject.kind is Kind.VERSUS
    assert subject.sides == ("dry dog food", "wet dog food")


@pytest.mark.parametrize(
    ("keyword", "kind"),
    [
        ("is a vpn legal", Kind.QUESTION),
        ("kill weeds in grass", Kind.TASK),
        ("puppy biting how to stop", Kind.NOUN),
        ("compost smells bad", Kind.PROBLEM),
        ("compost problems", Kind.NOUN),
        ("how to", Kind.NOUN),
        ("vs", Kind.NOUN),
        ("", Kind.NOUN),
    ],
)
def test_every_phrase_is_of_one_kind(keyword: str, kind: Kind) -> None:
    assert subject_of(keyword).kind is kind


def test_a_thing_is_named_again_by_its_last_words() -> None:
    assert subject_of("best raised garden beds for patios").short_noun == "garden beds"


def test_a_thing_is_named_again_without_saying_for_whom() -> None:
    assert subject_of("composting for beginners").short_noun == "composting"


@pytest.mark.parametrize(
    ("texts", "topic"),
    [
        (("Getting Started With Composting",), "composting"),
        (("What Can You Compost", "can you compost bread"), "composting"),
        (("What Can You Eat on Keto",), "eating on keto"),
        (("Compost Problems",), "compost"),
        (("Compost Bin",), "compost bins"),
        (("", "how to sit"), "this subject"),
    ],
)
def test_the_topic_of_an_article_is_what_its_cluster_or_keywords_name(
    texts: tuple[str, ...], topic: str
) -> None:
    assert topic_of(*texts) == topic


@pytest.mark.parametrize(
    ("name", "phrase"),
    [
        ("Compost Bin", "compost bins"),
        ("Leaf Mold", "leaf mold"),
        ("What Can You Compost", "the question “what can you compost”"),
    ],
)
def test_a_cluster_is_named_in_a_sentence_as_one_says_it(name: str, phrase: str) -> None:
    assert topic_phrase(name) == phrase


def test_headings_ask_where_the_search_asks() -> None:
    assert heading_of("how much should i feed my dog") == "How much should I feed my dog?"
    assert heading_of("how to feed a dog") == "How to feed a dog"
    assert heading_of("when to mulch") == "When to mulch"


@pytest.mark.parametrize(
    ("noun", "domain", "manner"),
    [
        ("standing desks", "other", Manner.THING),
        ("meal prep", "food", Manner.ACTIVITY),
        ("WordPress hosting", "software", Manner.SERVICE),
        ("raised beds near a wall", "garden", Manner.THING),
        ("heirloom tomatoes", "garden", Manner.NEUTRAL),
    ],
)
def test_advice_follows_from_what_sort_of_thing_it_is(noun: str, domain: str, manner: Manner) -> None:
    assert manner_of(noun, domain) is manner


@pytest.mark.parametrize(
    ("texts", "domain"),
    [
        (["dog food"], "pets"),
        (["roof repair cost"], "house"),
        (["credit cards"], "finance"),
        (["quantum physics"], "other"),
        ([], "other"),
    ],
)
def test_the_domain_is_where_most_words_belong(texts: list[str], domain: str) -> None:
    assert domain_of(texts) == domain
