"""`Pose`: shapes, conversions, mirror, immutability, errors that say what is wrong."""

import dataclasses
import math

import pytest
import torch
from conftest import random_rotations
from hypothesis import given, settings
from hypothesis import strategies as st

from chatpose.body.kinematics import forward_kinematics
from chatpose.body.pose import Pose, concatenate_poses, stack_poses
from chatpose.body.rotations import about_axis, heading_angle, rotation_angle
from chatpose.body.skeleton import SMPL, smpl_rest_offsets
from chatpose.errors import InvalidPoseError, UnknownNameError

BATCHES = [(), (1,), (4,), (2, 3), (0,)]
many = settings(max_examples=40, deadline=None)
cases = given(st.integers(0, 10_000), st.sampled_from(BATCHES))


def random_pose(seed: int, *batch: int, most: float = 2.0) -> Pose:
    generator = torch.Generator().manual_seed(seed)
    return Pose.from_rotations(
        random_rotations(*batch, 24, max_angle_rad=most, seed=seed),
        betas=torch.randn(*batch, 10, generator=generator),
        transl=torch.randn(*batch, 3, generator=generator),
    )


def joints(pose: Pose) -> torch.Tensor:
    return forward_kinematics(pose.local_rotations, smpl_rest_offsets(pose.transl.dtype), pose.transl).positions


def fields(pose: Pose) -> list[torch.Tensor]:
    return [getattr(pose, field.name) for field in dataclasses.fields(Pose)]


class TestForms:
    @cases
    @many
    def test_axis_angle_comes_back(self, seed, batch):
        pose = random_pose(seed, *batch, most=math.pi)
        axis_angle = pose.axis_angle()
        assert axis_angle.shape == (*batch, 24, 3)
        again = Pose.from_axis_angle(axis_angle[..., 0, :], axis_angle[..., 1:, :].flatten(-2))
        assert torch.allclose(again.local_rotations, pose.local_rotations, atol=1e-5)

    @cases
    @many
    def test_local_rotations_come_back(self, seed, batch):
        pose = random_pose(seed, *batch)
        assert pose.batch_shape == batch
        again = Pose.from_rotations(pose.local_rotations, betas=pose.betas, transl=pose.transl)
        assert all(torch.equal(a, b) for a, b in zip(fields(again), fields(pose), strict=True))

    def test_63_numbers_leave_the_hands_straight(self):
        pose = Pose.from_axis_angle(torch.zeros(2, 3), torch.full((2, 63), 0.1))
        assert torch.equal(pose.body_pose[:, -2:], torch.eye(3).expand(2, 2, 3, 3))

    def test_identity(self):
        pose = Pose.identity((2, 1), dtype=torch.float64)
        assert pose.batch_shape == (2, 1)
        assert pose.betas.dtype == pose.transl.dtype == torch.float64
        assert float(rotation_angle(pose.local_rotations).max()) == 0

    def test_casting(self):
        assert all(tensor.dtype == torch.float64 for tensor in fields(random_pose(0, 2).to(torch.float64)))


class TestMirror:
    @cases
    @many
    def test_twice_is_the_same_pose_exactly(self, seed, batch):
        pose = random_pose(seed, *batch)
        assert all(torch.equal(a, b) for a, b in zip(fields(pose.mirror().mirror()), fields(pose), strict=True))

    @cases
    @many
    def test_joints_are_reflected_and_sides_exchanged(self, seed, batch):
        pose = random_pose(seed, *batch)
        expected = joints(pose)[..., list(SMPL.mirror_index), :] * torch.tensor([-1.0, 1, 1])
        assert torch.allclose(joints(pose.mirror()), expected, atol=1e-5)

    def test_mirror_leaves_rotations_valid(self):
        random_pose(1, 20).mirror().validated()


