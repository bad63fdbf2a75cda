"""`IvfIndex`: an inverted file with product quantisation and exact re-ranking, for more than a million poses.

A query visits the cells nearest to it, ranks by codes of an eighth of the room, and orders the best of them anew by
the library's own half-precision vectors (Jégou, Douze and Schmid, "Product quantization for nearest neighbor search",
2011). Narrow filters are searched exactly instead.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from chatpose.errors import UnreadableFileError
from chatpose.retrieval.faiss_index import faiss_module
from chatpose.retrieval.index import (
    NO_KEY,
    AllowedKeys,
    IndexMismatchError,
    best_of,
    checked_queries,
    checked_rows,
)
from chatpose.safefiles import atomic_write

VectorsOf = Callable[[np.ndarray], np.ndarray]
"""Keys (N,) → their vectors (N, D), from where they are kept."""
CODE_BITS = 8


@dataclass(frozen=True)
class IvfSettings:
    """How coarse the index is and how much of it a query visits.

    Attributes:
        cells_per_root: cells are this times the square root of the count.
        numbers_per_code: vector components that share a byte.
        visited: share of the cells that a query visits.
        reranked: candidates ordered anew for each one asked for, at least `least_reranked` in all.
        least_reranked: see there.
        exact_below: allowed keys up to which all are compared.
        training_rows_per_cell: vectors that cells and codes are learned from.
    """

    cells_per_root: float = 2.0
    numbers_per_code: int = 4
    visited: float = 0.08
    reranked: int = 10
    least_reranked: int = 400
    exact_below: int = 20_000
    training_rows_per_cell: int = 64


class IvfIndex:
    """Approximate search; the vectors themselves stay where they are.

    Attributes:
        learned_from: how many vectors its cells were made for.

    Args:
        dimension: D, a multiple of `settings.numbers_per_code`.
        vectors_of: fetches the stored vectors of keys, for the re-ranking.
        settings: sizes.
        seed: of the choice of training rows.
    """

    def __init__(
        self, dimension: int, vectors_of: VectorsOf, settings: IvfSettings | None = None, seed: int = 0
    ) -> None:
        self.settings = settings or IvfSettings()
        if dimension % self.settings.numbers_per_code:
            raise IndexMismatchError(
                f"vectors of {dimension} numbers", expected=f"a multiple of {self.settings.numbers_per_code}"
            )
        self.dimension = dimension
        self._vectors_of = vectors_of
        self._seed = seed
        self._index: Any = None
        self._keys = np.empty(0, dtype=np.int64)
        self.learned_from = 0

    def __len__(self) -> int:
        return len(self._keys)

    def keys(self) -> np.ndarray:
        """(N,) int64 in no order."""
        return self._keys

    def add(self, keys: np.ndarray, vectors: np.ndarray) -> None:
        """Stores codes of vectors; the first call learns cells from them unless `train` did. See `VectorIndex`."""
        keys, vectors = checked_rows(keys, vectors, self.dimension)
        if not len(keys):
            return
        if self._index is None:
            self.train(vectors[self.training_rows(len(vectors))], len(vectors))
        self.remove(keys)
        index: Any = self._index
        for start in range(0, len(keys), _ADD_ROWS):
            part = slice(start, start + _ADD_ROWS)
            index.add_with_ids(np.ascontiguousarray(vectors[part], dtype=np.float32), keys[part])
        self._keys = np.concatenate([self._keys, keys])

    def training_rows(self, count: int) -> np.ndarray:
        """Which of `count` vectors cells and codes are learned from, rising."""
        wanted = max(self._cells(count) * self.settings.training_rows_per_cell, 64 * 2**CODE_BITS)
        return np.sort(np.random.default_rng(self._seed).choice(count, min(count, wanted), replace=False))

    def train(self, vectors: np.ndarray, count: int) -> None:
        """Learns cells and codes anew.

        Args:
            vectors: (N, D), a fair sample of what will be added.
            count: how many will be.

        Raises:
            IndexMismatchError: fewer vectors than a code has values.
        """
        if len(vectors) < 2**CODE_BITS:
            raise IndexMismatchError(f"{len(vectors)} vectors", expected=f"{2**CODE_BITS} to learn from")
        self._index = self._empty(self._cells(count))
        self._index.train(np.ascontiguousarray(vectors, dtype=np.float32))
        self.learned_from = count
        self._keys = np.empty(0, dtype=np.int64)

    def search(self, queries: np.ndarray, k: int, allowed: AllowedKeys | None = None) -> tuple[np.ndarray, np.ndarray]:
        """The nearest keys of each query; see `VectorIndex`. Scores are exact, a near key may be missed."""
        queries = checked_queries(queries, self.dimension)
        if allowed is not None:
            permitted = self._keys[self._keys < len(allowed)]
            permitted = permitted[allowed[permitted]]
            if len(permitted) <= self.settings.exact_below:
                return self._exact(queries, k, permitted)
        elif len(self._keys) <= self.settings.exact_below:
            return self._exact(queries, k, self._keys)
        candidates = self._candidates(queries, max(self.settings.least_reranked, self.settings.reranked * k), allowed)
        found = [self._reranked(query, row[row != NO_KEY]) for query, row in zip(queries, candidates, strict=True)]
        rows = [best_of(row[None], scores[None], k) for row, scores in found]
        return np.concatenate([keys for keys, _ in rows]), np.concatenate([scores for _, scores in rows])

    def remove(self, keys: np.ndarray) -> None:
        """Forgets keys; see `VectorIndex`."""
        gone = np.isin(self._keys, keys)
        if gone.any():
            faiss = faiss_module()
            out = np.ascontiguousarray(self._keys[gone])
            self._index.remove_ids(faiss.IDSelectorBatch(len(out), faiss.swig_ptr(out)))
            self._keys = self._keys[~gone]

    def save(self, path: Path, stamp: str) -> None:
        """Writes cells and codes as safetensors.

        Args:
            path: the file.
            stamp: what they were made from; `load` asks for the same.

        Raises:
            UnwritableFileError: not there, or the disk is full.
        """
        from safetensors.numpy import save_file

        faiss = faiss_module()
        lists, sizes = self._index.invlists, []
        ids, codes = np.empty(len(self), np.int64), np.empty((len(self), self._index.code_size), np.uint8)
        filled = 0
        for cell in range(self._index.nlist):
            size = lists.list_size(cell)
            sizes.append(size)
            if size:
                part = slice(filled, filled + size)
                ids[part] = faiss.rev_swig_ptr(lists.get_ids(cell), size)
                codes[part] = faiss.rev_swig_ptr(lists.get_codes(cell), size * codes.shape[1]).reshape(size, -1)
                filled += size
        tensors = {
            "cells": self._index.quantizer.reconstruct_n(0, self._index.nlist),
            "codebooks": faiss.vector_to_array(self._index.pq.centroids),
            "sizes": np.array(sizes, dtype=np.int64),
            "keys": ids,
            "codes": codes,
        }
        with atomic_write(path) as temporary:
            save_file(tensors, temporary, metadata={"stamp": stamp, "learned_from": str(self.learned_from)})

    @classmethod
    def load(
        cls, path: Path, stamp: str, dimension: int, vectors_of: VectorsOf, settings: IvfSettings | None = None
    ) -> "IvfIndex":
        """Reads what `save` wrote.

        Raises:
            UnreadableFileError: no such file, damaged, or made from something else.
        """
        index = cls(dimension, vectors_of, settings)
        tensors, learned_from = _read(path, stamp)
        try:
            index._restore(**tensors)
            index.learned_from = int(learned_from)
        except (TypeError, ValueError, IndexError, OverflowError) as error:
            raise UnreadableFileError(f"{path} is damaged: {error}", fix="delete it: it is made anew") from error
        return index

    def _restore(
        self, *, cells: np.ndarray, codebooks: np.ndarray, sizes: np.ndarray, keys: np.ndarray, codes: np.ndarray
    ) -> None:
        faiss = faiss_module()
        index = self._empty(len(cells))
        width = index.code_size
        sound = (
            cells.shape == (len(sizes), self.dimension)
            and cells.dtype == codebooks.dtype == np.float32
            and codebooks.shape == (self.dimension * 2**CODE_BITS,)
            and codes.shape == (len(keys), width)
            and (keys.dtype, codes.dtype, sizes.dtype) == (np.int64, np.uint8, np.int64)
            and int(sizes.min(initial=0)) >= 0
            and int(sizes.sum()) == len(keys)
            and int(keys.min(initial=0)) >= 0
        )
        if not sound:
            raise ValueError("its arrays don't go together")
        index.quantizer.add(np.ascontiguousarray(cells))
        faiss.copy_array_to_vector(np.ascontiguousarray(codebooks), index.pq.centroids)
        index.is_trained = True
        index.precompute_table()
        start = 0
        for cell, size in enumerate(sizes.tolist()):
            ids, rows = np.ascontiguousarray(keys[start : start + size]), np.ascontiguousarray(codes[start:][:size])
            index.invlists.add_entries(cell, size, faiss.swig_ptr(ids), faiss.swig_ptr(rows))
            start += size
        index.ntotal = len(keys)
        self._index, self._keys = index, keys

    def _cells(self, count: int) -> int:
        return max(1, min(round(self.settings.cells_per_root * math.sqrt(count)), count // 2**CODE_BITS))

    def _empty(self, cells: int) -> Any:
        faiss = faiss_module()
        quantizer = faiss.IndexFlatIP(self.dimension)
        bytes_ = self.dimension // self.settings.numbers_per_code
        index = faiss.IndexIVFPQ(quantizer, self.dimension, cells, bytes_, CODE_BITS, faiss.METRIC_INNER_PRODUCT)
        index.cp.min_points_per_centroid = index.pq.cp.min_points_per_centroid = 1  # no warnings on standard error
        index.cp.spherical = True
        return index

    def _candidates(self, queries: np.ndarray, count: int, allowed: AllowedKeys | None) -> np.ndarray:
        """(Q, count) keys, the likeliest."""
        faiss = faiss_module()
        visited = max(1, math.ceil(self.settings.visited * self._index.nlist))
        options = {"nprobe": visited}
        bitmap = None if allowed is None else np.packbits(allowed, bitorder="little")  # kept while it is looked into
        if bitmap is not None:
            options["sel"] = faiss.IDSelectorBitmap(bitmap)
        return self._index.search(queries, count, params=faiss.SearchParametersIVF(**options))[1]

    def _reranked(self, query: np.ndarray, keys: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        keys = np.sort(keys)  # in the order of the file
        return keys, self._vectors_of(keys).astype(np.float32) @ query

    def _exact(self, queries: np.ndarray, k: int, keys: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        keys = np.sort(keys)
        scores = queries @ self._vectors_of(keys).astype(np.float32).reshape(-1, self.dimension).T
        return best_of(np.broadcast_to(keys, scores.shape), scores, k)


_ADD_ROWS = 2**16


def _read(path: Path, stamp: str) -> tuple[dict[str, np.ndarray], str]:
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="numpy") as file:
            facts = file.metadata() or {}
            if facts.get("stamp") != stamp:
                raise UnreadableFileError(f"{path} was made from another library", fix="delete it: it is made anew")
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (no mapping)
            return tensors, facts.get("learned_from", "")
    except (SafetensorError, OSError, KeyError) as error:
        if isinstance(error, UnreadableFileError):
            raise
        raise UnreadableFileError(f"{path} can't be read: {error}", fix="delete it: it is made anew") from error
