"""The offline answer of generate_ideas: articles that share out a cluster's keywords by what their searchers want."""

from collections.abc import Sequence

from services.ai.functions.schemas import (
    ClusterKeyword,
    ContentStructure,
    GenerateIdeasInput,
    GenerateIdeasOutput,
    Idea,
)
from services.ai.providers.offline.idea_titles import TITLE_LENGTH_MAX, title_choices
from services.ai.providers.offline.intents import Structure, structure_of
from services.ai.providers.offline.language import choose, clip, joined, plain
from services.ai.providers.offline.subjects import topic_of, topic_phrase

WORD_COUNTS = {
    Structure.GUIDE: 1200,
    Structure.COMPARISON: 1000,
    Structure.LISTICLE: 1000,
    Structure.REVIEW: 900,
    Structure.ARTICLE: 800,
}
PURPOSES = {
    Structure.GUIDE: "Leads a reader who is new to {topic} from the first decision to the first result",
    Structure.COMPARISON: "Helps a reader who has a choice to make about {topic} to weigh it by clear criteria",
    Structure.LISTICLE: "Gives a reader an ordered collection of points on {topic} to pick from",
    Structure.REVIEW: "Looks at {topic} critically, for a reader who is close to a decision",
    Structure.ARTICLE: "Explains what readers most often want to know about {topic}",
}
LOCAL = ("near me", "nearby", "services", "contractors")


def generate_ideas(asked: GenerateIdeasInput, *, seed: int) -> GenerateIdeasOutput:
    """One to three ideas by the size of the cluster, or as many as asked for; each keyword belongs to one idea."""
    cluster = asked["cluster"]
    name = clip(plain(cluster["name"]), 100) or "This Topic"
    keywords = _by_demand(cluster["keywords"]) or [name]
    number = min(asked.get("ideas_per_cluster") or _number_for(len(keywords)), len(keywords), 10)
    random = choose(seed, "ideas", name, *keywords)
    ideas: list[Idea] = []
    taken: set[str] = set()
    for share, group in _shares(keywords, number):
        lead = structure_of(group[0])
        structure = share if lead is Structure.ARTICLE else lead
        choices = list(title_choices(name, structure, group, random))
        fresh = (choice for choice in choices if choice.casefold() not in taken)
        title = clip(next(fresh, f"{choices[0]} ({len(taken) + 1})"), TITLE_LENGTH_MAX)
        taken.add(title.casefold())
        ideas.append(_idea(title, name, structure, group))
    return GenerateIdeasOutput(ideas=ideas)


def _topic(name: str) -> str:
    """What the cluster is about, in a sentence: "composting" for "Getting Started With Composting"."""
    named, phrase = topic_of(name), topic_phrase(name)
    return named if phrase.endswith(named) else phrase


def _by_demand(keywords: Sequence[ClusterKeyword]) -> list[str]:
    """The keywords' texts, the most searched first, each once."""
    ordered = sorted(keywords, key=lambda keyword: -(keyword.get("volume") or 0))
    return list(dict.fromkeys(text for keyword in ordered if (text := clip(plain(keyword["keyword"]), 200))))


def _number_for(size: int) -> int:
    return 1 if size <= 4 else 2 if size <= 12 else 3


def _shares(keywords: list[str], number: int) -> list[tuple[Structure, list[str]]]:
    """Keywords by the structure that suits them; the smallest groups join the first until `number` are left."""
    groups: dict[Structure, list[str]] = {}
    for keyword in keywords:
        groups.setdefault(structure_of(keyword), []).append(keyword)
    shares = sorted(groups.items(), key=lambda share: (-len(share[1]), share[0].value))
    while len(shares) > number:
        _, smallest = shares.pop()
        shares[0][1].extend(smallest)
    while len(shares) < number:
        at = max(range(len(shares)), key=lambda index: len(shares[index][1]))
        structure, group = shares[at]
        half = (len(group) + 1) // 2
        shares[at] = (structure, group[:half])
        shares.append((structure_of(group[half]), group[half:]))
    return [(structure, sorted(group, key=keywords.index)) for structure, group in shares]


def _idea(title: str, name: str, structure: Structure, group: list[str]) -> Idea:
    more = len(group) - 3
    related = [f"{more} related search" + ("es" if more > 1 else "")] if more > 0 else []
    covered = joined([*(f"“{keyword}”" for keyword in group[:3]), *related])
    purpose = PURPOSES[structure].format(topic=_topic(name))
    names: dict[Structure, ContentStructure] = {
        Structure.ARTICLE: "article",
        Structure.GUIDE: "guide",
        Structure.COMPARISON: "comparison",
        Structure.REVIEW: "review",
        Structure.LISTICLE: "listicle",
    }
    return Idea(
        title=title,
        description=clip(f"{purpose}. Written for {covered}.", 1000),
        content_type="page"
        if sum(any(word in text.casefold() for word in LOCAL) for text in group) * 2 > len(group)
        else "post",
        content_structure=names[structure],
        target_keywords=group[:30],
        estimated_word_count=WORD_COUNTS[structure] + 50 * min(6, max(0, len(group) - 4)),
    )
