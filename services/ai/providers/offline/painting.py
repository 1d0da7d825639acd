"""Paints abstract pictures with a caption: sky, one of several compositions, a soft shadow and a card with words."""

import io
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING

from services.ai.providers.offline.captions import caption_lines, printable

if TYPE_CHECKING:
    from PIL import Image, ImageDraw

Colour = tuple[int, int, int]
SCALE = 2
"""Shapes are drawn twice as large and averaged down, which smooths their edges."""
BYTES_MAX = 140_000


@dataclass(frozen=True, slots=True)
class Palette:
    """Colours that go together: the sky from top to bottom, four shapes from far to near, and the words."""

    sky: tuple[str, str]
    shapes: tuple[str, str, str, str]
    ink: str
    paper: str = "#fffdf8"


PALETTES = (
    Palette(("#fde8d0", "#f7c59f"), ("#f4a259", "#e07a5f", "#8f5d5d", "#3d405b"), "#2b2d42"),
    Palette(("#e3f2ee", "#b7ddd0"), ("#83c5be", "#3f9c92", "#23746d", "#114b4a"), "#0c3534"),
    Palette(("#e9ecfb", "#c3cbf3"), ("#9aa5e8", "#6c7bd9", "#4454b4", "#232f72"), "#1b2456"),
    Palette(("#fbe9ee", "#f3c4d3"), ("#ea9ab2", "#d3688c", "#9b3d68", "#56234b"), "#43183a"),
    Palette(("#f4f1de", "#dfe3c0"), ("#b6c38b", "#81a062", "#4c7843", "#264d2f"), "#1c3a23"),
    Palette(("#e6f3fb", "#b5daf1"), ("#7fbfe6", "#3d98cf", "#1f6d9e", "#123f61"), "#0d3049"),
    Palette(("#fff4d6", "#fbdc92"), ("#f6bd60", "#ee964b", "#b5651d", "#5b3a1e"), "#452b15"),
    Palette(("#eee8f7", "#d3c4ea"), ("#b39ddb", "#8a6fc0", "#5f4b8b", "#35294f"), "#2a2040"),
    Palette(("#f2ede7", "#ddd0c1"), ("#c7ad93", "#a68a6d", "#6f5c4b", "#3d342c"), "#2e2721"),
    Palette(("#e2f4e4", "#bfe3dc"), ("#f2b880", "#5fb49c", "#2f7f79", "#20424f"), "#18343f"),
)


def paint(*, words: str, width: int, height: int, random: Random) -> bytes:
    """A PNG of exactly `width` x `height` pixels. The same random state and words give the same bytes."""
    from PIL import ImageDraw

    palette = random.choice(PALETTES)
    compose = random.choice(COMPOSITIONS)
    canvas = _sky(palette, width * SCALE, height * SCALE)
    draw = ImageDraw.Draw(canvas)
    compose(draw, _Frame(width * SCALE, height * SCALE), palette, random)
    picture = canvas.reduce(SCALE)
    if printable(words):
        _caption(picture, printable(words), palette, left=random.random() < 0.6)
    return _encoded(picture)


@dataclass(frozen=True, slots=True)
class _Frame:
    width: int
    height: int

    @property
    def unit(self) -> float:
        return min(self.width, self.height)


def _sky(palette: Palette, width: int, height: int) -> "Image.Image":
    from PIL import Image, ImageColor

    top, bottom = (ImageColor.getrgb(colour)[:3] for colour in palette.sky)
    column = Image.new("RGB", (1, height))
    for y in range(height):
        part = y / max(1, height - 1)
        column.putpixel((0, y), tuple(round(a + (b - a) * part) for a, b in zip(top, bottom, strict=True)))
    return column.resize((width, height), Image.Resampling.NEAREST)


def _hills(draw: "ImageDraw.ImageDraw", frame: _Frame, palette: Palette, random: Random) -> None:
    """A sun over layered hills."""
    _disc(
        draw,
        frame.width * random.uniform(0.15, 0.85),
        frame.height * random.uniform(0.18, 0.36),
        frame.unit * random.uniform(0.11, 0.17),
        palette.paper,
    )
    for layer, colour in enumerate(palette.shapes):
        base = frame.height * (0.46 + 0.14 * layer)
        waves = [
            (random.uniform(0.6, 2.4), random.uniform(0, math.tau), random.uniform(0.02, 0.055))
            for _ in range(3)
        ]
        ridge = [
            (
                x,
                base
                + frame.height
                * sum(
                    size * math.sin(math.tau * speed * x / frame.width + shift)
                    for speed, shift, size in waves
                ),
            )
            for x in range(0, frame.width + 16, 16)
        ]
        draw.polygon([(0, frame.height), *ridge, (frame.width, frame.height)], fill=colour)


