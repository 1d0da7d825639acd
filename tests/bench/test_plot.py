"""Plots: round axes, a picture of the right size, and each curve in its colour where its values are."""

from pathlib import Path

import pytest
from PIL import Image, ImageColor

from bench.plot import COLOURS, HEIGHT, WIDTH, Curve, Plot, draw, round_up


@pytest.mark.parametrize(
    ("value", "end"), [(0, 1), (0.013, 0.02), (1, 1), (3, 5), (7.2, 10), (2_000_000, 2_000_000)]
)
def test_an_axis_ends_with_a_round_number(value: float, end: float) -> None:
    assert round_up(value) == pytest.approx(end)


def test_plots_stand_one_above_the_other_with_their_curves(tmp_path: Path) -> None:
    rising = Curve("rising", [(1, 1.0), (10, 10.0)])
    flat = Curve("flat", [(1, 10.0), (10, 10.0)])

    draw(
        tmp_path / "two.png",
        Plot(title="one", unit="s", curves=(rising, flat)),
        Plot(title="two", unit="ms", curves=(rising,)),
    )

    picture = Image.open(tmp_path / "two.png").convert("RGB")
    assert picture.size == (WIDTH, 2 * HEIGHT)
    upper = _colours(picture.crop((0, 0, WIDTH, HEIGHT)))
    lower = _colours(picture.crop((0, HEIGHT, WIDTH, 2 * HEIGHT)))
    assert {"#1f5fbf", "#d9661f"} <= upper
    assert "#1f5fbf" in lower
    assert "#d9661f" not in lower


def _colours(picture: Image.Image) -> set[str]:
    found = {colour for _, colour in picture.getcolors(WIDTH * HEIGHT) or ()}
    return {name for name in COLOURS if ImageColor.getrgb(name) in found}
