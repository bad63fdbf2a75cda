"""Anatomical angles: what they mean (measured on joint positions), round trips, mirror, limits, documentation."""

import math
from pathlib import Path

import pytest
import torch
from conftest import ROOT, random_rotations
from hypothesis import given, settings
from hypothesis import strategies as st

from chatpose.body import rotations as rot
from chatpose.body.angle_table import (
    ANGLE_NAMES,
    ANGLES,
    GROUP_NAMES,
    GROUPS,
    PELVIS_NAMES,
    angle_index,
    mirrored_angle,
)
from chatpose.body.angles import (
    angles_to_body_pose,
    angles_to_orient,
    angles_to_pose,
    body_pose_to_angles,
    group_angles,
    orient_to_angles,
    pose_to_angles,
)
from chatpose.body.joint_limits import (
    ELEVATION_NAMES,
    LIMIT_NAMES,
    LIMITS,
    beyond_limits,
    clamp_angles,
    clamp_to_limits,
    limit_bounds,
    limit_violations,
    limits_markdown,
    within_limits,
)
from chatpose.body.kinematics import forward_kinematics
from chatpose.body.pose import Pose
from chatpose.body.skeleton import SMPL, smpl_rest_offsets
from chatpose.corpus.packed import PackedPoses
from chatpose.errors import InvalidPoseError, UnknownNameError

DOWN, FORWARD, LEFT = torch.tensor([0.0, -1, 0]), torch.tensor([0.0, 0, 1]), torch.tensor([1.0, 0, 0])


def positions(**angles_deg: float) -> dict[str, torch.Tensor]:
    """Joint positions of a pose given by angles."""
    pose = angles_to_pose(angles_deg)
    joints = forward_kinematics(pose.local_rotations, smpl_rest_offsets()).positions
    return dict(zip(SMPL.joint_names, joints, strict=True))


def bone(joints: dict[str, torch.Tensor], start: str, end: str) -> torch.Tensor:
    return torch.nn.functional.normalize(joints[end] - joints[start], dim=-1)


def angle_deg(first: torch.Tensor, second: torch.Tensor) -> float:
    return math.degrees(float(rot.angle_between(first, second)))


def sagittal_deg(direction: torch.Tensor) -> float:
    """Angle of a direction from straight down towards the front."""
    return math.degrees(math.atan2(float(direction[2]), -float(direction[1])))


def sampled_angles(count: int, *, extreme: bool, dtype: torch.dtype = torch.float32) -> torch.Tensor:
    """Uniform over the box of limits, cut by elevations and sums."""
    low, high = limit_bounds(torch.zeros((), dtype=dtype), extreme=extreme)
    box = low + (high - low) * torch.rand(count, len(LIMIT_NAMES), dtype=dtype)
    return clamp_angles(box[:, : len(ANGLE_NAMES)], extreme=extreme)


class TestNames:
    def test_23_joints_have_three_angles_each(self):
        assert len(ANGLE_NAMES) == len(set(ANGLE_NAMES)) == 69
        assert [angle.joint for angle in ANGLES[::3]] == list(SMPL.joint_names[1:])

    def test_every_name_mirrors_to_a_name_and_back(self):
        for name in (*ANGLE_NAMES, *GROUP_NAMES):
            other, sign = mirrored_angle(name)
            assert mirrored_angle(other) == (name, sign)

    def test_shares_of_groups_sum_to_one(self):
        for group in GROUPS:
            assert sum(group.shares) == pytest.approx(1.0)
            assert set(group.members) <= set(ANGLE_NAMES)

    def test_unknown_name_says_what_is_near(self):
        with pytest.raises(UnknownNameError, match="left_elbow_flexion"):
            angles_to_pose({"left_elbow_flexon": 10})
        with pytest.raises(UnknownNameError, match="left_knee_flexion"):
            angle_index("left_knee_flex")


