"""Pictures that are given by their address: fetched whole, from where they may be, as often as it takes."""

import pytest

from services.ai.providers.openai import OpenAiImageProvider
from services.ai.providers.port import ProviderFinal, ProviderMalformed, ProviderRetryable
from tests.ai.providers.openai.test_openai import an_image_request, images
from tests.outside.behaviour import RESET, Behaviour, at_address, failing
from tests.outside.server import KEY, Outside


async def test_a_picture_at_the_servers_own_address_is_fetched(outside: Outside) -> None:
    outside.script = [at_address(outside.picture_url)]

    answer = await images(outside).generate(an_image_request(), deadline=5)

    assert (answer.media_type, answer.width, answer.height) == ("image/png", 30, 20)


async def test_the_key_does_not_travel_to_the_picture(outside: Outside) -> None:
    outside.script = [at_address(outside.picture_url)]

    await images(outside).generate(an_image_request(), deadline=5)

    assert KEY not in str(outside.calls[1].headers)


@pytest.mark.parametrize(
    "url",
    [
        "https://127.0.0.1/picture.png",
        "http://169.254.169.254/latest/meta-data/",
        "https://localhost/picture.png",
        "file:///etc/passwd",
    ],
)
async def test_a_picture_inside_a_private_network_is_not_fetched(outside: Outside, url: str) -> None:
    outside.script = [at_address(url)]

    with pytest.raises(ProviderFinal) as refused:
        await images(outside).generate(an_image_request(), deadline=5)

    assert "IGNY8_ALLOW_PRIVATE_ADDRESSES" in refused.value.message
    assert len(outside.calls) == 1


async def test_an_operator_may_allow_private_addresses(outside: Outside) -> None:
    outside.script = [at_address(outside.picture_url.replace("127.0.0.1", "localhost"))]
    provider = OpenAiImageProvider(api_key=KEY, base_url=outside.openai_url, allow_private=True)

    answer = await provider.generate(an_image_request(), deadline=5)

    assert answer.width == 30


async def test_a_picture_that_was_paid_for_is_fetched_again(outside: Outside) -> None:
    outside.script = [at_address(outside.picture_url), failing(503), RESET]

    answer = await images(outside).generate(an_image_request(), deadline=20)

    assert answer.width == 30
    assert [call.path for call in outside.calls].count("/v1/images/generations") == 1


@pytest.mark.parametrize(("status", "fetches"), [(404, 1), (500, 3)])
async def test_a_picture_that_stays_away_may_have_been_paid(
    outside: Outside, status: int, fetches: int
) -> None:
    outside.script = [at_address(outside.picture_url), *[failing(status)] * 3]

    with pytest.raises(ProviderRetryable) as lost:
        await images(outside).generate(an_image_request(), deadline=20)

    assert lost.value.maybe_paid
    assert len(outside.calls) == 1 + fetches


async def test_what_is_no_picture_is_malformed(outside: Outside) -> None:
    outside.script = [at_address(outside.picture_url), Behaviour(body=b"<html>Not here</html>")]

    with pytest.raises(ProviderMalformed):
        await images(outside).generate(an_image_request(), deadline=5)
