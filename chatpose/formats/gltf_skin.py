"""Skinning weights as glTF wants them: sets of four joints a vertex, largest first, each vertex summing to one."""

from dataclasses import dataclass

import numpy as np

from chatpose.body.kinematics import WorldJoints

SET_SIZE = 4
MAX_TRUNCATION_M = 1e-3
"""Largest vertex error that leaving out all but four weights may cause; beyond it a second set is written."""


@dataclass(frozen=True, eq=False)
class SkinWeights:
    """Joints and weights of each vertex in the order of glTF's JOINTS_n and WEIGHTS_n.

    Attributes:
        joints: (sets, verts, 4) uint8, 0 where the weight is 0 as the specification asks.
        weights: (sets, verts, 4) float32, summing to 1 over all sets of a vertex.
    """

    joints: np.ndarray
    weights: np.ndarray

    def dense(self, joint_count: int) -> np.ndarray:
        """The same as one weight for each vertex and joint, (verts, joints) float32."""
        dense = np.zeros((self.weights.shape[1], joint_count), dtype=np.float32)
        rows = np.arange(len(dense))[:, None]
        for joints, weights in zip(self.joints, self.weights, strict=True):
            np.add.at(dense, (rows, joints.astype(np.intp)), weights)
        return dense


def largest_weights(weights: np.ndarray, sets: int) -> SkinWeights:
    """The 4 · `sets` largest weights of each vertex, renormalised.

    Args:
        weights: (verts, joints), each row summing to 1.
        sets: how many sets of four.
    """
    wanted = sets * SET_SIZE
    order = np.argsort(-weights, axis=1, kind="stable")[:, :wanted]
    kept = np.take_along_axis(weights, order, axis=1).astype(np.float64).clip(min=0)
    kept = (kept / kept.sum(1, keepdims=True)).astype(np.float32)
    joints = np.where(kept > 0, order, 0).astype(np.uint8)
    split = (len(weights), sets, SET_SIZE)
    return SkinWeights(joints.reshape(split).transpose(1, 0, 2), kept.reshape(split).transpose(1, 0, 2))


def truncation_error(
    weights: np.ndarray, skin: SkinWeights, vertices: np.ndarray, rest_joints: np.ndarray, world: WorldJoints
) -> float:
    """Largest distance in metres by which truncated weights misplace a vertex.

    Args:
        weights: (verts, joints) the body's own.
        skin: what is written instead.
        vertices: (verts, 3) rest vertices, metres.
        rest_joints: (joints, 3) metres.
        world: posed joints, batch shape (poses,).
    """
    dropped = weights - skin.dense(weights.shape[1])
    # Rounding alone changes every row; only rows that lost a weight can be off by more than micrometres.
    changed = np.abs(dropped).max(1) > 1e-5
    if not changed.any():
        return 0.0
    dropped, vertices = dropped[changed].astype(np.float64), vertices[changed].astype(np.float64)
    worst = 0.0
    for turn, place in zip(*(part.cpu().double().numpy() for part in world), strict=True):
        # Skinning is linear in the weights, so the error is the dropped part's own skinning.
        turns = (dropped @ turn.reshape(-1, 9)).reshape(-1, 3, 3)
        shift = dropped @ (place - (turn @ rest_joints[..., None])[..., 0])
        error = (turns @ vertices[..., None])[..., 0] + shift
        worst = max(worst, float(np.linalg.norm(error, axis=1).max()))
    return worst