class TestMeaning:
    def test_zero_is_the_anatomical_stance(self):
        joints = positions()
        for side in ("left", "right"):
            assert angle_deg(bone(joints, f"{side}_shoulder", f"{side}_elbow"), DOWN) < 0.1
            for start, end in (("elbow", "wrist"), ("hip", "knee"), ("knee", "ankle")):
                direction = bone(joints, f"{side}_{start}", f"{side}_{end}")
                assert abs(sagittal_deg(direction)) < 0.1
                assert angle_deg(direction, DOWN) < 7  # carrying angle and the like
        assert joints["left_ankle"][1] == joints["right_ankle"][1]

    def test_the_rest_pose_reads_as_arms_held_out(self):
        angles = pose_to_angles(Pose.identity())
        assert 80 < float(angles["left_shoulder_abduction"]) < 95
        assert 2 < float(angles["left_knee_flexion"]) < 8
        small = {name: abs(float(value)) for name, value in angles.items() if "shoulder" not in name}
        assert max(small.values()) < 6

    @pytest.mark.parametrize("side", ["left", "right"])
    @pytest.mark.parametrize("flexion", [0.0, 30.0, 90.0, 120.0, 150.0])
    def test_elbow_and_knee_flexion_are_true_angles_between_bones(self, side, flexion):
        joints = positions(**{f"{side}_elbow_flexion": flexion, f"{side}_knee_flexion": flexion})
        for start, middle, end in (("hip", "knee", "ankle"), ("shoulder", "elbow", "wrist")):
            upper = bone(joints, f"{side}_{start}", f"{side}_{middle}") * torch.tensor([0.0, 1, 1])
            lower = bone(joints, f"{side}_{middle}", f"{side}_{end}") * torch.tensor([0.0, 1, 1])
            assert angle_deg(upper, lower) == pytest.approx(flexion, abs=0.1)

    @pytest.mark.parametrize("side", ["left", "right"])
    @pytest.mark.parametrize("lift", [-40.0, 20.0, 90.0, 135.0, 175.0])
    def test_upper_arm_and_thigh_elevation(self, side, lift):
        outwards = LEFT if side == "left" else -LEFT
        arm = bone(positions(**{f"{side}_shoulder_flexion": lift}), f"{side}_shoulder", f"{side}_elbow")
        assert sagittal_deg(arm) == pytest.approx(lift, abs=0.1)
        assert abs(float(arm[0])) < 1e-3
        arm = bone(positions(**{f"{side}_shoulder_abduction": lift}), f"{side}_shoulder", f"{side}_elbow")
        assert math.degrees(math.atan2(float(arm @ outwards), float(arm @ DOWN))) == pytest.approx(lift, abs=0.1)
        thigh = bone(positions(**{f"{side}_hip_flexion": lift}), f"{side}_hip", f"{side}_knee")
        assert sagittal_deg(thigh) == pytest.approx(lift, abs=0.1)
        thigh = bone(positions(**{f"{side}_hip_abduction": 40.0}), f"{side}_hip", f"{side}_knee")
        rest = bone(positions(), f"{side}_hip", f"{side}_knee")
        assert angle_deg(thigh, rest) == pytest.approx(40, abs=0.1)
        assert float(thigh @ outwards) > 0.6

    @pytest.mark.parametrize("elevation", [0.0, 20.0, -10.0])
    def test_shoulder_angles_do_not_depend_on_the_collar_bone(self, elevation):
        joints = positions(left_shoulder_abduction=90, left_collar_elevation=elevation, left_collar_protraction=15)
        assert angle_deg(bone(joints, "left_shoulder", "left_elbow"), LEFT) < 0.1

    @pytest.mark.parametrize(
        ("angles", "joint", "direction"),
        [
            ({"left_shoulder_internal_rotation": 60, "left_elbow_flexion": 90}, "left_wrist", -LEFT),
            ({"right_shoulder_internal_rotation": 60, "right_elbow_flexion": 90}, "right_wrist", LEFT),
            ({"left_elbow_valgus": 20}, "left_wrist", LEFT),
            ({"left_wrist_flexion": 60}, "left_hand", -LEFT),
            ({"right_wrist_flexion": 60}, "right_hand", LEFT),
            ({"left_wrist_ulnar_deviation": 30}, "left_hand", -FORWARD),
            ({"left_hip_internal_rotation": 40}, "left_foot", -LEFT),
            ({"right_hip_internal_rotation": 40}, "right_foot", LEFT),
            ({"left_knee_flexion": 60}, "left_ankle", -FORWARD),
            ({"left_knee_varus": 20}, "left_ankle", -LEFT),
            ({"left_knee_internal_rotation": 20}, "left_foot", -LEFT),
            ({"left_ankle_dorsiflexion": 20}, "left_foot", -DOWN),
            ({"left_ankle_internal_rotation": 20}, "left_foot", -LEFT),
            ({"spine1_flexion": 20}, "head", FORWARD),
            ({"spine_flexion": 40}, "head", FORWARD),
            ({"spine_bend_left": 20}, "head", LEFT),
            ({"spine_twist_left": 20}, "left_shoulder", -FORWARD),
            ({"lower_neck_flexion": 20}, "head", FORWARD),
            ({"left_collar_elevation": 20}, "left_shoulder", -DOWN),
            ({"left_collar_protraction": 20}, "left_shoulder", FORWARD),
            ({"right_collar_protraction": 20}, "right_shoulder", FORWARD),
            ({"pelvis_forward_tilt": 30}, "head", FORWARD),
            ({"pelvis_left_tilt": 30}, "head", LEFT),
            ({"pelvis_heading": 30}, "left_hip", -FORWARD),
        ],
    )
    def test_signs(self, angles, joint, direction):
        assert float((positions(**angles)[joint] - positions(**dict.fromkeys(angles, 0.0))[joint]) @ direction) > 0.005

    @pytest.mark.parametrize("side", ["left", "right"])
    def test_turns_about_a_bone_leave_its_far_end_where_it_was(self, side):
        for angle, joint in (
            ("elbow_pronation", "wrist"),
            ("collar_backward_rotation", "shoulder"),
            ("shoulder_internal_rotation", "elbow"),
            ("knee_internal_rotation", "ankle"),
        ):
            moved, still = positions(**{f"{side}_{angle}": 40.0}), positions()
            assert torch.allclose(moved[f"{side}_{joint}"], still[f"{side}_{joint}"], atol=1e-5)

    def test_pronation_turns_the_thumb_inwards(self):
        pose = angles_to_pose({"left_forearm_pronation": 80.0})
        world = forward_kinematics(pose.local_rotations, smpl_rest_offsets()).rotations
        thumb = world[SMPL.index("left_wrist")] @ FORWARD  # in the T-pose the thumb points forward
        assert float(thumb @ -LEFT) > 0.95

    def test_inversion_turns_the_sole_to_the_midline(self):
        for name in ("left_ankle_inversion", "left_toes_inversion"):
            world = forward_kinematics(angles_to_pose({name: 20.0}).local_rotations, smpl_rest_offsets()).rotations
            assert float(world[SMPL.index("left_foot")] @ DOWN @ -LEFT) > 0.3

    def test_toes_and_fingers_curl(self):
        still, curled = (
            forward_kinematics(angles_to_pose(angles).local_rotations, smpl_rest_offsets()).rotations
            for angles in ({}, {"left_toes_flexion": 30.0, "left_fingers_flexion": 30.0})
        )
        toes, fingers = SMPL.index("left_foot"), SMPL.index("left_hand")
        assert float((curled[toes] @ FORWARD) @ DOWN) > 0.4
        assert float(((curled[fingers] - still[fingers]) @ LEFT) @ -LEFT) > 0.3  # the hand lies along +x in the T-pose

    def test_pelvis_heading_is_the_heading(self):
        orient = random_rotations(200, max_angle_rad=2.0)
        assert torch.allclose(orient_to_angles(orient)[:, 0], rot.heading_angle(orient), atol=1e-4)


