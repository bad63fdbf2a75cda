"""Which statements may be made of a body that isn't seen as a whole.

A statement rests on measures, a measure on points and frames, those on joints: it may be made only when all of them
are visible, in each of its alternatives. What is left depends a little on how the body stands: the frame of the hips
takes its up from the world as long as the trunk stands, and only else from the legs; and the floor is where the lowest
part is, so nothing can be said of it while that part, or a leg that might reach lower, is out of sight.
"""

from collections.abc import Iterable
from functools import lru_cache

import torch
from torch import Tensor

from chatpose.body.capsules import CAPSULE_JOINTS, CAPSULE_NAMES
from chatpose.body.skeleton import SMPL
from chatpose.errors import InvalidPoseError
from chatpose.posecodes.contacts import PARTS
from chatpose.posecodes.definitions import all_posecodes
from chatpose.posecodes.measures import Measure
from chatpose.posecodes.points import POINTS, STANDING, SURFACE_M, PosePoints
from chatpose.posecodes.posecode import Posecode

_SIDES = ("left", "right")
_HIPS, _SHOULDERS = (tuple(f"{side} {part}" for side in _SIDES) for part in ("hip", "shoulder"))
_TRUNK = ("neck", "hips")
_HIP_FRAME, _CHEST_FRAME = (*_HIPS, *_TRUNK), (*_SHOULDERS, *_TRUNK)
_LEGS = tuple(f"{side} {part}" for side in _SIDES for part in ("hip", "knee", "ankle", "foot"))
UP_OF_HIPS, FLOOR = "up of hips", "floor"
"""Stand for what depends on how the body stands."""

# What the measures with formulas of their own look at. Rotations count as seen when the joint and the next one are.
_HEAD_TURN = ("skull base", "neck base", "spine3", *_SHOULDERS)
_SPECIAL: dict[str, tuple[str, ...]] = {
    "torso pitch": (*_HIP_FRAME, UP_OF_HIPS),
    "torso lean left": (*_HIP_FRAME, UP_OF_HIPS),
    "shoulder twist left": (*_HIPS, *_SHOULDERS, *_TRUNK),
    "side bend left": (*_HIPS, *_SHOULDERS, *_TRUNK),
    "back curve": ("pelvis", "spine2", "spine3", "neck", *_HIPS, *_SHOULDERS),
    "hip height": (*_LEGS, FLOOR),
    "chest facing": _CHEST_FRAME,
    "left side facing": _CHEST_FRAME,
    "head turn left": _HEAD_TURN,
    "head nod": _HEAD_TURN,
    "head tilt left": _HEAD_TURN,
    "gaze elevation": ("skull base",),
}
_SIDED: dict[str, tuple[str, ...]] = {
    "palm elevation": ("{s} wrist", "{s} hand"),
    "palm to front": ("{s} wrist", "{s} hand", *_CHEST_FRAME),
    "palm to middle": ("{s} wrist", "{s} hand", *_CHEST_FRAME),
    "wrist flexion": ("{s} elbow", "{s} wrist", "{s} hand"),
    "foot turnout": ("{s} ankle", "{s} foot", *_HIP_FRAME, UP_OF_HIPS),
    "foot point": ("{s} knee", "{s} ankle", "{s} foot"),
}
SPECIAL_NEEDS: dict[str, tuple[str, ...]] = {
    **_SPECIAL,
    **{
        f"{side} {name}": tuple(part.format(s=side) for part in parts)
        for side in _SIDES
        for name, parts in _SIDED.items()
    },
}
"""Points, and `UP_OF_HIPS` and `FLOOR`, that each of `measures.SPECIALS` needs."""


def sayable(visible: Tensor, points: PosePoints | None = None, codes: tuple[Posecode, ...] | None = None) -> Tensor:
    """Which posecodes may be said.

    Args:
        visible: (24,) or (N, 24) bool, which joints are.
        points: the estimated poses (N,), to settle what depends on how they stand; when absent, the legs are needed
            for the frame of the hips, and everything for the floor.
        codes: all posecodes when absent.

    Returns:
        (C,) or (N, C) bool.

    Raises:
        InvalidPoseError: shapes that don't fit.
    """
    if visible.shape[-1] != len(SMPL) or visible.ndim > 2 or visible.dtype != torch.bool:
        raise InvalidPoseError(f"visible has shape {tuple(visible.shape)}, {visible.dtype}", expected="(24,) bool")
    rows = visible.reshape(-1, len(SMPL))
    if points is not None and len(points) != len(rows):
        raise InvalidPoseError(f"{len(points)} poses for {len(rows)} rows of visible joints", expected="as many")
    needs, on_up, on_floor = _needs(all_posecodes() if codes is None else codes)
    missing = (~rows).float() @ needs.float().T > 0
    missing |= on_up & ~_up_known(rows, points)[:, None]
    missing |= on_floor & ~_floor_known(rows, points)[:, None]
    return ~missing if visible.ndim == 2 else ~missing[0]


