"""An account's own key at a provider, through real HTTP: used for its calls alone, told to nobody, paid for by itself."""

import random
from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any

import pytest
from prometheus_client import REGISTRY, generate_latest
from sqlalchemy import text

from chassis.sealing import Sealer
from services.ai.account_keys import reading
from services.ai.asking import ask
from services.ai.domain.function_names import FunctionName
from services.ai.domain.provider_key import KeyedProvider
from services.ai.domain.task import AiTask, TaskStatus
from services.ai.providers.limits import Limits
from services.ai.providers.openai import OpenAiImageProvider, OpenAiTextProvider
from services.ai.providers.port import (
    ImageRequest,
    ProviderError,
    ProviderKeyMissing,
    ProviderKeyRefused,
)
from services.ai.providers.registry import Defaults, Providers
from services.ai.providers.runware import RunwareImageProvider
from services.ai.usecases import provider_keys
from tests.ai.workshop import Workshop
from tests.chassis.captured_logs import configured
from tests.outside.behaviour import busy, failing, saying
from tests.outside.server import KEY, Outside, outside_world

OWN = "sk-canary-of-the-account-Xy9z"
WRONG = "sk-canary-that-is-wrong-Wr0n"
OTHER = "01980000-0000-7000-8000-00000000000f"
TEXTS, PICTURES, RUNWARES = "gpt-5-mini", "gpt-image-2", "runware:101@1"
CLUSTER, IMAGES = FunctionName.CLUSTER_KEYWORDS, FunctionName.GENERATE_IMAGES
SEALER = Sealer("the secret of the tests, long enough for that")


@pytest.fixture
async def outside() -> AsyncIterator[Outside]:
    async with outside_world() as world:
        world.keys |= {OWN}
        yield world


@pytest.fixture(autouse=True)
def prices(workshop: Workshop) -> None:
    workshop.billing.text_price(model_name=TEXTS, provider="openai")
    workshop.billing.price(model_name=PICTURES, provider="openai", credits_per_image=7)
    workshop.billing.price(model_name=RUNWARES, provider="runware", credits_per_image=7)


def providers_of(workshop: Workshop, outside: Outside, *, platform: bool = True) -> Providers:
    """The providers outside, with the platform's key or without; nothing is remembered between calls."""
    texts = OpenAiTextProvider(api_key=KEY, base_url=outside.openai_url)
    images = OpenAiImageProvider(api_key=KEY, base_url=outside.openai_url)
    runware = RunwareImageProvider(api_key=KEY, base_url=outside.runware_url)
    limits = Limits(calls_at_once=2, call_seconds_max=5, wait_seconds_max=0.01)
    return Providers(
        text={"openai": texts} if platform else {},
        image={"openai": images, "runware": runware} if platform else {},
        own_text={"openai": texts.with_key},
        own_image={"openai": images.with_key, "runware": runware.with_key},
        keys=reading(workshop.transactions, SEALER),
        models=workshop.ledger.models,
        defaults=Defaults(text_model=TEXTS, image_model=PICTURES),
        limits={"openai": limits, "runware": limits},
    )


def give(workshop: Workshop, key: str, *, provider: str = "openai", sealer: Sealer = SEALER) -> None:
    workshop.run(
        provider_keys.put_key,
        account_id=workshop.account_id,
        provider=KeyedProvider(provider),
        key=key,
        sealer=sealer,
        actor="user:1",
        now=workshop.clock.now(),
    )


async def paint(workshop: Workshop, providers: Providers, model_name: str = PICTURES) -> AiTask:
    """Three images by the executor."""
    content_id = await workshop.article_with_images(3)
    task, lease = workshop.task(IMAGES, content_id, model_name=model_name)
    return await workshop.execute(task, lease, workshop.executor(providers=providers))


async def one(providers: Providers, account_id: str) -> Any:
    request = ImageRequest(model=PICTURES, prompt="A worm bin", width=1024, height=1024)
    return await ask(providers, request, account_id=account_id, randomness=random.Random(1))


@pytest.mark.parametrize(("model_name", "provider"), [(PICTURES, "openai"), (RUNWARES, "runware")])
async def test_the_accounts_key_goes_before_the_platforms(
    workshop: Workshop, outside: Outside, model_name: str, provider: str
) -> None:
    give(workshop, OWN, provider=provider)

    task = await paint(workshop, providers_of(workshop, outside), model_name)

    assert (task.status, task.items_done) == (TaskStatus.SUCCESS, 3)
    assert outside.keys_given == [OWN] * 3


async def test_texts_are_written_by_the_accounts_key_too(workshop: Workshop, outside: Outside) -> None:
    give(workshop, OWN)
    task, lease = workshop.task(CLUSTER, *await workshop.keywords(), model_name=TEXTS)

    await workshop.execute(task, lease, workshop.executor(providers=providers_of(workshop, outside)))

    assert set(outside.keys_given) == {OWN}


async def test_another_account_is_served_by_the_platforms_key(workshop: Workshop, outside: Outside) -> None:
    give(workshop, OWN)

    await one(providers_of(workshop, outside), OTHER)

    assert outside.keys_given == [KEY]


async def test_a_key_makes_its_provider_usable_where_the_platform_has_none(
    workshop: Workshop, outside: Outside
) -> None:
    give(workshop, OWN)
    providers = providers_of(workshop, outside, platform=False)

    assert (await paint(workshop, providers)).status is TaskStatus.SUCCESS
    assert (await providers.usable(workshop.account_id)).names(makes_images=True) == [PICTURES]
    assert (await providers.usable(OTHER)).names(makes_images=True) == []
    with pytest.raises(ProviderKeyMissing, match="Give one of your own"):
        await one(providers, OTHER)


