"""How far human joints go: a range of healthy adults and one of dancers and gymnasts, with the source of each.

Sources:
    AAOS: American Academy of Orthopaedic Surgeons, Joint Motion: Method of Measuring and Recording, 1965; its averages
        are carried on by Greene and Heckman, The Clinical Measurement of Joint Motion, 1994.
    Kapandji: The Physiology of the Joints, vol. 1-3.
    estimate: our own, where the literature has no figure for what SMPL's joint does (the share of one spine joint,
        collar bone, ball of the foot) and for all extreme ranges except where a source is named.

The figures of AAOS and Kapandji are the commonly quoted ones, entered without the books at hand.

The sources measure one motion at a time. Here the ranges make a box, cut by the sums of `GROUPS` and by the elevation
of the upper arm; corners of that box can still be out of a person's reach.
"""

from typing import NamedTuple

import torch
from torch import Tensor

from chatpose.body.angle_table import ANGLE_NAMES, ANGLES, GROUP_NAMES, GROUPS, angle_index
from chatpose.body.angles import angles_to_body_pose, body_pose_to_angles
from chatpose.body.pose import Pose
from chatpose.shapes import Angles69, LimitRows


class LimitRow(NamedTuple):
    """Range of one angle, degrees.

    Attributes:
        low: healthy adults, actively.
        high: healthy adults, actively.
        extreme_low: trained or passive; nothing human lies beyond.
        extreme_high: trained or passive.
        source: where low and high come from, then where the extremes do if not from an estimate.
    """

    low: float
    high: float
    extreme_low: float
    extreme_high: float
    source: str


_AAOS = "AAOS"
_OWN = "estimate"

# By name without the side.
_TABLE: dict[str, LimitRow] = {
    "hip_flexion": LimitRow(-30, 120, -50, 170, _AAOS),
    "hip_abduction": LimitRow(-30, 45, -50, 100, _AAOS),
    "hip_internal_rotation": LimitRow(-45, 45, -90, 70, _AAOS),
    "knee_flexion": LimitRow(-10, 135, -20, 165, "AAOS; extreme: Kapandji, passive 160, and 5 of tolerance"),
    "knee_varus": LimitRow(-5, 5, -20, 20, _OWN),
    "knee_internal_rotation": LimitRow(-40, 30, -60, 50, "Kapandji, knee bent"),
    "ankle_dorsiflexion": LimitRow(-50, 20, -80, 45, _AAOS),
    "ankle_inversion": LimitRow(-15, 35, -35, 55, "AAOS; extreme: Kapandji, inversion 52, eversion 25-30"),
    "ankle_internal_rotation": LimitRow(-20, 20, -45, 45, _OWN),
    "toes_flexion": LimitRow(-70, 45, -100, 60, "AAOS, first toe"),
    "toes_inversion": LimitRow(-10, 10, -30, 30, _OWN),
    "toes_adduction": LimitRow(-15, 15, -40, 40, _OWN),
    "spine_flexion": LimitRow(-30, 80, -90, 120, "AAOS; extreme: beyond Kapandji's 60 and 105"),
    "spine_bend_left": LimitRow(-35, 35, -65, 65, _AAOS),
    "spine_twist_left": LimitRow(-45, 45, -80, 80, _AAOS),
    "spine1_flexion": LimitRow(-12, 32, -45, 60, "estimate: 40 % of the spine"),
    "spine1_bend_left": LimitRow(-12.25, 12.25, -35, 35, "estimate: 35 % of the spine"),
    "spine1_twist_left": LimitRow(-9, 9, -35, 35, "estimate: 20 % of the spine"),
    "spine2_flexion": LimitRow(-10.5, 28, -45, 55, "estimate: 35 % of the spine"),
    "spine2_bend_left": LimitRow(-12.25, 12.25, -35, 35, "estimate: 35 % of the spine"),
    "spine2_twist_left": LimitRow(-18, 18, -40, 40, "estimate: 40 % of the spine"),
    "spine3_flexion": LimitRow(-7.5, 20, -40, 50, "estimate: 25 % of the spine"),
    "spine3_bend_left": LimitRow(-10.5, 10.5, -35, 35, "estimate: 30 % of the spine"),
    "spine3_twist_left": LimitRow(-18, 18, -40, 40, "estimate: 40 % of the spine"),
    "neck_flexion": LimitRow(-45, 45, -90, 80, _AAOS),
    "neck_bend_left": LimitRow(-45, 45, -65, 65, _AAOS),
    "neck_twist_left": LimitRow(-60, 60, -100, 100, "AAOS; extreme: beyond Kapandji's 80-90"),
    "lower_neck_flexion": LimitRow(-27, 27, -60, 55, "estimate: 60 % of the neck"),
    "lower_neck_bend_left": LimitRow(-31.5, 31.5, -50, 50, "estimate: 70 % of the neck"),
    "lower_neck_twist_left": LimitRow(-27, 27, -60, 60, "estimate: 45 % of the neck"),
    "upper_neck_flexion": LimitRow(-18, 18, -55, 50, "estimate: 40 % of the neck"),
    "upper_neck_bend_left": LimitRow(-13.5, 13.5, -40, 40, "estimate: 30 % of the neck"),
    "upper_neck_twist_left": LimitRow(-33, 33, -65, 65, "estimate: 55 % of the neck"),
    "collar_protraction": LimitRow(-15, 20, -35, 40, _OWN),
    "collar_elevation": LimitRow(-10, 40, -25, 60, _OWN),
    "collar_backward_rotation": LimitRow(-10, 40, -35, 60, _OWN),
    "shoulder_flexion": LimitRow(-60, 180, -90, 195, _AAOS),
    "shoulder_abduction": LimitRow(
        -65, 180, -90, 195, "AAOS; across the chest: 135 of horizontal flexion, at 90 of lift"
    ),
    "shoulder_internal_rotation": LimitRow(-90, 70, -150, 120, _AAOS),
    "shoulder_elevation": LimitRow(0, 180, 0, 195, _AAOS),
    "elbow_flexion": LimitRow(0, 150, -20, 165, "AAOS; extreme: Kapandji, passive 160, and 5 of tolerance"),
    "elbow_valgus": LimitRow(-10, 10, -25, 25, _OWN),
    "elbow_pronation": LimitRow(-80, 80, -110, 110, "estimate: the whole forearm's"),
    "wrist_flexion": LimitRow(-70, 80, -100, 105, _AAOS),
    "wrist_ulnar_deviation": LimitRow(-20, 30, -45, 55, _AAOS),
    "wrist_pronation": LimitRow(-80, 80, -110, 110, "estimate: the whole forearm's"),
    "forearm_pronation": LimitRow(-80, 80, -120, 120, _AAOS),
    "fingers_flexion": LimitRow(-45, 90, -60, 110, "AAOS, knuckles"),
    "fingers_ulnar_deviation": LimitRow(-20, 20, -45, 45, _OWN),
    "fingers_pronation": LimitRow(-10, 10, -45, 45, _OWN),
}

