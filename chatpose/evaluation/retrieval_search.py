"""Search as a user has it, as one more way to rank poses for texts: names lift, near-duplicates are folded."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from chatpose.atlas.compiled import Atlas
from chatpose.body.pose import Pose
from chatpose.errors import ChatposeError
from chatpose.evaluation.retrieval_methods import PoseGallery
from chatpose.posecodes.describe import Describer
from chatpose.retrieval.embedder import Embedder
from chatpose.retrieval.embedding import PoseTextEmbedder
from chatpose.retrieval.entry_words import EntryLift
from chatpose.retrieval.hit import SearchHit
from chatpose.retrieval.library import Library
from chatpose.retrieval.library_analysis import PoseAnalyser
from chatpose.retrieval.pose_source import ListSource, SourcePoses
from chatpose.retrieval.query import Query
from chatpose.retrieval.search_place import LibrarySearch
from chatpose.retrieval.searcher import Searcher

SEARCH = "search"
HITS = 10


class RememberingEmbedder:
    """An embedder that reads every text once, many at a time; otherwise the same.

    Args:
        embedder: whose vectors they are.
    """

    def __init__(self, embedder: PoseTextEmbedder) -> None:
        self._embedder = embedder
        self._vectors: dict[str, np.ndarray] = {}

    @property
    def dimension(self) -> int:
        """Length of a vector."""
        return self._embedder.dimension

    @property
    def fingerprint(self) -> str:
        """The embedder's."""
        return self._embedder.fingerprint

    @property
    def lift(self) -> EntryLift | None:
        """What a search with the embedder lifts, as `search_place.open_search` has it."""
        return self._embedder.lift if isinstance(self._embedder, Embedder) else None

    def embed_poses(self, pose: Pose) -> np.ndarray:
        """The embedder's."""
        return self._embedder.embed_poses(pose)

    def embed_texts(self, texts: Sequence[str]) -> np.ndarray:
        """The embedder's; it orders what is new by length itself."""
        new = list(dict.fromkeys(text for text in texts if text not in self._vectors))
        if new:
            self._vectors |= zip(new, self._embedder.embed_texts(new), strict=True)
        return np.stack([self._vectors[text] for text in texts]) if len(texts) else np.zeros((0, self.dimension))


class Searching:
    """Search over a library as a user has it: names lift, near-duplicates are folded.

    Args:
        search: over libraries.
        embedder: remembers the texts' vectors.
        ids: the library's id of each pose of the gallery.
        k: how many hits are ranked.
    """

    name = SEARCH

    def __init__(self, search: LibrarySearch, embedder: RememberingEmbedder, ids: Sequence[str], k: int = HITS) -> None:
        self.search = search
        self.k = k
        self._embedder = embedder
        self._places = {one: place for place, one in enumerate(ids)}

    def scores(self, texts: Sequence[str], gallery: PoseGallery) -> Tensor:
        """(S, N) minus the rank; only the first k are ranked."""
        found = torch.full((len(texts), len(gallery)), -torch.inf)
        for row, hits in enumerate(self.hits(texts, self.k)):
            for rank, hit in enumerate(hits):
                found[row, self._places[hit.id]] = -rank
        return found

    def hits(self, texts: Sequence[str], k: int) -> list[list[SearchHit]]:
        """Of each text; none for one that can't be searched for."""
        queries = [_query(text, k) for text in texts]
        self._embedder.embed_texts([query.text for query in queries if query is not None])
        return [self.search.search(query) if query is not None else [] for query in queries]

    def first(self) -> "Searching":
        """The same where only the first hit is asked for, which takes far less time."""
        return Searching(self.search, self._embedder, list(self._places), 1)


def _query(text: str, k: int) -> Query | None:
    try:
        return Query.parse(text, k=k)
    except ChatposeError:
        return None


def atlas_library(folder: Path, atlas: Atlas, embedder: PoseTextEmbedder, describer: Describer) -> Library:
    """A new library of an atlas' entries, under their ids.

    Args:
        folder: new or empty.
        atlas: whose.
        embedder: makes the vectors.
        describer: measures.
    """
    poses = Pose.from_rotations(atlas.poses.local_rotations, transl=atlas.poses.transl)
    entries = SourcePoses(poses, np.arange(len(poses)), ids=[entry.id for entry in atlas])
    library = Library.create(folder, embedder)
    for result in library.add(
        [ListSource("atlas", entries, "the Pose Atlas")], PoseAnalyser(embedder, None, describer)
    ):
        if result.problem:
            raise ChatposeError(f"the atlas can't be made a library: {result.problem}")
    return library


def searching(library: Library, atlas: Atlas, embedder: RememberingEmbedder, describer: Describer) -> Searching:
    """Search over one library."""
    keys = library.keys()
    ids = [row.id for row in library.rows(keys)]
    searcher = Searcher(library, embedder, describer=describer, atlas=atlas, lift=embedder.lift)
    return Searching(LibrarySearch([searcher]), embedder, ids)
