"""Other skeletons' motion to SMPL's rotations.

The world rotation of an SMPL joint is that of its counterpart, times a rest correction, one a skeleton, that turns
SMPL's T-pose into the other's reference pose. Corrections of limbs are swings, so twist is kept; the trunk's frames
are parallel in both rest poses unless the reference leans; feet are level in both. Then each limb bone is swung, by
as little as can be, to where the source's joints are. Rotations relative to the parent come last, from world
rotations, so joints that SMPL doesn't have (more spine, twist bones) merge by themselves.
"""

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch

from chatpose.body import rest_pose as rest
from chatpose.body.humanoid_names import SIDES, HumanoidMatch
from chatpose.body.kinematics import WorldJoints, forward_kinematics, world_to_local
from chatpose.body.pose import Pose
from chatpose.body.rest_correction import SPINE_SHARES, rest_corrections
from chatpose.body.rotations import (
    angle_between,
    axis_angle_to_matrix,
    matrix_to_axis_angle,
    swing_between,
)
from chatpose.body.skeleton import PELVIS_REST, SMPL, Skeleton, smpl_rest_offsets
from chatpose.errors import InvalidPoseError
from chatpose.shapes import JointRotations, Joints, Joints24, Rotation, Rotations24, Vector

STANDING_LIMIT_RAD = torch.pi / 4
"""A zero pose whose legs are further than this from the line of the trunk isn't a standing one."""
_LIMBS = {
    f"{side}_{start}": f"{side}_{end}"
    for side in SIDES
    for start, end in (("hip", "knee"), ("knee", "ankle"), ("shoulder", "elbow"), ("elbow", "wrist"))
}


@dataclass(frozen=True, eq=False)
class SourceSkeleton:
    """A skeleton to retarget from; with zero rotations its joint frames are parallel to the world.

    Attributes:
        skeleton: names and tree, the root first.
        offsets: (joints, 3) from the parent, in the file's unit and axes.
        tips: for each joint the end of its bone as an offset, NaN where unknown.
    """

    skeleton: Skeleton
    offsets: Joints
    tips: Joints


@dataclass(frozen=True, eq=False)
class Retargeter:
    """Turns motion of one skeleton into SMPL's; made by `fit_retargeter`.

    Attributes:
        source: the skeleton, cut down to the joints that matter.
        joints: SMPL index to index in `source`, -1 where it has none.
        first: (24,) source joint whose rotation each SMPL joint takes.
        second: (24,) another one to blend with.
        weight: (24,) how much of the second.
        axes: (3, 3) the file's axes to y up, facing +z.
        corrections: (24, 3, 3) SMPL's T-pose to the reference pose, in the axes of chatpose.
        reference: (joints, 3, 3) world rotations of the source in the reference pose, in the file's axes.
        scale: metres of SMPL's leg length over the source's, in the file's unit.
        kept: indices of the joints of the whole skeleton that `source` keeps.
        notes: what was judged, for people.
        warnings: what may be wrong, for people.
    """

    source: SourceSkeleton
    joints: tuple[int, ...]
    first: torch.Tensor
    second: torch.Tensor
    weight: torch.Tensor
    axes: Rotation
    corrections: Rotations24
    reference: JointRotations
    scale: float
    kept: tuple[int, ...]
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    def __call__(self, local_rotations: JointRotations, root_position: Vector, offsets: Joints | None = None) -> Pose:
        """Retargets frames.

        Args:
            local_rotations: (frames, joints, 3, 3) of the kept joints, relative to the parent.
            root_position: (frames, 3) in the file's unit and axes.
            offsets: (frames, joints, 3) where bone lengths change over time; the skeleton's when absent.

        Returns:
            SMPL poses (frames,), y up, metres, in the dtype of the corrections.
        """
        world = self.world(local_rotations, root_position, offsets)
        rotations = self._world_rotations(world)
        points = self.points(world) @ self.axes.T
        rotations = _aim_limbs(rotations, points)
        pelvis = self._pelvis_position(rotations, points)
        transl = pelvis - pelvis.new_tensor(PELVIS_REST)
        return Pose.from_rotations(world_to_local(rotations), transl=transl)

    def world(
        self, local_rotations: JointRotations, root_position: Vector, offsets: Joints | None = None
    ) -> WorldJoints:
        """The source's own kinematics, in the file's unit and axes; arguments as for calling."""
        moved = self.source.offsets if offsets is None else offsets
        return forward_kinematics(local_rotations, moved, root_position, self.source.skeleton)

    def points(self, world: WorldJoints) -> Joints24:
        """Positions of SMPL's joints on the source, (*batch, 24, 3), NaN where it has none; file's unit and axes."""
        return _points(world.positions, self.joints)

    def _world_rotations(self, world: WorldJoints) -> Rotations24:
        right = self.reference.transpose(-1, -2) @ self.axes.T
        turned = self.axes @ world.rotations @ right
        start = turned[..., self.first, :, :]
        blended = torch.nonzero(self.weight).flatten()
        if len(blended):
            end = turned[..., self.second[blended], :, :]
            step = matrix_to_axis_angle(start[..., blended, :, :].transpose(-1, -2) @ end)
            part = axis_angle_to_matrix(step * self.weight[blended, None])
            start = start.clone()
            start[..., blended, :, :] = start[..., blended, :, :] @ part
        return start @ self.corrections

    def _pelvis_position(self, rotations: Rotations24, points: Joints24) -> Vector:
        """The pelvis that puts the middle of the hips where the source has it (roots lie at different places)."""
        hips = (rest.point(points, "left_hip") + rest.point(points, "right_hip")) / 2
        smpl = smpl_rest_offsets(rotations.dtype)
        middle = (smpl[SMPL.index("left_hip")] + smpl[SMPL.index("right_hip")]) / 2
        return hips * self.scale - (rotations[..., 0, :, :] @ middle[:, None]).squeeze(-1)