class TestRoundTrip:
    @pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
    @pytest.mark.parametrize("extreme", [False, True])
    def test_ten_thousand_in_the_limits(self, dtype, extreme):
        angles = sampled_angles(10_000, extreme=extreme, dtype=dtype)
        body_pose = angles_to_body_pose(angles)
        again = body_pose_to_angles(body_pose)
        assert again.dtype == dtype
        assert float(torch.rad2deg((again - angles).abs()).max()) < 0.1
        error = rot.geodesic_distance(angles_to_body_pose(again), body_pose)
        assert float(torch.rad2deg(error).max()) < 0.1

    def test_near_straight_up(self):
        """Swings within 0.15° of half a turn, where the bone's direction hardly tells where it came from."""
        angles = sampled_angles(10_000, extreme=False)
        length = math.pi + math.radians(0.15) * (2 * torch.rand(10_000) - 1)
        way = torch.rand(10_000) * 2 - 0.2
        at = angle_index("left_shoulder_flexion")
        angles[:, at], angles[:, at + 1] = length * torch.cos(way), length * torch.sin(way)
        again = body_pose_to_angles(angles_to_body_pose(angles))
        assert float(torch.rad2deg((again - angles).abs()).max()) < 0.1

    def test_beyond_straight_up_reads_on(self):
        for lift in (170.0, 180.0, 190.0, 200.0):
            angles = pose_to_angles(angles_to_pose({"left_shoulder_flexion": lift}))
            assert float(angles["left_shoulder_flexion"]) == pytest.approx(lift, abs=0.1)
            angles = pose_to_angles(angles_to_pose({"right_shoulder_abduction": lift}))
            assert float(angles["right_shoulder_abduction"]) == pytest.approx(lift, abs=0.1)

    @given(st.integers(0, 10_000), st.floats(0.0, math.pi), st.sampled_from([(), (1,), (2, 3)]))
    @settings(max_examples=60, deadline=None)
    def test_any_pose_comes_back(self, seed, most, batch):
        body_pose = random_rotations(*batch, 23, max_angle_rad=most, seed=seed)
        angles = body_pose_to_angles(body_pose)
        assert angles.shape == (*batch, 69)
        again = angles_to_body_pose(angles)
        assert float(torch.rad2deg(rot.geodesic_distance(again, body_pose)).max()) < 0.1

    @given(st.integers(0, 10_000), st.sampled_from([(), (4,), (2, 3)]))
    @settings(max_examples=30, deadline=None)
    def test_pelvis(self, seed, batch):
        orient = random_rotations(*batch, max_angle_rad=math.pi, seed=seed)
        again = angles_to_orient(orient_to_angles(orient))
        assert float(torch.rad2deg(rot.geodesic_distance(again, orient)).max()) < 0.1

    def test_dictionaries(self):
        pose = Pose.from_rotations(random_rotations(5, 24, max_angle_rad=1.0))
        again = angles_to_pose(pose_to_angles(pose))
        assert torch.allclose(again.local_rotations, pose.local_rotations, atol=1e-5)

    def test_rotations_come_out_as_rotations(self):
        assert rot.is_rotation(angles_to_body_pose(sampled_angles(500, extreme=True)), 1e-5).all()


