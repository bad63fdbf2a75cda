import math

import numpy as np
import pytest
import torch
from conftest import random_rotations
from hypothesis import given, settings
from hypothesis import strategies as st

from chatpose.body import rest_pose as rest
from chatpose.body.humanoid_names import match_humanoid
from chatpose.body.kinematics import forward_kinematics, world_to_local
from chatpose.body.pose import Pose
from chatpose.body.rest_correction import rest_corrections
from chatpose.body.retarget import SourceSkeleton, fit_retargeter, limb_direction_errors
from chatpose.body.rotations import (
    about_axis,
    axis_angle_to_matrix,
    geodesic_distance,
    heading_angle,
    quaternion_to_matrix,
    rotation_angle,
)
from chatpose.body.skeleton import LIMB_BONES, PELVIS_REST, SMPL, Skeleton, smpl_rest_offsets
from chatpose.corpus.packed import PackedPoses
from chatpose.errors import InvalidPoseError

OFFSETS = smpl_rest_offsets(torch.float64)
NO_TIPS = torch.full((24, 3), torch.nan, dtype=torch.float64)
HANDS = [SMPL.index("left_hand"), SMPL.index("right_hand")]


def random_poses(count: int, seed: int = 0, max_angle_rad: float = 1.2) -> torch.Tensor:
    """Local rotations of SMPL with straight hands, (count, 24, 3, 3) float64."""
    rotations = random_rotations(count, 24, max_angle_rad=max_angle_rad, seed=seed).double()
    rotations[:, HANDS] = torch.eye(3, dtype=torch.float64)
    return rotations


def about(axis: str, degrees: float) -> torch.Tensor:
    return about_axis(axis, torch.tensor(math.radians(degrees), dtype=torch.float64))


def posed_rest(arms_deg: float, legs_deg: float) -> torch.Tensor:
    """World rotations (24, 3, 3) of a rest pose with lowered arms and spread legs; feet stay level."""
    frames = {name: torch.eye(3, dtype=torch.float64) for name in SMPL.joint_names}
    for side, sign in (("left", 1), ("right", -1)):
        for part in ("shoulder", "elbow", "wrist", "hand"):
            frames[f"{side}_{part}"] = about("z", -sign * arms_deg)
        for part in ("hip", "knee"):
            frames[f"{side}_{part}"] = about("z", sign * legs_deg)
    return torch.stack([frames[name] for name in SMPL.joint_names])


def expressed_on(rest_frames: torch.Tensor, axes: torch.Tensor, scale: float, local: torch.Tensor):
    """SMPL poses as the file of another skeleton: source, local rotations and root positions in its axes and unit."""
    parents = [max(parent, 0) for parent in SMPL.parents]
    offsets = (rest_frames[parents] @ OFFSETS[..., None]).squeeze(-1) @ axes * scale
    world = forward_kinematics(local, OFFSETS)
    turned = axes.T @ world.rotations @ rest_frames.transpose(-1, -2) @ axes
    root = torch.zeros(len(local), 3, dtype=torch.float64)
    return SourceSkeleton(SMPL, offsets, NO_TIPS), world_to_local(turned), root


def largest_error_deg(first: torch.Tensor, second: torch.Tensor) -> float:
    return float(torch.rad2deg(geodesic_distance(first, second)).max())


def test_smpls_own_skeleton_is_left_as_it_is():
    local = random_poses(200, max_angle_rad=3.0)
    source = SourceSkeleton(SMPL, OFFSETS, NO_TIPS)
    retargeter = fit_retargeter(source, match_humanoid(SMPL))
    pose = retargeter(local, torch.zeros(200, 3, dtype=torch.float64))
    assert largest_error_deg(pose.local_rotations, local) < 1e-4
    assert float(rotation_angle(retargeter.corrections).max()) < 1e-6
    assert retargeter.scale == pytest.approx(1)


@settings(max_examples=25, deadline=None)
@given(
    arms=st.floats(-20, 80),
    legs=st.floats(-4, 25),
    up=st.sampled_from(["y up", "z up", "x front"]),
    scale=st.sampled_from([1.0, 100.0, 39.37]),
    seed=st.integers(0, 1000),
)
def test_any_rest_pose_and_axes_give_the_pose_back_with_its_twist(arms, legs, up, scale, seed):
    axes = {"y up": torch.eye(3).double(), "z up": about("x", -90), "x front": about("y", -90)}[up]
    local = random_poses(8, seed)
    source, moved, root = expressed_on(posed_rest(arms, legs), axes, scale, local)
    retargeter = fit_retargeter(source, match_humanoid(SMPL))
    assert torch.allclose(retargeter.axes, axes)
    assert largest_error_deg(retargeter(moved, root).local_rotations, local) < 1e-3


