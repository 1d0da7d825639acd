"""Average-linkage agglomerative clustering over sparse vectors, in plain Python."""

from collections.abc import Mapping, Sequence

Vector = Mapping[str, float]


def average_linkage(
    vectors: Sequence[Vector], *, similarity_min: float, sizes: Sequence[int] = ()
) -> list[list[int]]:
    """Groups indexes of unit vectors whose average cosine similarity is at least `similarity_min`.

    A vector may stand for a group: the sum of its members' vectors, with their number in `sizes`.

    Follows chains of nearest neighbours (Müllner 2011, arXiv:1109.2378, figure 3), which gives average linkage
    in quadratic time. A group whose nearest neighbour is below the limit is done: joining others never brings
    anything nearer. Ties go to the lower index, so equal input gives equal groups.
    """
    sums = pair_similarities(vectors)
    members: dict[int, list[int]] = {at: [at] for at in range(len(vectors))}
    weights = {at: sizes[at] if sizes else 1 for at in members}
    done: list[list[int]] = []
    chain: list[int] = []
    while members:
        if not chain:
            chain.append(next(iter(members)))
        tip = chain[-1]
        nearest, similarity = _nearest(
            sums[tip], weights, size=weights[tip], prefer=chain[-2] if len(chain) > 1 else -1
        )
        if similarity < similarity_min:
            done.append(members.pop(tip))
            del weights[tip]
            for other in sums.pop(tip):
                sums[other].pop(tip, None)
            chain.pop()
        elif len(chain) > 1 and nearest == chain[-2]:
            del chain[-2:]
            kept, gone = min(tip, nearest), max(tip, nearest)
            weights[kept] += weights.pop(gone)
            _join(sums, members, kept=kept, gone=gone)
        else:
            chain.append(nearest)
    return sorted(sorted(group) for group in done)


def pair_similarities(vectors: Sequence[Vector]) -> dict[int, dict[int, float]]:
    """Cosine similarity of every two unit vectors that share a feature, both ways round."""
    having: dict[str, list[tuple[int, float]]] = {}
    similar: dict[int, dict[int, float]] = {at: {} for at in range(len(vectors))}
    for at, vector in enumerate(vectors):
        row = similar[at]
        for feature, value in vector.items():
            others = having.setdefault(feature, [])
            if abs(value) > WEAK:
                for other, other_value in others:
                    row[other] = row.get(other, 0.0) + value * other_value
                others.append((at, value))
    for at in range(len(vectors)):
        for other, value in similar[at].items():
            if other < at:
                similar[other][at] = value
    return similar


WEAK = 0.03
"""A feature this small in a vector moves a similarity by less than a thousandth, and is most of the work."""


def _nearest(
    row: Mapping[int, float], weights: Mapping[int, int], *, size: int, prefer: int
) -> tuple[int, float]:
    """The nearest group and its average similarity. `prefer` wins ties, or a chain of equals would never end."""
    best, best_similarity = -1, -1.0
    for other, total in row.items():
        similarity = total / (size * weights[other])
        if similarity > best_similarity or (
            similarity == best_similarity and best != prefer and (other == prefer or other < best)
        ):
            best, best_similarity = other, similarity
    return best, best_similarity


def _join(sums: dict[int, dict[int, float]], members: dict[int, list[int]], *, kept: int, gone: int) -> None:
    members[kept] = members[kept] + members.pop(gone)
    row = sums[kept]
    for other, total in sums.pop(gone).items():
        sums[other].pop(gone, None)
        if other != kept:
            row[other] = sums[other][kept] = row.get(other, 0.0) + total
