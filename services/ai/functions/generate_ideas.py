"""generate_ideas: writes ideas for articles for a cluster."""

from igny8.publisher import v1 as publisher

from services.ai.domain.function_names import FunctionName
from services.ai.domain.stages import Output
from services.ai.domain.task import AiTask
from services.ai.domain.task_item import Answer, TaskItem
from services.ai.functions.base import Draft, Saved, TextFunction, all_there, task_ids
from services.ai.functions.cluster_keywords import intent_word
from services.ai.functions.schemas import GenerateIdeasOutput
from services.ai.inventory import Inventory


class GenerateIdeas(TextFunction):
    """Items are clusters without ideas."""

    name = FunctionName.GENERATE_IDEAS
    output_tokens_expected = 500
    output_tokens_maximum = 3_000

    async def prepare(self, inventory: Inventory, task: AiTask) -> list[Draft]:
        ids = task_ids(task)
        site = await inventory.site(task.site_id)
        found = {cluster.id: cluster for cluster in await inventory.clusters(task.site_id, ids)}
        drafts = []
        for cluster in all_there("cluster", ids, found, task):
            if cluster.status != publisher.Cluster.STATUS_NEW:
                continue
            keywords = await inventory.keywords_of_cluster(task.site_id, cluster.id)
            drafts.append(draft_of(site.name, cluster, keywords))
        return drafts

    def parse(self, item: TaskItem, answer: Answer) -> GenerateIdeasOutput:
        output: GenerateIdeasOutput = self.answer_json(item, answer)
        return output

    async def save(
        self,
        inventory: Inventory,
        task: AiTask,
        item: TaskItem,
        output: GenerateIdeasOutput,
        *,
        request_id: str,
    ) -> Saved:
        response = await inventory.pipeline.SaveIdeas(
            publisher.SaveIdeasRequest(
                request_id=request_id,
                cluster_id=item.item_id,
                ideas=[
                    publisher.IdeaDraft(
                        title=idea["title"],
                        description=idea["description"],
                        content_type=idea["content_type"],
                        content_structure=idea["content_structure"],
                        target_keywords=idea["target_keywords"][:50],
                        estimated_word_count=idea["estimated_word_count"],
                    )
                    for idea in output["ideas"]
                ],
            )
        )
        return Saved(
            outputs=len(response.ideas),
            flow=tuple(Output(id=idea.id, label=idea.title) for idea in response.ideas),
        )


def draft_of(site_name: str, cluster: publisher.Cluster, keywords: list[publisher.Keyword]) -> Draft:
    return Draft(
        item_id=cluster.id,
        label=cluster.name,
        input={
            "site_name": site_name,
            "cluster": {
                "name": cluster.name,
                "description": cluster.description,
                "keywords": [
                    {
                        "keyword": keyword.keyword,
                        "volume": keyword.volume if keyword.HasField("volume") else None,
                        "intent": intent_word(keyword),
                    }
                    for keyword in keywords
                ],
            },
            "ideas_per_cluster": None,
        },
    )
