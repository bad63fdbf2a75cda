"""`EntrySource` and `LibrarySource`: poses of the atlas and of the library that ships, as they are."""

from collections import defaultdict
from functools import cached_property

import numpy as np
import torch

from chatpose.atlas.compiled import Atlas
from chatpose.language.verified.candidates import Candidate
from chatpose.language.verified.plan import Plan
from chatpose.retrieval.query import MAX_QUERY_CHARS, Query, QueryError
from chatpose.retrieval.search_place import LibrarySearch
from chatpose.retrieval.shipped_poses import ShippedPoses

VARIATION_BIAS = 0.4
"""What it costs to take a variation instead of the entry itself."""
SEARCH_BIAS = 0.6
"""What it costs to take a pose of the library instead of a posture at rest."""
SEARCHED = 12


class EntrySource:
    """The entry that a plan begins at, then variations of it.

    Args:
        atlas: has the entries.
        shipped: has the variations; only entries where absent.
    """

    name = "atlas"

    def __init__(self, atlas: Atlas, shipped: ShippedPoses | None = None) -> None:
        self._atlas = atlas
        self._shipped = shipped

    def candidates(self, plan: Plan, count: int, rng: np.random.Generator) -> list[Candidate]:
        """The entry, mirrored where the plan says so; more only where more than one is asked for."""
        if plan.entry is None:
            return []
        poses = [(self._atlas.pose(plan.entry), self.name, 0.0)]
        rows = self._variations.get(plan.entry, []) if count > 1 else []
        if self._shipped is not None and rows:
            chosen = rng.permutation(rows)[: count - 1]
            poses += [(self._shipped.poses[int(row)], "library", VARIATION_BIAS) for row in chosen]
        return [
            Candidate(pose.mirror() if plan.mirrored else pose, source, plan.entry, bias)
            for pose, source, bias in poses
        ]

    @cached_property
    def _variations(self) -> dict[str, list[int]]:
        found: dict[str, list[int]] = defaultdict(list)
        for number, row in enumerate(self._shipped.rows if self._shipped is not None else ()):
            if row.kind == "variation":
                found[row.entry].append(number)
        return found


class LibrarySource:
    """Poses that a search for the words finds among those that meet what is said.

    Args:
        search: of libraries.
    """

    name = "library"

    def __init__(self, search: LibrarySearch) -> None:
        self._search = search

    def candidates(self, plan: Plan, count: int, rng: np.random.Generator) -> list[Candidate]:
        """Hits of the words that hold all that is said; none for a plan that begins at an entry."""
        if plan.entry is not None or not plan.said:
            return []
        try:
            query = Query(plan.text[:MAX_QUERY_CHARS], where=plan.said, k=min(count, SEARCHED))
            hits = self._search.search(query)
        except QueryError:
            return []
        return [
            Candidate(hit.pose.to(torch.float32), self.name, _entry_of(hit.row.id), SEARCH_BIAS + 0.05 * place)
            for place, hit in enumerate(hits)
        ]


def _entry_of(row_id: str) -> str | None:
    return row_id.partition("~")[0] if "~" in row_id else None