def needed_joints(code: Posecode) -> frozenset[str]:
    """Names of the joints that must be visible for a posecode to be said, apart from the floor and the hips' up."""
    row = _needs((code,))[0][0]
    return frozenset(name for name, needed in zip(SMPL.joint_names, row.tolist(), strict=True) if needed)


def joint_needs(codes: tuple[Posecode, ...]) -> Tensor:
    """(C, 24) bool, the joints that each posecode rests on, apart from the floor and the hips' up."""
    return _needs(codes)[0]


def needs_of(measure: Measure) -> frozenset[str]:
    """Names of joints that a measure rests on, with `UP_OF_HIPS` and `FLOOR` where it needs those."""
    if measure.kind == "gap":
        return frozenset(_part_joints(measure.points))
    names = list(SPECIAL_NEEDS[measure.name] if measure.kind == "special" else measure.points)
    if measure.kind in ("left", "front"):
        names += [*_HIP_FRAME, UP_OF_HIPS] if measure.frame == "hip" else _CHEST_FRAME
    elif measure.kind == "beyond":
        names += _CHEST_FRAME
    elif measure.kind == "height":
        names.append(FLOOR)
    found: set[str] = set()
    for name in names:
        found |= {name} if name in (UP_OF_HIPS, FLOOR) else _point_joints(name)
    return frozenset(found)


def _point_joints(point: str) -> set[str]:
    return {joint for joint, weight in POINTS[point] if weight}


def _part_joints(parts: Iterable[str]) -> set[str]:
    """Joints that carry the capsules of contact parts, and those at their other ends."""
    found: set[str] = set()
    for part in parts:
        for capsule in PARTS[part]:
            joint = CAPSULE_JOINTS[CAPSULE_NAMES.index(capsule)]
            found.add(SMPL.joint_names[joint])
            if capsule.partition("_")[0] in _SIDES:  # limbs end at the next joint, the trunk's parts lie across
                found |= {SMPL.joint_names[child] for child in SMPL.children[joint]}
    return found


@lru_cache(maxsize=16)
def _needs(codes: tuple[Posecode, ...]) -> tuple[Tensor, Tensor, Tensor]:
    """(C, 24) joints, (C,) whether the hips' up, (C,) whether the floor is needed."""
    columns = (*SMPL.joint_names, UP_OF_HIPS, FLOOR)
    table = torch.zeros(len(codes), len(columns), dtype=torch.bool)
    for row, code in enumerate(codes):
        for alternative in code.alternatives:
            for condition in alternative:
                for name in needs_of(condition.measure):
                    table[row, columns.index(name)] = True
    return table[:, : len(SMPL)], table[:, -2], table[:, -1]


def _all_of(rows: Tensor, names: Iterable[str]) -> Tensor:
    """(N,) whether all joints of some points are visible."""
    joints = sorted({SMPL.index(joint) for name in names for joint in _point_joints(name)})
    return rows[:, joints].all(-1)


def _up_known(rows: Tensor, points: PosePoints | None) -> Tensor:
    """(N,) whether the up of the hip frame is: while the trunk stands, the legs don't matter."""
    legs = _all_of(rows, ("shins' middle",))
    if points is None:
        return legs
    trunk = torch.nn.functional.normalize(points.of("neck") - points.of("hips"), dim=-1)
    return legs | ((trunk[:, 1] > STANDING) & _all_of(rows, _TRUNK))


def _floor_known(rows: Tensor, points: PosePoints | None) -> Tensor:
    """(N,) whether the legs are visible and the lowest part is; without points, whether all parts are."""
    if points is None:
        return _all_of(rows, SURFACE_M)
    names = list(SURFACE_M)
    heights = torch.stack([points.of(name)[:, 1] - SURFACE_M[name] for name in names], dim=-1)
    seen = torch.stack([_all_of(rows, (name,)) for name in names], dim=-1)
    lowest = seen.gather(1, heights.nan_to_num(torch.inf).argmin(-1, keepdim=True))[:, 0]
    return _all_of(rows, _LEGS) & lowest
