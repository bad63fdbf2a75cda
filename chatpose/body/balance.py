"""Centre of mass and balance: would a body in this pose stand where it stands, held by the floor alone.

Walls, chairs and motion are not known here: someone who runs, jumps or sits on a chair is out of balance.
"""

import math
from functools import lru_cache

import torch
from torch import Tensor

from chatpose.body.capsules import CAPSULE_NAMES, BodyCapsules
from chatpose.body.kinematics import WorldJoints
from chatpose.body.skeleton import SMPL
from chatpose.shapes import CapsuleEnds, Height, Vector

SUPPORT_M = 0.06
"""Parts up to this height above the floor bear weight: capsules and hand-made poses are a few centimetres off."""

FADING = 10.0
"""By how much a part's patch shrinks with its height above `SUPPORT_M`: 1 cm more takes 10 cm away, soon all of it."""

PATCH_M = 0.05
"""Largest radius of the patch that one capsule end presses on the floor; about half the width of a foot (estimate)."""

DIRECTIONS = 360
"""Directions in which the support is measured; margins come out at most 0.9 % of the support's length too large."""

_CHUNK = 1024

# Share of the body's mass in percent, and where along the segment its centre lies, from the proximal end: women and
# men. De Leva, Adjustments to Zatsiorsky-Seluyanov's segment inertia parameters, J. Biomechanics 29, 1996, table 4;
# the figures are the commonly quoted ones, entered without the paper at hand. The mean of both is used.
_LIMBS: dict[str, tuple[str, str, tuple[float, float], tuple[float, float]]] = {
    "upper arm": ("shoulder", "elbow", (2.55, 2.71), (0.5754, 0.5772)),
    "forearm": ("elbow", "wrist", (1.38, 1.62), (0.4559, 0.4574)),
    "hand": ("wrist", "hand", (0.56, 0.61), (0.7474, 0.7900)),  # to the knuckle of the middle finger
    "thigh": ("hip", "knee", (14.78, 14.16), (0.3612, 0.4095)),
    "shank": ("knee", "ankle", (4.81, 4.33), (0.4416, 0.4459)),
}
_FOOT = ((1.29, 1.37), (0.4014, 0.4415))  # from the heel to the tip of the toes
# The trunk's three parts and the head sit in the middle of their capsules. Upper: to the lower end of the breastbone,
# middle: to the navel, lower: to the hips.
_TRUNK: dict[str, tuple[float, float]] = {
    "head": (6.68, 6.94),
    "upper_chest": (15.45, 15.96),
    "chest": (14.65 / 2, 16.33 / 2),
    "belly": (14.65 / 2, 16.33 / 2),
    "pelvis": (12.47, 11.17),
}


def center_of_mass(world: WorldJoints, capsules: BodyCapsules) -> Vector:
    """Centre of mass of each body, (*batch, 3) metres; differentiable.

    Args:
        world: the 24 joints, from `BodyModel.kinematics`.
        capsules: from `body_capsules`.
    """
    return _mass_center(world, capsules.place(world))


def balance_margin_m(world: WorldJoints, capsules: BodyCapsules, floor_m: float | Tensor | None = None) -> Height:
    """How far inside its support the centre of mass stands, (*batch) metres; negative: how far outside.

    The support is the convex hull of the patches that the parts near the floor press on it. A part higher than
    `SUPPORT_M` counts for less and less, `FADING` metres a metre; of a body in the air the lowest part counts in full.
    The distance to a convex set is the largest over all directions of how much further the point reaches than the set
    (its support function), here over `DIRECTIONS` of them. Continuous, with gradients through the centre of mass, the
    places of the supports and their heights. NaN in one pose stays in that pose.

    Args:
        world: the 24 joints, from `BodyModel.kinematics`.
        capsules: from `body_capsules`.
        floor_m: height of the floor, a number or (*batch); under the lowest capsule when absent.
    """
    ends = capsules.place(world)
    size = capsules.end_radii.clamp_max(PATCH_M) - FADING * _too_high(ends, capsules, floor_m)
    mass = _mass_center(world, ends)
    offsets = ends[..., (0, 2)] - mass[..., None, (0, 2)]
    flat = (offsets.reshape(-1, *offsets.shape[-2:]), size.reshape(-1, size.shape[-1]))
    chunks = zip(flat[0].split(_CHUNK), flat[1].split(_CHUNK), strict=True)
    return torch.cat([_least_reach(*chunk) for chunk in chunks]).reshape(size.shape[:-1])


