"""`SearchHit`: one pose that a search found."""

from dataclasses import dataclass, replace
from typing import Any

from chatpose.body.pose import Pose
from chatpose.formats.pose_json import pose_to_json
from chatpose.retrieval.library_rows import LibraryRow
from chatpose.shapes import Joints24


@dataclass(frozen=True, eq=False)
class SearchHit:
    """One hit.

    Attributes:
        row: what the library knows of it.
        score: 0 to 1, the best first (docs/search.md).
        pose: without batch axes, as it answers the query: the mirror image when `mirrored`.
        description: the pose in words, as it is here.
        joints: (24, 3) of the pose, metres, y up.
        mirrored: whether it is the mirror image of the library's pose.
        distance_mm: from the pose that was asked for; None when words were.
        folded: near-duplicates that this hit stands for.
    """

    row: LibraryRow
    score: float
    pose: Pose
    description: str
    joints: Joints24
    mirrored: bool = False
    distance_mm: float | None = None
    folded: int = 0

    @property
    def id(self) -> str:
        """The library's id of the pose."""
        return self.row.id

    @property
    def name(self) -> str:
        """Its best name; empty where no common name fits."""
        return self.row.names[0].name if self.row.names else ""

    def standing_for(self, more: int) -> "SearchHit":
        """The same with so many more near-duplicates folded into it."""
        return replace(self, folded=self.folded + more)

    def as_json(self) -> dict[str, Any]:
        """The contract's object."""
        return {
            "id": self.id,
            "names": [name.as_json() for name in self.row.names],
            "score": round(self.score, 4),
            "description": self.description,
            "source": self.row.source,
            "pose": pose_to_json(self.pose, self.joints),
            "mirrored": self.mirrored,
            "distance_mm": None if self.distance_mm is None else round(self.distance_mm, 1),
            "folded": self.folded,
        }
