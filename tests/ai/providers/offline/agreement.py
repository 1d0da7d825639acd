"""The labelled keyword lists, and the adjusted Rand index of a clustering against it."""

import csv
from collections import Counter
from collections.abc import Hashable, Sequence
from math import comb
from pathlib import Path

DATA = Path(__file__).parents[3] / "data"


def labelled_keywords(site: str = "") -> tuple[list[str], list[str]]:
    """Keywords and the topic a person gave each, before the clustering was tuned.

    Of many topics, or of one `site` whose own word is in most of them: "compost", "dog_training", "coffee".
    """
    name = f"labelled_{site}_keywords.csv" if site else "labelled_keywords.csv"
    with (DATA / name).open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return [row["keyword"] for row in rows], [row["label"] for row in rows]


def adjusted_rand_index(labels: Sequence[Hashable], found: Sequence[Hashable]) -> float:
    """1 for the same partition, about 0 for a random one (Hubert and Arabie 1985)."""
    together = sum(comb(count, 2) for count in Counter(zip(labels, found, strict=True)).values())
    in_labels = sum(comb(count, 2) for count in Counter(labels).values())
    in_found = sum(comb(count, 2) for count in Counter(found).values())
    expected = in_labels * in_found / comb(len(labels), 2)
    highest = (in_labels + in_found) / 2
    return 1.0 if highest == expected else (together - expected) / (highest - expected)
