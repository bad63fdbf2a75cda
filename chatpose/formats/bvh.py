"""BVH in: any humanoid skeleton, matched by its joint names, retargeted to SMPL.

Files whose joints are SMPL's own (those that chatpose writes, for one) are read as they are, without retargeting.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from chatpose.body.humanoid_names import HumanoidMatch, match_humanoid
from chatpose.body.pose import Pose, concatenate_poses
from chatpose.body.rest_pose import bone, leg_length, smpl_rest_points
from chatpose.body.retarget import Retargeter, SourceSkeleton, fit_retargeter
from chatpose.body.rotations import about_axis, angle_between
from chatpose.body.skeleton import LIMB_BONES, PELVIS_REST, SMPL, Skeleton
from chatpose.errors import InvalidPoseError, UnreadableFileError
from chatpose.formats.bvh_text import BvhJoint, BvhText, parse_bvh
from chatpose.formats.clip import PoseClip
from chatpose.formats.registry import ReadOptions
from chatpose.formats.up_axis import LYING, torso_direction, turn_up, up_warning
from chatpose.safefiles import read_limited

_SAMPLE_FRAMES = 200
_CHUNK_NUMBERS = 4_000_000
_SAME_REST_RAD = np.radians(10)
"""SMPL's bodies differ by less than this in the directions of their limbs at rest."""


def read_bvh(path: Path, options: ReadOptions) -> PoseClip:
    """Reads a BVH file.

    Raises:
        UnreadableFileError: not BVH, damaged, truncated, or not the skeleton of a person.
        InvalidPoseError: NaN or infinite numbers.
    """
    return bvh_to_clip(read_limited(path), path.name, options)


def bvh_to_clip(data: bytes, name: str, options: ReadOptions) -> PoseClip:
    """A clip from the bytes of a BVH file; see `read_bvh`."""
    text = parse_bvh(data, name)
    motion = BvhMotion(text, name)
    match = matched(motion.source.skeleton, name)
    if is_smpl(motion.source, match):
        pose, notes, warnings = _own_clip(motion, match, options)
    else:
        sample = motion.local_rotations(motion.sample_frames(), range(len(text.joints)))
        retargeter = fit_retargeter(motion.source, match, sample, options.up)
        pose = retarget_motion(motion, retargeter)
        notes = (*retargeter.notes, match.report(motion.source.skeleton))
        warnings = (*retargeter.warnings, *lying_warning(pose, options))
    pose = finished(pose, name)
    return PoseClip(
        pose,
        fps=None if text.frame_time is None else frames_per_second(text.frame_time),
        layout="bvh",
        notes=(*notes, *text.notes),
        warnings=warnings,
    )


def matched(skeleton: Skeleton, name: str) -> HumanoidMatch:
    """The match of a skeleton that must be a person's.

    Raises:
        UnreadableFileError: required joints are missing; the message names them.
    """
    match = match_humanoid(skeleton)
    if match.missing_required:
        shown = ", ".join(joint[:40] for joint in skeleton.joint_names[:12])
        more = f" and {len(skeleton) - 12} more" if len(skeleton) > 12 else ""
        raise UnreadableFileError(
            f"{name} is not a human skeleton: found no {', no '.join(match.missing_required)} "
            f"among its joints {shown}{more}",
            expected="joints named as people name them, such as LeftUpLeg or thigh_l",
        )
    return match


