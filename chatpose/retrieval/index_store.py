"""The index of a library: which kind, kept beside it, and brought up to date when the library has changed."""

import logging
import threading
from pathlib import Path
from typing import Protocol

import numpy as np

from chatpose.errors import UnreadableFileError, UnwritableFileError
from chatpose.retrieval.faiss_index import FlatIndex
from chatpose.retrieval.index import IndexMismatchError, VectorIndex
from chatpose.retrieval.ivf_index import IvfIndex, IvfSettings
from chatpose.retrieval.library_card import LibraryCard
from chatpose.retrieval.library_files import INDEX

EXACT_ROWS = 1_000_000
"""Poses up to which every vector is compared."""
RETRAIN_GROWTH = 2.0
"""Cells and codes are learned anew when a library has grown this much since."""
_COPY_ROWS = 2**17


class Vectors(Protocol):
    """What is indexed: a `Library`."""

    @property
    def folder(self) -> Path:
        """Where the library lies."""
        ...

    @property
    def card(self) -> LibraryCard:
        """With its id, another one after a repair, and the width of its vectors."""
        ...

    @property
    def state(self) -> str:
        """Another text after every change."""
        ...

    def keys(self) -> np.ndarray:
        """(N,) int64, rising; a key is never given to another pose."""
        ...

    def vectors(self) -> np.ndarray:
        """(rows, D) float16, row = key."""
        ...


class LibraryIndex:
    """The index of a library, built when it is first needed.

    An exact index takes the library's vectors as they are, so nothing is kept for it. Cells and codes of a large one
    take minutes to learn: they are kept in `library_files.INDEX` where that can be written.

    Args:
        library: whose vectors.
        exact_rows: poses up to which every vector is compared.
        settings: of the index beyond.
    """

    def __init__(self, library: Vectors, *, exact_rows: int = EXACT_ROWS, settings: IvfSettings | None = None) -> None:
        self._library = library
        self._exact_rows = exact_rows
        self._settings = settings
        self._index: FlatIndex | IvfIndex | None = None
        self._state = self._id = ""
        self._keys = np.empty(0, dtype=np.int64)
        self._turn = threading.Lock()

    def current(self) -> VectorIndex:
        """The index of the library as it is now."""
        with self._turn:
            state = self._library.state
            index = self._index
            if index is None or state != self._state:
                index = self._index = self._followed(index)
                self._state = state
            return index

    def _followed(self, index: FlatIndex | IvfIndex | None) -> FlatIndex | IvfIndex:
        """The index with the keys that the library has now."""
        keys = self._library.keys()
        kind = IvfIndex if len(keys) > self._exact_rows else FlatIndex
        if not isinstance(index, kind) or self._id != self._library.card.id or _outgrown(index, len(keys)):
            index, self._keys = self._opened(kind, len(keys))
            self._id = self._library.card.id
        if not np.array_equal(keys, self._keys):
            self._bring_up_to_date(index, keys)
        return index

    def _opened(self, kind: type[FlatIndex] | type[IvfIndex], count: int) -> tuple[FlatIndex | IvfIndex, np.ndarray]:
        """An empty index, or the one that was kept, and the keys in it."""
        card = self._library.card
        if kind is FlatIndex:
            return FlatIndex(card.dimension), np.empty(0, dtype=np.int64)
        path = self._library.folder / INDEX
        if path.exists():
            try:
                index = IvfIndex.load(path, card.id, card.dimension, self._vectors_of, self._settings)
            except UnreadableFileError as error:
                logging.getLogger(__name__).info("made anew: %s", error)
            else:
                if not _outgrown(index, count):
                    return index, np.sort(index.keys())
        return IvfIndex(card.dimension, self._vectors_of, self._settings), np.empty(0, dtype=np.int64)

    def _bring_up_to_date(self, index: FlatIndex | IvfIndex, keys: np.ndarray) -> None:
        gone, new = np.setdiff1d(self._keys, keys), np.setdiff1d(keys, self._keys)
        index.remove(gone)
        if isinstance(index, IvfIndex) and not len(self._keys):
            index.train(self._vectors_of(new[index.training_rows(len(new))]), len(new))
        for start in range(0, len(new), _COPY_ROWS):
            part = new[start : start + _COPY_ROWS]
            index.add(part, self._vectors_of(part))
        self._keys = keys
        if isinstance(index, IvfIndex):
            try:
                index.save(self._library.folder / INDEX, self._library.card.id)
            except UnwritableFileError as error:
                logging.getLogger(__name__).info("the index isn't kept: %s", error)

    def _vectors_of(self, keys: np.ndarray) -> np.ndarray:
        return self._library.vectors()[keys]


def _outgrown(index: FlatIndex | IvfIndex, count: int) -> bool:
    return isinstance(index, IvfIndex) and count > RETRAIN_GROWTH * index.learned_from


class FixedIndex:
    """An index that is kept elsewhere (a Milvus server); it has to hold what the library holds.

    Args:
        library: whose poses.
        index: the index; `move_library` fills it.
    """

    def __init__(self, library: Vectors, index: VectorIndex) -> None:
        self._library = library
        self._index = index

    def current(self) -> VectorIndex:
        """The index.

        Raises:
            IndexMismatchError: it holds more or fewer vectors than the library.
        """
        held, wanted = len(self._index), len(self._library.keys())
        if held != wanted:
            raise IndexMismatchError(
                f"the index holds {held:,} vectors", expected=f"the library's {wanted:,}", fix="move the library anew"
            )
        return self._index


def move_library(library: Vectors, index: VectorIndex, *, rows_a_call: int = 65_536) -> int:
    """Copies all vectors of a library into an index (a Milvus server's); run again, it writes the same rows again.

    Args:
        library: whose vectors.
        index: where to.
        rows_a_call: vectors handed over at once.

    Returns:
        How many vectors.

    Raises:
        ChatposeError: what the index refuses.
    """
    keys, vectors = library.keys(), library.vectors()
    for start in range(0, len(keys), rows_a_call):
        part = keys[start : start + rows_a_call]
        index.add(part, vectors[part])
    return len(keys)
