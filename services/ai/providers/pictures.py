"""What a picture from a provider is, by its bytes."""

import base64
import binascii
import io
from typing import Final

from chassis.outgoing import AddressForbidden, Answered, Outgoing, OutgoingFailed, TooLong
from services.ai.providers.port import ProviderFinal, ProviderMalformed, ProviderRetryable

PICTURE_BYTES_MAX: Final = 20 * 1024 * 1024
"""Publisher stores no larger ones."""

FETCHES_MAX: Final = 3
"""A picture that is made and paid for is worth asking for more than once."""


def decode(encoded: str, *, provider: str) -> bytes:
    """The bytes of a base64 text. Raises ProviderMalformed."""
    try:
        return base64.b64decode(encoded, validate=True)
    except binascii.Error as error:
        raise ProviderMalformed(f"{provider}'s image cannot be decoded.", provider=provider) from error


async def fetched(outgoing: Outgoing, url: str, *, provider: str, seconds_max: float) -> bytes:
    """The bytes of a picture that a provider gives the address of. Raises one of the kinds of ProviderError.

    `seconds_max` is for all attempts together.
    """
    for attempt in range(1, FETCHES_MAX + 1):
        try:
            answered = await outgoing.call(
                "GET",
                url,
                seconds_max=seconds_max / FETCHES_MAX,
                bytes_max=PICTURE_BYTES_MAX,
                follow_redirects=True,
            )
        except AddressForbidden as error:
            raise ProviderFinal(
                f"{provider}'s picture is not fetched: {error} The operator can allow such addresses by"
                " IGNY8_ALLOW_PRIVATE_ADDRESSES.",
                provider=provider,
            ) from error
        except TooLong as error:
            raise ProviderMalformed(f"{provider}'s picture is too large.", provider=provider) from error
        except OutgoingFailed as error:
            if attempt == FETCHES_MAX:
                raise _lost(provider, str(error)) from error
        else:
            if answered.status == 200:
                return answered.body
            if not _passing(answered) or attempt == FETCHES_MAX:
                raise _lost(provider, f"its address answers with the status {answered.status}.")
    raise AssertionError("the last attempt returns or raises")


def _passing(answered: Answered) -> bool:
    return answered.status >= 500 or answered.status in (408, 425, 429)


def _lost(provider: str, why: str) -> ProviderRetryable:
    return ProviderRetryable(
        f"{provider} made a picture that cannot be fetched: {why}", provider=provider, maybe_paid=True
    )


def measure(data: bytes, *, provider: str) -> tuple[str, int, int]:
    """Media type, width and height in pixels. Raises ProviderMalformed for what is no picture."""
    # Pillow is heavy, and not every suite makes images.
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(io.BytesIO(data)) as image:
            return image.get_format_mimetype() or "", image.width, image.height
    except (UnidentifiedImageError, OSError, ValueError, Image.DecompressionBombError) as error:
        raise ProviderMalformed(f"{provider}'s answer is not an image.", provider=provider) from error
