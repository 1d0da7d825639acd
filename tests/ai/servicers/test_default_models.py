"""An account's default models: between what the site says and what the platform has, and only those that can be used."""

import pytest
from igny8.ai import v1 as ai

from chassis.identity import Role
from services.ai.domain.function_names import FunctionName
from services.ai.domain.stages import Stage
from tests.ai.servicers.doors import OTHER, Doors, refused
from tests.ai.workshop import IMAGE_MODEL, TEXT_MODEL, Workshop

SECOND = "offline-2"


@pytest.fixture(autouse=True)
def second_model(workshop: Workshop) -> None:
    workshop.billing.text_price(model_name=SECOND)


async def put(doors: Doors, *models: tuple[str, str], etag: str = "") -> ai.DefaultModels:
    listed = [ai.FunctionModel(function=function, model_name=model) for function, model in models]
    request = ai.PutDefaultModelsRequest(default_models=ai.DefaultModels(models=listed), etag=etag)
    return (await doors.models().PutDefaultModels(request)).default_models


async def get(doors: Doors, *, account_id: str = "") -> ai.DefaultModels:
    stub = doors.models(role=Role.VIEWER, account_id=account_id)
    return (await stub.GetDefaultModels(ai.GetDefaultModelsRequest())).default_models


async def test_without_a_choice_every_function_shows_the_platforms(doors: Doors) -> None:
    shown = await get(doors)

    assert [(each.function, each.model_name, each.platform_model) for each in shown.models] == [
        (function, "", IMAGE_MODEL if function.makes_images else TEXT_MODEL) for function in FunctionName
    ]


async def test_a_function_uses_the_accounts_model(doors: Doors, workshop: Workshop) -> None:
    await put(doors, ("cluster_keywords", SECOND))

    task = await doors.run_function("cluster_keywords", *await workshop.keywords())

    assert task.model_name == SECOND


async def test_what_the_site_says_goes_before_the_accounts_model(doors: Doors, workshop: Workshop) -> None:
    await put(doors, ("cluster_keywords", SECOND))
    await doors.configure(text_model=TEXT_MODEL)

    task = await doors.run_function("cluster_keywords", *await workshop.keywords())

    assert task.model_name == TEXT_MODEL


async def test_what_the_call_says_goes_before_both(doors: Doors, workshop: Workshop) -> None:
    await put(doors, ("cluster_keywords", TEXT_MODEL))
    await doors.configure(text_model=TEXT_MODEL)

    task = await doors.run_function("cluster_keywords", *await workshop.keywords(), model_name=SECOND)

    assert task.model_name == SECOND


async def test_each_stage_of_a_run_uses_the_model_of_its_function(doors: Doors, workshop: Workshop) -> None:
    await put(doors, ("generate_ideas", SECOND))
    await workshop.keywords()

    await doors.start_run()
    await workshop.work_off()

    used = {task.function_name: task.model_name for task in workshop.tasks()}
    assert used[FunctionName.CLUSTER_KEYWORDS] == TEXT_MODEL
    assert used[FunctionName.GENERATE_IDEAS] == SECOND
    assert used[FunctionName.GENERATE_IMAGES] == IMAGE_MODEL


async def test_a_run_keeps_its_models_when_the_choice_changes(doors: Doors, workshop: Workshop) -> None:
    await workshop.keywords()
    await doors.configure(
        stages=[ai.StageConfig(stage=int(stage), enabled=stage is Stage.CLUSTER) for stage in Stage]
    )
    await doors.start_run()

    await put(doors, ("cluster_keywords", SECOND))
    await workshop.work_off()

    assert [task.model_name for task in workshop.tasks()] == [TEXT_MODEL]


async def test_saving_replaces_the_whole_choice(doors: Doors) -> None:
    await put(doors, ("cluster_keywords", SECOND), ("generate_ideas", SECOND))

    shown = await put(doors, ("generate_ideas", SECOND), ("generate_content", ""))

    assert {each.function: each.model_name for each in shown.models if each.model_name} == {
        "generate_ideas": SECOND
    }


@pytest.mark.parametrize("model_name", ["unknown-1", IMAGE_MODEL, "offline-1\n", "'; DROP TABLE x"])
async def test_a_model_that_cannot_serve_the_function_is_refused_with_those_that_can(
    doors: Doors, model_name: str
) -> None:
    with refused("PRICE_NOT_FOUND") as refusal:
        await put(doors, ("generate_ideas", SECOND), ("cluster_keywords", model_name))

    assert refusal.value.metadata["available"] == f"{TEXT_MODEL}, {SECOND}"
    assert [fault.field for fault in refusal.value.fields] == ["default_models.models[1].model_name"]
    assert not any(each.model_name for each in (await get(doors)).models)


async def test_a_text_model_makes_no_images(doors: Doors) -> None:
    with refused("PRICE_NOT_FOUND") as refusal:
        await put(doors, ("generate_images", TEXT_MODEL))

    assert refusal.value.metadata["available"] == IMAGE_MODEL


async def test_a_model_of_a_provider_without_a_key_is_refused_and_says_what_helps(
    doors: Doors, workshop: Workshop
) -> None:
    workshop.billing.text_price(model_name="gpt-5-mini", provider="openai")

    with refused("PROVIDER_KEY_MISSING") as refusal:
        await put(doors, ("cluster_keywords", "gpt-5-mini"))

    assert "Give one of your own" in refusal.value.message
    assert [fault.field for fault in refusal.value.fields] == ["default_models.models[0].model_name"]


async def test_an_unknown_function_is_refused_with_the_known_ones(doors: Doors) -> None:
    with refused("FUNCTION_UNKNOWN") as refusal:
        await put(doors, ("write_poems", SECOND))

    assert "cluster_keywords" in refusal.value.message
    assert [fault.field for fault in refusal.value.fields] == ["default_models.models[0].function"]


async def test_a_function_named_twice_is_refused(doors: Doors) -> None:
    with refused("REQUEST_INVALID") as refusal:
        await put(doors, ("generate_ideas", SECOND), ("generate_ideas", TEXT_MODEL))

    assert [fault.field for fault in refusal.value.fields] == ["default_models.models[1].function"]


async def test_a_choice_that_somebody_changed_meanwhile_is_not_overwritten(doors: Doors) -> None:
    read = await get(doors)
    await put(doors, ("generate_ideas", SECOND), etag=read.etag)

    with refused("STALE_ETAG"):
        await put(doors, ("generate_ideas", TEXT_MODEL), etag=read.etag)


async def test_an_account_has_its_own_choice(doors: Doors) -> None:
    await put(doors, ("generate_ideas", SECOND))

    assert not any(each.model_name for each in (await get(doors, account_id=OTHER)).models)


async def test_an_editor_reads_the_choice_and_does_not_make_it(doors: Doors) -> None:
    with refused("PERMISSION_DENIED"):
        await doors.models(role=Role.EDITOR).PutDefaultModels(
            ai.PutDefaultModelsRequest(default_models=ai.DefaultModels())
        )


async def test_a_model_that_lost_its_price_is_refused_with_where_it_was_chosen(
    doors: Doors, workshop: Workshop
) -> None:
    await put(doors, ("cluster_keywords", SECOND))
    with workshop.transactions.engine.begin() as connection:
        connection.exec_driver_sql("""UPDATE default_models SET models = '{"cluster_keywords": "gone-1"}'""")

    with refused("PRICE_NOT_FOUND") as refusal:
        await doors.run_function("cluster_keywords", *await workshop.keywords())

    assert "the account's default models" in refusal.value.message
    assert workshop.tasks() == []