def fit_retargeter(
    source: SourceSkeleton,
    match: HumanoidMatch,
    sample: JointRotations | None = None,
    up: str | None = None,
) -> Retargeter:
    """Works out axes, reference pose and rest corrections of a skeleton.

    Args:
        source: the whole skeleton.
        match: which of its joints are SMPL's; nothing required may be missing.
        sample: (frames, joints, 3, 3) local rotations of some frames, the file's first one first; needed only for
            skeletons whose zero pose isn't a standing one.
        up: the file's up axis, "y" or "z", when known; otherwise the axis along which the skeleton stands.

    Raises:
        InvalidPoseError: legs without length, from which nothing can be judged.
    """
    kept = _needed(source.skeleton, match)
    small = _cut(source, kept)
    place = {joint: index for index, joint in enumerate(kept)}
    joints = tuple(place[match.joints[name]] if name in match.joints else -1 for name in SMPL.joint_names)
    first, second, weight = _rotation_sources(small, match, place)
    sample = None if sample is None else sample[:, list(kept)].to(small.offsets.dtype)
    reference = _choose_reference(small, joints, sample)
    points = _points(reference.world.positions, joints)
    toes = {side: [place[joint] for joint in group] for side, group in match.toes.items()}
    points = _with_tips(points, reference.world, small, joints, toes)
    length = float(rest.leg_length(points))
    if not 0 < length < torch.inf:
        raise InvalidPoseError(f"{source.skeleton.name}: the skeleton's legs have no length", expected="bone lengths")
    axes, notes = _axes_of(points, reference.is_zero, up)
    corrections, lean_notes = rest_corrections(points @ axes.T)
    smpl_length = float(rest.leg_length(rest.smpl_rest_points()))
    notes = (*notes, *reference.notes, *lean_notes, _unit_note(length, smpl_length))
    return Retargeter(
        small,
        joints,
        first,
        second,
        weight,
        axes,
        corrections,
        reference.world.rotations,
        smpl_length / length,
        kept,
        notes,
        (*reference.warnings, *_side_warnings(points @ axes.T)),
    )


# which source joint turns which SMPL joint


