"""`Searcher`: finds poses of a library by words, by a pose, by statements, in any combination.

Words and poses recall candidates by their vectors; a name lifts the poses that carry it; a pose then ranks by distance;
statements filter exactly throughout; near-duplicates are folded into the best of them.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch

from chatpose.atlas.compiled import Atlas
from chatpose.body.comparison import comparison_points
from chatpose.body.model import BodyModel
from chatpose.body.pose import stack_poses
from chatpose.posecodes.describe import Describer
from chatpose.retrieval.candidates import Candidates, clamp, either, fold, turned
from chatpose.retrieval.embedding import PoseTextEmbedder
from chatpose.retrieval.entry_words import EntryLift
from chatpose.retrieval.hit import SearchHit
from chatpose.retrieval.index import NO_KEY, VectorIndex
from chatpose.retrieval.index_store import FixedIndex, LibraryIndex
from chatpose.retrieval.library_rows import LibraryRow, RowName
from chatpose.retrieval.part_distance import BodyPart, distances_to
from chatpose.retrieval.query import Query
from chatpose.retrieval.query_names import NameFinder, plain
from chatpose.retrieval.statement_filter import rows_where

if TYPE_CHECKING:
    from chatpose.retrieval.library import Library

RECALLED = 64
"""Candidates that words recall at first; four times as many where too few different poses are among them."""
RECALLED_BY_POSE = 512
"""Candidates whose distance from a pose is measured."""
RECALLED_BY_PART = 4096
"""The same for one part of the body: vectors tell of the whole."""
NAMED = 256
"""Poses near an atlas entry that are asked whether they carry its name."""
SPOKEN_OF = 3
"""Entries whose poses are looked at because their sentences are nearest to the query."""
MOST_RECALLED = 16_384


class Searcher:
    """Searches one library. Safe to share between threads; sees poses that are added later.

    Args:
        library: an open one.
        embedder: the one that the library's vectors were made with.
        describer: measures and words; of the open body when absent.
        atlas: whose names queries may be; the shipped one when absent.
        index: kept elsewhere (`MilvusIndex`); the library's own when absent.
        lift: which entries words speak of; only vectors and names count when absent.

    Raises:
        OtherEmbedderError: the library was made with another embedder.
    """

    def __init__(
        self,
        library: "Library",
        embedder: PoseTextEmbedder,
        *,
        describer: Describer | None = None,
        atlas: Atlas | None = None,
        index: VectorIndex | None = None,
        lift: EntryLift | None = None,
    ) -> None:
        library.card.check_embedder(embedder)
        self.library = library
        self._embedder = embedder
        self._describer = describer or Describer()
        self._atlas = Atlas.load() if atlas is None else atlas
        self._names = NameFinder(self._atlas)
        self._lift = lift
        self._index = LibraryIndex(library) if index is None else FixedIndex(library, index)

    @property
    def body(self) -> BodyModel:
        """The body that distances and descriptions are of."""
        return self._describer.body

    def search(self, query: Query) -> list[SearchHit]:
        """Finds poses.

        Returns:
            At most `query.k` hits, the best first; fewer where no more poses meet the statements.

        Raises:
            ChatposeError: of the library or the index.
        """
        searches = [_Search(self, query, mirrored=False)]
        if query.mirror and query.one_sided:
            searches.append(_Search(self, query.mirrored(), mirrored=True))
        kept, folded = Candidates.of(np.empty(0, np.int64), np.empty(0)), []
        for count in _rounds(query):
            found = searches[0].candidates(count)
            for other in searches[1:]:
                found = found.joined(other.candidates(count))
            kept, folded = self._different(found.best_first(), query)
            if len(kept) == query.k or all(one.exhausted for one in searches):
                break
        return self._hits(kept, folded, query)

    def _different(self, found: Candidates, query: Query) -> tuple[Candidates, list[int]]:
        """The k best, near-duplicates folded; and how many each stands for."""
        if not query.fold or not len(found):
            kept = found.take(np.arange(min(query.k, len(found))))
            return kept, [0] * len(kept)
        poses = turned(self.library.poses(found.keys), found.mirrored)
        points = comparison_points(poses, self._describer.body)
        if query.mirror:
            points = torch.stack([points, comparison_points(poses.mirror(), self._describer.body)])
        places, owners = fold(points, query.k, query.mirror)
        return found.take(np.array(places, dtype=np.int64)), [owners.count(place) - 1 for place in places]

    def _hits(self, found: Candidates, folded: Sequence[int], query: Query) -> list[SearchHit]:
        if not len(found):
            return []
        rows = self.library.rows(found.keys)
        poses = turned(self.library.poses(found.keys, self._describer.body.data.shape_space), found.mirrored)
        described = self._describer.describe_all(poses)
        return [
            SearchHit(
                row=rows[number],
                score=float(found.scores[number]),
                pose=poses[number],
                description=described[number].text,
                joints=described[number].joints,
                mirrored=bool(found.mirrored[number]),
                distance_mm=None if query.like is None else float(found.distance_mm[number]),
                folded=folded[number],
            )
            for number in range(len(rows))
        ]


class _Search:
    """One side of a search: the query as it is, or its mirror image among the library's poses."""

    def __init__(self, searcher: Searcher, query: Query, *, mirrored: bool) -> None:
        self._library = searcher.library
        self._atlas = searcher._atlas
        self._embedder = searcher._embedder
        self._describer = searcher._describer
        self._index = searcher._index.current()
        self._query = query
        self._mirrored = mirrored
        self._name = plain(query.text)
        self._entry = searcher._names.find(query.text)
        self._finder = searcher._names
        self._lifts = searcher._lift.of(query.text) if searcher._lift is not None and query.text else {}
        self._allowed = self._rows_allowed()
        self._count = len(self._index) if self._allowed is None else int(self._allowed.sum())
        self.exhausted = False
        self._vectors = self._query_vectors()

    def candidates(self, count: int) -> Candidates:
        """At least `count` of them where there are as many."""
        self.exhausted = count >= self._count
        count = min(count, self._count)
        if not count:
            return Candidates.of(np.empty(0, np.int64), np.empty(0))
        if self._vectors is None:
            return self._listed(count)
        found = self._recalled(self._vectors, count)
        if self._query.like is not None:
            poses = self._library.poses(found.keys)
            part = BodyPart.named(self._query.part) if self._query.part else None
            apart = distances_to(self._query.like, poses, part, self._describer.body, self._query.seen)
            return found.with_distances(apart)
        return self._lifted(found) if self._name else found

    def _rows_allowed(self) -> np.ndarray | None:
        if not self._query.where:
            return None
        alive = np.zeros(len(self._library.bits()), dtype=bool)
        alive[self._library.keys()] = True
        return rows_where(self._library, self._query.where, self._describer, alive)

    def _query_vectors(self) -> np.ndarray | None:
        if self._query.like is not None:
            return self._embedder.embed_poses(stack_poses([self._query.like]))
        return self._embedder.embed_texts([self._query.text]) if self._query.text else None

    def _recalled(self, vectors: np.ndarray, count: int) -> Candidates:
        keys, scores = self._index.search(vectors, count, self._allowed)
        there = keys[0] != NO_KEY
        return Candidates.of(keys[0][there], clamp(scores[0][there]), self._mirrored)

    def _listed(self, count: int) -> Candidates:
        """Statements alone: all that meet them are as good, so some from everywhere in the library."""
        keys = self._library.keys() if self._allowed is None else np.flatnonzero(self._allowed)
        spread = np.unique(np.linspace(0, len(keys) - 1, count).round().astype(np.int64))
        return Candidates.of(keys[spread], np.ones(len(spread)), self._mirrored)

    def _lifted(self, found: Candidates) -> Candidates:
        """Poses that carry the name that was asked for, or one that is spoken of so, rank by it, too.

        Poses of such entries are looked for around the entries' own.
        """
        near = [self._entry] if self._entry is not None else list(self._lifts)[:SPOKEN_OF]
        for entry in near:
            found = found.joined(self._near_entry(entry))
        rows = self._library.rows(found.keys)
        called = np.array([self._called(row) for row in rows])
        spoken = found.scores + np.array([self._spoken_of(row) for row in rows])
        return Candidates.of(found.keys, either(clamp(spoken), called), self._mirrored)

    def _near_entry(self, entry: str) -> Candidates:
        """Poses near the atlas' own pose of an entry or its mirror image, scored by the words."""
        pose = self._atlas.pose(entry)
        vectors = self._embedder.embed_poses(stack_poses([pose, pose.mirror()]))
        keys = np.unique(self._index.search(vectors, min(NAMED, self._count), self._allowed)[0])
        keys = keys[keys != NO_KEY]
        text = vectors if self._vectors is None else self._vectors
        return Candidates.of(keys, clamp(self._library.vectors()[keys].astype(np.float32) @ text[0]), self._mirrored)

    def _called(self, row: LibraryRow) -> float:
        """How surely a pose carries the name that was asked for."""
        if self._entry is not None and row.id == self._entry:
            return 1.0
        return max((name.score for name in row.names if self._is_meant(name)), default=0.0)

    def _spoken_of(self, row: LibraryRow) -> float:
        """How much words lift a pose for the entries that it is named after."""
        if not self._lifts:
            return 0.0
        named = (self._lifts.get(name.entry or "", 0.0) * name.score for name in row.names)
        return max(self._lifts.get(row.id, 0.0), max(named, default=0.0))

    def _is_meant(self, name: RowName) -> bool:
        if plain(name.name) == self._name:
            return True
        return self._entry is not None and self._entry == (name.entry or self._finder.find(name.name))


def _rounds(query: Query) -> list[int]:
    """How many candidates to recall, one try after the other."""
    in_part = query.part or (query.seen is not None and not bool(query.seen.all()))
    least = RECALLED if query.like is None else RECALLED_BY_PART if in_part else RECALLED_BY_POSE
    least = max(least, 4 * query.k)
    return sorted({min(least * 4**number, MOST_RECALLED) for number in range(5)})
