"""The one road: what is paid, journalled and saved, whatever a provider answers."""

import pytest
from igny8.billing import v1 as billing_proto

from chassis.channel import Channels
from chassis.identity import Keyring
from chassis.ids import new_id
from chassis.refusal import Refusal
from chassis.service_tokens import ServiceTokens
from chassis.testing.serving import SECRET_KEY
from services.ai.domain.function_names import FunctionName
from services.ai.domain.stages import Stage
from services.ai.domain.task import Phase, TaskStatus
from services.ai.domain.task_item import ItemStatus
from services.ai.functions.generate_images import FEATURED_SIZE
from services.ai.ledger import Ledger
from services.ai.providers.limits import Limits
from services.ai.providers.port import ImageRequest
from services.billing.domain.budget import Scope
from tests.ai.models import HANGS, MALFORMED, REFUSED, busy
from tests.ai.workshop import Workshop

MERGE = "cluster_keywords_merge"
CLUSTER = FunctionName.CLUSTER_KEYWORDS
IMAGES = FunctionName.GENERATE_IMAGES


async def test_an_execution_ends_with_its_output_its_charge_and_its_events(workshop: Workshop) -> None:
    ids = await workshop.keywords()

    task = await workshop.execute(*workshop.task(CLUSTER, *ids))

    assert (task.status, task.phase, task.items_done) == (TaskStatus.SUCCESS, Phase.DONE, 1)
    assert workshop.spent == task.credits_used == 2
    assert task.cost > 0
    assert all(keyword.cluster_id for keyword in await workshop.publisher.keywords(workshop.site_id))
    assert workshop.told("ai_tasks") == ["started", "progressed", "completed"]


async def test_the_task_log_names_what_was_asked_and_what_came_of_it(workshop: Workshop) -> None:
    content_id = await workshop.article_with_images(2)

    task = await workshop.execute(*workshop.task(IMAGES, content_id))

    assert task.payload["task_ids"] == [content_id]
    assert task.payload["model"] == "offline-image-1"
    assert task.result == {"images_created": 2, "credits_used": 14, "tasks_processed": 2, "failed_items": []}


async def test_the_balance_moves_with_each_image(workshop: Workshop) -> None:
    content_id = await workshop.article_with_images(3)

    await workshop.execute(*workshop.task(IMAGES, content_id))

    assert workshop.charges() == [7, 7, 7]


async def test_three_failed_images_of_ten_are_not_charged(workshop: Workshop) -> None:
    content_id = await workshop.article_with_images(10)
    workshop.image.replies = [REFUSED] * 3

    task = await workshop.execute(*workshop.task(IMAGES, content_id))

    assert (task.status, task.items_done, task.items_failed) == (TaskStatus.SUCCESS, 7, 3)
    assert workshop.charges() == [7] * 7
    assert workshop.spent == 49
    assert [item["reason"] for item in task.result["failed_items"]] == ["PROVIDER_REFUSED"] * 3


async def test_an_execution_whose_every_item_failed_is_an_error_and_costs_nothing(workshop: Workshop) -> None:
    content_id = await workshop.article_with_images(2)
    workshop.image.replies = [REFUSED] * 2

    task = await workshop.execute(*workshop.task(IMAGES, content_id))

    assert (task.status, task.reason) == (TaskStatus.ERROR, "PROVIDER_REFUSED")
    assert workshop.spent == 0
    assert workshop.told("ai_tasks")[-1] == "failed"


async def test_a_busy_provider_is_asked_again(workshop: Workshop) -> None:
    workshop.text.replies = [busy(), busy(), busy()]

    task = await workshop.execute(*workshop.task(CLUSTER, *await workshop.keywords()))

    assert task.status is TaskStatus.SUCCESS
    assert len(workshop.text.asked) == 4


async def test_a_provider_that_stays_busy_fails_the_item(workshop: Workshop) -> None:
    workshop.text.replies = [busy() for _ in range(4)]

    task = await workshop.execute(*workshop.task(CLUSTER, *await workshop.keywords()))

    assert (task.status, task.reason) == (TaskStatus.ERROR, "PROVIDER_UNAVAILABLE")
    assert workshop.spent == 0


async def test_a_final_refusal_is_not_asked_again(workshop: Workshop) -> None:
    workshop.text.replies = [REFUSED]

    await workshop.execute(*workshop.task(CLUSTER, *await workshop.keywords()))

    assert len(workshop.text.asked) == 1


