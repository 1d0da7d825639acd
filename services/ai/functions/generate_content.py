"""generate_content: writes the article of a task: its outline first, then its sections, then what stands around it."""

from typing import Any, Final

from igny8.publisher import v1 as publisher

from services.ai.domain.function_names import FunctionName
from services.ai.domain.stages import Output
from services.ai.domain.task import AiTask
from services.ai.domain.task_item import Answer, TaskItem
from services.ai.functions.article_html import cleaned, headings, text_of, word_count
from services.ai.functions.article_plan import parts, parts_expected, planned, words_wanted
from services.ai.functions.base import Draft, Question, Saved, TextFunction, all_there, malformed, task_ids
from services.ai.functions.related import related_links, related_titles
from services.ai.functions.schemas import GenerateContentOutput
from services.ai.inventory import Inventory
from services.ai.prompts import prompt_version

TOKENS_PER_WORD: Final = 1.8
"""Words of English prose with their HTML tags, in tokens."""

OUTLINE_TOKENS: Final = 700
DESCRIPTION_TOKENS: Final = 300
"""What an outline takes, and title, excerpt, meta texts, categories and tags."""

THOUGHT_TOKENS: Final = 2_000
"""What a model may think with before each answer, beside twice the expected length."""

PROMPT_TOKENS: Final = 800
"""What each further call reads: its rules, headings, keywords, the plan of its sections and the end of the text before."""

CONTEXT_CHARACTERS: Final = 800
"""How much of the text before is shown, so that the next sections go on from it."""

OPENING_CHARACTERS: Final = 1_000

LENGTH_SHARE_MIN: Final = 0.5
"""Sections of less than this share of their words are no answer."""

KEYWORD_LENGTH_MAX: Final = 200
"""Publisher takes no longer ones."""


class GenerateContent(TextFunction):
    """Items are tasks that are not written yet. The drafts are the outline, the HTML of each part, and the description."""

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
        if not wanted:
            return []
        cluster_ids = list(dict.fromkeys(one.cluster_id for one in wanted if one.cluster_id))
        clusters = {one.id: one.name for one in await inventory.clusters(task.site_id, cluster_ids)}
        pages = await inventory.published(task.site_id)
        titles = await inventory.planned_titles(task.site_id)
        return [draft_of(site.name, one, clusters.get(one.cluster_id), pages, titles) for one in wanted]

    def question(self, item: TaskItem) -> Question:
        if not item.drafts:
            return Question(
                step="outline",
                values=item.input,
                output_tokens_maximum=2 * OUTLINE_TOKENS + THOUGHT_TOKENS,
            )
        outline, *written = item.drafts
        groups = parts(outline)
        if len(written) < len(groups):
            words = words_wanted(outline, len(written), [word_count(part["html"]) for part in written])
            return Question(
                step="sections",
                values={
                    **item.input,
                    "outline": outline,
                    "numbers": groups[len(written)],
                    "sections": [outline["sections"][number] for number in groups[len(written)]],
                    "words": words,
                    "written_so_far": text_of(written[-1]["html"])[-CONTEXT_CHARACTERS:] if written else "",
                },
                output_tokens_maximum=2 * _tokens(words) + THOUGHT_TOKENS,
            )
        return Question(
            step="description",
            values={
                **item.input,
                "outline": outline,
                "opening": text_of(written[0]["html"])[:OPENING_CHARACTERS],
            },
            output_tokens_maximum=2 * DESCRIPTION_TOKENS + THOUGHT_TOKENS,
        )

    def likely_output_tokens(self, item: TaskItem) -> int:
        """Of all calls, with what each of them reads again."""
        words = _words(item)
        read_again = (1 + parts_expected(words)) * PROMPT_TOKENS
        return OUTLINE_TOKENS + _tokens(words) + DESCRIPTION_TOKENS + read_again

    def most_output_tokens(self, item: TaskItem) -> int:
        return 2 * self.likely_output_tokens(item)

    async def begin(self, inventory: Inventory, item: TaskItem) -> None:
        await inventory.pipeline.StartTask(publisher.StartTaskRequest(task_id=item.item_id))

    def parse(self, item: TaskItem, answer: Answer) -> Any:
        """The outline with the words that were asked for, the cleaned HTML of a part, or the description."""
        output = self.answer_json(item, answer)
        if not item.drafts:
            return planned(output, _words(item))
        if "html" not in output:
            return output
        html = cleaned(output["html"], pages={link["url"] for link in item.input["internal_links"]})
        _check_sections(item, self.question(item), html, answer)
        return {"html": html}

    def assemble(self, item: TaskItem, drafts: tuple[Any, ...]) -> GenerateContentOutput | None:
        outline, *rest = drafts
        if len(rest) <= len(parts(outline)):
            return None
        *written, description = rest
        return GenerateContentOutput(
            title=outline["title"],
            html="\n".join(part["html"] for part in written),
            slug=description["slug"],
            excerpt=description["excerpt"],
            meta_title=description["meta_title"],
            meta_description=description["meta_description"],
            primary_keyword=description["primary_keyword"],
            categories=description["categories"],
            tags=description["tags"],
        )

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
                prompt_version=prompt_version(self.name.value),
                run_id=task.run_id or "",
                images_wanted=bool(task.payload.get("images_wanted")),
                ai_task_id=task.id,
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


def _words(item: TaskItem) -> int:
    words: int = item.input["task"]["word_count"]
    return words


def _tokens(words: int) -> int:
    return round(TOKENS_PER_WORD * words)


def _check_sections(item: TaskItem, question: Question, html: str, answer: Answer) -> None:
    """Raises ProviderMalformed for sections that are missing or hardly begun."""
    sections = item.drafts[0]["sections"]
    asked = [sections[number] for number in question.values["numbers"]]
    headed = sum(bool(section["heading"]) for section in asked)
    if headings(html) < headed:
        raise malformed(answer, f"there must be {headed} h2 headings, and there are {headings(html)}")
    least = round(LENGTH_SHARE_MIN * min(question.values["words"], sum(one["words"] for one in asked)))
    if word_count(html) < least:
        raise malformed(
            answer,
            f"the sections have {word_count(html)} words in all and need {question.values['words']}",
        )


def draft_of(
    site_name: str,
    wanted: publisher.Task,
    cluster_name: str | None,
    pages: list[publisher.Content],
    titles: list[str],
) -> Draft:
    about = " ".join([wanted.title, cluster_name or "", *wanted.target_keywords])
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
            "internal_links": [
                {"title": page.title, "url": page.external_url} for page in related_links(about, pages)
            ],
            "other_titles": related_titles(about, titles, but=wanted.title),
        },
    )
