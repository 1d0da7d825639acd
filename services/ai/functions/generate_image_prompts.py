"""generate_image_prompts: describes the featured image of an article and those within it."""

import html
import re
from typing import Final

from igny8.publisher import v1 as publisher

from services.ai.domain.function_names import FunctionName
from services.ai.domain.stages import Output
from services.ai.domain.task import AiTask
from services.ai.domain.task_item import Answer, TaskItem
from services.ai.functions.base import Draft, Saved, TextFunction, articles, malformed
from services.ai.functions.schemas import GenerateImagePromptsOutput
from services.ai.inventory import Inventory

HEADINGS_MAX: Final = 30
_HEADING = re.compile(r"<h2[^>]*>(.*?)</h2>", re.DOTALL | re.IGNORECASE)
_TAG = re.compile(r"<[^>]+>")

_TYPES = {
    "featured": publisher.Image.TYPE_FEATURED,
    "in_article": publisher.Image.TYPE_IN_ARTICLE,
}


class GenerateImagePrompts(TextFunction):
    """Items are articles without images."""

    name = FunctionName.GENERATE_IMAGE_PROMPTS
    output_tokens_expected = 300
    output_tokens_maximum = 2_500

    async def prepare(self, inventory: Inventory, task: AiTask) -> list[Draft]:
        most = int(task.payload["max_in_article_images"])
        return [draft_of(content, most) for content in await articles(inventory, task) if not content.images]

    def parse(self, item: TaskItem, answer: Answer) -> GenerateImagePromptsOutput:
        output: GenerateImagePromptsOutput = self.answer_json(item, answer)
        featured = [image for image in output["images"] if image["image_type"] == "featured"]
        within = [image for image in output["images"] if image["image_type"] == "in_article"]
        if len(featured) != 1:
            raise malformed(answer, f"there must be one featured image, and there are {len(featured)}")
        # More than was asked for is not an error; the quote covers the asked number only, so the rest is dropped.
        most = item.input["max_in_article_images"]
        within.sort(key=lambda image: image["position"])
        return {"images": [featured[0], *within[:most]]}

    async def save(
        self,
        inventory: Inventory,
        task: AiTask,
        item: TaskItem,
        output: GenerateImagePromptsOutput,
        *,
        request_id: str,
    ) -> Saved:
        response = await inventory.pipeline.SaveImagePrompts(
            publisher.SaveImagePromptsRequest(
                request_id=request_id,
                content_id=item.item_id,
                images=[
                    publisher.ImageDraft(
                        image_type=_TYPES[image["image_type"]],
                        position=position,
                        prompt=image["prompt"],
                        alt_text=image["alt_text"],
                    )
                    for position, image in enumerate(output["images"])
                ],
                ai_task_id=task.id,
                model_name=task.model_name,
                prompt_version=task.prompt_version,
            )
        )
        return Saved(outputs=len(response.images), flow=(Output(id=item.item_id, label=item.label),))


def draft_of(content: publisher.Content, most: int) -> Draft:
    headings = [html.unescape(_TAG.sub("", heading)).strip() for heading in _HEADING.findall(content.html)]
    return Draft(
        item_id=content.id,
        label=content.title,
        input={
            "title": content.title,
            "headings": headings[:HEADINGS_MAX],
            "primary_keyword": content.primary_keyword,
            "max_in_article_images": most,
        },
    )