def balance_m(world: WorldJoints, capsules: BodyCapsules, floor_m: float | Tensor | None = None) -> Height:
    """How far outside its support the centre of mass is, (*batch) metres, 0 inside; as `balance_margin_m`."""
    return (-balance_margin_m(world, capsules, floor_m)).clamp_min(0)


def _least_reach(offsets: Tensor, size: Tensor) -> Tensor:
    """Over all directions the smallest of how far the patches reach, (N,) from (N, 44, 2) and (N, 44).

    The search needs no gradient: only the patch that reaches furthest in the least direction has one.
    """
    outward = _directions(offsets.dtype, str(offsets.device))
    with torch.no_grad():
        reach, patch = (offsets @ outward + size[..., None]).max(-2)
        direction = reach.argmin(-1)
        chosen = patch.gather(-1, direction[:, None])
    furthest = offsets.gather(-2, chosen[..., None].expand(-1, 1, 2)).squeeze(-2)
    return (furthest * outward.T[direction]).sum(-1) + size.gather(-1, chosen).squeeze(-1)


def _too_high(ends: CapsuleEnds, capsules: BodyCapsules, floor_m: float | Tensor | None) -> Tensor:
    """How much higher than a support each capsule end is, (*batch, 44) metres, 0 for supports."""
    bottoms = ends[..., 1] - capsules.end_radii
    lowest = bottoms.amin(-1)
    floor = lowest if floor_m is None else torch.as_tensor(floor_m, dtype=ends.dtype, device=ends.device)
    return (bottoms - torch.maximum(floor + SUPPORT_M, lowest)[..., None]).clamp_min(0)


def _mass_center(world: WorldJoints, ends: CapsuleEnds) -> Vector:
    joints, capsule_ends = _mass_table(ends.dtype, str(ends.device))
    return (joints @ world.positions + capsule_ends @ ends).squeeze(-2)


@lru_cache(maxsize=8)
def _mass_table(dtype: torch.dtype, device: str) -> tuple[Tensor, Tensor]:
    """Weight of each joint (1, 24) and of each capsule end (1, 44) in the centre of mass; together they sum to 1."""
    joints, ends = torch.zeros(1, len(SMPL), dtype=torch.float64), torch.zeros(1, 44, dtype=torch.float64)
    count = len(CAPSULE_NAMES)
    for name, share in _TRUNK.items():
        place = CAPSULE_NAMES.index(name)
        ends[0, [place, place + count]] += _mean(share) / 2
    for side in ("left", "right"):
        for start, end, share, along in _LIMBS.values():
            joints[0, SMPL.index(f"{side}_{start}")] += _mean(share) * (1 - _mean(along))
            joints[0, SMPL.index(f"{side}_{end}")] += _mean(share) * _mean(along)
        share, along = map(_mean, _FOOT)
        ends[0, CAPSULE_NAMES.index(f"{side}_foot")] += share * (1 - along)
        ends[0, CAPSULE_NAMES.index(f"{side}_toes") + count] += share * along
    total = joints.sum() + ends.sum()
    return (joints / total).to(device, dtype), (ends / total).to(device, dtype)


@lru_cache(maxsize=8)
def _directions(dtype: torch.dtype, device: str) -> Tensor:
    """(2, directions) unit vectors all round in the floor's plane, the same set when mirrored."""
    angle = torch.arange(DIRECTIONS, dtype=torch.float64) * (2 * math.pi / DIRECTIONS)
    return torch.stack([angle.sin(), angle.cos()]).to(device, dtype)


def _mean(pair: tuple[float, float]) -> float:
    return sum(pair) / len(pair)
