"""`FlatIndex`: every vector compared, in half precision; the index of libraries of up to a million poses.

A million vectors of 256 numbers take 512 MB and tens of milliseconds on one core. Rows lie in blocks, so that several
threads can share a query.
"""

import os
from concurrent.futures import ThreadPoolExecutor
from types import ModuleType
from typing import Any

import numpy as np

from chatpose.optional import require_package
from chatpose.retrieval.index import (
    NO_KEY,
    AllowedKeys,
    best_of,
    checked_queries,
    checked_rows,
    keys_allowed,
)

BLOCK_ROWS = 2**18
"""Rows that one thread goes through: small enough to share a million among cores."""


def faiss_module() -> ModuleType:
    """faiss, or an error that says how to get it."""
    return require_package("faiss", "retrieval", "to search a library")


class FlatIndex:
    """Exact search over half-precision vectors in memory.

    Args:
        dimension: D, the length of a vector.
        threads: most that share one search; as many as there are cores when absent.
        block_rows: rows that one thread goes through.
    """

    def __init__(self, dimension: int, *, threads: int | None = None, block_rows: int = BLOCK_ROWS) -> None:
        self.dimension = dimension
        self._threads = threads or os.cpu_count() or 1
        self._block_rows = block_rows
        self._blocks: list[_Block] = []

    def __len__(self) -> int:
        return sum(len(block.keys) for block in self._blocks)

    def add(self, keys: np.ndarray, vectors: np.ndarray) -> None:
        """Stores vectors; see `VectorIndex`. Float16 rows are taken as they are, float32 ones rounded."""
        keys, vectors = checked_rows(keys, vectors, self.dimension)
        if self._blocks:
            self.remove(keys)
        start = 0
        while start < len(keys):
            if not self._blocks or len(self._blocks[-1].keys) >= self._block_rows:
                self._blocks.append(_Block(self.dimension))
            stop = start + self._block_rows - len(self._blocks[-1].keys)
            self._blocks[-1].add(keys[start:stop], vectors[start:stop])
            start = stop

    def search(self, queries: np.ndarray, k: int, allowed: AllowedKeys | None = None) -> tuple[np.ndarray, np.ndarray]:
        """The nearest keys of each query; see `VectorIndex`."""
        queries = checked_queries(queries, self.dimension)
        found = self._on_each_block(queries, k, allowed)
        if not found:
            return best_of(np.empty((len(queries), 0), np.int64), np.empty((len(queries), 0), np.float32), k)
        return best_of(np.hstack([keys for keys, _ in found]), np.hstack([scores for _, scores in found]), k)

    def remove(self, keys: np.ndarray) -> None:
        """Forgets keys; see `VectorIndex`."""
        for block in self._blocks:
            block.remove(keys)
        self._blocks = [block for block in self._blocks if len(block.keys)]

    def _on_each_block(
        self, queries: np.ndarray, k: int, allowed: AllowedKeys | None
    ) -> list[tuple[np.ndarray, np.ndarray]]:
        workers = min(self._threads, len(self._blocks))
        if workers <= 1:
            return [block.search(queries, k, allowed) for block in self._blocks]
        # faiss would start its own threads inside each of ours; the setting is of the thread that makes it.
        with ThreadPoolExecutor(workers, initializer=faiss_module().omp_set_num_threads, initargs=(1,)) as pool:
            return list(pool.map(lambda block: block.search(queries, k, allowed), self._blocks))


class _Block:
    """A faiss index and the keys of its rows."""

    def __init__(self, dimension: int) -> None:
        faiss = faiss_module()
        self.keys = np.empty(0, dtype=np.int64)
        self._index: Any = faiss.IndexScalarQuantizer(
            dimension, faiss.ScalarQuantizer.QT_fp16, faiss.METRIC_INNER_PRODUCT
        )

    def add(self, keys: np.ndarray, vectors: np.ndarray) -> None:
        # faiss' codes of this kind are the little-endian half-precision numbers themselves.
        codes = np.ascontiguousarray(vectors, dtype="<f2").view(np.uint8)
        self._index.add_sa_codes(codes)
        self.keys = np.concatenate([self.keys, keys])

    def search(self, queries: np.ndarray, k: int, allowed: AllowedKeys | None) -> tuple[np.ndarray, np.ndarray]:
        faiss = faiss_module()
        parameters, count = None, len(self.keys)
        if allowed is not None:
            mask = keys_allowed(self.keys, allowed)
            count = int(mask.sum())
            # The selector looks into the array that it is given, so the array must outlive the search.
            bitmap = np.packbits(mask, bitorder="little")
            parameters = faiss.SearchParameters(sel=faiss.IDSelectorBitmap(bitmap))
        if not count:
            return np.empty((len(queries), 0), np.int64), np.empty((len(queries), 0), np.float32)
        scores, rows = self._index.search(queries, min(k, count), params=parameters)
        none = rows < 0
        return np.where(none, NO_KEY, self.keys[rows]), np.where(none, -np.inf, scores)

    def remove(self, keys: np.ndarray) -> None:
        gone = np.isin(self.keys, keys)
        if not gone.any():
            return
        bitmap = np.packbits(gone, bitorder="little")
        self._index.remove_ids(faiss_module().IDSelectorBitmap(bitmap))
        self.keys = self.keys[~gone]