@pytest.mark.parametrize("first", ["{", '{"clusters": []}', MALFORMED])
async def test_a_malformed_answer_is_asked_for_once_more_with_its_fault(
    workshop: Workshop, first: str | Exception
) -> None:
    workshop.text.replies = [first]

    task = await workshop.execute(*workshop.task(CLUSTER, *await workshop.keywords()))

    assert task.status is TaskStatus.SUCCESS
    assert "Your first answer could not be used" in workshop.text.asked[1].user


async def test_a_repaired_answer_pays_for_both(workshop: Workshop) -> None:
    workshop.text.replies = ["{"]

    await workshop.execute(*workshop.task(CLUSTER, *await workshop.keywords()))

    assert workshop.spent == 3, "two answers of 150 tokens at 100 tokens a credit"


async def test_an_item_that_is_malformed_twice_fails_alone_and_costs_nothing(workshop: Workshop) -> None:
    content_id = await workshop.article_with_images(3)
    workshop.image.replies = [_no_picture_if_featured] * 6

    task = await workshop.execute(*workshop.task(IMAGES, content_id))

    assert (task.items_done, task.items_failed) == (2, 1)
    assert workshop.spent == 14
    assert task.result["failed_items"][0]["reason"] == "PROVIDER_MALFORMED"


async def test_a_provider_that_hangs_is_given_up_and_asked_again(workshop: Workshop) -> None:
    executor = workshop.executor(providers=workshop.limited(Limits(call_seconds_max=0.5)))
    workshop.text.replies = [HANGS]

    task = await workshop.execute(*workshop.task(CLUSTER, *await workshop.keywords()), executor)

    assert task.status is TaskStatus.SUCCESS
    assert len(workshop.text.asked) == 2


async def test_without_the_credits_nothing_is_called_and_everybody_hears_of_it(workshop: Workshop) -> None:
    content_id = await workshop.article_with_images(50)
    workshop.clock.advance(seconds=1)
    workshop.billing.price(model_name="offline-image-1", credits_per_image=100)
    task, lease = workshop.task(IMAGES, content_id)

    with pytest.raises(Refusal) as refused:
        await workshop.executor().begin(task.id, lease)

    assert refused.value.reason == "INSUFFICIENT_CREDITS"
    log, _ = workshop.read_task(task.id)
    assert (log.status, log.reason) == (TaskStatus.ERROR, "INSUFFICIENT_CREDITS")
    assert log.error.startswith("Insufficient credits. Required: 5000, Available: 1000")
    assert workshop.told("ai_tasks") == ["started", "failed"]
    assert workshop.image.asked == []


async def test_with_billing_stopped_no_execution_begins_and_no_provider_is_called(
    workshop: Workshop, port: int
) -> None:
    channels = Channels(ServiceTokens(Keyring.from_secret(SECRET_KEY), "ai", workshop.clock))
    stub = channels.stub("billing", f"127.0.0.1:{port}", billing_proto.CreditServiceStub)
    stopped = Ledger(stub, channels.stub("billing", f"127.0.0.1:{port}", billing_proto.PricingServiceStub))
    task, lease = workshop.task(CLUSTER, *await workshop.keywords())

    with pytest.raises(Refusal) as refused:
        await workshop.executor(ledger=stopped).begin(task.id, lease, attempts=1)
    await channels.close()

    assert refused.value.reason == "SERVICE_UNAVAILABLE"
    assert workshop.text.asked == []
    assert (await workshop.execute(task, lease)).status is TaskStatus.SUCCESS
    assert workshop.spent == 2


async def test_a_model_without_a_price_is_refused_and_never_free(workshop: Workshop) -> None:
    task, lease = workshop.task(CLUSTER, *await workshop.keywords(), model_name="unknown-1")

    with pytest.raises(Refusal) as refused:
        await workshop.executor().begin(task.id, lease)

    assert refused.value.reason == "PRICE_NOT_FOUND"
    assert workshop.text.asked == []
    assert workshop.read_task(task.id)[0].status is TaskStatus.ERROR


async def test_by_hand_a_task_with_nothing_to_do_is_refused(workshop: Workshop) -> None:
    ids = await workshop.keywords()
    await workshop.execute(*workshop.task(CLUSTER, *ids))
    task, lease = workshop.task(CLUSTER, *ids)

    with pytest.raises(Refusal) as refused:
        await workshop.executor().begin(task.id, lease)

    assert refused.value.reason == "NOTHING_TO_DO"