def test_rest_arms_that_also_reach_forward_keep_twist_within_a_few_degrees():
    """The twist of a rest pose that isn't merely lowered can't be known; the swing's guess must be near."""
    frames = posed_rest(45, 5)
    for side, sign in (("left", 1), ("right", -1)):
        for part in ("shoulder", "elbow", "wrist", "hand"):
            joint = SMPL.index(f"{side}_{part}")
            frames[joint] = about("y", -sign * 15) @ frames[joint]
    local = random_poses(50)
    source, moved, root = expressed_on(frames, torch.eye(3).double(), 1.0, local)
    pose = fit_retargeter(source, match_humanoid(SMPL))(moved, root)
    errors = torch.rad2deg(geodesic_distance(pose.local_rotations, local))
    shoulders = [SMPL.index("left_shoulder"), SMPL.index("right_shoulder")]
    assert float(errors[:, shoulders].max()) < 16
    others = [joint for joint in range(24) if joint not in shoulders]
    assert float(errors[:, others].max()) < 16
    assert float(limb_direction_errors(pose, forward_kinematics(local, OFFSETS).positions, LIMB_BONES).max()) < 1e-3


def with_twist_bones() -> Skeleton:
    """SMPL with a second forearm bone on each side and a fourth spine joint."""
    names, parents = list(SMPL.joint_names), list(SMPL.parents)
    for side in ("left", "right"):
        wrist = names.index(f"{side}_wrist")
        names.insert(wrist, f"{side}_forearm_lower")
        parents = [parent + (parent >= wrist) for parent in parents]
        parents.insert(wrist, names.index(f"{side}_elbow"))
        parents[wrist + 1] = wrist
    return Skeleton("split", tuple(names), tuple(parents))


def test_twist_of_split_bones_reaches_the_joint_before_them():
    skeleton = with_twist_bones()
    local = random_poses(40)
    keep = [skeleton.index(name) for name in SMPL.joint_names]
    split = torch.eye(3, dtype=torch.float64).repeat(40, len(skeleton), 1, 1)
    split[:, keep] = local
    offsets = torch.zeros(len(skeleton), 3, dtype=torch.float64)
    offsets[keep] = OFFSETS
    for side in ("left", "right"):
        elbow, lower, wrist = (skeleton.index(f"{side}_{part}") for part in ("elbow", "forearm_lower", "wrist"))
        bone = offsets[wrist].clone()
        offsets[lower], offsets[wrist] = bone * 0.5, bone * 0.5
        axis = bone / bone.norm()
        twist = _twist(axis, torch.linspace(-1.2, 1.2, 40, dtype=torch.float64))
        split[:, elbow] = local[:, SMPL.index(f"{side}_elbow")] @ twist.transpose(-1, -2)
        split[:, lower] = twist
    source = SourceSkeleton(skeleton, offsets, torch.full((len(skeleton), 3), torch.nan, dtype=torch.float64))
    pose = fit_retargeter(source, match_humanoid(skeleton))(split, torch.zeros(40, 3, dtype=torch.float64))
    assert largest_error_deg(pose.local_rotations, local) < 1e-3


def test_bones_point_at_the_joints_though_a_kinked_segment_turns():
    skeleton = with_twist_bones()
    keep = [skeleton.index(name) for name in SMPL.joint_names]
    offsets = torch.zeros(len(skeleton), 3, dtype=torch.float64)
    offsets[keep] = OFFSETS
    wrist = skeleton.index("left_wrist")
    half = offsets[wrist] / 2 + torch.tensor([0.0, 0.03, 0.02]).double()
    offsets[skeleton.index("left_forearm_lower")], offsets[wrist] = half, offsets[wrist] - half
    local = random_rotations(30, len(skeleton), max_angle_rad=1.0, seed=5).double()
    source = SourceSkeleton(skeleton, offsets, torch.full((len(skeleton), 3), torch.nan, dtype=torch.float64))
    retargeter = fit_retargeter(source, match_humanoid(skeleton))
    root = torch.zeros(30, 3, dtype=torch.float64)
    points = retargeter.points(retargeter.world(local, root))
    assert float(limb_direction_errors(retargeter(local, root), points, LIMB_BONES).max()) < 1e-4


def _twist(axis: torch.Tensor, angle: torch.Tensor) -> torch.Tensor:
    return axis_angle_to_matrix(axis * angle[:, None])


