"""The one road with providers outside, through their real HTTP: what they answer is charged, and what they break is not."""

from collections.abc import AsyncIterator
from decimal import Decimal

import pytest
from prometheus_client import REGISTRY

from chassis.testing import until
from services.ai.domain.function_names import FunctionName
from services.ai.domain.task import AiTask, TaskStatus
from services.ai.executor import Executor
from services.ai.providers.limits import Limits
from services.ai.providers.openai import OpenAiImageProvider, OpenAiTextProvider
from services.ai.providers.registry import Defaults, Providers
from services.ai.providers.runware import RunwareImageProvider
from services.billing.domain.price import ImageVariant
from tests.ai.workshop import Workshop
from tests.kit.tasks import cancelled_at_the_end
from tests.outside.behaviour import HALF, LOST, NO_JSON, RESET, Behaviour, busy, failing, writing
from tests.outside.server import KEY, Outside, outside_world
from tests.outside.writer import dutiful

PICTURES = "runware:101@1"
TEXTS = "gpt-5-mini"
CLUSTER = FunctionName.CLUSTER_KEYWORDS
IMAGES = FunctionName.GENERATE_IMAGES


@pytest.fixture
async def outside() -> AsyncIterator[Outside]:
    async with outside_world() as world:
        world.writes = dutiful
        yield world


@pytest.fixture
def executor(workshop: Workshop, outside: Outside) -> Executor:
    """An executor whose providers are outside; their models have prices."""
    workshop.billing.price(model_name=PICTURES, provider="runware", credits_per_image=7)
    workshop.billing.price(model_name="gpt-image-2", provider="openai", credits_per_image=7)
    workshop.billing.text_price(model_name=TEXTS, provider="openai")
    limits = Limits(calls_at_once=2, call_seconds_max=5, wait_seconds_max=0.01)
    providers = Providers(
        text={"openai": OpenAiTextProvider(api_key=KEY, base_url=outside.openai_url)},
        image={
            "openai": OpenAiImageProvider(api_key=KEY, base_url=outside.openai_url),
            "runware": RunwareImageProvider(api_key=KEY, base_url=outside.runware_url, poll_seconds=0.01),
        },
        models=workshop.ledger.models,
        defaults=Defaults(text_model=TEXTS, image_model=PICTURES),
        limits={"openai": limits, "runware": limits},
    )
    return workshop.executor(providers=providers)


async def of_images(workshop: Workshop, executor: Executor, model_name: str, count: int = 3) -> AiTask:
    content_id = await workshop.article_with_images(count)
    return await workshop.execute(*workshop.task(IMAGES, content_id, model_name=model_name), executor)


async def of_keywords(workshop: Workshop, executor: Executor) -> AiTask:
    task, lease = workshop.task(CLUSTER, *await workshop.keywords(), model_name=TEXTS)
    return await workshop.execute(task, lease, executor)


async def test_a_picture_of_runwares_costs_what_runware_says(workshop: Workshop, executor: Executor) -> None:
    task = await of_images(workshop, executor, PICTURES)

    assert (task.status, task.items_done) == (TaskStatus.SUCCESS, 3)
    assert task.cost == Decimal("0.0039")
    assert workshop.charges() == [7, 7, 7]


async def test_a_picture_of_openais_costs_what_the_price_list_says(
    workshop: Workshop, executor: Executor
) -> None:
    task = await of_images(workshop, executor, "gpt-image-2")

    assert (task.status, task.cost) == (TaskStatus.SUCCESS, Decimal("0.003"))
    assert workshop.spent == 21


async def test_a_text_of_openais_is_charged_by_its_tokens(workshop: Workshop, executor: Executor) -> None:
    task = await of_keywords(workshop, executor)

    assert (task.status, task.error) == (TaskStatus.SUCCESS, "")
    assert workshop.spent == task.credits_used == 2, "200 tokens at 100 a credit"


async def test_a_text_that_does_not_fit_is_repaired_once(
    workshop: Workshop, executor: Executor, outside: Outside
) -> None:
    outside.script = [writing('{"clusters": []}')]

    task = await of_keywords(workshop, executor)

    assert task.status is TaskStatus.SUCCESS
    assert len(outside.calls) == 2
    assert workshop.spent == 4


def generations(outside: Outside) -> int:
    """Calls that a picture was asked for by."""
    bodies = [call.body for call in outside.calls]
    return sum(not isinstance(body, list) or body[0]["taskType"] == "imageInference" for body in bodies)


def maybe_double_paid(provider: str) -> float:
    return REGISTRY.get_sample_value("provider_maybe_double_paid_total", {"provider": provider}) or 0.0


async def test_a_lost_picture_of_runwares_is_looked_up_and_paid_once(
    workshop: Workshop, executor: Executor, outside: Outside
) -> None:
    before = maybe_double_paid("runware")
    outside.script = [LOST]

    task = await of_images(workshop, executor, PICTURES, count=1)

    assert (task.items_done, len(outside.made), generations(outside)) == (1, 1, 1)
    assert task.cost == Decimal("0.0013")
    assert maybe_double_paid("runware") == before


async def test_a_lost_picture_of_openais_may_be_paid_twice_which_is_counted_and_never_the_accounts(
    workshop: Workshop, executor: Executor, outside: Outside
) -> None:
    before = maybe_double_paid("openai")
    outside.script = [LOST]

    await of_images(workshop, executor, "gpt-image-2", count=1)

    assert maybe_double_paid("openai") == before + 1
    assert workshop.charges() == [7]


