"""The four methods that every index of vectors has, embedded or on a server."""

from typing import Protocol, runtime_checkable

import numpy as np

from chatpose.errors import ChatposeError

AllowedKeys = np.ndarray
"""(highest key + 1,) bool: whether a key may be found. Keys beyond its end may not."""
NO_KEY = -1
"""Fills a row where fewer than k keys may be found; its score is −∞."""


class IndexMismatchError(ChatposeError, ValueError):
    """Vectors that an index doesn't take: another width, another embedder, keys twice."""


@runtime_checkable
class VectorIndex(Protocol):
    """Finds the vectors with the largest dot product; for unit vectors that is the cosine."""

    def add(self, keys: np.ndarray, vectors: np.ndarray) -> None:
        """Stores vectors; a key that is there already is replaced.

        Args:
            keys: (N,) int64, not negative.
            vectors: (N, D) float32 or float16, unit rows.

        Raises:
            IndexMismatchError: shapes that don't go together, or a key twice.
        """
        ...

    def search(self, queries: np.ndarray, k: int, allowed: AllowedKeys | None = None) -> tuple[np.ndarray, np.ndarray]:
        """The nearest keys of each query.

        Args:
            queries: (Q, D) float32, unit rows.
            k: how many, from 1.
            allowed: which keys may be found; all when absent.

        Returns:
            Keys (Q, k) int64 and scores (Q, k) float32, the best first; `NO_KEY` and −∞ where there are fewer.
        """
        ...

    def remove(self, keys: np.ndarray) -> None:
        """Forgets keys, (N,) int64; those that aren't there are passed over."""
        ...

    def __len__(self) -> int:
        """How many vectors there are."""
        ...


def checked_rows(keys: np.ndarray, vectors: np.ndarray, dimension: int) -> tuple[np.ndarray, np.ndarray]:
    """Keys and vectors that go together.

    Raises:
        IndexMismatchError: they don't.
    """
    keys = np.ascontiguousarray(keys, dtype=np.int64)
    if vectors.ndim != 2 or vectors.shape != (len(keys), dimension) or keys.ndim != 1:
        raise IndexMismatchError(
            f"{keys.shape} keys and {vectors.shape} vectors", expected=f"(N,) and (N, {dimension})"
        )
    if len(keys) and (int(keys.min()) < 0 or len(np.unique(keys)) < len(keys)):
        raise IndexMismatchError("a negative key, or one twice", expected="each key once, from 0")
    return keys, vectors


def checked_queries(queries: np.ndarray, dimension: int) -> np.ndarray:
    """(Q, D) float32 queries.

    Raises:
        IndexMismatchError: of another width, which another embedder made.
    """
    if queries.ndim != 2 or queries.shape[1] != dimension:
        raise IndexMismatchError(
            f"queries of shape {queries.shape}", expected=f"(Q, {dimension})", fix="embed them with the index' embedder"
        )
    return np.ascontiguousarray(queries, dtype=np.float32)


def keys_allowed(keys: np.ndarray, allowed: AllowedKeys) -> np.ndarray:
    """(N,) bool: which of the keys may be found."""
    known = keys < len(allowed)
    return known & allowed[np.where(known, keys, 0)] if len(allowed) else np.zeros(len(keys), dtype=bool)


def best_of(keys: np.ndarray, scores: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """The k best of each row of candidates, (Q, k) each; equal scores in the order of keys.

    Args:
        keys: (Q, C) int64, `NO_KEY` for none.
        scores: (Q, C) float32, −∞ for none.
        k: how many; rows are filled up where C is less.
    """
    short = max(0, k - keys.shape[1])
    keys = np.pad(keys, ((0, 0), (0, short)), constant_values=NO_KEY)
    scores = np.pad(scores.astype(np.float32, copy=False), ((0, 0), (0, short)), constant_values=-np.inf)
    order = np.lexsort((keys, -scores), axis=1)[:, :k]
    return np.take_along_axis(keys, order, 1), np.take_along_axis(scores, order, 1)
