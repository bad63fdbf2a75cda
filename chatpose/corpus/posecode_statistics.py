"""Counts how often posecodes hold: `python -m chatpose.corpus.posecode_statistics --data FOLDER`.

Real poses are the training split of the packed motion-capture collections; random poses are added so that lying and
upside-down bodies have a frequency too. Nothing but frequencies is written.
"""

import argparse
import json
from pathlib import Path

import numpy as np
import torch

from chatpose.body.pose import Pose
from chatpose.body.rotations import axis_angle_to_matrix
from chatpose.corpus.packed import PackedPoses
from chatpose.posecodes.statistics import count, shares
from chatpose.safefiles import atomic_write

COLLECTIONS = ("cmu_poses_30k.npz", "cmu_daz_poses_6k.npz")
RANDOM_POSES = 5000
MAX_JOINT_RAD = 1.2


def random_poses(poses: int, seed: int, max_angle_rad: float = MAX_JOINT_RAD) -> Pose:
    """Poses with random joint rotations up to an angle, turned anyhow in space."""
    generator = torch.Generator().manual_seed(seed)
    axes = torch.nn.functional.normalize(torch.randn(poses, 24, 3, generator=generator), dim=-1)
    angles = torch.rand(poses, 24, 1, generator=generator) * max_angle_rad
    angles[:, 0] *= torch.pi / max_angle_rad
    return Pose.from_rotations(axis_angle_to_matrix(axes * angles))


def real_shares(folder: Path) -> tuple[dict[str, float], int]:
    """Frequencies over the training split, and the number of poses."""
    counted = [count(batch.pose for batch in PackedPoses(folder / name).batches("train")) for name in COLLECTIONS]
    poses = sum(number for _, number in counted)
    return shares(np.sum([held for held, _ in counted], axis=0), poses), poses


def main() -> None:
    """Counts and writes."""
    parser = argparse.ArgumentParser(description="Counts how often posecodes hold.")
    parser.add_argument("--data", type=Path, required=True, help=f"folder with {' and '.join(COLLECTIONS)}")
    parser.add_argument("--out", type=Path, default=Path("data/posecodes/statistics.json"))
    options = parser.parse_args()
    real, poses = real_shares(options.data)
    random = shares(*count([random_poses(RANDOM_POSES, seed=0)]))
    options.out.parent.mkdir(parents=True, exist_ok=True)
    entries = ",\n".join(f"  {json.dumps(name)}: [{share}, {random[name]}]" for name, share in real.items())
    head = f'"poses": {{"real": {poses}, "random": {RANDOM_POSES}}}'
    with atomic_write(options.out) as temporary:
        temporary.write_text(f'{{\n {head},\n "frequencies": {{\n{entries}\n }}\n}}\n', encoding="utf-8")


if __name__ == "__main__":
    main()