ELEVATION_NAMES: tuple[str, ...] = ("left_shoulder_elevation", "right_shoulder_elevation")
"""How far each upper arm is lifted from hanging, whichever way: the length of its swing."""

LIMIT_NAMES: tuple[str, ...] = (*ANGLE_NAMES, *GROUP_NAMES, *ELEVATION_NAMES)
"""What has limits: the 69 angles, the sums of `GROUPS`, the elevation of the upper arms."""


def _row(name: str) -> LimitRow:
    return _TABLE[name.removeprefix("left_").removeprefix("right_")]


LIMITS: dict[str, LimitRow] = {name: _row(name) for name in LIMIT_NAMES}
"""Ranges by name, degrees, the same on both sides."""


def limits_markdown() -> str:
    """The table of docs/angles.md: every name once, `left_` standing for both sides."""
    meanings = {angle.name: f"{angle.positive} / {angle.negative}" for angle in ANGLES}
    meanings |= {group.name: f"sum of {', '.join(group.members)}" for group in GROUPS}
    meanings |= dict.fromkeys(ELEVATION_NAMES, "upper arm lifted from hanging, whichever way (read only)")
    joints = {angle.name: angle.joint for angle in ANGLES}
    lines = ["| name | SMPL joint | + / − | adults | extreme | source |", "| --- | --- | --- | --- | --- | --- |"]
    for name in LIMIT_NAMES:
        if not name.startswith("right_"):
            row = LIMITS[name]
            adults, extreme = f"{row.low:g} … {row.high:g}", f"{row.extreme_low:g} … {row.extreme_high:g}"
            cells = (f"`{name}`", joints.get(name, ""), meanings[name], adults, extreme, row.source)
            lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def limit_bounds(like: Tensor, *, extreme: bool = False) -> tuple[Tensor, Tensor]:
    """Low and high of every row of `LIMIT_NAMES`, radians, each (79,), in the dtype and on the device of `like`."""
    rows = [LIMITS[name] for name in LIMIT_NAMES]
    low = [row.extreme_low if extreme else row.low for row in rows]
    high = [row.extreme_high if extreme else row.high for row in rows]
    return torch.deg2rad(like.new_tensor(low)), torch.deg2rad(like.new_tensor(high))


