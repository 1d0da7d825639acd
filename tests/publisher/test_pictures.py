"""Picture files that lie, hide something or unpack to far more than they are: refused, or kept as what they are."""

import io
import struct
import zlib

import pytest
from PIL import Image

from chassis.refusal import PayloadTooLarge, Refusal, RequestInvalid
from services.publisher.pictures import read_picture
from tests.publisher.servicers.pictures import picture

BOMB = zlib.compress(bytes(100_000_000), 9)
"""A hundred kilobytes that unpack to a hundred megabytes."""


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(*more: bytes, width: int = 1, height: int = 1, pixels: bytes = zlib.compress(b"\0\0\0\0")) -> bytes:
    """A PNG file with further chunks before its pixels."""
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"".join((b"\x89PNG\r\n\x1a\n", header, *more, chunk(b"IDAT", pixels), chunk(b"IEND", b"")))


def moving(kind: str, frames: int) -> bytes:
    """A file of many small pictures."""
    file = io.BytesIO()
    first, *rest = [Image.new("RGB", (16, 16), (number % 256, number // 256, 0)) for number in range(frames)]
    first.save(file, kind, save_all=True, append_images=rest, lossless=True)
    return file.getvalue()


@pytest.mark.parametrize(
    "data",
    [
        png(chunk(b"zTXt", b"Comment\0\0" + BOMB)),
        png(*[chunk(b"zTXt", b"Comment\0\0" + zlib.compress(bytes(1_000_000), 9))] * 100),
        png(chunk(b"iTXt", b"Comment\0\1\0\0\0" + BOMB)),
        png(chunk(b"iCCP", b"profile\0\0" + BOMB)),
    ],
    ids=["zTXt", "a hundred zTXt", "iTXt", "iCCP"],
)
def test_what_would_unpack_to_far_more_beside_the_picture_is_refused(data: bytes) -> None:
    with pytest.raises(RequestInvalid, match="its file is broken"):
        read_picture(data)


@pytest.mark.parametrize(("width", "height"), [(100_000, 100_000), (2**31 - 1, 1), (40_000_001, 1)])
def test_a_header_of_too_many_pixels_is_refused_before_one_of_them_is_read(width: int, height: int) -> None:
    with pytest.raises(PayloadTooLarge):
        read_picture(png(width=width, height=height))


def test_pixels_beyond_those_of_the_header_are_not_unpacked() -> None:
    found = read_picture(png(pixels=BOMB))

    assert (found.width, found.height) == (1, 1)


@pytest.mark.parametrize(("kind", "frames"), [("WEBP", 2_000), ("WEBP", 2), ("PNG", 50), ("MPO", 2)], ids=str)
def test_a_file_of_several_pictures_is_refused_and_says_how_many(kind: str, frames: int) -> None:
    with pytest.raises(RequestInvalid, match=f"holds {frames:,} pictures and must hold one"):
        read_picture(moving(kind, frames))


@pytest.mark.parametrize(
    "data",
    [
        b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
        b"<html><script>alert(1)</script></html>",
        b"GIF89a\x01\x00\x01\x00\x00\x00\x00;",
        b"BM" + bytes(60),
        b"RIFF\xff\xff\xff\xffWEBPVP8 ",
        b"\xff\xd8\xff\xe0" + bytes(40),
        b"%PDF-1.7",
        b"",
    ],
    ids=["SVG", "HTML", "GIF", "BMP", "a WebP's beginning", "a JPEG's beginning", "PDF", "nothing"],
)
def test_what_is_no_whole_picture_of_a_kind_that_is_served_is_refused(data: bytes) -> None:
    with pytest.raises(Refusal):
        read_picture(data)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_a_picture_is_what_its_bytes_are_whatever_follows_it(kind: str) -> None:
    data = picture(kind) + b"<script>alert(1)</script>"

    found = read_picture(data)

    assert found.media_type == f"image/{kind.lower()}"


@pytest.mark.parametrize("said", ["image/jpeg", "text/html", "image/svg+xml", "IMAGE/PNG"])
def test_bytes_that_are_not_what_they_are_said_to_be_are_refused(said: str) -> None:
    with pytest.raises(RequestInvalid, match="is not what the bytes are, image/png"):
        read_picture(picture("PNG"), media_type=said)
