"""The points, directions and frames that posecodes measure, all from joint positions (and head, palms from rotations).

Two frames are anchored to the body, so that left, right and front are right for any heading and for lying and
upside-down bodies (docs/posecodes.md draws them):

- the **hip frame**, for relations among legs: left is the line of the hips; up is the world's up while the trunk or
  the legs stand (sitting, kneeling, bending over), the trunk's direction otherwise (lying, handstand);
- the **chest frame**, for relations of arms, hands and head: left is the line of the shoulders, up the trunk's
  direction.

*Above* and *below* are always the world's.
"""

from dataclasses import dataclass
from functools import lru_cache

import torch
from torch import Tensor

from chatpose.body.kinematics import WorldJoints
from chatpose.body.skeleton import SMPL
from chatpose.shapes import Joints24, Rotations24

Weights = tuple[tuple[str, float], ...]

_SIDES = ("left", "right")


def _both(name: str, **joints: float) -> dict[str, Weights]:
    """A point of each side as a weighted sum of that side's joints."""
    return {f"{side} {name}": tuple((f"{side}_{joint}", w) for joint, w in joints.items()) for side in _SIDES}


POINTS: dict[str, Weights] = {
    **{name.replace("_", " "): ((name, 1.0),) for name in SMPL.joint_names if name != "head"},
    "neck base": (("neck", 1.0),),
    "head": (("head", 1.7), ("neck", -0.7)),  # middle of the skull: past SMPL's joint, which lies at its base
    "skull base": (("head", 1.0),),
    "torso": (("pelvis", 1 / 3), ("spine3", 1 / 3), ("neck", 1 / 3)),
    "shoulders": (("left_shoulder", 0.5), ("right_shoulder", 0.5)),
    "hips": (("left_hip", 0.5), ("right_hip", 0.5)),
    "shins' middle": (("left_knee", 0.25), ("right_knee", 0.25), ("left_ankle", 0.25), ("right_ankle", 0.25)),
    **_both("thigh", hip=0.5, knee=0.5),
    **_both("shin", knee=0.5, ankle=0.5),
    **_both("upper arm", shoulder=0.5, elbow=0.5),
    **_both("forearm", elbow=0.5, wrist=0.5),
    # Ends of hand and foot, from the open body: between the tips of straight and of bent fingers; heel and toes exact
    # for a foot at a right angle to the shin.
    **_both("fingertips", hand=1.5, wrist=-0.5),
    **_both("heel", ankle=1.388, knee=-0.154, foot=-0.234),
    **_both("toes", foot=1.37, ankle=-0.413, knee=0.043),
}
"""Every point by the name that people use: weights of SMPL joints that sum to 1."""

POINT_INDEX = {name: index for index, name in enumerate(POINTS)}

SURFACE_M: dict[str, float] = {
    "pelvis": 0.10,
    "spine1": 0.06,
    "spine2": 0.09,
    "spine3": 0.10,
    "neck": 0.05,
    "head": 0.095,
    **{f"{side} {name}": radius for side in _SIDES for name, radius in (
        ("hip", 0.085), ("knee", 0.05), ("ankle", 0.04), ("heel", 0.015), ("foot", 0.02), ("toes", 0.012),
        ("shoulder", 0.06), ("elbow", 0.04), ("wrist", 0.03), ("hand", 0.02), ("fingertips", 0.012),
    )},
}  # fmt: skip
"""How far the skin is from a point, metres, rounded from the open body: heights above the floor are of the skin."""

SOLE_M = 0.07
"""From the ankle down to the sole of a standing foot."""

LOWEST_OF: dict[str, tuple[str, ...]] = {
    "pelvis": ("pelvis", "left hip", "right hip"),
    **{f"{side} hand": (f"{side} wrist", f"{side} hand", f"{side} fingertips") for side in _SIDES},
    **{f"{side} foot": (f"{side} heel", f"{side} foot", f"{side} toes") for side in _SIDES},
}
"""Parts whose height above the floor is that of the lowest of several points."""


