"""A pose that is being edited: turned joint by joint, measured at any time, in double precision."""

from collections.abc import Callable, Mapping
from functools import cache, cached_property

import torch
from torch import Tensor

from chatpose.body.angle_table import ANGLE_NAMES, GROUPS, PELVIS_NAMES
from chatpose.body.angles import angles_to_body_pose, angles_to_orient, body_pose_to_angles, orient_to_angles
from chatpose.body.capsules import BodyCapsules
from chatpose.body.joint_limits import LIMIT_NAMES, LIMITS, beyond_limits
from chatpose.body.kinematics import WorldJoints, forward_kinematics, joints_to_offsets
from chatpose.body.model import BodyModel
from chatpose.body.pose import Pose
from chatpose.body.skeleton import SMPL
from chatpose.posecodes.measures import Measure, measure_all
from chatpose.posecodes.points import PosePoints, pose_points

Metric = Measure | str
"""A measure of posecodes, or an anatomical angle or a sum of some by its name."""
UP = (0.0, 1.0, 0.0)
_GROUPS = {group.name: group for group in GROUPS}
_SHOULDER_OF = {"left_collar": "left_shoulder", "right_collar": "right_shoulder"}


class Working:
    """One pose on its way from before to after; copies are cheap.

    Args:
        pose: a single pose, without batch axes.
        body: whose it is.
    """

    def __init__(self, pose: Pose, body: BodyModel) -> None:
        self.rotations: Tensor = pose.local_rotations.double()
        self.transl: Tensor = pose.transl.double()
        rest = body.rest_joints(pose.betas.to(body.data.v_template)).double()
        self._offsets = joints_to_offsets(rest)
        self.turned: set[int] = set()
        self.planted = ""

    def copy(self) -> "Working":
        """Another with the same pose."""
        made = object.__new__(Working)
        made.rotations, made.transl, made._offsets = self.rotations, self.transl, self._offsets
        made.turned = set(self.turned)
        return made

    def take(self, other: "Working") -> None:
        """Becomes like another."""
        self.rotations, self.transl, self.turned = other.rotations, other.transl, set(other.turned)
        self._forget()

    def _forget(self) -> None:
        for name in ("world", "points", "angles"):
            self.__dict__.pop(name, None)

    @cached_property
    def world(self) -> WorldJoints:
        """(24, …) world rotations and positions."""
        return forward_kinematics(self.rotations, self._offsets, self._offsets[0] + self.transl)

    @cached_property
    def points(self) -> PosePoints:
        """For measures, a batch of one."""
        return pose_points(self.world.positions[None], self.world.rotations[None])

    @cached_property
    def angles(self) -> Tensor:
        """(69,) anatomical angles, degrees."""
        return torch.rad2deg(body_pose_to_angles(self.rotations[1:]))

    def position(self, joint: str) -> Tensor:
        """(3,) of a joint in the world, metres."""
        return self.world.positions[SMPL.index(joint)]

    def rotation(self, joint: str) -> Tensor:
        """(3, 3) of a joint in the world."""
        return self.world.rotations[SMPL.index(joint)]

    def local(self, joint: str) -> Tensor:
        """(3, 3) of a joint relative to its parent."""
        return self.rotations[SMPL.index(joint)]

    def measure(self, metric: Metric) -> float:
        """A number of the pose, in its own unit."""
        if isinstance(metric, Measure):
            return float(measure_all((metric,), self.points)[0, 0])
        if metric in PELVIS_NAMES:
            return float(torch.rad2deg(orient_to_angles(self.rotations[0]))[PELVIS_NAMES.index(metric)])
        names = _GROUPS[metric].members if metric in _GROUPS else (metric,)
        return sum(float(self.angles[ANGLE_NAMES.index(name)]) for name in names)

    def axis(self, frame: str, row: int) -> Tensor:
        """(3,) left, up or front (row 0, 1, 2) of the "chest" or the "hip" frame, in the world."""
        axes = self.points.chest_frame if frame == "chest" else self.points.hip_frame
        return axes[0, row]

    # --- turning -----------------------------------------------------------------------------------------------------

    def set_local(self, joint: str, rotation: Tensor) -> None:
        """Gives a joint another rotation relative to its parent."""
        index = SMPL.index(joint)
        self.rotations = torch.cat([self.rotations[:index], rotation[None], self.rotations[index + 1 :]])
        self.turned.add(index)
        self._forget()

    def set_world(self, joint: str, rotation: Tensor) -> None:
        """Gives a joint another rotation in the world."""
        index = SMPL.index(joint)
        parent = SMPL.parents[index]
        self.set_local(joint, rotation if parent < 0 else self.world.rotations[parent].T @ rotation)

    def turn(self, joint: str, rotation: Tensor) -> None:
        """Turns a joint by a rotation of the world."""
        self.set_world(joint, rotation @ self.rotation(joint))

    def set_angles(self, degrees: Mapping[str, float]) -> None:
        """Sets anatomical angles; of groups each member by its share of the change. Other joints stay bit for bit."""
        angles = self.angles.clone()
        joints: set[int] = set()
        for name, value in degrees.items():
            group = _GROUPS.get(name)
            members = zip(group.members, group.shares, strict=True) if group else ((name, 1.0),)
            change = value - self.measure(name)
            for member, share in members:
                column = ANGLE_NAMES.index(member)
                angles[column] += change * share
                joints.add(column // 3 + 1)
        made = angles_to_body_pose(torch.deg2rad(angles))
        for collar, shoulder in _SHOULDER_OF.items():  # shoulders are measured against the trunk
            if SMPL.index(collar) in joints:
                joints.add(SMPL.index(shoulder))
        rotations = self.rotations.clone()
        for joint in joints:
            rotations[joint] = made[joint - 1]
        self.rotations = rotations
        self.turned |= joints
        self._forget()

    def set_orient(self, heading: float, forward: float, left: float) -> None:
        """Sets how the pelvis is turned, degrees."""
        angles = torch.deg2rad(self.rotations.new_tensor([heading, forward, left]))
        self.set_local("pelvis", angles_to_orient(angles))

    def move(self, by: Tensor) -> None:
        """Moves the body."""
        self.transl = self.transl + by
        self._forget()

    # --- what it is measured against ---------------------------------------------------------------------------------

    def excess(self, *, extreme: bool) -> Tensor:
        """(79,) degrees beyond the ranges of joints, 0 inside."""
        return torch.rad2deg(beyond_limits(torch.deg2rad(self.angles), extreme=extreme))

    def lowest(self, capsules: BodyCapsules) -> float:
        """Height of the lowest skin, metres."""
        world = WorldJoints(*(part.to(capsules.radii) for part in self.world))
        return float((capsules.place(world)[..., 1] - capsules.end_radii).amin())

    def finished(self, pose: Pose) -> Pose:
        """The pose in the precision of the given one, whose joints are kept bit for bit where nothing turned them."""
        rotations = pose.local_rotations.clone()
        for joint in self.turned:
            rotations[joint] = self.rotations[joint].to(rotations)
        return Pose(rotations[0], rotations[1:], pose.betas, self.transl.to(pose.transl))


Make = Callable[[Working, float], None]
"""Changes a pose by an amount; 0 changes nothing."""
SLACK_DEG = 0.3
"""How far beyond a range counts as inside."""


def limited(work: Working, make: Make, amount: float, *, extreme: bool | None = None) -> float:
    """Makes as much of a change as joints allow, and returns how much.

    Args:
        work: changed.
        make: the change.
        amount: wanted.
        extreme: whether the range of dancers counts, or that of healthy adults; None takes the middle of both.
    """
    free = _beyond(work, extreme) + SLACK_DEG
    low, high = 0.0, 1.0
    tried = work.copy()
    make(tried, amount)
    if bool((_beyond(tried, extreme) <= free).all()):
        work.take(tried)
        return amount
    for _ in range(9):
        share = (low + high) / 2
        tried = work.copy()
        make(tried, amount * share)
        if bool((_beyond(tried, extreme) <= free).all()):
            low = share
        else:
            high = share
    if low == 0.0:
        return 0.0
    make(work, amount * low)
    return amount * low


def _beyond(work: Working, extreme: bool | None) -> Tensor:
    if extreme is not None:
        return work.excess(extreme=extreme)
    # Halfway between both ranges: beyond the ordinary one by as much as is left to the extreme one.
    ordinary, wide = work.excess(extreme=False), work.excess(extreme=True)
    return (ordinary - _room().to(ordinary)).clamp_min(0) + wide


@cache
def _room() -> Tensor:
    rows = [LIMITS[name] for name in LIMIT_NAMES]
    return torch.tensor([min(row.extreme_high - row.high, row.low - row.extreme_low) / 2 for row in rows])


def amount_for(work: Working, make: Make, metric: Metric, target: float, guess: float) -> float:
    """How much of a change brings a measure to a value, by secants; the best that was found.

    Args:
        work: stays as it is.
        make: the change.
        metric: measured.
        target: wanted, in the measure's unit.
        guess: about how much; its sign tells the direction.
    """

    def error(amount: float) -> float:
        tried = work.copy()
        make(tried, amount)
        return tried.measure(metric) - target

    first, second = 0.0, guess
    error_1, error_2 = error(first), error(second)
    best = min(((abs(error_1), first), (abs(error_2), second)))
    for _ in range(12):
        if best[0] < 1e-3 or abs(error_2 - error_1) < 1e-9:
            break
        step = -error_2 * (second - first) / (error_2 - error_1)
        step = max(-90.0, min(90.0, step))
        first, error_1 = second, error_2
        second = second + step
        error_2 = error(second)
        best = min(best, (abs(error_2), second))
    return best[1]