class TestChanges:
    @cases
    @many
    def test_without_heading_faces_forward_over_the_origin(self, seed, batch):
        level = random_pose(seed, *batch).without_heading()
        assert torch.allclose(heading_angle(level.global_orient), torch.zeros(batch), atol=1e-4)
        assert torch.equal(level.transl[..., [0, 2]], torch.zeros(*batch, 2))

    def test_without_heading_keeps_heights_and_shape_of_the_pose(self):
        pose = random_pose(2, 10)
        before, after = joints(pose), joints(pose.without_heading())
        assert torch.allclose(before[..., 1], after[..., 1], atol=1e-5)
        assert torch.allclose(torch.cdist(before, before), torch.cdist(after, after), atol=1e-3)

    def test_nothing_is_written_into(self):
        pose = random_pose(3, 4)
        copies = [tensor.clone() for tensor in fields(pose)]
        pose.mirror()
        pose.without_heading()
        pose.with_rotation("left_knee", torch.eye(3))
        pose.replace(transl=torch.zeros(4, 3))
        assert all(torch.equal(a, b) for a, b in zip(fields(pose), copies, strict=True))
        with pytest.raises(dataclasses.FrozenInstanceError):
            pose.transl = torch.zeros(4, 3)  # type: ignore[misc]

    def test_with_rotation_changes_one_joint(self):
        pose, turn = random_pose(4, 3), about_axis("x", torch.tensor(0.7))
        changed = pose.with_rotation("left_knee", turn)
        knee = SMPL.index("left_knee")
        others = [joint for joint in range(24) if joint != knee]
        assert torch.equal(changed.local_rotations[:, knee], turn.expand(3, 3, 3))
        assert torch.equal(changed.local_rotations[:, others], pose.local_rotations[:, others])
        assert torch.equal(changed.betas, pose.betas)
        assert torch.equal(changed.transl, pose.transl)
        with pytest.raises(UnknownNameError):
            pose.with_rotation("left_tail", turn)


class TestBatches:
    def test_index_stack_concatenate(self):
        pose = random_pose(5, 6)
        assert len(pose) == 6
        again = stack_poses([pose[i] for i in range(6)])
        assert all(torch.equal(a, b) for a, b in zip(fields(again), fields(pose), strict=True))
        again = concatenate_poses([pose[:2], pose[2:]])
        assert all(torch.equal(a, b) for a, b in zip(fields(again), fields(pose), strict=True))
        assert pose[torch.tensor([True] * 3 + [False] * 3)].batch_shape == (3,)

    def test_a_single_pose_has_no_length(self):
        with pytest.raises(TypeError):
            len(random_pose(0))
        with pytest.raises(IndexError):
            random_pose(0)[0]


class TestErrors:
    @pytest.mark.parametrize(
        ("field", "shape"),
        [("body_pose", (2, 21, 3, 3)), ("betas", (2, 16)), ("transl", (3,)), ("global_orient", (2, 3))],
    )
    def test_wrong_shapes_name_the_field(self, field, shape):
        parts = {f.name: getattr(random_pose(0, 2), f.name) for f in dataclasses.fields(Pose)}
        with pytest.raises(InvalidPoseError, match=r"shape"):
            Pose(**{**parts, field: torch.zeros(shape)})

    @pytest.mark.parametrize("count", [0, 3, 66, 72, 156])
    def test_wrong_number_of_joints(self, count):
        with pytest.raises(InvalidPoseError, match="23 joints"):
            Pose.from_axis_angle(torch.zeros(2, 3), torch.zeros(2, count))

    @pytest.mark.parametrize("value", [math.nan, math.inf])
    def test_not_finite_names_joint_and_frame(self, value):
        body_pose = torch.zeros(4, 69)
        body_pose[2, 3 * (SMPL.index("left_knee") - 1)] = value
        with pytest.raises(InvalidPoseError, match=r"left_knee.*frame 2"):
            Pose.from_axis_angle(torch.zeros(4, 3), body_pose)
        with pytest.raises(InvalidPoseError, match="transl"):
            random_pose(0).replace(transl=torch.tensor([0.0, value, 0.0])).validated()

    def test_not_a_rotation(self):
        pose = random_pose(0, 3)
        bad = pose.body_pose.clone()
        bad[1, 0] *= 1.1
        with pytest.raises(InvalidPoseError, match="left_hip isn't a rotation in frame 1"):
            pose.replace(body_pose=bad).validated()
        with pytest.raises(InvalidPoseError, match="pelvis isn't a rotation"):
            Pose.identity().replace(global_orient=-torch.eye(3)).validated()
