"""cluster_keywords: groups keywords without a cluster by topic, in batches."""

from collections import Counter
from collections.abc import Sequence
from itertools import groupby
from typing import Any, Final

from igny8.publisher import v1 as publisher

from services.ai.domain.function_names import FunctionName
from services.ai.domain.stages import Output
from services.ai.domain.task import AiTask
from services.ai.domain.task_item import Answer, TaskItem
from services.ai.functions.base import Draft, Saved, TextFunction, all_there, malformed, task_ids
from services.ai.functions.schemas import ClusterKeywordsOutput
from services.ai.inventory import Inventory

BATCH_SIZE: Final = 200
TOKENS_PER_KEYWORD: Final = 30
"""An id of 36 characters and its share of a cluster's name and description, in a JSON answer."""


class ClusterKeywords(TextFunction):
    """Items are batches of keywords of one sector."""

    name = FunctionName.CLUSTER_KEYWORDS

    async def prepare(self, inventory: Inventory, task: AiTask) -> list[Draft]:
        ids = task_ids(task)
        site = await inventory.site(task.site_id)
        found = {keyword.id: keyword for keyword in await inventory.keywords(task.site_id, ids)}
        keywords = [
            keyword
            for keyword in all_there("keyword", ids, found, task)
            if keyword.status == publisher.Keyword.STATUS_NEW and not keyword.disabled
        ]
        names = await inventory.cluster_names(task.site_id)
        drafts: list[Draft] = []
        keywords.sort(key=lambda keyword: keyword.sector_id)
        for sector_id, of_sector in groupby(keywords, key=lambda keyword: keyword.sector_id):
            sector = await inventory.sector_name(task.site_id, sector_id) if sector_id else None
            rows = list(of_sector)
            for start in range(0, len(rows), BATCH_SIZE):
                batch = rows[start : start + BATCH_SIZE]
                drafts.append(_draft(site.name, sector_id, sector, batch, names))
        return drafts

    def likely_output_tokens(self, item: TaskItem) -> int:
        return 100 + TOKENS_PER_KEYWORD * len(item.input["keywords"])

    def most_output_tokens(self, item: TaskItem) -> int:
        return 2 * self.likely_output_tokens(item)

    def parse(self, item: TaskItem, answer: Answer) -> ClusterKeywordsOutput:
        output: ClusterKeywordsOutput = self.answer_json(answer)
        wanted = {keyword["id"] for keyword in item.input["keywords"]}
        used = Counter(id for cluster in output["clusters"] for id in cluster["keyword_ids"])
        twice = [id for id, count in used.items() if count > 1]
        faults = [
            f"{len(ids)} keyword ids are {what}, for example {min(ids)}"
            for what, ids in (
                ("missing", wanted - used.keys()),
                ("unknown", used.keys() - wanted),
                ("used more than once", set(twice)),
            )
            if ids
        ]
        if faults:
            raise malformed(answer, "; ".join(faults))
        return output

    async def save(
        self,
        inventory: Inventory,
        task: AiTask,
        item: TaskItem,
        output: ClusterKeywordsOutput,
        *,
        request_id: str,
    ) -> Saved:
        response = await inventory.pipeline.SaveClusters(
            publisher.SaveClustersRequest(
                request_id=request_id,
                site_id=task.site_id,
                sector_id=item.input["sector_id"],
                clusters=[
                    publisher.ClusterDraft(
                        name=cluster["name"],
                        description=cluster["description"],
                        keyword_ids=cluster["keyword_ids"],
                    )
                    for cluster in output["clusters"]
                ],
            )
        )
        return Saved(
            outputs=len(response.clusters),
            flow=tuple(
                Output(id=cluster.id, label=cluster.name)
                for cluster in response.clusters
                if cluster.status == publisher.Cluster.STATUS_NEW
            ),
            facts={"keywords_mapped": response.keywords_mapped},
        )


def _draft(
    site_name: str,
    sector_id: str,
    sector_name: str | None,
    keywords: Sequence[publisher.Keyword],
    cluster_names: Sequence[str],
) -> Draft:
    return Draft(
        item_id=keywords[0].id,
        label=f"{len(keywords)} keywords",
        input={
            "site_name": site_name,
            "sector_id": sector_id,
            "sector_name": sector_name,
            "keywords": [_keyword(keyword) for keyword in keywords],
            "existing_clusters": [{"name": name} for name in cluster_names],
        },
    )


def _keyword(keyword: publisher.Keyword) -> dict[str, Any]:
    return {
        "id": keyword.id,
        "keyword": keyword.keyword,
        "volume": keyword.volume if keyword.HasField("volume") else None,
        "difficulty": round(keyword.difficulty) if keyword.HasField("difficulty") else None,
        "intent": intent_word(keyword),
    }


def intent_word(keyword: publisher.Keyword) -> str | None:
    """What searchers want, in the word that prompts use; None when unknown."""
    if not keyword.intent:
        return None
    return publisher.Keyword.Intent.Name(keyword.intent).removeprefix("INTENT_").lower()
