"""How good confidences are: expected against actual, and whether the order is right. Plain NumPy, no pictures."""

from typing import NamedTuple

import numpy as np


class Reliability(NamedTuple):
    """Bins of equally many predictions, the smallest first.

    Attributes:
        expected: (B,) mean prediction.
        actual: (B,) mean of what came.
        counts: (B,) int, predictions in each.
        gap: mean of |expected − actual| over predictions (the expected calibration error of Naeini et al. 2015 for
            chances).
    """

    expected: np.ndarray
    actual: np.ndarray
    counts: np.ndarray
    gap: float


def reliability(expected: np.ndarray, actual: np.ndarray, bins: int = 10) -> Reliability:
    """Compares predictions with what came: chances with 0 and 1, or expected errors with actual ones.

    Args:
        expected: any shape.
        actual: the same shape.
        bins: at most so many.

    Raises:
        ValueError: other shapes, nothing, NaN.
    """
    foreseen, came = _paired(expected, actual)
    order = np.argsort(foreseen, kind="stable")
    chunks = [chunk for chunk in np.array_split(order, bins) if len(chunk)]
    means = np.array([[foreseen[chunk].mean(), came[chunk].mean()] for chunk in chunks])
    counts = np.array([len(chunk) for chunk in chunks])
    gap = float((np.abs(means[:, 0] - means[:, 1]) * counts).sum() / counts.sum())
    return Reliability(means[:, 0], means[:, 1], counts, gap)


def spearman(first: np.ndarray, second: np.ndarray) -> float:
    """Spearman's rank correlation, ties sharing their mean rank; 0 where one side is constant.

    Raises:
        ValueError: other shapes, nothing, NaN.
    """
    one, other = (_ranks(values) for values in _paired(first, second))
    one, other = one - one.mean(), other - other.mean()
    size = float(np.sqrt((one**2).sum() * (other**2).sum()))
    return float((one * other).sum() / size) if size > 0 else 0.0


def _paired(first: np.ndarray, second: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    one, other = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    if one.shape != other.shape or not one.size:
        raise ValueError(f"shapes {one.shape} and {other.shape}: expected the same, not empty")
    if not (np.isfinite(one).all() and np.isfinite(other).all()):
        raise ValueError("NaN or infinite values")
    return one.ravel(), other.ravel()


def _ranks(values: np.ndarray) -> np.ndarray:
    _, places, counts = np.unique(values, return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    return (ends - (counts - 1) / 2)[places]
