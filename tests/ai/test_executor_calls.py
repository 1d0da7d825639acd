"""Items that take several calls: each is journalled, none is repeated after a death, and the item is charged once."""

import json
from collections.abc import Callable

import pytest

from services.ai.domain.function_names import FunctionName
from services.ai.domain.task import AiTask, TaskStatus
from services.ai.functions.article_html import word_count
from services.ai.providers.port import TextRequest
from services.ai.usecases import tasks as write
from tests.ai.falls import Died
from tests.ai.models import REFUSED
from tests.ai.workshop import Workshop

CONTENT = FunctionName.GENERATE_CONTENT
STEPS = ["outline", "sections", "sections", "description"]
"""The calls of an article of 1,200 words by the offline provider."""

TOKENS = 150
"""Of each answer, at 100 a credit."""


async def a_task(workshop: Workshop) -> str:
    return (await workshop.publisher.task(workshop.site_id, "How to start compost")).id


async def executed_after_a_death(workshop: Workshop, task_id: str) -> AiTask:
    task, lease = workshop.task(CONTENT, task_id)
    with pytest.raises(Died):
        await workshop.execute(task, lease)
    workshop.end_leases()
    again = workshop.run(write.claim, subject_id=task.id, owner="another worker")
    assert again is not None
    return await workshop.execute(task, again)


def asked(workshop: Workshop) -> list[str]:
    return [request.prompt_name.removeprefix("generate_content_") for request in workshop.text.asked]


async def test_an_article_is_planned_written_and_described_by_calls_of_one_item(workshop: Workshop) -> None:
    task = await workshop.execute(*workshop.task(CONTENT, await a_task(workshop)))

    assert asked(workshop) == STEPS
    assert (task.status, task.items_done, task.outputs) == (TaskStatus.SUCCESS, 1, 1)
    assert workshop.charges() == [-(-len(STEPS) * TOKENS // 100)]


async def test_an_article_has_about_as_many_words_as_its_task_asks_for(workshop: Workshop) -> None:
    task = await workshop.execute(*workshop.task(CONTENT, await a_task(workshop)))

    _, [item] = workshop.read_task(task.id)
    content = await workshop.publisher.read_content(item.output["flow"][0]["id"])
    assert 0.9 * 1_200 <= word_count(content.html) <= 1.1 * 1_200


@pytest.mark.parametrize("died_at", range(1, len(STEPS) + 1))
async def test_whatever_call_it_died_in_only_that_one_is_asked_again(
    workshop: Workshop, died_at: int
) -> None:
    workshop.text.replies = [*[None] * (died_at - 1), Died("before its answer was journalled")]

    ended = await executed_after_a_death(workshop, await a_task(workshop))

    assert asked(workshop) == [*STEPS[:died_at], *STEPS[died_at - 1 :]]
    assert ended.status is TaskStatus.SUCCESS
    assert workshop.charges() == [-(-len(STEPS) * TOKENS // 100)]


@pytest.mark.parametrize("malformed_at", range(1, len(STEPS) + 1))
async def test_each_call_may_be_repaired_once_and_both_answers_are_charged(
    workshop: Workshop, malformed_at: int
) -> None:
    workshop.text.replies = [*[None] * (malformed_at - 1), "{"]

    task = await workshop.execute(*workshop.task(CONTENT, await a_task(workshop)))

    assert task.status is TaskStatus.SUCCESS
    assert asked(workshop)[malformed_at - 1] == asked(workshop)[malformed_at]
    assert "Your first answer could not be used" in workshop.text.asked[malformed_at].user
    assert workshop.charges() == [-(-(len(STEPS) + 1) * TOKENS // 100)]


@pytest.mark.parametrize("replies", [["{", "{"], [None, REFUSED], [None, None, "{", "{"]])
async def test_an_article_that_fails_in_any_call_costs_nothing(
    workshop: Workshop, replies: list[str | Exception | None]
) -> None:
    workshop.text.replies = list(replies)

    task = await workshop.execute(*workshop.task(CONTENT, await a_task(workshop)))

    assert task.status is TaskStatus.ERROR
    assert workshop.spent == 0


def saying_of_sections(html: str) -> Callable[[TextRequest], object]:
    return lambda request: json.dumps({"html": html})


@pytest.mark.parametrize(
    ("html", "fault"),
    [("<p>no headings</p>", "h2 headings"), ("<h2>a</h2>" * 20, "and need")],
)
async def test_sections_that_are_missing_or_hardly_begun_are_asked_for_again(
    workshop: Workshop, html: str, fault: str
) -> None:
    workshop.text.replies = [None, saying_of_sections(html)]

    task = await workshop.execute(*workshop.task(CONTENT, await a_task(workshop)))

    assert task.status is TaskStatus.SUCCESS
    assert fault in workshop.text.asked[2].user


async def test_what_the_calls_took_together_is_in_the_books(workshop: Workshop) -> None:
    await workshop.execute(*workshop.task(CONTENT, await a_task(workshop)))

    [usage] = workshop.billing.rows("SELECT input_tokens, output_tokens FROM igny8_billing_creditusagelog")
    [facts] = workshop.billing.rows(
        "SELECT metadata ->> 'calls' FROM igny8_billing_credittransaction"
        " WHERE transaction_type = 'deduction'"
    )
    assert tuple(usage) == (100 * len(STEPS), 50 * len(STEPS))
    assert facts[0] == str(len(STEPS))
