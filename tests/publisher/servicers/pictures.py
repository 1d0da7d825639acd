"""Picture files for tests."""

import io

from PIL import Image


def picture(kind: str = "PNG", *, width: int = 8, height: int = 6, colour: str = "green") -> bytes:
    """A whole picture of one colour."""
    file = io.BytesIO()
    Image.new("RGB", (width, height), colour).save(file, kind)
    return file.getvalue()


def noise(*, bytes_least: int) -> bytes:
    """A picture whose file has at least so many bytes, since nothing of it can be packed."""
    side = int((bytes_least / 3) ** 0.5) + 1
    file = io.BytesIO()
    Image.effect_noise((side, side), 100).convert("RGB").save(file, "PNG", compress_level=0)
    return file.getvalue()
