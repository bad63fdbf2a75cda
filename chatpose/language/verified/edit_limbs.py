"""Changes of a whole limb at once: as the other one, exchanged, mirrored, at rest, as it was before."""

import torch
from torch import Tensor

from chatpose.body.pose import Pose
from chatpose.body.rotations import (
    about_axis,
    axis_angle_to_matrix,
    geodesic_distance,
    heading_angle,
    matrix_to_axis_angle,
    swing_between,
)
from chatpose.body.skeleton import SMPL
from chatpose.language.verified.edit_done import Done, EditCheck, moved
from chatpose.language.verified.edit_state import UP, Working
from chatpose.language.verified.edit_swings import direction, toward
from chatpose.posecodes.body_parts import joints_of_part
from chatpose.posecodes.definitions import OTHER, armpit
from chatpose.posecodes.instructions.plan import Change

LIMBS = {"arm": ("shoulder", "elbow", "wrist", "hand"), "leg": ("hip", "knee", "ankle", "foot")}
AT_SIDE_DEG = 21.0
_RELAXED_ARM = {"shoulder_flexion": 4.0, "shoulder_abduction": 9.0, "shoulder_internal_rotation": 0.0,
                "elbow_flexion": 14.0, "elbow_valgus": 0.0, "elbow_pronation": 0.0, "wrist_flexion": 0.0,
                "wrist_ulnar_deviation": 0.0, "wrist_pronation": 0.0, "fingers_flexion": 0.0,
                "fingers_ulnar_deviation": 0.0, "fingers_pronation": 0.0}  # fmt: skip
_STANDING_LEG = {"hip_flexion": 0.0, "hip_abduction": 2.0, "hip_internal_rotation": -4.0, "knee_flexion": 2.0,
                 "knee_varus": 0.0, "knee_internal_rotation": 0.0, "ankle_dorsiflexion": 0.0, "ankle_inversion": 0.0,
                 "ankle_internal_rotation": 0.0, "toes_flexion": 0.0, "toes_inversion": 0.0,
                 "toes_adduction": 0.0}  # fmt: skip


def limb_name(part: str) -> tuple[str, str]:
    """Side and kind ("arm" or "leg") of any part of a limb."""
    side, _, name = part.partition(" ")
    arm = name in ("arm", "elbow", "forearm", "hand", "wrist", "palm", "shoulder", "upper arm")
    return side, "arm" if arm else "leg"


def _mirrored(rotation: Tensor) -> Tensor:
    signs = rotation.new_tensor([-1.0, 1.0, 1.0])
    return rotation * signs[:, None] * signs[None, :]


def _limb(work: Working, side: str, kind: str) -> dict[str, Tensor]:
    """A limb's rotations, the shoulder's against the upper trunk, so that collar bones don't count."""
    found = {name: work.local(f"{side}_{name}") for name in LIMBS[kind]}
    if kind == "arm":
        found["shoulder"] = work.local(f"{side}_collar") @ found["shoulder"]
    return found


def _give(work: Working, side: str, kind: str, rotations: dict[str, Tensor]) -> None:
    for name, rotation in rotations.items():
        if name == "shoulder":
            rotation = work.local(f"{side}_collar").T @ rotation
        work.set_local(f"{side}_{name}", rotation)


def make_copy(work: Working, change: Change) -> Done:
    """One limb as the mirror image of the other."""
    side, kind = limb_name(change.part)
    source = _limb(work, OTHER[side], kind)
    turned = _turned(work, side, kind, {name: _mirrored(rotation) for name, rotation in source.items()})
    what = f"{side} {kind} as the {OTHER[side]} one"
    if turned < 2:
        return Done((EditCheck(what, True, f"differs by {turned:.1f}°"),), (f"both {kind}s are alike already",))
    return Done((moved(what, "largest joint turned", "°", 0.0, turned, 1),))