def retarget_motion(motion: "BvhMotion", retargeter: Retargeter) -> Pose:
    """All frames, some at a time, so that memory stays small."""
    step = max(1, _CHUNK_NUMBERS // (9 * len(retargeter.kept)))
    poses = []
    for start in range(0, len(motion), step):
        frames = np.arange(start, min(start + step, len(motion)))
        local = motion.local_rotations(frames, retargeter.kept)
        root, offsets = motion.positions(frames, retargeter.kept, retargeter.scale)
        poses.append(retargeter(local, root, offsets).to(torch.float32))
    return concatenate_poses(poses)


def finished(pose: Pose, name: str) -> Pose:
    """The pose when all its numbers are usable.

    Raises:
        InvalidPoseError: what came out isn't finite (lengths of zero, numbers beyond all measure).
    """
    try:
        return pose.validated()
    except InvalidPoseError as error:
        raise InvalidPoseError(f"{name}: {error.got}", expected=error.expected, fix=error.fix) from None


def lying_warning(pose: Pose, options: ReadOptions) -> tuple[str, ...]:
    """A warning when a whole motion lies flat: the skeleton may stand along another axis than its motion does."""
    upright = float(torso_direction(pose)[:, 1].mean())
    if len(pose) < 2 or options.up is not None or upright > LYING:
        return ()
    return (
        "the bodies lie or hang in most frames, taking the axis along which the skeleton stands for up: "
        "if they should stand, read with --up y or --up z",
    )


def frames_per_second(frame_time: float) -> float:
    """1 / frame time, put on the whole number that the file's rounding hides."""
    fps = 1 / frame_time
    whole = round(fps)
    return float(whole) if whole and abs(fps - whole) < 2e-4 * whole else fps


class BvhMotion:
    """The motion of a BVH file as tensors, made for the frames that are asked for."""

    def __init__(self, text: BvhText, name: str = "BVH") -> None:
        self.text = text
        joints = text.joints
        skeleton = Skeleton(name, tuple(joint.name for joint in joints), tuple(joint.parent for joint in joints))
        tips = [_mean_tip(joints, index) for index in range(len(joints))]
        self.source = SourceSkeleton(
            skeleton,
            torch.tensor([joint.offset for joint in joints], dtype=torch.float64),
            torch.tensor(tips, dtype=torch.float64),
        )

    def __len__(self) -> int:
        return len(self.text.rows)

    def sample_frames(self) -> np.ndarray:
        """Some frames over the whole length, the first one first."""
        return np.unique(np.linspace(0, len(self) - 1, min(len(self), _SAMPLE_FRAMES)).astype(int))

    def local_rotations(self, frames: np.ndarray, joints: Sequence[int]) -> torch.Tensor:
        """(frames, joints, 3, 3) float64, from Euler angles in the order in which each joint lists them."""
        rows = self.text.rows[frames]
        local = torch.eye(3, dtype=torch.float64).repeat(len(rows), len(joints), 1, 1)
        orders: dict[str, list[int]] = {}
        for slot, joint in enumerate(joints):
            order = "".join(channel[0] for channel in self.text.joints[joint].channels if channel.endswith("rotation"))
            orders.setdefault(order, []).append(slot)
        for order, slots in orders.items():
            columns = np.array([_columns(self.text.joints[joints[slot]], "rotation") for slot in slots], dtype=int)
            turned = local[:, slots]
            for place, axis in enumerate(order):
                angle = torch.from_numpy(np.radians(rows[:, columns[:, place]]))
                turned = turned @ about_axis(axis, angle)
            local[:, slots] = turned
        return local

    def positions(self, frames: np.ndarray, joints: Sequence[int], scale: float) -> tuple[torch.Tensor, torch.Tensor]:
        """Root position (frames, 3) and offsets (frames, joints, 3) in the file's unit.

        Position channels replace a joint's offset (as Blender reads them), unless their numbers are clearly meant to
        be added to it (MakeHuman's files have zeros there).

        Args:
            frames: which.
            joints: which, the root first.
            scale: metres a unit, to judge what is negligible.
        """
        rows = self.text.rows[frames]
        offsets = self.source.offsets[list(joints)].repeat(len(rows), 1, 1)
        for slot, joint in enumerate(joints):
            one = self.text.joints[joint]
            columns = _columns(one, "position")
            if not columns:
                continue
            axes = ["xyz".index(channel[0]) for channel in one.channels if channel.endswith("position")]
            values = torch.from_numpy(rows[:, columns])
            rest = offsets[:1, slot, axes]
            adds = self._adds(one, scale)
            offsets[:, slot, axes] = values + rest if adds else values
        return offsets[:, 0], offsets

    def _adds(self, joint: BvhJoint, scale: float) -> bool:
        """Whether position channels are to be added to the offset."""
        columns = _columns(joint, "position")
        axes = ["xyz".index(channel[0]) for channel in joint.channels if channel.endswith("position")]
        values = self.text.rows[self.sample_frames()][:, columns]
        rest = np.array(joint.offset)[axes]
        size = np.median(np.linalg.norm(values, axis=1))
        if joint.parent < 0:
            return bool(size * scale < 0.05 < 0.4 < np.linalg.norm(rest) * scale)
        return bool(size < np.median(np.linalg.norm(values - rest, axis=1)))


def _columns(joint: BvhJoint, kind: str) -> list[int]:
    return [joint.column + place for place, channel in enumerate(joint.channels) if channel.endswith(kind)]


def _mean_tip(joints: Sequence[BvhJoint], index: int) -> tuple[float, float, float]:
    tips = joints[index].tips
    mean = np.mean(tips, axis=0) if tips else np.full(3, np.nan)
    return (float(mean[0]), float(mean[1]), float(mean[2]))


# files whose skeleton is SMPL's


def is_smpl(source: SourceSkeleton, match: HumanoidMatch) -> bool:
    """Whether a skeleton is SMPL's: its names, its tree, and a rest pose with limbs that point as SMPL's do."""
    names = source.skeleton.joint_names
    if len(names) not in (22, 24) or len(match.joints) < len(names):
        return False
    plain = [name.lower().replace("left", "l").replace("right", "r").replace("_", "") for name in names]
    expected = [name.replace("left", "l").replace("right", "r").replace("_", "") for name in SMPL.joint_names]
    if any(plain[joint].removeprefix("mavg").removeprefix("favg") != expected[SMPL.index(name)]
           for name, joint in match.joints.items()):  # fmt: skip
        return False
    for name, joint in match.joints.items():
        parent = SMPL.parents[SMPL.index(name)]
        if source.skeleton.parents[joint] != (match.joints[SMPL.joint_names[parent]] if parent >= 0 else -1):
            return False
    rest = smpl_rest_points()
    for start, end in LIMB_BONES:
        offset = source.offsets[match.joints[end]]
        if offset.norm() < 1e-9 or angle_between(offset, bone(rest, start, end)) > _SAME_REST_RAD:
            return False
    return True


def _own_clip(
    motion: BvhMotion, match: HumanoidMatch, options: ReadOptions
) -> tuple[Pose, tuple[str, ...], tuple[str, ...]]:
    """Rotations as they are; the unit is judged, lengths aren't changed otherwise."""
    kept = tuple(match.joints.get(name, -1) for name in SMPL.joint_names)
    points = torch.zeros(len(SMPL), 3, dtype=torch.float64)
    for joint, parent in enumerate(SMPL.parents):
        if parent >= 0 and kept[joint] >= 0:
            points[joint] = points[parent] + motion.source.offsets[kept[joint]]
    length = float(leg_length(points))
    units = (("m", 1.0), ("cm", 0.01), ("mm", 0.001))
    known = [unit for unit in units if 0.5 <= length * unit[1] <= 1.2]
    unit, scale = known[0] if known else ("unknown, scaled by the legs", float(leg_length(smpl_rest_points())) / length)
    present = [joint for joint in kept if joint >= 0]
    step = max(1, _CHUNK_NUMBERS // (9 * len(SMPL)))
    poses = []
    for start in range(0, len(motion), step):
        frames = np.arange(start, min(start + step, len(motion)))
        local = torch.eye(3, dtype=torch.float64).repeat(len(frames), len(SMPL), 1, 1)
        local[:, [joint >= 0 for joint in kept]] = motion.local_rotations(frames, present)
        root, _ = motion.positions(frames, present[:1], 0.0)
        rest = motion.source.offsets[kept[0]]
        # Without a root offset the channels are the pelvis itself; with one, it is the pelvis at rest.
        transl = root * scale - (rest * scale if rest.norm() > 0 else root.new_tensor(PELVIS_REST))
        poses.append(Pose.from_rotations(local, transl=transl).to(torch.float32))
    up = options.up or "y"
    notes = (
        f"matched {len(present)} of {len(SMPL)} joints: the skeleton is SMPL's, rotations were taken as they are",
        f"unit: {unit}, judged from a leg length of {length:.4g}",
        f"up axis: {up}, {'as asked' if options.up else 'as SMPL has it'}",
    )
    pose = turn_up(concatenate_poses(poses), up)
    warning = up_warning(pose, up) if options.up is None else None
    return pose, notes, (warning,) if warning else ()
