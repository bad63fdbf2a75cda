"""What library and index need of an embedder: one space for poses and texts, where nearness is a dot product."""

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

import numpy as np

from chatpose.body.pose import Pose

DIMENSION = 256
"""Width of the joint space."""


@runtime_checkable
class PoseTextEmbedder(Protocol):
    """Puts poses and texts into one space; rows are unit vectors, so the dot product is the cosine.

    Attributes:
        dimension: D, the length of a vector.
        fingerprint: hexadecimal, the same for the same weights; vectors of other fingerprints can't be compared.
    """

    @property
    def dimension(self) -> int:
        """Length D of a vector."""
        ...

    @property
    def fingerprint(self) -> str:
        """Hexadecimal name of the weights."""
        ...

    def embed_poses(self, pose: Pose) -> np.ndarray:
        """Vectors of poses; heading, place and body shape don't matter.

        Args:
            pose: N poses along one axis, or one without any.

        Returns:
            (N, D) float32, unit rows.
        """
        ...

    def embed_texts(self, texts: Sequence[str]) -> np.ndarray:
        """Vectors of texts.

        Args:
            texts: N of them.

        Returns:
            (N, D) float32, unit rows.
        """
        ...
