"""What posecodes measure: named numbers of a pose, taken for whole batches.

A measure is undefined (NaN) where its direction doesn't exist (a limb of no length) or its rotations are not known;
nothing is said of it then. Angles are atan2 forms, exact at 0° and 180°.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache

import torch
from torch import Tensor

from chatpose.body.skeleton import SMPL
from chatpose.posecodes.points import POINT_INDEX, SOLE_M, SURFACE_M, PosePoints, length, unit

KINDS = ("angle", "distance", "left", "above", "front", "beyond", "tilt", "height", "special", "gap")


@dataclass(frozen=True)
class Measure:
    """A named number.

    Attributes:
        name: as the statement grammar writes it ("left elbow angle").
        unit: "°", "m" or "%".
        kind: how it is taken, one of `KINDS`:
            angle: at the middle one of three points; distance: of two points;
            left, front: how far the first point is to the left or in front of the second in a body frame;
            above: the same by the world's vertical; beyond: along the trunk, towards the head;
            tilt: angle of the direction from the first to the second point to the world's up, 0 to 180;
            height: of the lowest skin of some points above the floor;
            gap: between the skins of two body parts, negative inside;
            special: a function of `SPECIALS`.
        points: names of `POINTS`; for "gap" names of contact parts.
        frame: "hip" or "chest", for left and front.
        rotations: whether world rotations are needed.
    """

    name: str
    unit: str
    kind: str
    points: tuple[str, ...] = ()
    frame: str = ""
    rotations: bool = False


def measure_all(measures: tuple[Measure, ...], pose: PosePoints) -> Tensor:
    """All given measures of N poses, (M, N), degrees, metres or percent; "gap" measures are left NaN.

    Poses lie along the last axis here, so that picking points and measures copies whole rows of memory.
    """
    if not measures:
        return pose.points.new_empty(0, len(pose))
    rows = pose.points.permute(1, 2, 0).contiguous()  # (P, 3, N)
    blocks, order, cache = [], [], dict[str, Tensor]()
    for kind, numbers, indices in _plan(measures):
        blocks.append(_BY_KIND[kind](pose, rows, indices))
        order += numbers
    unknown = pose.points.new_full((1, len(pose)), float("nan"))
    for number in sorted(set(range(len(measures))) - set(order)):
        measure = measures[number]
        known = measure.kind == "special" and not (measure.rotations and pose.rotations is None)
        blocks.append(SPECIALS[measure.name](pose, cache)[None] if known else unknown)
        order.append(number)
    # Gathering the rows at the end is several times as fast as putting them where they belong one kind at a time.
    return pick(torch.cat(blocks), _places(tuple(order)))


def pick(rows: Tensor, numbers: tuple[int, ...]) -> Tensor:
    """Some rows; the numbers become a tensor only once."""
    return rows.index_select(0, _as_tensor(numbers, rows.device))


@lru_cache(maxsize=1024)
def _as_tensor(numbers: tuple[int, ...], device: torch.device) -> Tensor:
    return torch.tensor(numbers, dtype=torch.long, device=device)


@lru_cache(maxsize=64)
def _places(order: tuple[int, ...]) -> tuple[int, ...]:
    """Where each number lies in an order."""
    return tuple(sorted(range(len(order)), key=order.__getitem__))


Indices = tuple[tuple[int, ...], ...]


@lru_cache(maxsize=8)
def _plan(measures: tuple[Measure, ...]) -> tuple[tuple[str, tuple[int, ...], Indices], ...]:
    """Numbers and point indices of the measures of each kind, so that each kind is one batched operation."""
    plan: dict[tuple[str, int], list[tuple[int, tuple[int, ...]]]] = {}
    for number, measure in enumerate(measures):
        if measure.kind not in ("special", "gap"):
            points = tuple(POINT_INDEX[point] for point in measure.points)
            plan.setdefault((f"{measure.kind} {measure.frame}".strip(), len(points)), []).append((number, points))
    return tuple(
        (kind, tuple(number for number, _ in rows), tuple(zip(*(points for _, points in rows), strict=True)))
        for (kind, _), rows in plan.items()
    )


Taker = Callable[[PosePoints, Tensor, Indices], Tensor]


def _angle(pose: PosePoints, rows: Tensor, index: Indices) -> Tensor:
    first, middle, last = (pick(rows, points) for points in index)
    return angle_deg(first - middle, last - middle, dim=1)


def _difference(rows: Tensor, index: Indices) -> Tensor:
    first = pick(rows, index[0])
    return torch.sub(first, pick(rows, index[1]), out=first)


def _along(frame: str, axis: int) -> Taker:
    def taken(pose: PosePoints, rows: Tensor, index: Indices) -> Tensor:
        axes: Tensor = getattr(pose, frame)
        return (_difference(rows, index) * axes[:, axis].T).sum(1)

    return taken


def _tilt(pose: PosePoints, rows: Tensor, index: Indices) -> Tensor:
    direction = unit(-_difference(rows, index), dim=1)
    return _atan2_deg(length(direction[:, ::2], 1), direction[:, 1])


def _height(pose: PosePoints, rows: Tensor, index: Indices) -> Tensor:
    names = list(POINT_INDEX)
    radii = rows.new_tensor([[SURFACE_M[names[point]] for point in points] for points in index])
    skins = torch.stack([pick(rows[:, 1], points) for points in index]) - radii[..., None]
    return skins.amin(0) - pose.floor


_BY_KIND: Mapping[str, Taker] = {
    "angle": _angle,
    "distance": lambda pose, rows, index: length(_difference(rows, index), 1),
    "above": lambda pose, rows, index: _difference(rows, index)[:, 1],
    "left hip": _along("hip_frame", 0),
    "left chest": _along("chest_frame", 0),
    "front hip": _along("hip_frame", 2),
    "front chest": _along("chest_frame", 2),
    "beyond": _along("chest_frame", 1),
    "tilt": _tilt,
    "height": _height,
}


def _atan2_deg(y: Tensor, x: Tensor) -> Tensor:
    return torch.rad2deg(torch.atan2(y, x))


def angle_deg(first: Tensor, second: Tensor, dim: int = -1) -> Tensor:
    """Angle between directions that lie along `dim`, degrees; NaN when one has no length."""
    first, second = unit(first, dim=dim), unit(second, dim=dim)
    cross = length(torch.linalg.cross(first, second, dim=dim), dim)
    return _atan2_deg(cross, (first * second).sum(dim))


# ---------------------------------------------------------------------------------------------------------------------
# Measures that are formulas of their own. `cache` keeps what several of them share within one call.

Special = Callable[[PosePoints, dict[str, Tensor]], Tensor]
SPECIALS: dict[str, Special] = {}


def _special(name: str) -> Callable[[Special], Special]:
    def register(function: Special) -> Special:
        SPECIALS[name] = function
        return function

    return register


def _trunk(pose: PosePoints) -> Tensor:
    return unit(pose.of("neck") - pose.of("hips"))


@_special("torso pitch")
def _torso_pitch(pose: PosePoints, cache: dict[str, Tensor]) -> Tensor:
    """How far the trunk leans forward in the hip frame, −180 to 180; 0 when lying (the frame's up is the trunk)."""
    trunk = (pose.hip_frame @ _trunk(pose)[..., None]).squeeze(-1)
    return _atan2_deg(trunk[:, 2], trunk[:, 1])


@_special("torso lean left")
def _torso_lean(pose: PosePoints, cache: dict[str, Tensor]) -> Tensor:
    """How far the trunk leans to its left, −90 to 90: elevation of the trunk out of the frame's middle plane."""
    trunk = (pose.hip_frame @ _trunk(pose)[..., None]).squeeze(-1)
    return _atan2_deg(trunk[:, 0], length(trunk[:, 1:]))


@_special("shoulder twist left")
def _shoulder_twist(pose: PosePoints, cache: dict[str, Tensor]) -> Tensor:
    """How far the line of the shoulders is turned to the left against the hips, about the trunk."""
    trunk = _trunk(pose)
    hips = unit(pose.of("left hip") - pose.of("right hip"))
    front = unit(torch.linalg.cross(hips, trunk, dim=-1))
    left = torch.linalg.cross(trunk, front, dim=-1)
    shoulders = pose.of("left shoulder") - pose.of("right shoulder")
    return _atan2_deg(-(shoulders * front).sum(-1), (shoulders * left).sum(-1))


@_special("side bend left")
def _side_bend(pose: PosePoints, cache: dict[str, Tensor]) -> Tensor:
    """How far the line of the shoulders is tipped to the left against the hips, seen from the front of the chest."""
    hips = pose.of("left hip") - pose.of("right hip")
    shoulders = pose.of("left shoulder") - pose.of("right shoulder")
    front = unit(torch.linalg.cross(shoulders, _trunk(pose), dim=-1))
    turn = (torch.linalg.cross(shoulders, hips, dim=-1) * front).sum(-1)
    return _atan2_deg(turn, (shoulders * (hips - (hips * front).sum(-1, keepdim=True) * front)).sum(-1))


REST_BACK_CURVE_DEG = -7.0
"""Angle between lower and upper back in SMPL's rest pose (both published offsets), taken off the measure."""


@_special("back curve")
def _back_curve(pose: PosePoints, cache: dict[str, Tensor]) -> Tensor:
    """Bend of the upper back against the lower one: positive rounded forward, negative arched backward."""
    lower = unit(pose.of("spine2") - pose.of("pelvis"))
    upper = unit(pose.of("neck") - pose.of("spine3"))
    left = unit(pose.of("left shoulder") - pose.of("right shoulder") + pose.of("left hip") - pose.of("right hip"))
    forward = unit(torch.linalg.cross(left, lower, dim=-1))
    return _atan2_deg((upper * forward).sum(-1), (upper * lower).sum(-1)) - REST_BACK_CURVE_DEG


@_special("hip height")
def _hip_height(pose: PosePoints, cache: dict[str, Tensor]) -> Tensor:
    """Height of the hips above the floor in percent of the legs' length (100 when standing straight)."""
    length = sum(
        (pose.of(f"{side} {start}") - pose.of(f"{side} {end}")).norm(dim=-1)
        for side in ("left", "right")
        for start, end in (("hip", "knee"), ("knee", "ankle"))
    )
    legs = torch.as_tensor(length) / 2 + SOLE_M
    height = pose.of("hips")[:, 1] - pose.floor
    return torch.where(legs > 2 * SOLE_M, 100 * height / legs, torch.full_like(height, float("nan")))


@_special("chest facing")
def _chest_facing(pose: PosePoints, cache: dict[str, Tensor]) -> Tensor:
    """Elevation of the chest's front: 90 faces the sky, −90 the floor."""
    return elevation_deg(pose.chest_frame[:, 2])


@_special("left side facing")
def _left_side_facing(pose: PosePoints, cache: dict[str, Tensor]) -> Tensor:
    """Elevation of the direction to the body's left: −90 when lying on the left side."""
    return elevation_deg(pose.chest_frame[:, 0])


def _head_in_chest(pose: PosePoints, cache: dict[str, Tensor]) -> Tensor:
    if "head" not in cache and pose.rotations is not None:
        chest = pose.rotations[:, SMPL.index("spine3")]
        cache["head"] = chest.transpose(-1, -2) @ pose.rotations[:, SMPL.index("head")]
    return cache["head"]


@_special("head turn left")
def _head_turn(pose: PosePoints, cache: dict[str, Tensor]) -> Tensor:
    """Where the face points against the chest, to the left positive."""
    face = _head_in_chest(pose, cache)[:, :, 2]
    return _atan2_deg(face[:, 0], face[:, 2])


@_special("head nod")
def _head_nod(pose: PosePoints, cache: dict[str, Tensor]) -> Tensor:
    """How far the face points down against the chest; negative is up."""
    return elevation_deg(-_head_in_chest(pose, cache)[:, :, 2])


@_special("head tilt left")
def _head_tilt(pose: PosePoints, cache: dict[str, Tensor]) -> Tensor:
    """How far the left ear goes down towards the left shoulder."""
    return elevation_deg(-_head_in_chest(pose, cache)[:, :, 0])


@_special("gaze elevation")
def _gaze(pose: PosePoints, cache: dict[str, Tensor]) -> Tensor:
    """Elevation of the face's direction in the world: 90 looks at the sky."""
    return elevation_deg(_world_axis(pose, "head", 2))


def elevation_deg(direction: Tensor) -> Tensor:
    """Elevation of a direction above the horizontal, −90 to 90."""
    return _atan2_deg(direction[..., 1], length(direction[..., [0, 2]]))


def _world_axis(pose: PosePoints, joint: str, column: int) -> Tensor:
    """A joint's own axis (column 0 left, 1 up, 2 front at rest) in the world."""
    if pose.rotations is None:
        raise ValueError("measures of rotations are skipped when there are none")
    return pose.rotations[:, SMPL.index(joint), :, column]


def _add_sided(side: str) -> None:
    sign = 1.0 if side == "left" else -1.0

    @_special(f"{side} palm elevation")
    def _palm_elevation(pose: PosePoints, cache: dict[str, Tensor]) -> Tensor:
        """Where the palm faces: 90 the sky. At rest (T-pose) the palm is the wrist's −y side."""
        return elevation_deg(-_world_axis(pose, f"{side}_wrist", 1))

    @_special(f"{side} palm to front")
    def _palm_to_front(pose: PosePoints, cache: dict[str, Tensor]) -> Tensor:
        """Angle between the palm's direction and the chest's front."""
        return angle_deg(-_world_axis(pose, f"{side}_wrist", 1), pose.chest_frame[:, 2])

    @_special(f"{side} palm to middle")
    def _palm_to_middle(pose: PosePoints, cache: dict[str, Tensor]) -> Tensor:
        """Angle between the palm's direction and the direction to the body's other side."""
        return angle_deg(-_world_axis(pose, f"{side}_wrist", 1), -sign * pose.chest_frame[:, 0])

    @_special(f"{side} wrist flexion")
    def _wrist_flexion(pose: PosePoints, cache: dict[str, Tensor]) -> Tensor:
        """Bend of the hand against the forearm: positive towards the palm, negative towards its back."""
        forearm, hand = _world_axis(pose, f"{side}_elbow", 0) * sign, _world_axis(pose, f"{side}_wrist", 0) * sign
        back = _world_axis(pose, f"{side}_elbow", 1)
        return _atan2_deg(-(hand * back).sum(-1), (hand * forearm).sum(-1))

    @_special(f"{side} foot turnout")
    def _foot_turnout(pose: PosePoints, cache: dict[str, Tensor]) -> Tensor:
        """Where the foot points in the hip frame: 0 straight ahead, positive outwards."""
        foot = unit(pose.of(f"{side} foot") - pose.of(f"{side} ankle"))
        left, front = (foot * pose.hip_frame[:, 0]).sum(-1), (foot * pose.hip_frame[:, 2]).sum(-1)
        return _atan2_deg(sign * left, front)

    @_special(f"{side} foot point")
    def _foot_point(pose: PosePoints, cache: dict[str, Tensor]) -> Tensor:
        """Angle from the shin's direction to the foot's: about 70 at rest, small when the toes are pointed."""
        ankle = pose.of(f"{side} ankle")
        return angle_deg(ankle - pose.of(f"{side} knee"), pose.of(f"{side} foot") - ankle)


for _side in ("left", "right"):
    _add_sided(_side)