def _sunrise(draw: "ImageDraw.ImageDraw", frame: _Frame, palette: Palette, random: Random) -> None:
    """Wide rings that rise from a corner or from below."""
    x = frame.width * random.choice((0.0, 0.25, 0.5, 0.75, 1.0))
    y = frame.height * random.uniform(0.95, 1.1)
    largest = frame.width * random.uniform(0.62, 0.8)
    rings = [*palette.shapes, palette.paper, palette.shapes[random.randrange(2)]]
    for ring, colour in enumerate(rings):
        _disc(draw, x, y, largest * (1 - ring / len(rings) * 0.92), colour)
    for _ in range(random.randint(3, 6)):
        _disc(
            draw,
            random.uniform(0, frame.width),
            random.uniform(0, frame.height * 0.35),
            frame.unit * random.uniform(0.008, 0.022),
            palette.shapes[2],
        )


def _tiles(draw: "ImageDraw.ImageDraw", frame: _Frame, palette: Palette, random: Random) -> None:
    """A quilt of squares with quarter and half circles."""
    across = random.choice((6, 8))
    size = frame.width / across
    colours = [*palette.shapes, palette.paper, palette.sky[0], palette.sky[1]]
    for row in range(math.ceil(frame.height / size)):
        for column in range(across):
            x, y = column * size, row * size
            ground, figure = random.sample(colours, 2)
            draw.rectangle((x, y, x + size, y + size), fill=ground)
            kind = random.randrange(5)
            if kind < 3:
                corner_x, corner_y = x + size * random.randrange(2), y + size * random.randrange(2)
                _slice(draw, corner_x, corner_y, size, figure, (x, y, size))
            elif kind == 3:
                _disc(draw, x + size / 2, y + size / 2, size * random.choice((0.22, 0.36)), figure)


def _pebbles(draw: "ImageDraw.ImageDraw", frame: _Frame, palette: Palette, random: Random) -> None:
    """Large rounded shapes that overlap."""
    for colour in (*palette.shapes, palette.paper, *palette.shapes[:2]):
        x, y = random.uniform(0.05, 0.95) * frame.width, random.uniform(0.05, 0.95) * frame.height
        size = frame.unit * random.uniform(0.16, 0.46)
        turn = random.uniform(0, math.tau)
        bumps = [(number, random.uniform(0, math.tau), random.uniform(0.03, 0.1)) for number in (2, 3)]
        outline = []
        for step in range(120):
            angle = math.tau * step / 120
            reach = size * (
                1 + sum(depth * math.sin(number * angle + shift) for number, shift, depth in bumps)
            )
            outline.append((x + 1.35 * reach * math.cos(angle + turn), y + reach * math.sin(angle + turn)))
        draw.polygon(outline, fill=colour)


def _ribbons(draw: "ImageDraw.ImageDraw", frame: _Frame, palette: Palette, random: Random) -> None:
    """Broad ribbons that swing across the picture."""
    shift, speed = random.uniform(0, math.tau), random.uniform(0.5, 1.1)
    band = frame.height * random.uniform(0.13, 0.17)
    start = frame.height * random.uniform(-0.1, 0.25)
    tilt = random.choice((-1, 1)) * frame.height * random.uniform(0.15, 0.45)
    for number, colour in enumerate(
        (palette.shapes[0], palette.shapes[1], palette.paper, palette.shapes[2], palette.shapes[3])
    ):
        edge = [
            (
                x,
                start
                + band * number
                + tilt * (x / frame.width - 0.5)
                + frame.height * 0.11 * math.sin(math.tau * speed * x / frame.width + shift + number * 0.16),
            )
            for x in range(0, frame.width + 16, 16)
        ]
        draw.polygon([*edge, *((px, py + band * 1.35) for px, py in reversed(edge))], fill=colour)
    _disc(
        draw,
        frame.width * random.uniform(0.1, 0.9),
        frame.height * random.uniform(0.78, 0.9),
        frame.unit * 0.06,
        palette.shapes[1],
    )


