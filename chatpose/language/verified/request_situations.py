"""`Situations`: scenes in which people take poses of the atlas, as words and as sentence vectors (data/situations)."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
import torch
from torch import Tensor

from chatpose.errors import UnreadableFileError
from chatpose.resources import asset
from chatpose.retrieval.entry_words import sentence_vectors
from chatpose.retrieval.text_models import TextModel
from chatpose.safefiles import atomic_write, read_limited

TEXTS, VECTORS = "situations.tsv", "vectors.safetensors"
MAX_BYTES = 4 * 2**20
_WHOLE = 127
_AT_ONCE = 64


@dataclass(frozen=True, eq=False)
class Situations:
    """Scenes, each of one entry.

    Attributes:
        entries: ids.
        texts: as many.
        vectors: (N, 384) unit rows of the language model.
    """

    entries: tuple[str, ...]
    texts: tuple[str, ...]
    vectors: Tensor

    @classmethod
    def load(cls, folder: Path | None = None) -> Self:
        """Reads a folder; the one that ships with chatpose when none is named.

        Raises:
            MissingFileError: not there.
            UnreadableFileError: a line that isn't a situation, or vectors of other texts.
        """
        from safetensors import SafetensorError
        from safetensors.torch import load

        folder = asset("data", "situations") if folder is None else folder
        told, packed = (read_limited(folder / name, max_bytes=MAX_BYTES) for name in (TEXTS, VECTORS))
        entries, texts = read_situations(told)
        again = "python -m chatpose.train.situations"
        try:
            tensors = load(packed)
            vectors, stamp = tensors["vectors"], tensors["texts"]
        except (SafetensorError, KeyError) as error:
            raise UnreadableFileError(f"{folder / VECTORS} holds no vectors: {error}", fix=again) from error
        if len(vectors) != len(texts) or bytes(stamp.numpy()) != hashlib.sha256(told).digest():
            raise UnreadableFileError(f"{folder}: {TEXTS} and {VECTORS} aren't of one build", fix=again)
        return cls(entries, texts, torch.nn.functional.normalize(vectors.float(), dim=-1))

    @classmethod
    def build(cls, folder: Path, model: TextModel) -> None:
        """Writes the vectors of a folder's texts; the same texts give the same bytes.

        Raises:
            MissingFileError: no texts.
            UnreadableFileError: a line that isn't a situation.
            UnwritableFileError: not there.
        """
        from safetensors.torch import save_file

        told = read_limited(folder / TEXTS, max_bytes=MAX_BYTES)
        _, texts = read_situations(told)
        rows = [sentence_vectors(model, list(texts[at : at + _AT_ONCE])) for at in range(0, len(texts), _AT_ONCE)]
        packed = (torch.cat(rows) * _WHOLE).round().to(torch.int8)
        stamp = torch.tensor(list(hashlib.sha256(told).digest()), dtype=torch.uint8)
        with atomic_write(folder / VECTORS) as temporary:
            save_file({"vectors": packed.contiguous(), "texts": stamp}, temporary)

    def nearness(self, sentence: Tensor, places: Sequence[int], count: int) -> np.ndarray:
        """(count,) cosine of a sentence (384,) and the nearest situation of each entry; 0 where there is none.

        Args:
            sentence: unit length.
            places: of the situations' entries among `count`.
            count: of entries.
        """
        near = (self.vectors @ sentence).numpy()
        best = np.zeros(count, dtype=np.float32)
        np.maximum.at(best, np.asarray(places), near)
        return best


def read_situations(told: bytes) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Ids and texts of a file.

    Raises:
        UnreadableFileError: a line that isn't a situation.
    """
    try:
        rows = [line.split("\t") for line in told.decode("utf-8").splitlines()]
    except UnicodeDecodeError as error:
        raise UnreadableFileError(f"{TEXTS} isn't UTF-8: {error}") from error
    for number, row in enumerate(rows, 1):
        if len(row) != 2 or not all(part and part == part.strip() for part in row):
            raise UnreadableFileError(f"{TEXTS}:{number} isn't a situation", expected="id, tab, text")
    return tuple(row[0] for row in rows), tuple(row[1] for row in rows)