def _turned(work: Working, side: str, kind: str, rotations: dict[str, Tensor]) -> float:
    """Gives a limb its rotations; the largest turn of a joint, degrees."""
    before = work.rotations
    _give(work, side, kind, rotations)
    return largest_turn(before, work.rotations)


def largest_turn(before: Tensor, after: Tensor) -> float:
    """Of all joints, degrees."""
    return float(torch.rad2deg(geodesic_distance(before, after)).max())


def make_swap(work: Working, change: Change) -> Done:
    """Both arms, or both legs, exchanged."""
    kind = "arm" if change.part == "arms" else "leg"
    if kind == "leg":
        return _legs_swapped(work)
    left, right = (_limb(work, side, kind) for side in ("left", "right"))
    before = work.rotations
    _give(work, "left", kind, {name: _mirrored(rotation) for name, rotation in right.items()})
    _give(work, "right", kind, {name: _mirrored(rotation) for name, rotation in left.items()})
    turned = largest_turn(before, work.rotations)
    notes = () if turned > 2 else (f"both {kind}s are alike: exchanging them changes nothing",)
    return Done((moved(f"{kind}s exchanged", "largest joint turned", "°", 0.0, turned, 1),), notes)


def _legs_swapped(work: Working) -> Done:
    """Both legs exchanged as they are in the world, so that who stands on one stands on the other as upright."""
    before = work.rotations
    about = about_axis("y", heading_angle(work.rotations[0]))
    new = {
        f"{OTHER[side]}_{name}": about @ _mirrored(about.T @ work.rotation(f"{side}_{name}"))
        for side in OTHER
        for name in LIMBS["leg"]
    }
    for side in OTHER:
        for name in LIMBS["leg"]:
            work.set_world(f"{side}_{name}", new[f"{side}_{name}"])
    turned = largest_turn(before, work.rotations)
    notes = () if turned > 2 else ("both legs are alike: exchanging them changes nothing",)
    return Done((moved("legs exchanged", "largest joint turned", "°", 0.0, turned, 1),), notes)


def make_mirror(work: Working, change: Change) -> Done:
    """Left and right of the whole body exchanged; it goes on facing where it faced."""
    before = work.rotations
    heading = heading_angle(work.rotations[0])
    level = about_axis("y", -heading) @ work.rotations[0]
    rotations = torch.stack([_mirrored(work.rotations[index]) for index in SMPL.mirror_index])
    rotations = torch.cat([(about_axis("y", heading) @ _mirrored(level))[None], rotations[1:]])
    for index, joint in enumerate(SMPL.joint_names):
        work.set_local(joint, rotations[index])
    turned = largest_turn(before, work.rotations)
    notes = () if turned > 2 else ("the pose is its own mirror image",)
    return Done((moved("mirrored", "largest joint turned", "°", 0.0, turned, 1),), notes)


def make_relax(work: Working, change: Change) -> Done:
    """Arms hanging, legs as in standing; of a body that leans, arms hang straight down as far as they go."""
    side, kind = limb_name(change.part)
    before = work.rotations
    values = _RELAXED_ARM if kind == "arm" else _STANDING_LEG
    values = {name: value for name, value in values.items()}
    work.set_angles({f"{side}_{name}": value for name, value in values.items()})
    if kind == "arm":
        _hang(work, side)
        _to_side(work, side)
    turned = largest_turn(before, work.rotations)
    what = f"{side} {kind} {'hanging' if kind == 'arm' else 'straight down'}"
    if turned < 2:
        return Done((EditCheck(what, True, "as it was"),), (f"the {side} {kind} is at rest already",))
    return Done((moved(what, "largest joint turned", "°", 0.0, turned, 1),))


def _hang(work: Working, side: str) -> None:
    """Straight down where the trunk leans by more than a little, and not so much that it lies."""
    trunk = work.axis("chest", 1)
    if not 0.3 < float(trunk[1]) < 0.93:
        return
    part = f"{side} arm"
    down = -trunk.new_tensor(UP)
    wanted = torch.nn.functional.normalize(down + 0.1 * toward(work, part, "out"), dim=0)
    work.turn(f"{side}_shoulder", swing_between(direction(work, part), wanted))


