"""Recall that is fair to ties: whoever gives all poses the same score gets exactly what chance gets."""

from collections.abc import Sequence

import torch
from torch import Tensor

AT: tuple[int, ...] = (1, 5, 10)


def expected_recalls(scores: Tensor, right: Tensor, at: Sequence[int] = AT) -> dict[str, float]:
    """Percent of rows of which a right column is among the first k, equal scores being drawn in any order.

    Of `m` equal columns, `r` of them right, that compete for `j` places, none is drawn with the chance
    C(m - r, j) / C(m, j).

    Args:
        scores: (S, N); minus infinity and NaN for columns that weren't ranked at all.
        right: (S, N) bool.
        at: values of k; beyond N they mean all.

    Returns:
        By "R@k"; NaN where there are no rows.
    """
    scores = torch.where(scores.isnan(), -torch.inf, scores.double())
    right = right & scores.isfinite()
    found = {}
    for k in at:
        places = min(k, scores.shape[1])
        least = scores.topk(places, dim=1).values[:, -1:]
        above, equal = scores > least, scores == least
        left = places - above.sum(1)
        missed = _missed(equal.sum(1), (right & equal).sum(1), left)
        hit = torch.where((right & above).any(1), torch.ones_like(missed), 1 - missed)
        found[f"R@{k}"] = 100 * float(hit.mean())
    return found


def _missed(several: Tensor, right: Tensor, places: Tensor) -> Tensor:
    """Chance that of several columns, some of them right, no right one gets one of the places."""
    wrong = several - right
    chance = (_log_choices(wrong.clamp_min(places), places) - _log_choices(several, places)).exp()
    return torch.where(wrong < places, torch.zeros_like(chance), chance)


def _log_choices(n: Tensor, k: Tensor) -> Tensor:
    n, k = n.double(), k.double()
    return torch.lgamma(n + 1) - torch.lgamma(k + 1) - torch.lgamma(n - k + 1)


def chance_recalls(right: Tensor, at: Sequence[int] = AT) -> dict[str, float]:
    """What ranking at random gives on average."""
    return expected_recalls(torch.zeros(right.shape, dtype=torch.float64), right, at)
