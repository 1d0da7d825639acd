"""generate_images: makes the pending images of articles, each its own item and its own capture."""

import asyncio
from collections.abc import Sequence
from typing import Final

from igny8.publisher import v1 as publisher

from services.ai.domain.function_names import FunctionName
from services.ai.domain.stages import Output
from services.ai.domain.task import AiTask
from services.ai.domain.task_item import Answer, TaskItem
from services.ai.functions.base import Draft, Saved, all_there, malformed, task_ids
from services.ai.inventory import Inventory
from services.ai.ledger import Estimate
from services.ai.providers.port import ImageRequest

READS_AT_ONCE: Final = 8
"""Articles whose images are asked for at the same time: nothing is made before all are known."""

FEATURED_SIZE: Final = (1200, 675)
IN_ARTICLE_SIZE: Final = (1024, 576)
"""Width and height in pixels."""


class GenerateImages:
    """Items are pending images, with the failed ones where somebody asked again; `task_ids` of the payload are the articles they belong to."""

    name = FunctionName.GENERATE_IMAGES

    async def prepare(self, inventory: Inventory, task: AiTask) -> list[Draft]:
        ids, failed_too = task_ids(task), bool(task.payload.get("failed_too"))
        found = {content.id: content for content in await inventory.contents(task.site_id, ids)}
        at_once = asyncio.Semaphore(READS_AT_ONCE)

        async def drafts(content: publisher.Content) -> list[Draft]:
            async with at_once:
                images = await inventory.images_to_make(task.site_id, content.id, failed_too=failed_too)
            return [draft_of(content, image) for image in images]

        wanted = all_there("content", ids, found, task)
        return [draft for some in await asyncio.gather(*map(drafts, wanted)) for draft in some]

    def request(self, task: AiTask, item: TaskItem, *, fault: str = "") -> ImageRequest:
        return ImageRequest(
            model=task.model_name,
            prompt=item.input["prompt"],
            alt_text=item.input["alt_text"],
            width=item.input["width"],
            height=item.input["height"],
            key=f"{task.id}:{item.item_id}{':repair' if fault else ''}",
        )

    def estimate(self, task: AiTask, items: Sequence[TaskItem]) -> Estimate:
        return Estimate(items=len(items), images=len(items))

    async def begin(self, inventory: Inventory, item: TaskItem) -> None:
        """A pending image stays pending until it is generated or has failed."""

    def parse(self, item: TaskItem, answer: Answer) -> Answer:
        if not answer.media_type.startswith("image/") or not answer.data:
            raise malformed(answer, "it is not an image")
        return answer

    def assemble(self, item: TaskItem, drafts: tuple[Answer, ...]) -> Answer | None:
        """One call is enough."""
        return drafts[-1]

    async def save(
        self, inventory: Inventory, task: AiTask, item: TaskItem, output: Answer, *, request_id: str
    ) -> Saved:
        image = await inventory.upload_image(
            item.item_id,
            model_name=output.model_name or task.model_name,
            ai_task_id=task.id,
            data=output.data,
        )
        return Saved(
            outputs=1,
            flow=(Output(id=item.input["content_id"], label=item.input["title"]),),
            facts={"images_created": 1, "url": image.url},
        )

    async def fail(self, inventory: Inventory, item: TaskItem, error: str) -> None:
        await inventory.pipeline.FailImage(
            publisher.FailImageRequest(image_id=item.item_id, error=error[:2000])
        )

    def describe(self, task: AiTask, item: TaskItem) -> str:
        return f"{item.label} with {task.model_name}"


def draft_of(content: publisher.Content, image: publisher.Image) -> Draft:
    featured = image.image_type == publisher.Image.TYPE_FEATURED
    width, height = FEATURED_SIZE if featured else IN_ARTICLE_SIZE
    place = "Featured image" if featured else f"Image {image.position}"
    return Draft(
        item_id=image.id,
        label=f"{place} of {content.title}",
        input={
            "content_id": content.id,
            "title": content.title,
            "prompt": image.prompt,
            "alt_text": image.alt_text,
            "width": width,
            "height": height,
        },
    )
