"""Curves as a PNG, drawn with Pillow: plots one above the other, each from zero, with its last values written out."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import floor, log10
from pathlib import Path
from typing import Final

from PIL import Image, ImageDraw, ImageFont

WIDTH: Final = 1000
HEIGHT: Final = 420
LEFT, RIGHT, TOP, BOTTOM = 90, 200, 56, 56
COLOURS: Final = ("#1f5fbf", "#d9661f", "#2a8f4f", "#8a4fbf")
INK, GRID = "#222222", "#dddddd"
STEPS: Final = 5


@dataclass(frozen=True, slots=True)
class Curve:
    """Points by their x."""

    name: str
    points: Sequence[tuple[float, float]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plot:
    """Curves in one unit over the number of lines of a ledger."""

    title: str
    unit: str
    curves: tuple[Curve, ...]
    below: str = "lines of the ledger"


def draw(file: Path, *plots: Plot) -> None:
    """Writes the picture."""
    picture = Image.new("RGB", (WIDTH, HEIGHT * len(plots)), "white")
    for number, plot in enumerate(plots):
        picture.paste(_drawn(plot), (0, HEIGHT * number))
    picture.save(file, optimize=True)


def round_up(value: float) -> float:
    """The next 1, 2 or 5 times a power of ten, so that an axis ends with a round number."""
    if value <= 0:
        return 1.0
    power = 10.0 ** floor(log10(value))
    return next(step * power for step in (1, 2, 5, 10) if step * power >= value)


def _drawn(plot: Plot) -> Image.Image:
    picture = Image.new("RGB", (WIDTH, HEIGHT), "white")
    pen = ImageDraw.Draw(picture)
    big, small = ImageFont.load_default(size=18), ImageFont.load_default(size=13)
    x_max = round_up(max(x for curve in plot.curves for x, _ in curve.points))
    y_max = round_up(max(y for curve in plot.curves for _, y in curve.points))

    def at(x: float, y: float) -> tuple[float, float]:
        return (
            LEFT + x / x_max * (WIDTH - LEFT - RIGHT),
            HEIGHT - BOTTOM - y / y_max * (HEIGHT - TOP - BOTTOM),
        )

    pen.text((LEFT, 16), plot.title, fill=INK, font=big)
    for step in range(STEPS + 1):
        x, y = x_max * step / STEPS, y_max * step / STEPS
        pen.line([at(0, y), at(x_max, y)], fill=GRID if step else INK)
        pen.text((LEFT - 8, at(0, y)[1]), f"{y:g} {plot.unit}", fill=INK, font=small, anchor="rm")
        pen.text((at(x, 0)[0], HEIGHT - BOTTOM + 8), f"{x:,.0f}", fill=INK, font=small, anchor="mt")
    pen.text((at(x_max / 2, 0)[0], HEIGHT - 22), plot.below, fill=INK, font=small, anchor="mt")
    for number, (curve, colour) in enumerate(zip(plot.curves, COLOURS, strict=False)):
        points = [at(x, y) for x, y in curve.points]
        pen.line(points, fill=colour, width=3, joint="curve")
        for x, y in points:
            pen.ellipse((x - 4, y - 4, x + 4, y + 4), fill=colour)
        row = TOP + 40 * number
        pen.line([(WIDTH - RIGHT + 14, row + 8), (WIDTH - RIGHT + 34, row + 8)], fill=colour, width=3)
        pen.text((WIDTH - RIGHT + 40, row), curve.name, fill=INK, font=small)
        last = f"at last {curve.points[-1][1]:.3g} {plot.unit}"
        pen.text((WIDTH - RIGHT + 40, row + 16), last, fill=colour, font=small)
    return picture