def limited_angles(angles_rad: Angles69) -> LimitRows:
    """The rows of `LIMIT_NAMES`, radians: the angles, their sums, the elevations."""
    sums = [angles_rad[..., [angle_index(name) for name in group.members]].sum(-1) for group in GROUPS]
    elevations = [_swing(angles_rad, side).square().sum(-1).clamp_min(1e-12).sqrt() for side in ("left", "right")]
    return torch.cat([angles_rad, torch.stack([*sums, *elevations], dim=-1)], dim=-1)


def beyond_limits(angles_rad: Angles69, *, extreme: bool = False) -> LimitRows:
    """By how much each row of `LIMIT_NAMES` is beyond its range, radians, 0 inside; differentiable, for solvers."""
    low, high = limit_bounds(angles_rad, extreme=extreme)
    rows = limited_angles(angles_rad)
    return (rows - high).clamp_min(0) + (low - rows).clamp_min(0)


def limit_violations(pose: Pose, *, extreme: bool = False) -> dict[str, Tensor]:
    """Degrees beyond the range by name of `LIMIT_NAMES`, each of the pose's batch shape, 0 inside."""
    beyond = torch.rad2deg(beyond_limits(body_pose_to_angles(pose.body_pose), extreme=extreme))
    return dict(zip(LIMIT_NAMES, beyond.unbind(-1), strict=True))


def within_limits(pose: Pose, *, extreme: bool = False, tolerance_deg: float = 0.1) -> Tensor:
    """Whether every joint is inside its range, bool of the pose's batch shape.

    Args:
        pose: any batch shape.
        extreme: the range of dancers and gymnasts instead of healthy adults.
        tolerance_deg: how far beyond still counts as inside.
    """
    beyond = beyond_limits(body_pose_to_angles(pose.body_pose), extreme=extreme)
    return (torch.rad2deg(beyond) <= tolerance_deg).all(-1)


def clamp_angles(angles_rad: Angles69, *, extreme: bool = False) -> Angles69:
    """The nearest angles inside the ranges, one angle at a time; then elevations and sums are shortened."""
    low, high = limit_bounds(angles_rad, extreme=extreme)
    angles = angles_rad.clamp(low[: len(ANGLE_NAMES)], high[: len(ANGLE_NAMES)])
    for side in ("left", "right"):
        swing = _swing(angles, side)
        length = swing.square().sum(-1, keepdim=True).clamp_min(1e-12).sqrt()
        scaled = swing * (high[LIMIT_NAMES.index(f"{side}_shoulder_elevation")] / length).clamp_max(1)
        angles = angles.index_copy(-1, _swing_index(side, angles.device), scaled)
    for group in GROUPS:
        index = torch.tensor([angle_index(name) for name in group.members], device=angles.device)
        row = LIMIT_NAMES.index(group.name)
        angles = angles.index_copy(-1, index, _clamp_sum(angles[..., index], low[row], high[row]))
    return angles


def clamp_to_limits(pose: Pose, *, extreme: bool = False) -> Pose:
    """The pose with every joint inside its range; joints that were inside keep their rotations bit for bit."""
    angles = body_pose_to_angles(pose.body_pose)
    clamped = clamp_angles(angles, extreme=extreme)
    changed = (clamped != angles).unflatten(-1, (-1, 3)).any(-1)
    # Shoulder angles count from the trunk: a shoulder below a changed collar bone has to turn with it.
    for side in ("left", "right"):
        collar, shoulder = (angle_index(f"{side}_{name}") // 3 for name in ("collar_elevation", "shoulder_flexion"))
        changed[..., shoulder] |= changed[..., collar]
    rotations = torch.where(changed[..., None, None], angles_to_body_pose(clamped), pose.body_pose)
    return pose.replace(body_pose=rotations)


def _clamp_sum(members: Tensor, low: Tensor, high: Tensor) -> Tensor:
    """Members whose sum lies in range; what is too much is taken from those on that side, in proportion."""
    total = members.sum(-1, keepdim=True)
    for excess, part in (
        ((total - high).clamp_min(0), members.clamp_min(0)),
        ((total - low).clamp_max(0), members.clamp_max(0)),
    ):
        whole = part.sum(-1, keepdim=True)
        members = members - excess * part / torch.where(whole == 0, torch.ones_like(whole), whole)
    return members


def _swing_index(side: str, device: torch.device) -> Tensor:
    return torch.tensor([angle_index(f"{side}_shoulder_{name}") for name in ("flexion", "abduction")], device=device)


def _swing(angles_rad: Tensor, side: str) -> Tensor:
    return angles_rad[..., _swing_index(side, angles_rad.device)]
