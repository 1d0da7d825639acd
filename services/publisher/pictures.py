"""Finds out whether bytes are the picture they are said to be; what comes from a model is hostile until then."""

import io

from chassis.refusal import FieldFault, PayloadTooLarge, RequestInvalid
from services.publisher.domain.picture import PICTURE_BYTES_MAX, PICTURE_PIXELS_MAX, Picture

_MEDIA_TYPES = {"PNG": "image/png", "JPEG": "image/jpeg", "WEBP": "image/webp"}


def read_picture(data: bytes, *, media_type: str = "") -> Picture:
    """The picture in a file, decoded whole once to see that it can be. `media_type` is what the sender takes it for.

    Raises RequestInvalid for what is no whole PNG, JPEG or WebP of one picture or not of the said type, PayloadTooLarge beyond
    20 MB or 40 million pixels. It blocks for as long as decoding takes and needs 4 bytes a pixel.
    """
    # Only who gets pictures pays for loading the library.
    from PIL import Image, UnidentifiedImageError

    if len(data) > PICTURE_BYTES_MAX:
        raise too_many_bytes()
    try:
        with Image.open(io.BytesIO(data), formats=list(_MEDIA_TYPES)) as image:
            width, height = image.size
            if width * height > PICTURE_PIXELS_MAX:
                raise _too_many_pixels()
            frames = getattr(image, "n_frames", 1)
            if frames > 1:
                # Thousands of them fit into a small file, and every reader would have to play them.
                fault = f"holds {frames:,} pictures and must hold one, which does not move"
                raise RequestInvalid(FieldFault("chunk", fault))
            found = _MEDIA_TYPES[str(image.format)]
            image.load()
    except Image.DecompressionBombError as error:
        # Pillow's own limit is higher, and comes first for what is far beyond ours.
        raise _too_many_pixels() from error
    except UnidentifiedImageError as error:
        raise RequestInvalid(FieldFault("chunk", "must be a PNG, JPEG or WebP file")) from error
    except (OSError, SyntaxError, ValueError, EOFError) as error:
        # Pillow says "broken" in all these ways.
        raise RequestInvalid(FieldFault("chunk", "is not a whole picture: its file is broken")) from error
    if media_type and media_type != found:
        raise RequestInvalid(FieldFault("media_type", f"is not what the bytes are, {found}"))
    return Picture(data=data, media_type=found, width=width, height=height)


def too_many_bytes() -> PayloadTooLarge:
    """The refusal of a file that is too large."""
    return PayloadTooLarge(
        f"The picture is larger than {PICTURE_BYTES_MAX // 1_000_000} MB. Make it smaller.",
        metadata={"limit": str(PICTURE_BYTES_MAX), "unit": "bytes"},
    )


def _too_many_pixels() -> PayloadTooLarge:
    return PayloadTooLarge(
        f"The picture has more than {PICTURE_PIXELS_MAX:,} pixels. Make it smaller.",
        metadata={"limit": str(PICTURE_PIXELS_MAX), "unit": "pixels"},
    )