def _needed(skeleton: Skeleton, match: HumanoidMatch) -> tuple[int, ...]:
    """Matched joints and all above them, in order; fingers and faces cost nothing then."""
    wanted = {*match.joints.values(), *match.turning.values(), *match.spine, *match.neck}
    wanted.update(joint for group in (match.collars, match.toes) for chain in group.values() for joint in chain)
    for joint in sorted(wanted, reverse=True):
        while joint >= 0:
            wanted.add(joint)
            joint = skeleton.parents[joint]
    return tuple(sorted(wanted))


def _cut(source: SourceSkeleton, kept: Sequence[int]) -> SourceSkeleton:
    place = {joint: index for index, joint in enumerate(kept)}
    tree = source.skeleton
    skeleton = Skeleton(
        tree.name,
        tuple(tree.joint_names[joint] for joint in kept),
        tuple(place.get(tree.parents[joint], -1) for joint in kept),
    )
    return SourceSkeleton(skeleton, source.offsets[list(kept)].double(), source.tips[list(kept)].double())


def _rotation_sources(
    source: SourceSkeleton, match: HumanoidMatch, place: dict[int, int]
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """For each SMPL joint two source joints and the weight of the second (0: the first alone)."""
    chosen: dict[str, tuple[int, int, float]] = {}
    for name in SMPL.joint_names:
        joint = match.turning.get(name, match.joints.get(name, -1))
        if joint >= 0:
            chosen[name] = (place[joint], place[joint], 0.0)
    chosen.update(_spine_sources(source, [place[joint] for joint in match.spine], place[match.joints["pelvis"]]))
    chest = chosen["spine3"][0]
    if len(match.neck) > 1:
        chosen["neck"] = (place[match.neck[0]], place[match.neck[-1]], 0.5)
    head = chosen["head"][0] if "head" in chosen else chosen["neck"][1]
    chosen.setdefault("neck", (chest, head, 0.5))
    chosen.setdefault("head", (head, head, 0.0))
    for side in SIDES:
        chain = match.collars.get(side, ())
        chosen[f"{side}_collar"] = (
            (place[chain[0]], place[chain[-1]], 0.5)
            if len(chain) > 1
            else chosen.get(f"{side}_collar", (chest, chest, 0.0))
        )
        chosen.setdefault(f"{side}_foot", chosen[f"{side}_ankle"])
        chosen[f"{side}_hand"] = chosen[f"{side}_wrist"]  # SMPL's hand joint stays straight
    rows = [chosen[name] for name in SMPL.joint_names]
    first = torch.tensor([row[0] for row in rows])
    second = torch.tensor([row[1] for row in rows])
    weight = torch.tensor([0.0 if row[0] == row[1] else row[2] for row in rows], dtype=source.offsets.dtype)
    return first, second, weight


def _spine_sources(source: SourceSkeleton, spine: Sequence[int], pelvis: int) -> dict[str, tuple[int, int, float]]:
    """SMPL's three spine joints from a spine of any number; the last always turns the chest."""
    if not spine:
        return {name: (pelvis, pelvis, 0.0) for name in ("spine1", "spine2", "spine3")}
    last = spine[-1]
    chosen = {"spine3": (last, last, 0.0)}
    if len(spine) == 1:
        chosen.update({name: (pelvis, last, share) for name, share in SPINE_SHARES.items()})
    elif len(spine) == 2:
        chosen.update({"spine1": (spine[0], spine[0], 0.0), "spine2": (spine[0], last, 0.5)})
    elif len(spine) == 3:
        chosen.update({"spine1": (spine[0], spine[0], 0.0), "spine2": (spine[1], spine[1], 0.0)})
    else:
        # The bone that lies where the middle of SMPL's does, as a share of the way from pelvis to neck.
        lengths = source.offsets[list(spine)].norm(dim=-1)
        starts = torch.cumsum(lengths, 0) / (lengths.sum() * len(spine) / (len(spine) - 1)).clamp_min(1e-9)
        for name, middle in (("spine1", 0.36), ("spine2", 0.545)):
            index = int((starts <= middle).sum().clamp(1, len(spine) - 1)) - 1
            chosen[name] = (spine[index], spine[index], 0.0)
    return chosen


def _points(positions: Joints, joints: Sequence[int]) -> Joints24:
    points = positions[..., [max(joint, 0) for joint in joints], :]
    missing = torch.tensor([joint < 0 for joint in joints])
    return torch.where(missing[:, None], torch.nan, points) if missing.any() else points


def _with_tips(
    points: Joints24,
    world: WorldJoints,
    source: SourceSkeleton,
    joints: Sequence[int],
    toes: Mapping[str, Sequence[int]],
) -> Joints24:
    """Where feet and hands point: the middle of all toes, and the ends of bones for toes and knuckles not there."""
    points = points.clone()
    length, front = rest.leg_length(points), rest.body_axes(points)[:, 2]
    for side in SIDES:
        if len(toes.get(side, ())) > 1:
            points[SMPL.index(f"{side}_foot")] = world.positions[list(toes[side])].mean(0)
        for base, end in ((f"{side}_ankle", f"{side}_foot"), (f"{side}_wrist", f"{side}_hand")):
            joint = joints[SMPL.index(base)]
            if rest.bone(points, base, end).norm() > 1e-6 * length:
                continue
            tip = world.rotations[joint] @ source.tips[joint]
            # Many exporters write ends of a unit's length in some direction; such say nothing.
            means_it = tip.norm() > 0.05 * length and (base.endswith("wrist") or angle_between(tip, front) < 1)
            points[SMPL.index(end)] = points[SMPL.index(base)] + tip if means_it else torch.nan
    return points


# reference pose and axes


@dataclass(frozen=True, eq=False)
class _Reference:
    world: WorldJoints
    is_zero: bool
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def _choose_reference(source: SourceSkeleton, joints: Sequence[int], sample: JointRotations | None) -> _Reference:
    """The zero pose when it stands; else the first frame when it is a T- or A-pose; else the most upright frame."""
    eye = torch.eye(3, dtype=source.offsets.dtype).expand(len(source.skeleton), 3, 3)
    zero = forward_kinematics(eye, source.offsets, skeleton=source.skeleton)
    if rest.standing_misfit(_points(zero.positions, joints)) <= STANDING_LIMIT_RAD:
        return _Reference(zero, True)
    if sample is None:
        return _Reference(zero, True, (), ("the skeleton's zero pose isn't a standing one: expect wrong rotations",))
    world = forward_kinematics(sample, source.offsets, skeleton=source.skeleton)
    points = _points(world.positions, joints)
    misfit = torch.maximum(rest.standing_misfit(points), rest.straight_arm_misfit(points))
    if misfit[0] <= STANDING_LIMIT_RAD:
        first = WorldJoints(world.rotations[0], world.positions[0])
        return _Reference(
            first, False, ("the zero pose isn't a standing one; the first frame, a T- or A-pose, was used",)
        )
    best = int(misfit.argmin())
    degrees = float(torch.rad2deg(misfit[best]))
    bent = "" if degrees < 45 else f" (still {degrees:.0f}° from it, so expect errors)"
    warning = (
        "neither the skeleton's zero pose nor its first frame is a T- or A-pose: limb directions are right, but the "
        f"twist of limbs, hands and head is a guess from the frame nearest to standing{bent}"
    )
    return _Reference(WorldJoints(world.rotations[best], world.positions[best]), False, (), (warning,))


def _axes_of(points: Joints24, is_zero: bool, up: str | None) -> tuple[Rotation, tuple[str, ...]]:
    """The file's axes to y up, and facing +z where the reference is the skeleton's own rest pose."""
    body = rest.body_axes(points)
    said = {"y": torch.tensor([0.0, 1.0, 0.0]), "z": torch.tensor([0.0, 0.0, 1.0])}.get(up or "")
    stands = rest.axis_name(body[:, 1])
    if said is not None:
        said = said.to(body.dtype)
    if is_zero:
        axes = rest.nearest_axes(body.T, said)
    else:
        # The heading of a frame means nothing, so only the up axis is turned.
        upright = body[:, 1].abs().argmax() if said is None else said.argmax()
        vertical = torch.eye(3, dtype=body.dtype)[upright] * (body[upright, 1].sign() if said is None else 1)
        axes = rest.nearest_axes(swing_between(vertical, vertical.new_tensor([0.0, 1.0, 0.0])), vertical)
    notes = []
    if said is not None:
        notes.append(
            f"up axis: {up}, as asked" + ("" if stands == f"+{up}" else f"; the skeleton stands along {stands}")
        )
    elif stands == "+y":
        notes.append("up axis: y, the skeleton stands along it")
    else:
        notes.append(f"up axis: {stands.removeprefix('+')}, because the skeleton stands along it; turned to y up")
    facing = rest.axis_name(body[:, 2])
    if is_zero and facing != "+z" and not (stands == "+z" and facing == "-y"):
        notes.append(f"the skeleton faces {facing}; turned to face +z")
    return axes, tuple(notes)


def _unit_note(length: float, smpl_length: float) -> str:
    units = (("m", 1.0), ("dm", 10.0), ("inch", 1 / 0.0254), ("cm", 100.0), ("mm", 1000.0))
    close = [name for name, per_metre in units if 0.6 <= length / per_metre <= 1.05]
    unit = f"{close[0]}, " if close else "unknown, "
    return f"unit: {unit}judged from a leg length of {length:.4g}; scaled to SMPL's {smpl_length:.3f} m"


def _side_warnings(points: Joints24) -> tuple[str, ...]:
    """Feet that point backwards mean that left and right are exchanged, or that the front was misjudged."""
    feet = [rest.bone(points, f"{side}_ankle", f"{side}_foot") for side in SIDES]
    known = [foot for foot in feet if torch.isfinite(foot).all()]
    front = rest.body_axes(points)[:, 2]
    if known and all(float(foot @ front) < -0.3 * float(foot.norm()) for foot in known):
        return ("the feet point backwards: left and right may be exchanged in the file's joint names",)
    return ()


def _aim_limbs(rotations: Rotations24, points: Joints24) -> Rotations24:
    """Swings each limb bone to where the source's joints are."""
    offsets = smpl_rest_offsets(rotations.dtype)
    start = [SMPL.index(name) for name in _LIMBS]
    end = [SMPL.index(name) for name in _LIMBS.values()]
    wanted = points[..., end, :] - points[..., start, :]
    have = (rotations[..., start, :, :] @ offsets[end][..., None]).squeeze(-1)
    usable = torch.isfinite(wanted).all(-1, keepdim=True) & (wanted.norm(dim=-1, keepdim=True) > 1e-9)
    swing = swing_between(have, torch.where(usable, wanted, have))
    rotations = rotations.clone()
    rotations[..., start, :, :] = swing @ rotations[..., start, :, :]
    return rotations


def limb_direction_errors(pose: Pose, points: Joints24, pairs: Sequence[tuple[str, str]]) -> torch.Tensor:
    """Angles between SMPL's bones and the source's, degrees, (*batch, pairs).

    Args:
        pose: what came out.
        points: (*batch, 24, 3) the source's joints in the axes of chatpose.
        pairs: bones, as SMPL joint names of start and end.
    """
    offsets = smpl_rest_offsets(pose.global_orient.dtype)
    joints = forward_kinematics(pose.local_rotations, offsets).positions
    points = points.to(joints.dtype)
    errors = [angle_between(rest.bone(joints, *pair), rest.bone(points, *pair)) for pair in pairs]
    return torch.rad2deg(torch.stack(errors, dim=-1))


def cast(retargeter: Retargeter, dtype: torch.dtype) -> Retargeter:
    """The same retargeter for another precision (float32 is twice as fast and ample for training data)."""
    source = retargeter.source
    return dataclasses.replace(
        retargeter,
        source=SourceSkeleton(source.skeleton, source.offsets.to(dtype), source.tips.to(dtype)),
        weight=retargeter.weight.to(dtype),
        axes=retargeter.axes.to(dtype),
        corrections=retargeter.corrections.to(dtype),
        reference=retargeter.reference.to(dtype),
    )
