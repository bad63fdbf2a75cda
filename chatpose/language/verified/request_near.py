"""`NearEntries`: which poses of the atlas a request is about when it doesn't name one ("someone who saw a ghost")."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch

from chatpose.atlas.compiled import Atlas
from chatpose.errors import MissingFileError
from chatpose.language.verified.request_situations import Situations
from chatpose.language.verified.request_words import EntryTexts
from chatpose.retrieval.embedder import Embedder
from chatpose.retrieval.entry_words import EntryWords, sentence_vectors
from chatpose.retrieval.text_models import MINILM

WORDS_WEIGHT = 0.02
"""What a point of BM25 is worth beside a nearness of sentences (about 0 to 1)."""
POSE_WEIGHT = 0.5
"""What the cosine of words and pose is worth."""
SITUATION_WEIGHT, SITUATION_FROM = 1.0, 0.4
"""What the cosine of the request and an entry's nearest situation is worth, beyond what unrelated sentences have."""
SHARPNESS = 12.0
"""From scores to shares: entries that are this much apart differ by a factor of e to the first."""


@dataclass(frozen=True)
class Near:
    """An entry that may be meant.

    Attributes:
        entry: its id.
        mirrored: whether its mirror image is nearer to the words.
        score: how near, comparable between entries and, roughly, between requests.
        share: of the belief, 0 to 1, over all entries.
    """

    entry: str
    mirrored: bool
    score: float
    share: float


class EntryFinder(Protocol):
    """Finds entries by words."""

    def near(self, text: str, count: int) -> list[Near]:
        """The entries that words are about, the nearest first."""
        ...

    def knows(self, word: str) -> bool:
        """Whether a word occurs in any sentence about a pose."""
        ...


class NearEntries:
    """Finds entries by the words of their sentences, by sentence vectors, and by their poses' vectors.

    Args:
        atlas: whose entries.
        embedder: gives the embedder when it is first needed; only words count where it is None.
        texts: the index of words; made from the atlas when absent.
    """

    def __init__(
        self, atlas: Atlas, embedder: Callable[[], Embedder] | None = None, texts: EntryTexts | None = None
    ) -> None:
        self._atlas = atlas
        self._situations = _situations_or_none()
        scenes = zip(self._situations.entries, self._situations.texts, strict=True) if self._situations else ()
        self._texts = texts or EntryTexts.of(atlas, scenes)
        self._embedder = embedder
        self._loaded: _Vectors | None = None

    def near(self, text: str, count: int = 5) -> list[Near]:
        """The entries that words are about, the nearest first."""
        scores = WORDS_WEIGHT * self._texts.scores(text)
        mirrored = np.zeros(len(self._atlas), dtype=bool)
        if (vectors := self._vectors()) is not None:
            by_pose, mirrored = vectors.poses(text)
            scores = scores + POSE_WEIGHT * by_pose + vectors.sentences(text)
        shares = np.exp(SHARPNESS * (scores - scores.max()))
        shares /= shares.sum()
        order = np.argsort(-scores, kind="stable")[:count]
        ids = [entry.id for entry in self._atlas]
        return [Near(ids[k], bool(mirrored[k]), float(scores[k]), float(shares[k])) for k in order]

    def knows(self, word: str) -> bool:
        """Whether a word occurs in any sentence about a pose."""
        return self._texts.knows(word)

    def _vectors(self) -> "_Vectors | None":
        if self._loaded is None and self._embedder is not None:
            self._loaded = _Vectors(self._atlas, self._embedder(), self._situations)
        return self._loaded


class _Vectors:
    """The atlas' poses and sentences as vectors."""

    def __init__(self, atlas: Atlas, embedder: Embedder, situations: Situations | None) -> None:
        if situations is not None and embedder.towers.config.text_model != MINILM:
            situations = None
        self._situations = situations
        self._places = [atlas.places[entry] for entry in situations.entries] if situations is not None else []
        self._embedder = embedder
        self._poses = embedder.embed_poses(atlas.poses)
        self._turned = embedder.embed_poses(atlas.poses.mirror())
        self._words = EntryWords.load()
        places = {entry: number for number, entry in enumerate(self._words.config.entries)}
        self._columns = np.array([places.get(entry.id, -1) for entry in atlas])

    def poses(self, text: str) -> tuple[np.ndarray, np.ndarray]:
        """(entries,) cosine of words and pose or its mirror image, and which of them is nearer."""
        (vector,) = self._embedder.embed_texts([text])
        straight, turned = self._poses @ vector, self._turned @ vector
        return np.maximum(straight, turned), turned > straight + 1e-4

    @torch.no_grad()
    def sentences(self, text: str) -> np.ndarray:
        """(entries,) nearness to the sentences of entries; to the usual one where an entry has none."""
        (vector,) = sentence_vectors(self._embedder.text_model, [text])
        near = self._words.nearness(vector[None])[0].numpy()
        own = np.where(self._columns >= 0, near[self._columns], np.median(near))
        if self._situations is None:
            return own
        scenes = self._situations.nearness(vector, self._places, len(own))
        return own + SITUATION_WEIGHT * np.maximum(scenes - SITUATION_FROM, 0)


def _situations_or_none() -> Situations | None:
    try:
        return Situations.load()
    except MissingFileError:
        return None