def lying_bones(local: torch.Tensor) -> tuple[SourceSkeleton, torch.Tensor]:
    """The same poses on a skeleton whose zero pose has all bones along x, as some exporters make them."""
    frames = []
    for joint in range(24):
        child = next((c for c in SMPL.children[joint]), None)
        along = OFFSETS[child] if child is not None else OFFSETS[joint]
        x = along / along.norm() if along.norm() > 0 else torch.tensor([1.0, 0, 0]).double()
        helper = torch.tensor([0.0, 0, 1]).double() if abs(float(x[2])) < 0.9 else torch.tensor([0.0, 1, 0]).double()
        y = torch.nn.functional.normalize(torch.linalg.cross(helper, x), dim=-1)
        frames.append(torch.stack([x, y, torch.linalg.cross(x, y)], dim=-1))
    bones = torch.stack(frames)  # each joint's own axes in the T-pose
    parents = [max(parent, 0) for parent in SMPL.parents]
    offsets = (bones[parents].transpose(-1, -2) @ OFFSETS[..., None]).squeeze(-1)
    world = forward_kinematics(local, OFFSETS).rotations @ bones
    return SourceSkeleton(SMPL, offsets, NO_TIPS), world_to_local(world)


def test_first_frame_stands_in_for_a_zero_pose_that_does_not_stand():
    local = random_poses(30, max_angle_rad=0.8)
    local[0] = torch.eye(3, dtype=torch.float64)
    source, moved = lying_bones(local)
    retargeter = fit_retargeter(source, match_humanoid(SMPL), moved)
    pose = retargeter(moved, torch.zeros(30, 3, dtype=torch.float64))
    assert any("first frame" in note for note in retargeter.notes)
    assert not retargeter.warnings
    assert largest_error_deg(pose.local_rotations, local) < 1e-3


def test_without_any_t_pose_directions_are_right_and_a_warning_says_so():
    local = random_poses(30, max_angle_rad=0.9)
    local[0, SMPL.index("left_hip")] = about("x", -100)  # a seat is no T-pose
    source, moved = lying_bones(local)
    retargeter = fit_retargeter(source, match_humanoid(SMPL), moved)
    pose = retargeter(moved, torch.zeros(30, 3, dtype=torch.float64))
    assert any("guess" in warning for warning in retargeter.warnings)
    points = forward_kinematics(local, OFFSETS).positions
    assert float(limb_direction_errors(pose, points, LIMB_BONES).max()) < 1e-3
    pose.validated()


def test_hips_stay_where_they_are_though_the_root_lies_elsewhere():
    """A root at the lumbar spine and another unit: hips and feet come out at the same height."""
    local = random_poses(20)
    shifted = OFFSETS.clone()
    shift = torch.tensor([0.0, 0.1, -0.02]).double()
    for name in ("left_hip", "right_hip", "spine1"):
        shifted[SMPL.index(name)] -= shift
    source = SourceSkeleton(SMPL, shifted * 100, NO_TIPS)
    world = forward_kinematics(local, OFFSETS)
    root = (world.positions[:, 0] + (world.rotations[:, 0] @ shift)) * 100 + torch.tensor([30.0, 90, -20]).double()
    pose = fit_retargeter(source, match_humanoid(SMPL))(local, root)
    expected = world.positions + torch.tensor([0.3, 0.9, -0.2]).double()
    pelvis = pose.transl + torch.tensor(PELVIS_REST).double()
    placed = forward_kinematics(pose.local_rotations, OFFSETS, pelvis).positions
    assert float((placed - expected).abs().max()) < 1e-6


@pytest.mark.parametrize("gone", ["left_foot right_foot", "left_collar right_collar", "neck", "head", "spine2",
                                  "spine1 spine2", "left_hand right_hand"])  # fmt: skip
def test_skeletons_that_lack_a_joint_still_read(gone):
    names = [name for name in SMPL.joint_names if name not in gone.split()]
    parents = []
    for name in names:
        parent = SMPL.parents[SMPL.index(name)]
        while parent >= 0 and SMPL.joint_names[parent] not in names:
            parent = SMPL.parents[parent]
        parents.append(names.index(SMPL.joint_names[parent]) if parent >= 0 else -1)
    skeleton = Skeleton("less", tuple(names), tuple(parents))
    points = rest.smpl_rest_points()
    keep = [SMPL.index(name) for name in names]
    offsets = points[keep] - points[keep][[max(parent, 0) for parent in parents]]
    source = SourceSkeleton(skeleton, offsets, torch.full((len(names), 3), torch.nan, dtype=torch.float64))
    match = match_humanoid(skeleton)
    assert not match.missing_required
    local = random_rotations(10, len(names), seed=3).double()
    pose = fit_retargeter(source, match)(local, torch.zeros(10, 3, dtype=torch.float64)).validated()
    at_rest = torch.eye(3, dtype=torch.float64).expand(1, len(names), 3, 3)
    still = fit_retargeter(source, match)(at_rest, torch.zeros(1, 3, dtype=torch.float64))
    assert float(rotation_angle(still.local_rotations).max()) < 1e-6
    world = forward_kinematics(local, offsets, skeleton=skeleton).positions
    left, right = skeleton.index("left_elbow"), skeleton.index("left_wrist")
    bone = world[:, right] - world[:, left]
    joints = forward_kinematics(pose.local_rotations, OFFSETS).positions
    mine = rest.bone(joints, "left_elbow", "left_wrist")
    assert float((torch.nn.functional.cosine_similarity(bone, mine)).min()) > 1 - 1e-9


