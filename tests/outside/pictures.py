"""Small real pictures."""

import base64
import io
from functools import cache

from PIL import Image


@cache
def png(width: int = 30, height: int = 20) -> bytes:
    """A green PNG of so many pixels."""
    file = io.BytesIO()
    Image.new("RGB", (width, height), "green").save(file, "PNG")
    return file.getvalue()


def png_base64(width: int = 30, height: int = 20) -> str:
    return base64.b64encode(png(width, height)).decode()