class TestMirror:
    def test_sides_swap_exactly(self):
        pose = Pose.from_rotations(random_rotations(200, 24, max_angle_rad=2.5))
        angles, mirrored = pose_to_angles(pose), pose_to_angles(pose.mirror())
        for name in ANGLE_NAMES:
            other, sign = mirrored_angle(name)
            assert torch.equal(mirrored[other], sign * angles[name]), name
        for name in PELVIS_NAMES:
            other, sign = mirrored_angle(name)
            assert torch.allclose(mirrored[other], sign * angles[name], atol=1e-3), name

    def test_the_way_back_mirrors_too(self):
        pose = angles_to_pose({"left_hip_flexion": 70, "right_elbow_flexion": 40, "spine_twist_left": 20})
        other = angles_to_pose({"right_hip_flexion": 70, "left_elbow_flexion": 40, "spine_twist_left": -20})
        assert torch.allclose(pose.mirror().local_rotations, other.local_rotations, atol=1e-7)


class TestSetting:
    def test_groups_spread_and_sum(self):
        pose = angles_to_pose({"spine_flexion": 60, "neck_twist_left": -30, "left_forearm_pronation": 50})
        sums = group_angles(pose_to_angles(pose))
        assert float(sums["spine_flexion"]) == pytest.approx(60, abs=1e-2)
        assert float(sums["neck_twist_left"]) == pytest.approx(-30, abs=1e-2)
        assert float(sums["left_forearm_pronation"]) == pytest.approx(50, abs=1e-2)
        assert within_limits(pose)

    def test_a_base_pose_keeps_the_rest_bit_for_bit(self):
        base = Pose.from_rotations(random_rotations(3, 24, max_angle_rad=0.5))
        changed = angles_to_pose({"left_elbow_flexion": 90.0}, base)
        same = torch.ones(24, dtype=torch.bool)
        same[SMPL.index("left_elbow")] = False
        assert torch.equal(changed.local_rotations[:, same], base.local_rotations[:, same])
        angles = pose_to_angles(changed)
        assert torch.allclose(angles["left_elbow_flexion"], torch.tensor(90.0), atol=1e-2)

    def test_a_collar_bone_set_on_a_base_leaves_the_arm_where_it_points(self):
        base = angles_to_pose({"left_shoulder_abduction": 90})
        joints = forward_kinematics(
            angles_to_pose({"left_collar_elevation": 20}, base).local_rotations, smpl_rest_offsets()
        ).positions
        arm = joints[SMPL.index("left_elbow")] - joints[SMPL.index("left_shoulder")]
        assert angle_deg(arm, LEFT) < 0.1

    def test_batches_broadcast(self):
        lifts = torch.tensor([0.0, 45.0, 90.0])
        pose = angles_to_pose({"left_hip_flexion": lifts, "right_hip_flexion": 10.0})
        assert pose.batch_shape == (3,)
        assert torch.allclose(pose_to_angles(pose)["left_hip_flexion"], lifts, atol=1e-2)

    def test_bad_values(self):
        with pytest.raises(InvalidPoseError, match="finite"):
            angles_to_pose({"left_hip_flexion": float("nan")})
        with pytest.raises(InvalidPoseError, match="spine2_flexion"):
            angles_to_pose({"spine_flexion": 10, "spine2_flexion": 5})


