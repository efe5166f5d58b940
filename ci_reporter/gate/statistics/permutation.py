"""The exact permutation test on integer scores, ties and all, by counting subsets with big integers."""

from __future__ import annotations

from collections.abc import Sequence
from math import comb


def p_value(new: Sequence[int], baseline: Sequence[int]) -> float:
    """P that as many blocks drawn from all of them sum to at least what the new ones do; 1 where a side is empty.

    p = #{S : |S| = k, Σ_S s ≥ Σ_new s} / C(k + m, k). Source: E. Pitman, "Significance tests which may be applied to
    samples from any populations", 1937.
    """
    k, m = len(new), len(baseline)
    if not k or not m:
        return 1.0
    scores = [*new, *baseline]
    if k <= m:  # count on the smaller side: sums that large are sums of distances from the top that small
        top = max(scores)
        found = subsets_up_to([top - score for score in scores], k, k * top - sum(new))
    else:
        low = min(scores)
        found = subsets_up_to([score - low for score in scores], m, sum(baseline) - m * low)
    return found / comb(k + m, k)


def subsets_up_to(scores: Sequence[int], size: int, most: int) -> int:
    """How many subsets of that size sum to `most` or less. Scores are 0 or more.

    A row is a polynomial packed into one integer: field s of row j counts the subsets of j scores that sum to s.
    """
    width = comb(len(scores), size).bit_length() + 1
    keep = (1 << (most + 1) * width) - 1
    rows = [1] + [0] * size
    for seen, score in enumerate(sorted(scores), start=1):
        if score > most:
            break
        shift = score * width
        for j in range(min(seen, size), 0, -1):
            if rows[j - 1]:
                rows[j] = (rows[j] + (rows[j - 1] << shift)) & keep
    return rows[size] % ((1 << width) - 1)  # the sum of all fields, as 2^width is 1 modulo 2^width - 1