@dataclass(frozen=True, eq=False)
class PosePoints:
    """What measures are taken from; N poses.

    Attributes:
        points: (N, P, 3) the points of `POINTS`, metres, y up.
        hip_frame: (N, 3, 3) rows left, up, front of the hip frame, world coordinates; NaN where undefined.
        chest_frame: (N, 3, 3) the same of the chest frame.
        floor: (N,) height of the floor: under the lowest skin.
        rotations: (N, 24, 3, 3) world rotations, or None when only joints are known.
    """

    points: Tensor
    hip_frame: Tensor
    chest_frame: Tensor
    floor: Tensor
    rotations: Rotations24 | None

    def __len__(self) -> int:
        return len(self.points)

    def of(self, name: str) -> Tensor:
        """One point, (N, 3)."""
        return self.points[:, POINT_INDEX[name]]


def pose_points(joints: Joints24, rotations: Rotations24 | None = None) -> PosePoints:
    """Prepares N poses.

    Args:
        joints: (N, 24, 3) metres, y up, SMPL order.
        rotations: (N, 24, 3, 3) world rotations; without them head, gaze and palm codes are absent.
    """
    points = torch.einsum("pj,njk->npk", _weights(joints.dtype).to(joints.device), joints)
    hip, chest = _frames(points)
    names = list(SURFACE_M)
    radii = points.new_tensor([SURFACE_M[name] for name in names])
    heights = points[:, [POINT_INDEX[name] for name in names], 1] - radii
    return PosePoints(points, hip, chest, heights.amin(-1), rotations)


def points_of_kinematics(world: WorldJoints) -> PosePoints:
    """Prepares the result of forward kinematics, batch flattened."""
    return pose_points(world.positions.flatten(0, -3), world.rotations.flatten(0, -4))


@lru_cache(maxsize=4)
def _weights(dtype: torch.dtype) -> Tensor:
    weights = torch.zeros(len(POINTS), len(SMPL), dtype=dtype)
    for row, parts in enumerate(POINTS.values()):
        for joint, weight in parts:
            weights[row, SMPL.index(joint)] += weight
    return weights


STANDING = 0.5
"""Cosine to the vertical from which trunk or legs count as standing for the hip frame (within 60°)."""


def _frames(points: Tensor) -> tuple[Tensor, Tensor]:
    def at(name: str) -> Tensor:
        return points[:, POINT_INDEX[name]]

    trunk = unit(at("neck") - at("hips"))
    legs = unit(at("hips") - at("shins' middle"))
    world_up = torch.zeros_like(trunk)
    world_up[:, 1] = 1
    stands = (trunk[:, 1] > STANDING) | (legs[:, 1] > STANDING)
    hip_left = unit(at("left hip") - at("right hip"))
    hip_up = torch.where((stands & (hip_left[:, 1].abs() < STANDING + 0.3))[:, None], world_up, trunk)
    chest_left = unit(at("left shoulder") - at("right shoulder"))
    return _frame(hip_left, hip_up), _frame(chest_left, trunk)


def _frame(left: Tensor, up: Tensor) -> Tensor:
    """Rows left, up, front: left kept, up made orthogonal to it."""
    front = unit(torch.linalg.cross(left, up, dim=-1))
    return torch.stack([left, torch.linalg.cross(front, left, dim=-1), front], dim=-2)


def length(vector: Tensor, dim: int = -1) -> Tensor:
    """Lengths of vectors along `dim` (by components: torch's norm is slow along an inner axis)."""
    squares = [part * part for part in vector.unbind(dim)]
    return sum(squares[1:], squares[0]).sqrt()


def unit(vector: Tensor, dim: int = -1, least: float = 1e-6) -> Tensor:
    """Unit vectors along `dim`; NaN for those shorter than `least`, so that nothing is said of no direction."""
    size = length(vector, dim).unsqueeze(dim)
    return vector / torch.where(size > least, size, float("nan"))
