"""What an item of a run says it took and made."""

from services.ai.domain.stages import Stage
from services.ai.domain.task_item import ItemStatus
from tests.ai.workshop import Workshop


async def test_items_say_what_they_took_and_where_to_find_what_they_made(workshop: Workshop) -> None:
    run = workshop.start(workshop.config(*Stage), {Stage.CLUSTER: await workshop.keywords()})

    await workshop.work_off()

    items, tasks = workshop.items(run), workshop.tasks()
    assert sum(item.cost for item in items) == sum(task.cost for task in tasks) > 0
    assert sum(item.credits_used for item in items) == workshop.spent
    assert all(item.input_tokens and item.output_tokens for item in items if item.stage is Stage.CONTENT)
    assert [item.outputs for item in items] == [
        len(item.output_ids) if item.stage.output_type != "content" else item.outputs for item in items
    ]


async def test_the_outputs_of_an_article_s_item_are_the_article(workshop: Workshop) -> None:
    run = workshop.start(workshop.config(*Stage), {Stage.CLUSTER: await workshop.keywords()})

    await workshop.work_off()

    written = {item.output_ids for item in workshop.items(run, Stage.CONTENT)}
    reviewed = {item.output_ids for item in workshop.items(run, Stage.REVIEW)}
    assert written == reviewed
    assert all([(await workshop.inventory.content(id)).run_id == run.id for [id] in written])


async def test_the_end_of_an_only_item_is_that_of_its_execution_and_is_told_once(workshop: Workshop) -> None:
    run = workshop.start(workshop.config(Stage.CLUSTER), {Stage.CLUSTER: await workshop.keywords()})

    await workshop.work_off()

    [item], [task] = workshop.items(run), workshop.tasks()
    assert (task.items_total, task.items_done) == (1, 1)
    assert (task.credits_used, task.cost) == (item.credits_used, item.cost)
    assert workshop.told("ai_tasks") == ["started", "completed"]
    assert [each.status for each in workshop.read_task(task.id)[1]] == [ItemStatus.DONE]
