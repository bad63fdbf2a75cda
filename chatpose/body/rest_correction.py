"""Rest corrections: how SMPL's T-pose has to be turned to stand as another skeleton does.

Limbs are turned along the chain, each by a swing, so no twist is invented. Trunk and head are parallel in both unless
the other one leans or is turned, soles are level in both, and hands continue the forearm.
"""

import torch

from chatpose.body import rest_pose as rest
from chatpose.body.humanoid_names import SIDES
from chatpose.body.rotations import (
    about_axis,
    axis_angle_to_matrix,
    matrix_to_axis_angle,
    rotation_angle,
    swing_between,
)
from chatpose.body.skeleton import SMPL
from chatpose.shapes import Joints24, Rotation, Rotations24, Vector

LEAN_LIMIT_RAD = torch.pi / 12
"""Trunks that differ less than this from SMPL's differ in build; beyond it the reference pose leans or is turned."""
HAND_LIMIT_RAD = torch.pi / 7
"""Likewise for a hand against its forearm: below it the knuckle is merely placed elsewhere."""
SPINE_SHARES = {"spine1": 1 / 3, "spine2": 2 / 3}
"""How much of the turn from pelvis to chest the joints between have, where the source has none."""


def rest_corrections(points: Joints24) -> tuple[Rotations24, tuple[str, ...]]:
    """World rotations that SMPL's joints have in another skeleton's reference pose.

    Args:
        points: (24, 3) its joints in that pose, in the axes of chatpose, NaN where it has none.

    Returns:
        (24, 3, 3), and what there is to say about it.
    """
    smpl = rest.smpl_rest_points(points.dtype)
    trunk = _leaning(rest.pelvis_axes(points) @ rest.pelvis_axes(smpl).T)
    chest = _leaning(rest.chest_axes(points) @ rest.chest_axes(smpl).T)
    frames = {name: chest for name in SMPL.joint_names}
    frames["pelvis"] = trunk
    for name, share in SPINE_SHARES.items():
        frames[name] = trunk @ axis_angle_to_matrix(matrix_to_axis_angle(trunk.T @ chest) * share)
    for side in SIDES:
        _leg_frames(frames, points, smpl, side)
        _arm_frames(frames, points, smpl, side)
    lean = float(torch.rad2deg(torch.maximum(rotation_angle(trunk), rotation_angle(chest))))
    notes = (f"the reference pose leans or turns by {lean:.0f}°; corrected",) if lean > 0 else ()
    return torch.stack([frames[name] for name in SMPL.joint_names]), notes


def _leaning(frame: Rotation) -> Rotation:
    eye = torch.eye(3, dtype=frame.dtype)
    return eye if rotation_angle(frame) < LEAN_LIMIT_RAD else frame


def _leg_frames(frames: dict[str, Rotation], points: Joints24, smpl: Joints24, side: str) -> None:
    hip, knee, ankle, foot = (f"{side}_{part}" for part in ("hip", "knee", "ankle", "foot"))
    frames[hip] = _spread(frames["pelvis"], rest.bone(smpl, hip, knee), rest.bone(points, hip, knee))
    frames[knee] = _swing(frames[hip], rest.bone(smpl, knee, ankle), rest.bone(points, knee, ankle))
    here, there = rest.bone(smpl, ankle, foot), rest.bone(points, ankle, foot)
    frames[ankle] = frames[knee] if not torch.isfinite(there).all() else _foot_frame(here, there)
    if not torch.isfinite(there).all() or there.norm() < 1e-9:
        frames[ankle] = torch.eye(3, dtype=points.dtype)
    frames[foot] = frames[ankle]  # toes take the ankle's, or they'd be bent all the time


def _foot_frame(here: Vector, there: Vector) -> Rotation:
    """Soles are level in both reference poses: only the heading of the foot differs.

    How steeply the bone falls to the toes depends on where skeletons put their ankle, not on the pose; a foot that
    points well down or up is posed, though, and is followed.
    """
    turn = torch.atan2(there[0], there[2]) - torch.atan2(here[0], here[2])
    fall_deg = float(torch.rad2deg(torch.atan2(-there[1], torch.hypot(there[0], there[2]))))
    level = about_axis("y", turn)
    return level if -20 < fall_deg < 60 else swing_between(level @ here, there) @ level


def _arm_frames(frames: dict[str, Rotation], points: Joints24, smpl: Joints24, side: str) -> None:
    shoulder, elbow, wrist, hand = (f"{side}_{part}" for part in ("shoulder", "elbow", "wrist", "hand"))
    frames[shoulder] = _spread(
        frames[f"{side}_collar"], rest.bone(smpl, shoulder, elbow), rest.bone(points, shoulder, elbow)
    )
    frames[elbow] = _swing(frames[shoulder], rest.bone(smpl, elbow, wrist), rest.bone(points, elbow, wrist))
    swung = _swing(frames[elbow], rest.bone(smpl, wrist, hand), rest.bone(points, wrist, hand))
    bent = rotation_angle(frames[elbow].T @ swung) > HAND_LIMIT_RAD
    frames[wrist] = frames[hand] = swung if bent else frames[elbow]


def _swing(parent: Rotation, here: Vector, there: Vector) -> Rotation:
    """The parent's frame swung until SMPL's bone points as the source's; the parent's where the bone has no length."""
    if not torch.isfinite(there).all() or there.norm() < 1e-9:
        return parent
    return swing_between(parent @ here, there) @ parent


def _spread(parent: Rotation, here: Vector, there: Vector) -> Rotation:
    """As `_swing`, but first sideways about the body's front axis, as arms are lowered and legs spread.

    A rest pose with lowered arms (A-pose) differs from a T-pose by that movement; a plain swing would twist the bones
    a little besides, because they don't lie exactly in the frontal plane.
    """
    if not torch.isfinite(there).all() or there.norm() < 1e-9:
        return parent
    local = parent.T @ there
    frontal = torch.hypot(local[0], local[1]) > 0.5 * local.norm()
    angle = torch.atan2(local[1], local[0]) - torch.atan2(here[1], here[0])
    sideways = parent @ about_axis("z", angle) if frontal else parent
    return swing_between(sideways @ here, there) @ sideways