def test_leaning_reference_poses_are_put_upright():
    lean = about("x", 40)
    frames = torch.stack([lean] * 24)
    points = forward_kinematics(world_to_local(frames), OFFSETS).positions
    corrections, notes = rest_corrections(points)
    assert largest_error_deg(corrections[: SMPL.index("left_ankle")][[0, 3, 6]], frames[[0, 3, 6]]) < 1e-6
    assert "40°" in notes[0]


def test_feet_that_differ_only_in_build_stay_level():
    points = rest.smpl_rest_points()
    for side in ("left", "right"):
        ankle = rest.point(points, f"{side}_ankle")
        points[SMPL.index(f"{side}_foot")] = ankle + torch.tensor([0.0, -0.02, 0.15]).double()
    corrections, _ = rest_corrections(points)
    assert torch.equal(corrections[SMPL.index("left_ankle")], corrections[SMPL.index("left_foot")])
    up = corrections[SMPL.index("left_ankle")][:, 1]
    assert torch.allclose(up, torch.tensor([0.0, 1, 0]).double())


def test_asked_up_axis_is_obeyed():
    local = random_poses(5)
    source, moved, root = expressed_on(posed_rest(30, 5), torch.eye(3).double(), 1.0, local)
    retargeter = fit_retargeter(source, match_humanoid(SMPL), up="z")
    turned = retargeter(moved, root)
    world = forward_kinematics(turned.local_rotations, OFFSETS).rotations[:, 0]
    expected = about("x", -90) @ forward_kinematics(local, OFFSETS).rotations[:, 0]
    # Only the world is turned: the pelvis stands to it as before.
    assert largest_error_deg(world, expected) < 3
    assert "as asked" in retargeter.notes[0]


def test_exchanged_sides_are_warned_about():
    mirrored = OFFSETS * torch.tensor([-1.0, 1, 1]).double()
    retargeter = fit_retargeter(SourceSkeleton(SMPL, mirrored, NO_TIPS), match_humanoid(SMPL))
    assert any("left and right" in warning for warning in retargeter.warnings)


def test_legs_without_length_are_refused():
    with pytest.raises(InvalidPoseError, match="no length"):
        fit_retargeter(SourceSkeleton(SMPL, OFFSETS * 0, NO_TIPS), match_humanoid(SMPL))


def test_nearest_axes_are_found_for_all_right_angles():
    for axis in "xyz":
        for turns in range(4):
            rotation = about(axis, 90 * turns)
            assert torch.allclose(rest.nearest_axes(rotation @ about("z", 20)), rotation, atol=1e-9)


def test_standing_misfit_tells_postures_apart():
    standing = rest.smpl_rest_points()
    assert float(torch.rad2deg(rest.standing_misfit(standing))) < 15
    local = torch.eye(3, dtype=torch.float64).repeat(24, 1, 1)
    local[SMPL.index("left_hip")] = about("x", -90)
    sitting = forward_kinematics(local, OFFSETS).positions
    assert float(torch.rad2deg(rest.standing_misfit(sitting))) > 80
    assert rest.standing_misfit(torch.zeros(24, 3)) == torch.inf


def test_limb_directions_of_real_poses(shared_data):
    """Against the joint positions in the file, which other code made."""
    path = shared_data / "cmu_poses_30k.npz"
    packed = PackedPoses(path)
    rows = packed.rows()[::14]
    with np.load(path) as file:
        joints = torch.from_numpy(file["joints"][rows].astype(np.float32))
        root = quaternion_to_matrix(torch.from_numpy(file["quat"][rows, 0].astype(np.float32)))
    turn = about_axis("y", -heading_angle(root)).transpose(-1, -2)
    points = joints[:, [packed.match.joints[name] for name in SMPL.joint_names]] @ turn
    errors = limb_direction_errors(packed.pose(rows), points, LIMB_BONES)
    assert float(errors.mean()) < 0.1
    assert float(errors.max()) < 1


def test_pose_type():
    retargeter = fit_retargeter(SourceSkeleton(SMPL, OFFSETS, NO_TIPS), match_humanoid(SMPL))
    pose = retargeter(random_poses(2), torch.zeros(2, 3, dtype=torch.float64))
    assert isinstance(pose, Pose)
    assert pose.batch_shape == (2,)