async def test_in_a_run_a_task_with_nothing_to_do_is_done(workshop: Workshop) -> None:
    ids = await workshop.keywords()
    await workshop.execute(*workshop.task(CLUSTER, *ids))
    spent = workshop.spent

    task = await workshop.execute(*workshop.task(CLUSTER, *ids, run_id=workshop.site_id))

    assert task.status is TaskStatus.SUCCESS
    assert workshop.spent == spent


async def test_an_abandoned_execution_keeps_what_is_done_and_fails_the_rest(workshop: Workshop) -> None:
    content_id = await workshop.article_with_images(3)
    task, lease = workshop.task(IMAGES, content_id)
    executor = workshop.executor()
    begun = await executor.begin(task.id, lease)
    workshop.image.replies = [None, None, RuntimeError("the process died")]
    with pytest.raises(RuntimeError):
        await executor.work(begun, lease)

    ended = await workshop.abandon(task, lease, REFUSED)

    assert (ended.status, ended.items_done, ended.items_failed) == (TaskStatus.SUCCESS, 2, 1)
    assert workshop.spent == 14


async def test_the_journal_keeps_no_answer_of_an_item_that_ended(workshop: Workshop) -> None:
    task = await workshop.execute(*workshop.task(CLUSTER, *await workshop.keywords()))

    _, [item] = workshop.read_task(task.id)

    assert item.status is ItemStatus.DONE
    assert item.answer is None


def _no_picture_if_featured(request: ImageRequest) -> str | None:
    return "<html>" if (request.width, request.height) == FEATURED_SIZE else None


async def test_of_a_thousand_keywords_in_batches_none_is_lost_or_mapped_twice(workshop: Workshop) -> None:
    topics = (
        "compost",
        "mulch",
        "raised bed",
        "rain barrel",
        "greenhouse",
        "lawn",
        "hedge",
        "pond",
        "shed",
        "patio",
    )
    ways = ("bin", "cost", "plans", "kit", "ideas", "diy", "cover", "repair", "tools", "size")
    words = [f"{topic} {way} {number}" for topic in topics for way in ways for number in range(1, 11)]
    await workshop.publisher.import_csv(workshop.site_id, "\n".join(["keyword", *words]))
    waiting = await workshop.inventory.stage_inputs(workshop.site_id, Stage.CLUSTER, limit=1_000)
    ids = [output.id for output in waiting]

    task = await workshop.execute(*workshop.task(CLUSTER, *ids))

    keywords = await workshop.inventory.keywords(workshop.site_id, ids)
    clusters = {keyword.cluster_id for keyword in keywords}
    _, items = workshop.read_task(task.id)
    assert (len(ids), task.items_done) == (1_000, 1)
    assert "" not in clusters
    assert sum(item.output["keywords_mapped"] for item in items) == 1_000
    assert [request.prompt_name for request in workshop.text.asked] == [*["cluster_keywords"] * 5, MERGE]
    assert len(clusters) == len(set(await workshop.inventory.cluster_names(workshop.site_id)))
    assert workshop.charges() == [9], "six answers of 150 tokens at 100 tokens a credit"


async def test_work_of_an_api_key_counts_in_the_keys_budget(workshop: Workshop) -> None:
    key_id = new_id()
    billing = workshop.billing
    billing.budget(workshop.account_id, scope=Scope.API_KEY, target_id=key_id, credits_limit=1)
    content_id = await workshop.article_with_images(2)

    with pytest.raises(Refusal, match="API key's limit of 1 credits leaves 1"):
        await workshop.execute(*workshop.task(IMAGES, content_id, actor=f"api_key:{key_id}"))
    allowed = await workshop.execute(*workshop.task(IMAGES, content_id, actor="user:1"))

    assert allowed.status is TaskStatus.SUCCESS
    assert billing.rows("SELECT api_key_id FROM igny8_billing_creditusagelog") == [(None,), (None,)]


async def test_what_an_api_key_started_is_charged_in_its_name(workshop: Workshop) -> None:
    key_id = new_id()
    content_id = await workshop.article_with_images(1)

    await workshop.execute(*workshop.task(IMAGES, content_id, actor=f"api_key:{key_id}"))

    assert workshop.billing.rows("SELECT api_key_id::text FROM igny8_billing_creditusagelog") == [(key_id,)]