class TestGradients:
    @pytest.mark.parametrize("where", ["zero", "low", "high", "rest", "straight up"])
    def test_finite(self, where):
        low, high = limit_bounds(torch.zeros(()))
        angles = {
            "zero": torch.zeros(69),
            "low": low[:69],
            "high": clamp_angles(high[:69]),
            "rest": body_pose_to_angles(torch.eye(3).expand(23, 3, 3)),
            "straight up": torch.zeros(69).index_fill(0, torch.tensor(angle_index("left_shoulder_flexion")), math.pi),
        }[where]
        angles = angles.clone().requires_grad_()
        body_pose = angles_to_body_pose(angles)
        (body_pose.sum() + body_pose_to_angles(body_pose).sum() + beyond_limits(angles).sum()).backward()
        assert angles.grad is not None
        assert torch.isfinite(angles.grad).all()

    def test_right(self):
        angles = sampled_angles(1, extreme=False, dtype=torch.float64) * 0.8
        assert torch.autograd.gradcheck(angles_to_body_pose, angles.requires_grad_())
        body_pose = angles_to_body_pose(angles.detach()).requires_grad_()
        assert torch.autograd.gradcheck(body_pose_to_angles, body_pose)


class TestLimits:
    def test_every_row_is_in_order_and_has_a_source(self):
        for name, row in LIMITS.items():
            assert row.extreme_low <= row.low <= 0 <= row.high <= row.extreme_high, name
            assert row.source, name

    def test_members_reach_what_their_group_allows(self):
        for group in GROUPS:
            for member, share in zip(group.members, group.shares, strict=True):
                assert LIMITS[member].low <= LIMITS[group.name].low * share + 1e-9
                assert LIMITS[member].high >= LIMITS[group.name].high * share - 1e-9

    def test_stance_and_rest_are_inside(self):
        assert within_limits(angles_to_pose({}))
        assert within_limits(Pose.identity())

    @pytest.mark.parametrize("extreme", [False, True])
    def test_clamped_poses_are_inside_and_clamping_again_changes_nothing(self, extreme):
        pose = Pose.from_rotations(random_rotations(500, 24, max_angle_rad=2.5))
        clamped = clamp_to_limits(pose, extreme=extreme)
        assert within_limits(clamped, extreme=extreme).all()
        again = clamp_to_limits(clamped, extreme=extreme)
        assert float(rot.geodesic_distance(again.body_pose, clamped.body_pose).max()) < math.radians(0.1)
        assert torch.equal(clamped.global_orient, pose.global_orient)

    def test_poses_inside_keep_every_bit(self):
        pose = Pose.from_rotations(random_rotations(50, 24, max_angle_rad=0.05))
        assert torch.equal(clamp_to_limits(pose).body_pose, pose.body_pose)

    def test_violations_in_degrees(self):
        pose = angles_to_pose({"left_knee_flexion": 150.0, "spine1_flexion": 30, "spine2_flexion": 28})
        beyond = limit_violations(pose)
        assert float(beyond["left_knee_flexion"]) == pytest.approx(15, abs=0.05)
        assert float(limit_violations(pose, extreme=True)["left_knee_flexion"]) == 0
        assert sum(float(value) > 0.01 for value in beyond.values()) == 1

    def test_a_sum_can_be_beyond_while_its_parts_are_not(self):
        pose = angles_to_pose({"left_elbow_pronation": 70, "left_wrist_pronation": 70})
        beyond = {name for name, value in limit_violations(pose).items() if float(value) > 0.01}
        assert beyond == {"left_forearm_pronation"}
        sums = group_angles(pose_to_angles(clamp_to_limits(pose)))
        assert float(sums["left_forearm_pronation"]) == pytest.approx(80, abs=0.05)

    def test_elevation_limits_what_the_box_does_not(self):
        pose = angles_to_pose({"left_shoulder_flexion": 150, "left_shoulder_abduction": 150})
        assert float(limit_violations(pose)[ELEVATION_NAMES[0]]) > 10


def test_most_mocap_poses_are_inside_the_extreme_ranges(shared_data):
    """The rows come most unusual first; a range set too narrow or a sign turned round would leave few inside."""
    poses = PackedPoses(shared_data / "cmu_poses_30k.npz")
    pose = poses.pose(poses.rows("train")[:1000])
    assert float(within_limits(pose, extreme=True).float().mean()) > 0.5


def test_documentation_holds_the_table():
    text = (Path(ROOT) / "docs" / "angles.md").read_text(encoding="utf-8")
    assert limits_markdown() in text
    for name in PELVIS_NAMES:
        assert f"`{name}`" in text
