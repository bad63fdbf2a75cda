"""Poses in 176 bytes: rotation vectors in steps of π/32767 rad, at most 0.005° off; shape in half precision."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch

from chatpose.body.pose import Pose, concatenate_poses
from chatpose.body.rotations import axis_angle_to_matrix

STEPS = 32767
"""Steps from 0 to π; half a step in each of three axes is 0.0048°."""

_CHUNK = 65_536


@dataclass(frozen=True, eq=False)
class CompactPoses:
    """N poses as they are stored.

    Attributes:
        rotations: (N, 24, 3) int16, rotation vectors in steps of π / `STEPS`.
        transl: (N, 3) float32, metres.
        betas: (N, 10) float16, of the shape space that the source names.
    """

    rotations: np.ndarray
    transl: np.ndarray
    betas: np.ndarray

    def __len__(self) -> int:
        return len(self.rotations)

    @classmethod
    def of(cls, pose: Pose) -> "CompactPoses":
        """Packs poses (N,)."""
        vectors = pose.axis_angle().cpu().numpy().astype(np.float64)
        steps = np.rint(vectors * (STEPS / math.pi)).clip(-STEPS, STEPS).astype(np.int16)
        betas = pose.betas.cpu().numpy().clip(-6e4, 6e4).astype(np.float16)
        return cls(steps, pose.transl.cpu().numpy().astype(np.float32), betas)

    def pose(self) -> Pose:
        """Unpacks them, float32."""
        parts = [self._unpacked(slice(start, start + _CHUNK)) for start in range(0, len(self), _CHUNK)]
        return concatenate_poses(parts) if parts else Pose.identity((0,))

    def pose_for(self, shape_spaces: Sequence[str], shape_space: str = "open") -> Pose:
        """Unpacks them for a body; betas of other bodies mean nothing on it and are zeros.

        Args:
            shape_spaces: N, that the betas belong to.
            shape_space: of the body.
        """
        pose = self.pose()
        usable = torch.tensor([space == shape_space for space in shape_spaces], dtype=torch.bool)
        return pose.replace(betas=torch.where(usable[:, None], pose.betas, torch.zeros(())))

    def _unpacked(self, rows: slice) -> Pose:
        vectors = torch.from_numpy(self.rotations[rows].astype(np.float32) * np.float32(math.pi / STEPS))
        betas, transl = (torch.from_numpy(part[rows].astype(np.float32)) for part in (self.betas, self.transl))
        return Pose.from_rotations(axis_angle_to_matrix(vectors), betas=betas, transl=transl)

    def take(self, rows: np.ndarray) -> "CompactPoses":
        """Some of them."""
        return CompactPoses(self.rotations[rows], self.transl[rows], self.betas[rows])

    @classmethod
    def joined(cls, parts: "list[CompactPoses]") -> "CompactPoses":
        """Several batches as one; at least one."""
        names: tuple[Literal["rotations", "transl", "betas"], ...] = ("rotations", "transl", "betas")
        return cls(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))
