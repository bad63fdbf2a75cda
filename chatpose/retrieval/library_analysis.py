"""What is found out about poses when they come into a library: names, statements, vectors."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from chatpose.atlas.naming import TOLD_FROM, Namer
from chatpose.body.pose import Pose
from chatpose.posecodes.describe import Describer
from chatpose.retrieval.embedding import PoseTextEmbedder
from chatpose.retrieval.library_rows import RowName
from chatpose.retrieval.statement_bits import pack_bits, statement_bytes

CHUNK = 512
"""Poses at once: what is measured on them then stays near the processor."""


@dataclass(frozen=True, eq=False)
class Analysis:
    """What was found out about N poses.

    Attributes:
        names: N, the best first; empty where no common name fits.
        statements: (N, bytes) uint8, `statement_bits.pack_bits`.
        vectors: (N, D) float16, of unit length but for the rounding.
    """

    names: list[tuple[RowName, ...]]
    statements: np.ndarray
    vectors: np.ndarray


class PoseAnalyser:
    """Names, measures and embeds poses of the open body.

    Args:
        embedder: makes the vectors.
        namer: names poses; the shipped atlas' when absent.
        describer: measures statements; of the open body when absent.
        least_name: least score of a name.
    """

    def __init__(
        self,
        embedder: PoseTextEmbedder,
        namer: Namer | None = None,
        describer: Describer | None = None,
        least_name: float = TOLD_FROM,
    ) -> None:
        self.embedder = embedder
        self._least_name = least_name
        self._describer = describer or Describer()
        self._namer = namer or Namer(describer=self._describer)

    def __call__(self, poses: Pose) -> Analysis:
        """Everything about poses (N,)."""
        return Analysis(self.names(poses), self.statements(poses), self.vectors(poses))

    def names(self, poses: Pose) -> list[tuple[RowName, ...]]:
        """Names of each pose."""
        found = (names for part in _parts(poses) for names in self._namer.names(part, least=self._least_name))
        return [
            tuple(RowName(name.name, round(name.score, 3), name.entry.id, name.mirrored) for name in names)
            for names in found
        ]

    def statements(self, poses: Pose) -> np.ndarray:
        """(N, bytes) uint8 of the statements that hold."""
        rows = [pack_bits(self._describer.extract(part)) for part in _parts(poses)]
        return np.concatenate(rows) if rows else np.empty((0, statement_bytes()), np.uint8)

    def vectors(self, poses: Pose) -> np.ndarray:
        """(N, D) float16."""
        rows = [self.embedder.embed_poses(part).astype(np.float16) for part in _parts(poses)]
        return np.concatenate(rows) if rows else np.empty((0, self.embedder.dimension), np.float16)


def _parts(poses: Pose) -> Iterator[Pose]:
    for start in range(0, len(poses), CHUNK):
        yield poses[start : start + CHUNK]
