"""Pictures by the offline provider: real PNGs of the asked size, small, quick, each different."""

import io
import time

import pytest
from PIL import Image, ImageChops

from services.ai.providers.offline import OfflineImageProvider
from services.ai.providers.port import ProviderFinal
from tests.ai.providers.offline.requests import picture

PROMPTS = [
    f"{topic}: a scene"
    for topic in ("Garden beds", "VPN", "Yoga", "Solar panels", "Dog food", "Tents", "Keto", "CRM")
]


async def painted(
    prompt: str = "Garden beds", *, width: int = 1200, height: int = 675, alt_text: str = ""
) -> bytes:
    request = picture(prompt, width=width, height=height, alt_text=alt_text)
    return (await OfflineImageProvider().generate(request, deadline=30)).data


def opened(data: bytes) -> Image.Image:
    with Image.open(io.BytesIO(data)) as file:
        assert file.format == "PNG"
        return file.convert("RGB")


@pytest.mark.parametrize(("width", "height"), [(1200, 675), (1024, 576), (64, 64), (400, 1600)])
async def test_a_picture_is_a_png_of_exactly_the_asked_size(width: int, height: int) -> None:
    answer = await OfflineImageProvider().generate(picture(width=width, height=height), deadline=30)

    assert opened(answer.data).size == (answer.width, answer.height) == (width, height)
    assert answer.media_type == "image/png"
    assert answer.cost_usd is None


@pytest.mark.parametrize("prompt", PROMPTS)
async def test_a_picture_is_small_and_has_many_colours(prompt: str) -> None:
    data = await painted(prompt, alt_text=f"Illustration for “{prompt} with a rather long title about it”")

    colours = opened(data).getcolors(maxcolors=1_000_000)
    assert len(data) < 150_000
    assert colours is not None
    assert len(colours) > 20


async def test_every_prompt_gives_another_picture() -> None:
    pictures = [await painted(prompt) for prompt in PROMPTS]

    assert len(set(pictures)) == len(PROMPTS)


async def test_the_same_request_gives_the_same_bytes() -> None:
    assert await painted("Yoga", alt_text="Yoga") == await painted("Yoga", alt_text="Yoga")


async def test_the_words_of_the_alt_text_are_set_in_the_picture() -> None:
    plain, worded = (
        await painted("Yoga", alt_text="瑜伽"),
        await painted("Yoga", alt_text="Yoga in the morning"),
    )

    assert ImageChops.difference(opened(plain), opened(worded)).getbbox() is not None


@pytest.mark.parametrize("alt_text", ["", "咖啡", "🎉", "x" * 5000, "\x00", "Crème brûlée", "a " * 3000])
async def test_captions_of_any_kind_are_painted(alt_text: str) -> None:
    assert opened(await painted(alt_text=alt_text)).size == (1200, 675)


async def test_a_picture_takes_less_than_150_milliseconds_on_average() -> None:
    started = time.process_time()

    for prompt in PROMPTS:
        await painted(prompt, alt_text=prompt)

    assert (time.process_time() - started) / len(PROMPTS) < 0.15


@pytest.mark.parametrize(("width", "height"), [(0, 675), (1200, -1), (63, 675), (4000, 675)])
async def test_a_size_that_cannot_be_painted_is_refused_with_the_limits(width: int, height: int) -> None:
    with pytest.raises(ProviderFinal, match="64 to 2048 pixels") as refused:
        await painted(width=width, height=height)

    assert refused.value.metadata == {"provider": "offline", "width": str(width), "height": str(height)}


async def test_an_empty_prompt_is_refused() -> None:
    with pytest.raises(ProviderFinal, match="empty prompt"):
        await painted("  \n")