async def test_credits_cost_the_same_and_the_platform_pays_nothing(
    workshop: Workshop, outside: Outside
) -> None:
    give(workshop, OWN)

    task = await paint(workshop, providers_of(workshop, outside))

    assert workshop.charges() == [7, 7, 7]
    assert (task.credits_used, task.cost) == (21, Decimal(0))
    usage = workshop.billing.rows("SELECT cost_usd FROM igny8_billing_creditusagelog")
    assert [row.cost_usd for row in usage] == [Decimal(0)] * 3
    charged = [line for line in workshop.billing.lines(workshop.account_id) if line.amount < 0]
    assert [line.metadata["own_key"] for line in charged if "own_key" in line.metadata] == [True] * 3


async def test_a_deleted_key_is_used_no_more(workshop: Workshop, outside: Outside) -> None:
    give(workshop, OWN)
    providers = providers_of(workshop, outside)
    await one(providers, workshop.account_id)

    workshop.run(provider_keys.delete_key, account_id=workshop.account_id, provider=KeyedProvider.OPENAI)
    await one(providers, workshop.account_id)

    assert outside.keys_given == [OWN, KEY]


async def test_a_wrong_key_is_named_with_the_way_out_and_nothing_is_charged(
    workshop: Workshop, outside: Outside
) -> None:
    give(workshop, WRONG)

    task = await paint(workshop, providers_of(workshop, outside))

    assert (task.status, task.reason) == (TaskStatus.ERROR, "PROVIDER_KEY_REFUSED")
    assert "own key, which ends in Wr0n: the API key is not valid. Give a new one, or delete it" in task.error
    assert workshop.spent == 0


async def test_a_key_without_credit_is_named_as_that_and_is_no_fault_of_the_item(
    workshop: Workshop, outside: Outside
) -> None:
    give(workshop, OWN)
    outside.script = [failing(429, code="insufficient_quota")] * 3

    task = await paint(workshop, providers_of(workshop, outside))

    assert (task.status, task.reason) == (TaskStatus.ERROR, "PROVIDER_KEY_REFUSED")
    assert "has no credit left there. Top it up there, or give a key of another, or delete it" in task.error
    assert workshop.spent == 0


async def test_a_wrong_key_of_the_platforms_is_told_apart(workshop: Workshop, outside: Outside) -> None:
    outside.keys.clear()

    with pytest.raises(ProviderKeyRefused, match="It is the platform's") as refused:
        await one(providers_of(workshop, outside), OTHER)

    assert refused.value.metadata == {"provider": "openai", "whose": "platform"}


@pytest.mark.parametrize("trouble", [failing(500), busy("30"), failing(401)], ids=["broken", "busy", "wrong"])
async def test_what_goes_wrong_by_one_accounts_key_holds_nobody_else_up(
    workshop: Workshop, outside: Outside, trouble: Any
) -> None:
    give(workshop, OWN)
    providers = providers_of(workshop, outside)
    outside.script = [trouble] * 40
    for _ in range(10):
        with pytest.raises(ProviderError):
            await one(providers, workshop.account_id)
    outside.script = []
    asked = len(outside.calls)

    await one(providers, OTHER)

    assert outside.keys_given[asked:] == [KEY]


async def test_a_key_that_no_longer_opens_is_to_be_given_again(workshop: Workshop, outside: Outside) -> None:
    give(workshop, OWN, sealer=Sealer("a secret that was lost, long enough for that"))

    task = await paint(workshop, providers_of(workshop, outside))

    assert (task.status, task.reason) == (TaskStatus.ERROR, "PROVIDER_KEY_MISSING")
    assert "Give it again" in task.error
    assert outside.calls == []


async def test_a_key_that_was_copied_to_another_account_does_not_open(
    workshop: Workshop, outside: Outside
) -> None:
    give(workshop, OWN)
    with workshop.transactions.engine.begin() as connection:
        connection.execute(text("UPDATE provider_key SET account_id = :other"), {"other": OTHER})

    with pytest.raises(ProviderKeyMissing):
        await one(providers_of(workshop, outside), OTHER)
    assert outside.calls == []


async def test_no_key_is_logged_stored_told_or_measured(
    workshop: Workshop, outside: Outside, capsys: pytest.CaptureFixture[str]
) -> None:
    with configured(level="debug"):
        for key in (OWN, WRONG):
            give(workshop, key)
            outside.script = [failing(500), saying({"error": {"message": f"no good: {key}"}})]
            await paint(workshop, providers_of(workshop, outside))
        outside.script = [failing(400)] * 3
        await paint(workshop, providers_of(workshop, outside))
    logged = "".join(capsys.readouterr())

    seen = f"{logged} {_stored(workshop)} {generate_latest(REGISTRY).decode()}"
    assert '"openai"' in seen
    assert "PROVIDER_KEY_REFUSED" in seen
    assert [key for key in (OWN, WRONG) if key in seen] == []


def _stored(workshop: Workshop) -> str:
    """Every row of every table of the ai service, its events included."""
    with workshop.transactions.engine.connect() as connection:
        names = connection.execute(
            text("SELECT table_name FROM information_schema.tables WHERE table_schema = 'ai'")
        ).scalars()
        rows = [row for name in names.all() for row in connection.exec_driver_sql(f'TABLE ai."{name}"')]
    return " ".join(str([bytes(one) if isinstance(one, memoryview) else one for one in row]) for row in rows)