def _leaves(draw: "ImageDraw.ImageDraw", frame: _Frame, palette: Palette, random: Random) -> None:
    """Stems with pairs of leaves growing from the lower edge."""
    draw.rectangle((0, frame.height * 0.86, frame.width, frame.height), fill=palette.shapes[3])
    stems = random.randint(6, 9)
    for number in range(stems):
        x = frame.width * (number + random.uniform(0.25, 0.75)) / stems
        top = frame.height * random.uniform(0.12, 0.5)
        colour = palette.shapes[number % 3]
        draw.line(
            (x, frame.height * 0.87, x, top), fill=palette.shapes[3], width=max(2, round(frame.unit * 0.007))
        )
        length = frame.unit * random.uniform(0.09, 0.14)
        pairs = int((frame.height * 0.82 - top) / (length * 0.9))
        for pair in range(pairs + 1):
            y = top + pair * length * 0.9
            for side in (-1, 1):
                _leaf(draw, x, y, length * (0.7 + 0.1 * pair), side, colour)


COMPOSITIONS: Sequence[Callable[["ImageDraw.ImageDraw", _Frame, Palette, Random], None]] = (
    _hills,
    _sunrise,
    _tiles,
    _pebbles,
    _ribbons,
    _leaves,
)


def _disc(draw: "ImageDraw.ImageDraw", x: float, y: float, radius: float, colour: str) -> None:
    draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=colour)


def _slice(
    draw: "ImageDraw.ImageDraw",
    x: float,
    y: float,
    radius: float,
    colour: str,
    tile: tuple[float, float, float],
) -> None:
    """The quarter of a disc that lies inside the tile."""
    left, top, _ = tile
    start = {(True, True): 0, (False, True): 90, (False, False): 180, (True, False): 270}[x == left, y == top]
    draw.pieslice((x - radius, y - radius, x + radius, y + radius), start, start + 90, fill=colour)


def _leaf(draw: "ImageDraw.ImageDraw", x: float, y: float, length: float, side: int, colour: str) -> None:
    outline = []
    for step in range(21):
        part = step / 20
        bulge = length * 0.22 * math.sin(math.pi * part)
        outline.append(
            (x + side * (length * part * 0.8 - bulge * 0.6), y - length * part * 0.6 - bulge * 0.8)
        )
    for step in range(20, -1, -1):
        part = step / 20
        bulge = length * 0.22 * math.sin(math.pi * part)
        outline.append(
            (x + side * (length * part * 0.8 + bulge * 0.6), y - length * part * 0.6 + bulge * 0.8)
        )
    draw.polygon(outline, fill=colour)


def _caption(picture: "Image.Image", words: str, palette: Palette, *, left: bool) -> None:
    """A paper card with the words, over a soft shadow."""
    from PIL import Image, ImageDraw, ImageFilter

    width, height = picture.size
    lines, font, line_height = caption_lines(words, width=round(width * 0.5), height=round(height * 0.46))
    padding = round(height * 0.06)
    card_width = max(round(font.getlength(line)) for line in lines) + padding * 2
    card_height = line_height * len(lines) + padding * 2
    x = round(width * 0.07) if left else (width - card_width) // 2
    y = (height - card_height) // 2
    box = (x, y, x + card_width, y + card_height)
    small = Image.new("L", (max(1, width // 4), max(1, height // 4)), 0)
    ImageDraw.Draw(small).rectangle(
        ((box[0] + 6) // 4, (box[1] + 14) // 4, (box[2] + 6) // 4, (box[3] + 22) // 4), fill=120
    )
    shadow = small.filter(ImageFilter.GaussianBlur(height / 100)).resize(
        picture.size, Image.Resampling.BILINEAR
    )
    picture.paste(Image.new("RGB", picture.size, palette.ink), (0, 0), shadow)
    draw = ImageDraw.Draw(picture)
    draw.rectangle(box, fill=palette.paper)
    draw.rectangle((box[0], box[1], box[0] + max(4, padding // 5), box[3]), fill=palette.shapes[1])
    for number, line in enumerate(lines):
        draw.text((x + padding, y + padding + number * line_height), line, fill=palette.ink, font=font)


def _encoded(picture: "Image.Image") -> bytes:
    """The picture as PNG, with fewer colours where it would be large."""
    from PIL import Image

    data = io.BytesIO()
    picture.save(data, "PNG", compress_level=6)
    if data.tell() > BYTES_MAX:
        data = io.BytesIO()
        fewer = picture.quantize(128, method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
        fewer.save(data, "PNG", compress_level=9)
    return data.getvalue()
