"""Poses for perception by split: motion capture by subject, the atlas by entry."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import torch
from torch import Tensor

from chatpose.atlas.compiled import Atlas
from chatpose.atlas.variations import Varier
from chatpose.errors import UnknownNameError
from chatpose.train.tokenizer_data import packed_rotations

PoseSplit = Literal["train", "validation"]
SPLITS: tuple[PoseSplit, ...] = ("train", "validation")
MOCAP = "motion capture"
VALIDATION_TENTH = 10
FLOOR_FAMILIES = frozenset(("yoga", "stretching", "exercise", "sitting", "lying", "all-fours", "kneeling", "falls"))
"""Families of the atlas with many poses on the floor, which motion capture lacks."""


def atlas_part(atlas: Atlas, split: PoseSplit) -> Atlas:
    """The training entries without a tenth by entry, or that tenth; the test entries are in neither.

    The rule looks at nothing but the entry's id, so that new entries move no other one.

    Raises:
        UnknownNameError: no such split.
    """
    if split not in SPLITS:
        raise UnknownNameError(f"split {split!r}", expected=" or ".join(SPLITS))
    held_out = split == "validation"
    return atlas.only([entry for entry in atlas.training().entries if _is_held_out(entry.id) == held_out])


def _is_held_out(entry_id: str) -> bool:
    return hashlib.sha256(f"perception/{entry_id}".encode()).digest()[0] * VALIDATION_TENTH < 256


@dataclass(frozen=True, eq=False)
class PosePool:
    """Poses to draw from.

    Attributes:
        rotations: (N, 24, 3, 3).
        kinds: what each kind is called: `MOCAP`, or the atlas' family.
        kind: (N,) place in `kinds`.
    """

    rotations: Tensor
    kinds: tuple[str, ...]
    kind: Tensor

    def __len__(self) -> int:
        return len(self.kind)


def pose_pool(
    data: Path,
    split: PoseSplit,
    *,
    size: int = 6000,
    seed: int = 0,
    mocap_share: float = 0.45,
    floor_twice: bool = True,
) -> PosePool:
    """A pool of a split.

    Args:
        data: folder with the packed collections.
        split: "train" or "validation".
        size: of the pool; half of the motion capture are its most diverse poses.
        seed: of everything random.
        mocap_share: of the pool; the rest are variations of the atlas.
        floor_twice: draw families with poses on the floor twice as often.

    Raises:
        MissingFileError: no such folder, or no atlas.
    """
    generator = torch.Generator().manual_seed(seed)
    real = packed_rotations(data, split)
    wanted = min(round(size * mocap_share), len(real))
    first = torch.arange(wanted // 2)
    others = torch.randperm(len(real) - len(first), generator=generator)[: wanted - len(first)] + len(first)
    atlas = atlas_part(Atlas.load(), split)
    if floor_twice:
        atlas = atlas.only([entry for entry in atlas.entries for _ in range(1 + (entry.family in FLOOR_FAMILIES))])
    varied = Varier(atlas).draw(size - wanted, generator)
    kinds = (MOCAP, *dict.fromkeys(entry.family for entry in atlas.entries))
    family = torch.tensor([kinds.index(entry.family) for entry in atlas.entries])
    return PosePool(
        torch.cat([real[torch.cat([first, others])], varied.poses.local_rotations]),
        kinds,
        torch.cat([torch.zeros(wanted, dtype=torch.long), family[varied.entry]]),
    )
