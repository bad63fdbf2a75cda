"""The poses that captions are read back on: all of the given data, and seeded random ones."""

from pathlib import Path

import numpy as np
import torch
from reread_skin import Skin

from chatpose.body.model import BodyModel
from chatpose.body.pose import Pose, concatenate_poses
from chatpose.corpus.packed import PackedPoses
from chatpose.corpus.random_poses import jittered_postures, limit_poses
from chatpose.formats import load

SEED = 20261121


def real_poses(data: Path, count: int) -> Pose:
    """About that many of the given poses, from every subject alike as far as there are enough."""
    static = [load(path).pose for path in sorted((data / "makehuman_poses").glob("*.bvh"))]
    wanted = count - sum(len(pose) for pose in static)
    collections = [PackedPoses(data / name) for name in ("cmu_poses_30k.npz", "cmu_daz_poses_6k.npz")]
    parts = []
    for packed, share in zip(collections, (0.8, 0.2), strict=True):
        parts.append(packed.pose(_spread(packed, round(wanted * share))))
    return concatenate_poses([*parts, *static])


def _spread(packed: PackedPoses, count: int) -> np.ndarray:
    """Rows of all subjects in turn, the most diverse first."""
    rows = packed.rows()
    subjects = np.array([packed.clips[clip].subject for clip in packed.clip[rows]])
    rank = np.zeros(len(rows), dtype=int)
    for subject in np.unique(subjects):
        own = np.flatnonzero(subjects == subject)
        rank[own] = np.arange(len(own))
    return rows[np.sort(np.argsort(rank, kind="stable")[:count])]


def random_poses(count: int) -> Pose:
    """Half anywhere in the joint limits, half around the hand-made postures."""
    generator = torch.Generator().manual_seed(SEED)
    return concatenate_poses([limit_poses(count - count // 2, generator), jittered_postures(count // 2, generator)])


def skin_of(body: BodyModel) -> Skin:
    """The re-reader's skin, from the body's plain arrays."""
    data = body.data
    rest = data.J_regressor @ data.v_template
    return Skin.of(data.v_template.numpy(), data.faces.numpy(), data.weights.numpy(), rest.numpy())
