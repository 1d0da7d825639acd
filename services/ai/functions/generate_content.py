"""generate_content: writes the article of a task."""

from typing import Final

from igny8.publisher import v1 as publisher

from services.ai.domain.function_names import FunctionName
from services.ai.domain.stages import Output
from services.ai.domain.task import AiTask
from services.ai.domain.task_item import Answer, TaskItem
from services.ai.functions.base import (
    PROMPT_VERSION,
    Draft,
    Saved,
    TextFunction,
    all_there,
    task_ids,
)
from services.ai.functions.schemas import GenerateContentOutput
from services.ai.inventory import Inventory

TOKENS_PER_WORD: Final = 1.8
"""Words of English prose with their HTML tags, in tokens."""

KEYWORD_LENGTH_MAX: Final = 200
"""Publisher takes no longer ones."""

ABOUT_TOKENS: Final = 300
"""Title, excerpt, meta texts, categories and tags."""


class GenerateContent(TextFunction):
    """Items are tasks that are not written yet."""

    name = FunctionName.GENERATE_CONTENT

    async def prepare(self, inventory: Inventory, task: AiTask) -> list[Draft]:
        ids = task_ids(task)
        site = await inventory.site(task.site_id)
        found = {wanted.id: wanted for wanted in await inventory.tasks(task.site_id, ids)}
        wanted = [
            one
            for one in all_there("task", ids, found, task)
            if one.status != publisher.Task.STATUS_COMPLETED
        ]
        cluster_ids = list(dict.fromkeys(one.cluster_id for one in wanted if one.cluster_id))
        clusters = {one.id: one.name for one in await inventory.clusters(task.site_id, cluster_ids)}
        return [_draft(site.name, one, clusters.get(one.cluster_id)) for one in wanted]

    def likely_output_tokens(self, item: TaskItem) -> int:
        words: int = item.input["task"]["word_count"]
        return ABOUT_TOKENS + round(TOKENS_PER_WORD * words)

    def most_output_tokens(self, item: TaskItem) -> int:
        return 2 * self.likely_output_tokens(item)

    async def begin(self, inventory: Inventory, item: TaskItem) -> None:
        await inventory.pipeline.StartTask(publisher.StartTaskRequest(task_id=item.item_id))

    def parse(self, item: TaskItem, answer: Answer) -> GenerateContentOutput:
        output: GenerateContentOutput = self.answer_json(answer)
        return output

    async def save(
        self,
        inventory: Inventory,
        task: AiTask,
        item: TaskItem,
        output: GenerateContentOutput,
        *,
        request_id: str,
    ) -> Saved:
        response = await inventory.pipeline.SaveContent(
            publisher.SaveContentRequest(
                request_id=request_id,
                task_id=item.item_id,
                title=output["title"],
                slug=output["slug"],
                html=output["html"],
                excerpt=output["excerpt"],
                meta_title=output["meta_title"],
                meta_description=output["meta_description"],
                primary_keyword=output["primary_keyword"][:KEYWORD_LENGTH_MAX],
                categories=output["categories"],
                tags=output["tags"],
                model_name=task.model_name,
                prompt_version=f"{self.name.value}/{PROMPT_VERSION}",
                run_id=task.run_id or "",
                images_wanted=bool(task.payload.get("images_wanted")),
            )
        )
        content = response.content
        return Saved(
            outputs=1,
            flow=(Output(id=content.id, label=content.title),),
            facts={"word_count": content.word_count},
        )

    async def fail(self, inventory: Inventory, item: TaskItem, error: str) -> None:
        await inventory.pipeline.FailTask(publisher.FailTaskRequest(task_id=item.item_id, error=error[:2000]))


def _draft(site_name: str, wanted: publisher.Task, cluster_name: str | None) -> Draft:
    return Draft(
        item_id=wanted.id,
        label=wanted.title,
        input={
            "site_name": site_name,
            "task": {
                "title": wanted.title,
                "brief": wanted.brief,
                "word_count": wanted.word_count,
                "content_structure": wanted.content_structure,
                "target_keywords": list(wanted.target_keywords),
                "cluster_name": cluster_name,
            },
            "internal_links": [],
        },
    )