@pytest.mark.parametrize(("model_name", "counted"), [("gpt-image-2", 1), (PICTURES, 0)])
async def test_after_a_death_a_picture_may_have_been_paid_already(
    workshop: Workshop, executor: Executor, outside: Outside, model_name: str, counted: int
) -> None:
    provider = "runware" if model_name == PICTURES else "openai"
    content_id = await workshop.article_with_images(1)
    task, lease = workshop.task(IMAGES, content_id, model_name=model_name)
    begun = await executor.begin(task.id, lease)
    before = maybe_double_paid(provider)

    await executor.work(begun, lease, again=True)

    assert maybe_double_paid(provider) == before + counted
    assert workshop.charges() == [7]


async def test_a_call_that_the_end_of_the_process_cuts_short_may_be_paid_twice(
    workshop: Workshop, executor: Executor, outside: Outside
) -> None:
    content_id = await workshop.article_with_images(1)
    task, lease = workshop.task(IMAGES, content_id, model_name="gpt-image-2")
    begun = await executor.begin(task.id, lease)
    before = maybe_double_paid("openai")
    outside.latency_seconds = 60

    async def work() -> None:
        await executor.work(begun, lease)

    async with cancelled_at_the_end(work()):
        await until(lambda: outside.calls)

    assert maybe_double_paid("openai") == before + 1


@pytest.mark.parametrize(
    ("behaviour", "of_runware"),
    [(RESET, 2), (HALF, 1), (failing(500), 3), (failing(503), 3), (busy(), 3), (busy("1"), 3)],
)
@pytest.mark.parametrize("model_name", [PICTURES, "gpt-image-2"])
async def test_what_passes_is_asked_again_and_paid_once(
    workshop: Workshop,
    executor: Executor,
    outside: Outside,
    behaviour: Behaviour,
    of_runware: int,
    model_name: str,
) -> None:
    """What Runware may have made it is asked about, and it is not made again."""
    outside.script = [behaviour, behaviour]

    task = await of_images(workshop, executor, model_name, count=1)

    assert (task.status, task.items_done) == (TaskStatus.SUCCESS, 1)
    assert generations(outside) == (of_runware if model_name == PICTURES else 3)
    assert workshop.charges() == [7]


@pytest.mark.parametrize(
    ("behaviour", "reason", "calls"),
    [
        (failing(401), "PROVIDER_KEY_REFUSED", 1),
        (failing(400), "PROVIDER_REFUSED", 1),
        (failing(500), "PROVIDER_UNAVAILABLE", 4),
        (NO_JSON, "PROVIDER_MALFORMED", 2),
    ],
)
@pytest.mark.parametrize("model_name", [PICTURES, "gpt-image-2"])
async def test_what_fails_for_good_costs_nothing(
    workshop: Workshop,
    executor: Executor,
    outside: Outside,
    behaviour: Behaviour,
    reason: str,
    calls: int,
    model_name: str,
) -> None:
    outside.script = [behaviour] * 4

    task = await of_images(workshop, executor, model_name, count=1)

    assert (task.status, task.reason) == (TaskStatus.ERROR, reason)
    assert len(outside.calls) == calls
    assert workshop.spent == 0


async def test_no_more_calls_are_open_than_the_limit_of_the_model(
    workshop: Workshop, executor: Executor, outside: Outside
) -> None:
    outside.latency_seconds = 0.02

    await of_images(workshop, executor, PICTURES, count=6)

    assert outside.at_once_max == 2


async def test_tokens_are_charged_by_the_kinds_that_openai_tells(
    workshop: Workshop, executor: Executor
) -> None:
    workshop.billing.clock.advance(seconds=1)
    workshop.billing.text_price(
        model_name=TEXTS,
        provider="openai",
        cost_per_1k_input=Decimal("0.00025"),
        cost_per_1k_cached_input=Decimal("0.000025"),
        cost_per_1k_output=Decimal("0.002"),
        cost_per_1k_reasoning=Decimal("0.004"),
        weight_cached_input=Decimal("0.1"),
        weight_output=Decimal(4),
        tokens_per_credit=10,
    )

    task = await of_keywords(workshop, executor)

    # 20 read + 100 from the cache x 0.1 + 80 written x 4, 10 to a credit.
    assert task.credits_used == 35
    assert task.cost == Decimal("0.0002275")
    (used,) = workshop.billing.rows(
        "SELECT input_tokens, cached_input_tokens, output_tokens, reasoning_tokens"
        " FROM igny8_billing_creditusagelog"
    )
    assert tuple(used) == (120, 100, 80, 30)


async def test_a_picture_of_openais_is_charged_by_size_and_quality(
    workshop: Workshop, executor: Executor
) -> None:
    workshop.billing.clock.advance(seconds=1)
    variant = ImageVariant(
        size="1536x1024", quality="medium", cost_per_image=Decimal("0.05"), credits_per_image=11
    )
    workshop.billing.price(
        model_name="gpt-image-2", provider="openai", credits_per_image=40, image_variants=(variant,)
    )

    task = await of_images(workshop, executor, "gpt-image-2", count=2)

    assert (task.credits_used, task.cost) == (22, Decimal("0.10"))
