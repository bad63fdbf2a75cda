"""A small embedder for tests: poses by a fixed projection of their rotations, texts by a hash; nothing is learned."""

import hashlib
from collections.abc import Sequence

import numpy as np

from chatpose.body.pose import Pose


class FakeEmbedder:
    """Deterministic, fast, of any width; another `seed` is another embedder with another fingerprint."""

    def __init__(self, dimension: int = 256, seed: int = 0) -> None:
        self.dimension = dimension
        self.fingerprint = hashlib.sha256(f"fake {dimension} {seed}".encode()).hexdigest()
        self._seed = seed
        self._projection = np.random.default_rng(seed).normal(size=(23 * 9, dimension)).astype(np.float32)

    def embed_poses(self, pose: Pose) -> np.ndarray:
        rotations = pose.body_pose.reshape(-1, 23 * 9).float().numpy() - np.tile(
            np.eye(3, dtype=np.float32).ravel(), 23
        )
        return _unit((rotations + 1e-3) @ self._projection)

    def embed_texts(self, texts: Sequence[str]) -> np.ndarray:
        seeds = [int.from_bytes(hashlib.sha256(f"{self._seed} {text}".encode()).digest()[:8], "big") for text in texts]
        rows = [np.random.default_rng(seed).normal(size=self.dimension) for seed in seeds]
        return _unit(np.asarray(rows, dtype=np.float32).reshape(-1, self.dimension))


def _unit(rows: np.ndarray) -> np.ndarray:
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