def _to_side(work: Working, side: str) -> None:
    """Not farther from the side of a trunk that stands or leans than "at the side" allows."""
    trunk, part = work.axis("chest", 1), f"{side} arm"
    if float(trunk[1]) < 0.55:
        return
    for _ in range(8):
        beyond = work.measure(armpit(side)) - AT_SIDE_DEG
        if beyond <= 0:
            return
        now = direction(work, part)
        hip = torch.nn.functional.normalize(work.position(f"{side}_hip") - work.position(f"{side}_shoulder"), dim=0)
        share = min(1.0, (beyond + 1.0) / (beyond + AT_SIDE_DEG))
        back = torch.nn.functional.normalize(now * (1 - share) + hip * share, dim=0)
        work.turn(f"{side}_shoulder", swing_between(now, back))


def make_halfway(work: Working, change: Change, earlier: Pose) -> Done:
    """A part halfway back to an earlier pose."""
    before = work.rotations
    rotations = earlier.local_rotations.double()
    for joint in joints_of_change(change):
        index = SMPL.index(joint)
        turn = matrix_to_axis_angle(before[index].T @ rotations[index])
        if float(turn.norm()) > 1e-6:
            work.set_local(joint, before[index] @ axis_angle_to_matrix(turn / 2))
    turned = largest_turn(before, work.rotations)
    return Done((moved(f"{change.part} halfway back", "largest joint turned", "°", 0.0, turned, 1),))


def make_restore(work: Working, change: Change, earlier: Pose) -> Done:
    """A part as it was in an earlier pose."""
    before = work.rotations
    rotations = earlier.local_rotations.double()
    for joint in joints_of_change(change):
        work.set_local(joint, rotations[SMPL.index(joint)])
    turned = largest_turn(before, work.rotations)
    notes = () if turned > 1 else (f"{change.part}: it is as it was",)
    return Done((moved(f"{change.part} as before", "largest joint turned", "°", 0.0, turned, 1),), notes)


def joints_of_change(change: Change) -> tuple[str, ...]:
    """The joints that a change of a part may turn."""
    part = change.part
    side, _, name = part.partition(" ")
    if side in OTHER:
        if name == "shoulder":
            return (f"{side}_collar", f"{side}_shoulder")
        _, kind = limb_name(part)
        return tuple(f"{side}_{joint}" for joint in LIMBS[kind])
    if part in ("hands", "elbows", "arms"):
        return tuple(f"{one}_{joint}" for one in OTHER for joint in LIMBS["arm"])
    if part in ("feet", "knees", "legs", "pelvis"):
        return tuple(f"{one}_{joint}" for one in OTHER for joint in LIMBS["leg"])
    if part in ("torso", "back"):
        return ("pelvis", "spine1", "spine2", "spine3", "left_hip", "right_hip")
    if part == "chest":
        return ("spine2", "spine3", "left_collar", "right_collar", "left_shoulder", "right_shoulder")
    return joints_of_part(part) or SMPL.joint_names


def make_reset_body(work: Working, change: Change) -> Done:
    """Somebody who stands, arms hanging."""
    before = work.rotations
    heading = float(torch.rad2deg(heading_angle(work.rotations[0])))
    for joint in SMPL.joint_names[1:]:
        work.set_local(joint, torch.eye(3, dtype=before.dtype))
    work.set_orient(heading, 0.0, 0.0)
    for side in OTHER:
        for values in (_RELAXED_ARM, _STANDING_LEG):
            work.set_angles({f"{side}_{name}": value for name, value in values.items()})
    turned = largest_turn(before, work.rotations)
    return Done((moved("standing, arms hanging", "largest joint turned", "°", 0.0, turned, 1),))
