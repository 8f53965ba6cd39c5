"""Which elements of two sequences belong together.

Every alignment here is made twice, from the front and from the back, and only what both agree on
is kept.  So where elements tie (a line that occurs again nearby), nothing is said, and a merge
that would need to know is a conflict.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Hashable, Sequence

# pairs of elements that are compared at most; beyond that nothing is said of the stretch
_MOST_PAIRS = 1_000_000

Matches = dict[int, int]


def same(left: Sequence[Hashable], right: Sequence[Hashable]) -> Matches:
    """The elements of ``left`` that are equal to one of ``right``, in order: index to index."""
    numbers: dict[Hashable, int] = {}
    a = [numbers.setdefault(one, len(numbers)) for one in left]
    b = [numbers.setdefault(one, len(numbers)) for one in right]
    forward = _patience(a, b)
    backward = _patience(a[::-1], b[::-1])
    last_a, last_b = len(a) - 1, len(b) - 1
    agreed = {i: j for i, j in forward.items() if backward.get(last_a - i) == last_b - j}
    return _without_sliding(agreed, a, b)


def _without_sliding(matches: Matches, a: list[int], b: list[int]) -> Matches:
    """The matches without those beside a gap that could as well be a little higher or lower.

    Both passes take the common start and end of the sequences first, and so agree there even where
    the elements tie.
    """
    pairs = [(-1, -1), *sorted(matches.items()), (len(a), len(b))]
    loose: set[int] = set()
    for (i, j), (k, m) in zip(pairs, pairs[1:]):
        if (k - i > 1) == (m - j > 1):
            continue
        # the elements that only one side has there, and the matches after and before them
        run = a[i + 1 : k] if k - i > 1 else b[j + 1 : m]
        for step in range(len(run)):
            if matches.get(k + step) != m + step or a[k + step] != run[step]:
                break
            loose.add(k + step)
        for step in range(len(run)):
            if i - step < 0 or matches.get(i - step) != j - step or a[i - step] != run[-1 - step]:
                break
            loose.add(i - step)
    return {i: j for i, j in matches.items() if i not in loose}


def similar(count_left: int, count_right: int, score: Callable[[int, int], float]) -> Matches:
    """The pairs, in order, with the highest total score: index to index.

    ``score`` says how well two elements go together, 0 for not at all.
    """
    if count_left * count_right > _MOST_PAIRS:
        return {}
    scores = [[score(i, j) for j in range(count_right)] for i in range(count_left)]
    forward = _best(scores)
    turned = [row[::-1] for row in reversed(scores)]
    backward = _best(turned)
    last_a, last_b = count_left - 1, count_right - 1
    return {i: j for i, j in forward.items() if backward.get(last_a - i) == last_b - j}


def _best(scores: list[list[float]]) -> Matches:
    """The pairs of the best alignment; of several equal ones the first from the front."""
    rows, columns = len(scores), len(scores[0]) if scores else 0
    # best[i][j]: what can be had from the elements after i and j
    best = [[0.0] * (columns + 1) for _ in range(rows + 1)]
    for i in range(rows - 1, -1, -1):
        below, here, row = best[i + 1], best[i], scores[i]
        for j in range(columns - 1, -1, -1):
            skip = below[j] if below[j] >= here[j + 1] else here[j + 1]
            take = row[j] + below[j + 1] if row[j] else 0.0
            here[j] = take if take > skip else skip
    found = {}
    i = j = 0
    while i < rows and j < columns:
        take = scores[i][j] + best[i + 1][j + 1]
        if scores[i][j] and take >= best[i][j] - 1e-9:
            found[i] = j
            i, j = i + 1, j + 1
        elif best[i + 1][j] >= best[i][j + 1]:
            i += 1
        else:
            j += 1
    return found


def _patience(a: list[int], b: list[int]) -> Matches:
    """Equal elements by the patience method: what occurs once on both sides holds the rest."""
    found: Matches = {}
    work = [(0, len(a), 0, len(b))]
    while work:
        alo, ahi, blo, bhi = work.pop()
        while alo < ahi and blo < bhi and a[alo] == b[blo]:
            found[alo] = blo
            alo, blo = alo + 1, blo + 1
        while alo < ahi and blo < bhi and a[ahi - 1] == b[bhi - 1]:
            ahi, bhi = ahi - 1, bhi - 1
            found[ahi] = bhi
        if alo == ahi or blo == bhi:
            continue
        anchors = _anchors(a, alo, ahi, b, blo, bhi)
        if not anchors:
            found.update(_common(a, alo, ahi, b, blo, bhi))
            continue
        for i, j in anchors:
            found[i] = j
            work.append((alo, i, blo, j))
            alo, blo = i + 1, j + 1
        work.append((alo, ahi, blo, bhi))
    return found


def _anchors(
    a: list[int], alo: int, ahi: int, b: list[int], blo: int, bhi: int
) -> list[tuple[int, int]]:
    """The longest rising run of elements that occur once on both sides."""
    in_a, in_b = Counter(a[alo:ahi]), Counter(b[blo:bhi])
    place = {b[j]: j for j in range(blo, bhi) if in_b[b[j]] == 1}
    pairs = [(i, place[a[i]]) for i in range(alo, ahi) if in_a[a[i]] == 1 and a[i] in place]
    ends: list[int] = []  # the smallest end of a run of each length
    at: list[int] = []  # which pair that is
    before: list[int] = []
    for number, (_i, j) in enumerate(pairs):
        length = bisect_left(ends, j)
        before.append(at[length - 1] if length else -1)
        ends[length : length + 1] = [j]
        at[length : length + 1] = [number]
    run = []
    number = at[-1] if at else -1
    while number >= 0:
        run.append(pairs[number])
        number = before[number]
    return run[::-1]


def _common(a: list[int], alo: int, ahi: int, b: list[int], blo: int, bhi: int) -> Matches:
    """The longest common subsequence of two stretches without anchors."""
    if not set(a[alo:ahi]) & set(b[blo:bhi]) or (ahi - alo) * (bhi - blo) > _MOST_PAIRS:
        return {}
    rows = [[1.0 if x == y else 0.0 for y in b[blo:bhi]] for x in a[alo:ahi]]
    return {alo + i: blo + j for i, j in _best(rows).items()}
