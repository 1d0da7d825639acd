"""A picture that Runware may have made already is asked about before it is asked for again."""

import pytest

from services.ai.providers.port import ImageAnswer, ImageRequest, ProviderFinal, ProviderRetryable
from services.ai.providers.runware import RunwareImageProvider
from tests.ai.providers.runware.test_runware import a_request, fault
from tests.outside.behaviour import HALF, LOST, RESET, Behaviour, failing
from tests.outside.server import KEY, Outside


def provider(outside: Outside) -> RunwareImageProvider:
    return RunwareImageProvider(api_key=KEY, base_url=outside.runware_url, poll_seconds=0.01)


def kinds(outside: Outside) -> list[str]:
    return [call.body[0]["taskType"] for call in outside.calls]


def asked(**changes: object) -> ImageRequest:
    return a_request(key="task:image", **changes)


async def again(outside: Outside) -> ImageAnswer:
    return await provider(outside).generate(asked(asked_before=True), deadline=5)


@pytest.mark.parametrize("behaviour", [LOST, HALF])
async def test_a_picture_whose_answer_was_lost_is_looked_up_and_not_paid_twice(
    outside: Outside, behaviour: Behaviour
) -> None:
    outside.script = [behaviour]
    with pytest.raises(ProviderRetryable) as lost:
        await provider(outside).generate(asked(), deadline=5)

    answer = await again(outside)

    assert lost.value.maybe_paid
    assert kinds(outside) == ["imageInference", "getResponse", "getTaskDetails"]
    assert answer.provider_request_id in outside.made
    assert str(answer.cost_usd) == "0.0013"


async def test_a_picture_that_runware_never_saw_is_asked_for(outside: Outside) -> None:
    answer = await again(outside)

    assert kinds(outside) == ["getResponse", "getTaskDetails", "imageInference"]
    assert answer.width == 1216


async def test_a_picture_that_is_at_work_is_waited_for(outside: Outside) -> None:
    await provider(outside).generate(asked(), deadline=5)
    [(_, made)] = outside.made.items()
    working = Behaviour(changes={"status": "processing"})
    outside.script = [working, working, Behaviour(changes={**made, "status": "success"})]

    answer = await again(outside)

    assert kinds(outside) == ["imageInference", *["getResponse"] * 3]
    assert str(answer.cost_usd) == "0.0013"


@pytest.mark.parametrize("behaviour", [RESET, failing(503), fault("timeoutProvider")])
async def test_while_nothing_can_be_found_out_the_picture_is_not_asked_for_again(
    outside: Outside, behaviour: Behaviour
) -> None:
    outside.script = [behaviour]

    with pytest.raises(ProviderRetryable) as unknown:
        await again(outside)

    assert unknown.value.maybe_paid
    assert kinds(outside) == ["getResponse"]


async def test_the_same_picture_has_the_same_id_and_another_another(outside: Outside) -> None:
    first = await provider(outside).generate(asked(), deadline=5)
    second = await provider(outside).generate(asked(), deadline=5)
    other = await provider(outside).generate(a_request(key="task:other"), deadline=5)

    assert first.provider_request_id == second.provider_request_id != other.provider_request_id


@pytest.mark.parametrize("behaviour", [failing(401), fault("invalidApiKey"), fault("authenticationFailed")])
async def test_a_key_that_is_not_valid_is_named(outside: Outside, behaviour: Behaviour) -> None:
    outside.script = [behaviour]

    with pytest.raises(ProviderFinal, match="the API key is not valid"):
        await provider(outside).generate(asked(), deadline=5)
