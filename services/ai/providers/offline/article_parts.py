"""The parts of an offline article: a section for a keyword, the block its structure asks for, and general sections."""

from dataclasses import dataclass, field
from html import escape
from random import Random

from services.ai.providers.offline.intents import Structure
from services.ai.providers.offline.language import capitalise
from services.ai.providers.offline.subjects import Kind, Manner, Subject, heading_of, manner_of
from services.ai.providers.offline.writer import Writer, bullets, heading, paragraphs, table

EXTRA_HEADINGS = {
    "mistakes": "Common mistakes to avoid",
    "preparation": "What to prepare before you start",
    "quality": "How to recognise good quality",
    "upkeep": "Keeping it going over time",
    "budget": "Planning time and money",
    "help": "When to ask an expert",
    "results": "How to tell that it works",
    "everyday": "Making it part of everyday life",
    "sources": "Where to find reliable information",
}
NOUN_HEADINGS = {
    "commercial": (
        "How to choose {noun}",
        "What to look for in {noun}",
        "Comparing {noun} sensibly",
        "Which {noun} suit you",
        "A shortlist for {noun}",
    ),
    "transactional": (
        "Before you pay for {noun}",
        "Getting a fair offer for {noun}",
        "What to ask about {noun}",
        "Deciding on {noun}",
    ),
    "informational": (
        "{noun}: what to know first",
        "{noun} in practice",
        "A closer look at {noun}",
        "{noun} explained",
        "Making sense of {noun}",
        "First steps with {noun}",
    ),
}
PROBLEM_ENDINGS = ("what helps", "where to look first", "finding the cause", "what to change")


@dataclass(slots=True, kw_only=True)
class Outline:
    """What an article is about, and what has been used of it so far."""

    writer: Writer
    random: Random
    topic: str
    domain: str
    structure: Structure
    target: int
    """Words the whole article should have."""
    subjects: list[Subject]
    headings: set[str] = field(default_factory=set)
    extras: list[str] = field(default_factory=list)
    numbered: int = 0


def keyword_section(outline: Outline, subject: Subject, words: int) -> str:
    """A section that answers one search, of about `words` words with its heading."""
    title = _numbered(outline, _fresh(outline, _heading_choices(outline, subject)))
    slots = {
        **subject.slots,
        "noun": subject.noun or outline.topic,
        "short_noun": subject.short_noun or outline.topic,
    }
    pools = _pools(outline, subject)
    opener: list[str] = []
    if subject.kind is Kind.NOUN and words > 50:
        opener = [outline.writer.sentence(f"opener.{subject.intent.value}", slots)]
    left = words - len(title.split()) - sum(len(text.split()) for text in opener)
    return heading(title) + paragraphs([*filter(None, opener), *outline.writer.sentences(pools, left, slots)])


def extra_section(outline: Outline, words: int) -> str:
    """A section that helps with any topic, a different one each time."""
    if not outline.extras:
        outline.extras = outline.random.sample(sorted(EXTRA_HEADINGS), len(EXTRA_HEADINGS))
    name = outline.extras.pop()
    title = _fresh(
        outline, [EXTRA_HEADINGS[name], f"More on {outline.topic}", f"Further thoughts on {outline.topic}"]
    )
    return heading(title) + paragraphs(
        outline.writer.sentences([name, name, name, f"domain.{outline.domain}"], words - len(title.split()))
    )


def tip_section(outline: Outline, words: int) -> str:
    """One more numbered entry of a listicle; a general section once the entries are used up."""
    tips = outline.writer.entries("tips", 1)
    if not tips:
        return extra_section(outline, words)
    [[title, why]] = tips
    numbered = _numbered(outline, title)
    left = words - len(numbered.split()) - len(why.split())
    pools = ["general", f"domain.{outline.domain}", "preparation", "upkeep", "results"]
    return heading(numbered) + paragraphs([why, *outline.writer.sentences(pools, left)])


def shape_block(outline: Outline) -> str:
    """What makes the structure recognisable: steps, a table, points for and against, or a checklist."""
    size = min(8, max(3, 2 + outline.target // 250))
    writer = outline.writer
    match outline.structure:
        case Structure.GUIDE:
            steps = [
                f"<strong>{escape(name, quote=False)}.</strong> {escape(why, quote=False)}"
                for name, why in writer.entries("steps", size)
            ]
            return heading(_fresh(outline, [f"{capitalise(outline.topic)} step by step"])) + bullets(
                steps, ordered=True
            )
        case Structure.COMPARISON:
            rows = writer.entries("criteria", size)
            return heading(_fresh(outline, ["The criteria at a glance"])) + table(
                ["What to compare", "Why it matters", "What to check"], rows
            )
        case Structure.REVIEW:
            return (
                heading(_fresh(outline, ["What would speak for it"]))
                + bullets([escape(text, quote=False) for [text] in writer.entries("strengths", size)])
                + heading(_fresh(outline, ["What would speak against it"]))
                + bullets([escape(text, quote=False) for [text] in writer.entries("weaknesses", size)])
            )
        case Structure.LISTICLE:
            return ""
        case Structure.ARTICLE:
            items = [escape(text, quote=False) for [text] in writer.entries("checklist", size)]
            return heading(_fresh(outline, ["A short checklist"])) + bullets(items)


def _heading_choices(outline: Outline, subject: Subject) -> list[str]:
    own = heading_of(subject.keyword)
    if subject.kind is Kind.PROBLEM:
        return [f"{own}: {ending}" for ending in outline.random.sample(PROBLEM_ENDINGS, len(PROBLEM_ENDINGS))]
    if subject.kind is not Kind.NOUN:
        return [own]
    if subject.asks_near:
        patterns = ["Finding {noun} near you"]
    elif subject.asks_cost:
        patterns = ["What decides the cost of {noun}", "{noun} on a budget"]
    else:
        of_intent = NOUN_HEADINGS[subject.intent.value]
        patterns = outline.random.sample(of_intent, len(of_intent))
    return [capitalise(pattern.format(noun=subject.noun)) for pattern in patterns] + [own]


def _pools(outline: Outline, subject: Subject) -> list[str]:
    """The sentence lists that fit the subject, in the order in which they are drawn from."""
    local = f"domain.{outline.domain}"
    if subject.kind is Kind.TASK:
        return ["task", local, "task", "general"]
    if subject.kind is Kind.QUESTION:
        return ["question", "question", "neutral", local]
    if subject.kind is Kind.PROBLEM:
        return ["problem", "problem", local, "problem", "general"]
    if subject.kind is Kind.VERSUS:
        return ["versus", "versus", "versus", "general"]
    manner = manner_of(subject.noun, outline.domain)
    by_intent = subject.intent.value
    if by_intent == "informational" or manner in {Manner.ACTIVITY, Manner.NEUTRAL}:
        pools = [manner.value, local, "neutral", "general", manner.value]
    else:
        pools = [by_intent, local, manner.value, "general", by_intent]
    if subject.asks_near:
        return ["near", *pools]
    return ["cost", *pools] if subject.asks_cost else pools


def _fresh(outline: Outline, choices: list[str]) -> str:
    """The first heading that the article does not have yet."""
    for choice in [*choices, *(f"{choices[-1]} ({number})" for number in range(2, 100))]:
        if choice.casefold() not in outline.headings:
            outline.headings.add(choice.casefold())
            return choice
    raise AssertionError("an article has fewer than a hundred sections")


def _numbered(outline: Outline, title: str) -> str:
    if outline.structure is not Structure.LISTICLE:
        return title
    outline.numbered += 1
    return f"{outline.numbered}. {title}"
