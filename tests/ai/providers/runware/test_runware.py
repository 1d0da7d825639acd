"""The runware provider against a stand-in of its API."""

import base64
import uuid
from decimal import Decimal
from typing import Any

import pytest

from services.ai.providers.port import (
    ImageRequest,
    ProviderBusy,
    ProviderError,
    ProviderFinal,
    ProviderKeyRefused,
    ProviderMalformed,
    ProviderRetryable,
)
from services.ai.providers.runware import RunwareImageProvider
from tests.outside.behaviour import HALF, NO_JSON, RESET, Behaviour, busy, failing, saying, slow
from tests.outside.server import KEY, Outside


def provider(outside: Outside, *, key: str = KEY) -> RunwareImageProvider:
    return RunwareImageProvider(api_key=key, base_url=outside.runware_url)


def a_request(**changes: Any) -> ImageRequest:
    values: dict[str, Any] = {
        "model": "runware:101@1",
        "prompt": "A compost heap",
        "width": 1200,
        "height": 675,
    }
    return ImageRequest(**{**values, **changes})


def fault(code: str) -> Behaviour:
    return saying({"errors": [{"code": code, "message": "It did not work."}]})


async def test_a_picture_comes_with_its_bytes_its_size_and_its_cost(outside: Outside) -> None:
    answer = await provider(outside).generate(a_request(), deadline=5)

    assert (answer.media_type, answer.width, answer.height) == ("image/png", 1216, 704)
    assert answer.cost_usd == Decimal("0.0013")


async def test_the_task_carries_an_id_that_we_chose(outside: Outside) -> None:
    answer = await provider(outside).generate(a_request(), deadline=5)

    [task] = outside.calls[0].body
    assert task["taskUUID"] == answer.provider_request_id
    assert uuid.UUID(task["taskUUID"]).version == 4


async def test_the_key_travels_in_the_header_alone(outside: Outside) -> None:
    await provider(outside).generate(a_request(), deadline=5)

    assert outside.calls[0].headers["authorization"] == f"Bearer {KEY}"
    assert KEY not in str(outside.calls[0].body)


@pytest.mark.parametrize(
    ("asked", "made"), [((1200, 675), (1216, 704)), ((1024, 576), (1024, 576)), ((10, 9000), (128, 2048))]
)
async def test_sides_are_the_nearest_that_runware_makes(
    outside: Outside, asked: tuple[int, int], made: tuple[int, int]
) -> None:
    await provider(outside).generate(a_request(width=asked[0], height=asked[1]), deadline=5)

    [task] = outside.calls[0].body
    assert (task["width"], task["height"]) == made


@pytest.mark.parametrize(
    ("behaviour", "kind"),
    [
        (failing(500), ProviderRetryable),
        (failing(503), ProviderRetryable),
        (failing(504), ProviderRetryable),
        (busy(), ProviderBusy),
        (failing(401), ProviderFinal),
        (failing(402), ProviderKeyRefused),
        (failing(403), ProviderKeyRefused),
        (failing(400, code="invalidModel"), ProviderFinal),
        (fault("timeoutProvider"), ProviderRetryable),
        (fault("providerRateLimitExceeded"), ProviderRetryable),
        (fault("contentModeration"), ProviderFinal),
        (saying({"errors": "broken"}), ProviderMalformed),
        (saying({"data": []}), ProviderMalformed),
        (saying({"data": [{"taskUUID": "another"}]}), ProviderMalformed),
        (saying([1]), ProviderMalformed),
        (NO_JSON, ProviderMalformed),
        (RESET, ProviderRetryable),
        (HALF, ProviderRetryable),
    ],
)
async def test_each_failure_is_told_apart(
    outside: Outside, behaviour: Behaviour, kind: type[ProviderError]
) -> None:
    outside.script = [behaviour]

    with pytest.raises(kind) as told:
        await provider(outside).generate(a_request(), deadline=5)

    assert told.value.provider == "runware"
    assert len(outside.calls) == 1


async def test_the_wait_that_runware_asks_for_is_passed_on(outside: Outside) -> None:
    outside.script = [busy("7")]

    with pytest.raises(ProviderBusy) as told:
        await provider(outside).generate(a_request(), deadline=5)

    assert told.value.retry_after_seconds == 7


async def test_an_answer_that_takes_too_long_may_come_in_time_later(outside: Outside) -> None:
    outside.script = [slow(30)]

    with pytest.raises(ProviderRetryable, match="in time"):
        await provider(outside).generate(a_request(), deadline=0.2)


async def test_a_key_that_is_not_valid_is_refused_and_not_shown(outside: Outside) -> None:
    with pytest.raises(ProviderFinal, match="key is not valid") as told:
        await provider(outside, key="rw-secret").generate(a_request(), deadline=5)

    assert "rw-secret" not in str(told.value)


@pytest.mark.parametrize(
    "changes",
    [
        {"imageBase64Data": ""},
        {"imageBase64Data": "%%%"},
        {"imageBase64Data": base64.b64encode(b"<html>").decode()},
        {"imageBase64Data": 7},
        {"cost": -1},
        {"cost": "free"},
        {"cost": 1e9},
    ],
)
async def test_an_answer_that_cannot_be_read_is_malformed(outside: Outside, changes: dict[str, Any]) -> None:
    outside.script = [Behaviour(changes=changes)]

    with pytest.raises(ProviderMalformed):
        await provider(outside).generate(a_request(), deadline=5)


async def test_a_picture_without_its_cost_is_left_to_the_price_list(outside: Outside) -> None:
    outside.script = [Behaviour(changes={"cost": None})]

    answer = await provider(outside).generate(a_request(), deadline=5)

    assert answer.cost_usd is None
