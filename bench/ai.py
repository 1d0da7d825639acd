"""How well the offline provider clusters, beside the usual way to do it."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final, cast

from bench import peers
from bench.result import Result
from services.ai.conversation import understood
from services.ai.domain.task_item import TaskItem
from services.ai.functions.cluster_keywords import ClusterKeywords
from services.ai.functions.schemas import ClusterKeywordsInput
from services.ai.providers.offline import OfflineTextProvider
from services.ai.providers.offline.clusters import cluster_keywords
from tests.ai.functions.builders import a_task, an_answer, an_item
from tests.ai.providers.offline.agreement import adjusted_rand_index, labelled_keywords
from tests.ai.providers.offline.requests import clustering

AGREEMENT_FLOOR: Final = 0.6
SECONDS_MAX: Final = 60.0


def results(say: Callable[[str], None]) -> list[Result]:
    """How well clusters agree with the labels a person gave; never worse than the peer, however that is asked."""
    keywords, labels = labelled_keywords()
    asked = {"keywords": keywords, "clusters": len(set(labels))}
    ways = peers.ask("clustering", asked, say)
    found = {way: adjusted_rand_index(labels, numbers) for way, numbers in ways.items()}
    for way, agreement in found.items():
        say(f"TF-IDF + agglomerative, {way}: {agreement:.3f}")
    best = max(found, key=lambda way: found[way])
    figures = {
        "agreement of clusters with a person": _shown_at_once(keywords),
        "the same, in batches that are merged": asyncio.run(_in_batches(keywords)),
    }
    return [
        _result(name, adjusted_rand_index(labels, names), best, found[best])
        for name, names in figures.items()
    ]


def _result(name: str, ours: float, way: str, theirs: float) -> Result:
    return Result(
        name=name,
        unit="ARI",
        ours=ours,
        runs=(ours,),
        peer=f"TF-IDF + agglomerative, {way}",
        peer_value=theirs,
        floor=max(AGREEMENT_FLOOR, theirs),
    )


def _shown_at_once(keywords: list[str]) -> list[str]:
    """The name of each keyword's cluster, when the provider sees them all."""
    output = cluster_keywords(cast(ClusterKeywordsInput, clustering(keywords)))
    placed = {member: cluster["name"] for cluster in output["clusters"] for member in cluster["keyword_ids"]}
    return [placed[f"k{at}"] for at in range(len(keywords))]


async def _in_batches(keywords: list[str]) -> list[str]:
    """The same by the AI function as it works: a batch a call, then the merge."""
    function, provider, task = ClusterKeywords(), OfflineTextProvider(), a_task()
    shown = [
        {"id": str(number), "keyword": keyword, "volume": None, "difficulty": None, "intent": None}
        for number, keyword in enumerate(keywords, start=1)
    ]
    asked = clustering([]) | {"sector_id": "", "ids": keywords, "keywords": shown}

    async def ask_once(item: TaskItem, drafts: tuple[Any, ...], fault: str) -> TaskItem:
        request = function.request(task, replace(item, drafts=drafts), fault=fault)
        answer = await provider.complete(request, deadline=SECONDS_MAX)
        return item.answered(an_answer(answer.text), drafts=drafts, repair=bool(fault))

    _, output = await understood(function, an_item(input=asked), ask_once)
    placed = {
        keyword: cluster["name"] for cluster in output["clusters"] for keyword in cluster["keyword_ids"]
    }
    return [placed[keyword] for keyword in keywords]
