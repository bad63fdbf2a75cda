"""What kind of posture a pose is, by posecodes: what a mixture balances and a data card counts."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from chatpose.body.model import BodyModel
from chatpose.body.pose import Pose
from chatpose.posecodes.definitions import posecodes_by_name
from chatpose.posecodes.extraction import extract
from chatpose.posecodes.points import points_of_kinematics

_SIDES = ("left", "right")

_CODES: Mapping[str, tuple[str, ...]] = {
    "upside down": ("upside down",),
    "lying": tuple(f"lying on {how}" for how in ("the back", "the front", "the left side", "the right side")),
    "on hands": ("on all fours", "in a plank"),
    "kneeling": ("kneeling", *(f"kneeling on the {side} knee" for side in _SIDES)),
    "sitting": ("sitting on the floor", "sitting cross-legged", "sitting as on a chair"),
    "squatting": ("squatting",),
    "lunging": tuple(f"lunging with the {side} leg in front" for side in _SIDES),
    "bending": ("bending forward",),
    "on one leg": tuple(f"standing on the {side} leg" for side in _SIDES),
    "standing": ("standing",),
}
FAMILIES: tuple[str, ...] = (*_CODES, "other")
"""Kinds of posture; a pose is of the first one that has a posecode that holds."""

_CHUNK = 2048


def family_indices(pose: Pose, body: BodyModel) -> Tensor:
    """For each pose of a batch (N,) the place of its family in `FAMILIES`."""
    names = [name for codes in _CODES.values() for name in codes]
    codes = tuple(posecodes_by_name()[name] for name in names)
    parts = []
    for start in range(0, len(pose), _CHUNK):
        world = body.kinematics(pose[start : start + _CHUNK])
        holds = iter(extract(points_of_kinematics(world), codes).margins.T >= 0)
        # One row a family, then one for the rest, which always holds.
        rows = [torch.stack([next(holds) for _ in several]).any(0) for several in _CODES.values()]
        parts.append(torch.stack([*rows, torch.ones_like(rows[0])]).int().argmax(0))
    return torch.cat(parts) if parts else torch.zeros(0, dtype=torch.long)


def family_names(pose: Pose, body: BodyModel) -> list[str]:
    """For each pose of a batch (N,) its family."""
    return [FAMILIES[place] for place in family_indices(pose, body).tolist()]


def family_shares(families: Sequence[str]) -> dict[str, float]:
    """Share of each of `FAMILIES`, 0 for all when there is none."""
    total = max(len(families), 1)
    return {name: families.count(name) / total for name in FAMILIES}
