"""cluster_keywords: groups keywords without a cluster by topic, in batches whose clusters are then merged."""

from collections.abc import Sequence
from itertools import groupby
from typing import Any, Final

from igny8.publisher import v1 as publisher

from services.ai.domain.function_names import FunctionName
from services.ai.domain.stages import Output
from services.ai.domain.task import AiTask
from services.ai.domain.task_item import Answer, TaskItem
from services.ai.functions.base import Draft, Question, Saved, TextFunction, all_there, malformed, task_ids
from services.ai.functions.cluster_merge import merge_faults, merged, numbered, placing_faults, together
from services.ai.functions.schemas import ClusterKeywordsOutput
from services.ai.inventory import Inventory

BATCH_SIZE: Final = 200
"""Keywords that a model is shown at once; more of them get lost."""

ITEM_SIZE: Final = 1_000
"""Keywords that are clustered in batches and saved together, as one item that is charged once."""

NAMES_MAX: Final = 400
"""Names of clusters that a model is shown."""

TOKENS_PER_KEYWORD: Final = 12
"""A short number, and its share of a cluster's name and description, in a JSON answer."""

MERGE_TOKENS: Final = 8
"""What reading a keyword once more takes in the merge, with its share of the answer."""


class ClusterKeywords(TextFunction):
    """Items are keywords of one sector. The drafts are the clusters of each batch, then the merges of them all.

    In prompts a keyword goes by its place in the item: a model spells a UUID at twenty times the price, and wrong.
    """

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
            for start in range(0, len(rows), ITEM_SIZE):
                of_item = rows[start : start + ITEM_SIZE]
                drafts.append(draft_of(site.name, sector_id, sector, of_item, names))
        return drafts

    def question(self, item: TaskItem) -> Question:
        done = len(item.drafts)
        if done < _batches(item):
            batch = item.input["keywords"][done * BATCH_SIZE : (done + 1) * BATCH_SIZE]
            known = [cluster["name"] for cluster in item.input["existing_clusters"]]
            made = [cluster["name"] for draft in item.drafts for cluster in draft["clusters"]]
            names = list(dict.fromkeys([*made, *known]))[:NAMES_MAX]
            return Question(
                values={
                    **item.input,
                    "keywords": batch,
                    "existing_clusters": [{"name": name} for name in names],
                },
                output_tokens_maximum=_most_tokens(len(batch)),
            )
        return Question(
            step="merge",
            values={
                "site_name": item.input["site_name"],
                "sector_name": item.input["sector_name"],
                "clusters": numbered(together(item.drafts), item.input["keywords"]),
            },
            output_tokens_maximum=_most_tokens(len(item.input["keywords"])),
        )

    def likely_output_tokens(self, item: TaskItem) -> int:
        """Of all calls, with what the later ones read again."""
        count, batches = len(item.input["keywords"]), _batches(item)
        again = 0 if batches == 1 else MERGE_TOKENS * count + 500 * batches
        return batches * 100 + TOKENS_PER_KEYWORD * count + again

    def most_output_tokens(self, item: TaskItem) -> int:
        return 2 * self.likely_output_tokens(item)

    def parse(self, item: TaskItem, answer: Answer) -> Any:
        """The clusters of a batch, or the merges. Raises ProviderMalformed where a keyword or cluster is lost or doubled."""
        output = self.answer_json(item, answer)
        asked = self.question(item)
        if asked.step == "merge":
            faults = merge_faults(output, len(asked.values["clusters"]))
        else:
            faults = placing_faults(output, {keyword["id"] for keyword in asked.values["keywords"]})
        if faults:
            raise malformed(answer, "; ".join(faults))
        return output

    def assemble(self, item: TaskItem, drafts: tuple[Any, ...]) -> ClusterKeywordsOutput | None:
        """All clusters with the ids of their keywords at publisher. One batch, or one cluster in all, needs no merge."""
        batches = _batches(item)
        if len(drafts) < batches:
            return None
        clusters = together(drafts[:batches])
        if batches > 1 and len(clusters) > 1:
            if len(drafts) == batches:
                return None
            names = [cluster["name"] for cluster in item.input["existing_clusters"]]
            clusters = merged(clusters, drafts[-1]["merges"], existing=names)
        ids = item.input["ids"]
        return {
            "clusters": [
                {**cluster, "keyword_ids": [ids[int(number) - 1] for number in cluster["keyword_ids"]]}
                for cluster in clusters
            ]
        }

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


def draft_of(
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
            "ids": [keyword.id for keyword in keywords],
            "keywords": [_keyword(number, keyword) for number, keyword in enumerate(keywords, start=1)],
            "existing_clusters": [{"name": name} for name in cluster_names],
        },
    )


def _batches(item: TaskItem) -> int:
    return -(-len(item.input["keywords"]) // BATCH_SIZE)


def _most_tokens(keywords: int) -> int:
    return 2_000 + 3 * TOKENS_PER_KEYWORD * keywords


def _keyword(number: int, keyword: publisher.Keyword) -> dict[str, Any]:
    return {
        "id": str(number),
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
