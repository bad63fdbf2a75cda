"""What the pose tokenizer is trained on, and what its settings are chosen on.

Real poses come from the training subjects of the packed collections. What these lack comes from the hand-made
postures, from poses anywhere in the joint limits, from variations of the atlas' training entries, and from noise on all
joints: fits to photos and other rigs move joints that the recordings hold still.
"""

from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from chatpose.body.pose import Pose, concatenate_poses
from chatpose.body.rotations import axis_angle_to_matrix, without_heading
from chatpose.corpus.packed import PackedPoses, Split
from chatpose.corpus.random_poses import jittered_postures, limit_poses
from chatpose.errors import MissingFileError
from chatpose.pose_tokenizer.config import PARTS, part_index

COLLECTIONS = ("cmu_poses_30k.npz", "cmu_daz_poses_6k.npz")
HANDS = (22, 23)


@dataclass(frozen=True)
class MixtureCounts:
    """How many poses of each kind; real poses are taken as they come, the most diverse first.

    Attributes:
        real: of each collection at most.
        mixed: real poses whose limbs are exchanged with others'.
        postures: hand-made ones with jitter.
        limits: uniform in the joint limits.
        atlas: variations of the atlas' training entries.
        noisy: copies with noise of every clean pose.
    """

    real: int = 100_000
    mixed: int = 6_000
    postures: int = 8_000
    limits: int = 4_000
    atlas: int = 12_000
    noisy: int = 2


@dataclass(frozen=True, eq=False)
class TrainingPoses:
    """The mixture.

    Attributes:
        rotations: (N, 24, 3, 3) without heading, float32.
        counts: poses by kind, noisy copies included.
    """

    rotations: Tensor
    counts: dict[str, int]


def packed_rotations(folder: Path, split: Split, limit: int | None = None) -> Tensor:
    """(N, 24, 3, 3) of a split of the collections in a folder."""
    parts = [
        batch.pose.local_rotations
        for name in COLLECTIONS
        for batch in _packed(folder / name).batches(split, limit=limit)
    ]
    return torch.cat(parts) if parts else torch.zeros(0, 24, 3, 3)


def training_poses(folder: Path, counts: MixtureCounts, seed: int, atlas: Pose | None) -> TrainingPoses:
    """The mixture of a seed.

    Args:
        folder: with the packed collections.
        counts: of each kind.
        seed: of everything random.
        atlas: variations of the atlas' training entries, `atlas_variations`.

    Raises:
        MissingFileError: no such folder.
    """
    generator = torch.Generator().manual_seed(seed)
    real = packed_rotations(folder, "train", counts.real)
    kinds = {"real": real, "limbs exchanged": exchanged_limbs(real, counts.mixed, generator)}
    if counts.postures:
        kinds["postures"] = jittered_postures(counts.postures, generator).local_rotations
    if counts.limits:
        kinds["joint limits"] = limit_poses(counts.limits, generator).local_rotations
    if atlas is not None and len(atlas):
        kinds["atlas"] = atlas.local_rotations
    rows, told = [], {}
    for kind, clean in kinds.items():
        noisy = [with_noise(clean, width, generator) for width in _widths(counts.noisy)]
        rows += [clean, *noisy]
        told[kind] = len(clean) * (1 + len(noisy))
    joined = torch.cat(rows)
    joined[:, 0] = without_heading(joined[:, 0])
    return TrainingPoses(joined, told)


def atlas_variations(folder: Path | None, count: int, seed: int) -> Pose | None:
    """Variations of the training entries of a compiled atlas; nothing when there is none."""
    from chatpose.atlas.compiled import Atlas
    from chatpose.atlas.variations import Varier

    try:
        atlas = Atlas.load(folder)
    except MissingFileError:
        if folder is not None:
            raise
        return None
    generator = torch.Generator().manual_seed(seed)
    chunks = [Varier(atlas.training()).draw(count, generator).poses] if count else []
    return concatenate_poses(chunks) if chunks else None


def exchanged_limbs(rotations: Tensor, count: int, generator: torch.Generator) -> Tensor:
    """Poses whose parts come each from another pose; the trunk keeps its tilt."""
    if not len(rotations) or not count:
        return rotations[:0]
    mixed = rotations[torch.randint(len(rotations), (count,), generator=generator)].clone()
    for part in PARTS[2:]:
        other = torch.randint(len(rotations), (count,), generator=generator)
        index = part_index(part)
        mixed[:, index] = rotations[other][:, index]
    return mixed


def with_noise(rotations: Tensor, width_deg: float, generator: torch.Generator, *, fixed: bool = False) -> Tensor:
    """Every joint but the hands turned by N(0, σ) about each axis.

    Args:
        rotations: (N, 24, 3, 3).
        width_deg: σ, or the most of it.
        generator: source of the numbers, on the CPU.
        fixed: the same σ for all poses instead of uniform from 0.
    """
    share = torch.ones(len(rotations), 1, 1) if fixed else torch.rand(len(rotations), 1, 1, generator=generator)
    turn = torch.randn(len(rotations), 24, 3, generator=generator) * torch.deg2rad(torch.tensor(width_deg)) * share
    turn[:, HANDS] = 0
    return rotations @ axis_angle_to_matrix(turn).to(rotations)


def _widths(copies: int) -> list[float]:
    """Small noise for one copy, larger for the next."""
    return [(6.0, 15.0)[number % 2] for number in range(copies)]


def _packed(path: Path) -> PackedPoses:
    return PackedPoses(path)
