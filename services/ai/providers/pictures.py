"""What a picture from a provider is, by its bytes."""

import base64
import binascii
import io

from services.ai.providers.port import ProviderMalformed


def decode(encoded: str, *, provider: str) -> bytes:
    """The bytes of a base64 text. Raises ProviderMalformed."""
    try:
        return base64.b64decode(encoded, validate=True)
    except binascii.Error as error:
        raise ProviderMalformed(f"{provider}'s image cannot be decoded.", provider=provider) from error


def measure(data: bytes, *, provider: str) -> tuple[str, int, int]:
    """Media type, width and height in pixels. Raises ProviderMalformed for what is no picture."""
    # Pillow is heavy, and not every suite makes images.
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(io.BytesIO(data)) as image:
            return image.get_format_mimetype() or "", image.width, image.height
    except (UnidentifiedImageError, OSError, ValueError, Image.DecompressionBombError) as error:
        raise ProviderMalformed(f"{provider}'s answer is not an image.", provider=provider) from error
