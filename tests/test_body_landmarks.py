"""Keypoints without the mesh are those with it."""

import dataclasses

import pytest
import torch
from conftest import random_rotations

from chatpose.body.keypoints import KEYPOINT_SETS, keypoints
from chatpose.body.model import BodyModel
from chatpose.body.pose import Pose
from chatpose.body.rotations import about_axis
from chatpose.body.skeleton import SMPL
from chatpose.errors import UnknownNameError
from chatpose.perception.body_landmarks import BodyLandmarks
from chatpose.perception.landmarks import NAMES

THUMBS = [NAMES.index("left_thumb"), NAMES.index("right_thumb")]


@pytest.fixture(scope="module")
def model() -> BodyModel:
    return BodyModel.open()


@pytest.fixture(scope="module")
def poses() -> Pose:
    generator = torch.Generator().manual_seed(4)
    betas, transl = torch.randn(16, 10, generator=generator), torch.randn(16, 3, generator=generator)
    return Pose.from_rotations(random_rotations(16, 24, max_angle_rad=2.5), betas=betas, transl=transl)


@pytest.mark.parametrize("kind", KEYPOINT_SETS)
def test_they_are_the_skinned_keypoints(model: BodyModel, poses: Pose, kind: str) -> None:
    wanted = keypoints(model(poses), model, kind)
    torch.testing.assert_close(BodyLandmarks(model, kind)(poses), wanted, atol=1e-5, rtol=0)


def test_pose_correctives_are_applied(model: BodyModel, poses: Pose) -> None:
    generator = torch.Generator().manual_seed(1)
    posedirs = torch.randn(207, model.data.v_template.numel(), generator=generator) * 1e-3
    corrected = BodyModel(dataclasses.replace(model.data, posedirs=posedirs), model._skinning)
    wanted = keypoints(corrected(poses), corrected, "blazepose33")
    torch.testing.assert_close(BodyLandmarks(corrected)(poses), wanted, atol=1e-5, rtol=0)
    assert (wanted - BodyLandmarks(model)(poses)).abs().max() > 1e-3


def test_any_batch_shape(model: BodyModel, poses: Pose) -> None:
    landmarks = BodyLandmarks(model)
    assert landmarks(poses[0]).shape == (33, 3)
    folded = Pose(*(getattr(poses, field.name).unflatten(0, (2, 8)) for field in dataclasses.fields(poses)))
    torch.testing.assert_close(landmarks(folded).flatten(0, 1), landmarks(poses))


def test_joints_come_along(model: BodyModel, poses: Pose) -> None:
    torch.testing.assert_close(BodyLandmarks(model).of_bodies(poses).world.positions, model.joints(poses))


def test_rigid_points_are_exact_but_for_thumbs_of_bent_hands(model: BodyModel, poses: Pose) -> None:
    landmarks = BodyLandmarks(model)
    found = landmarks.of_bodies(poses)
    error = (landmarks.rigid_points(poses.betas).place(found.world) - found.points).norm(dim=-1)
    others = [number for number in range(33) if number not in THUMBS]
    assert error[:, others].max() < 1e-5
    assert error[:, THUMBS].max() > 0.01

    straight = poses.body_pose.clone()
    straight[:, [SMPL.index("left_hand") - 1, SMPL.index("right_hand") - 1]] = torch.eye(3)
    found = landmarks.of_bodies(poses.replace(body_pose=straight))
    error = (landmarks.rigid_points(poses.betas).place(found.world) - found.points).norm(dim=-1)
    assert error.max() < 1e-5


def test_thumbs_are_off_by_six_millimetres_for_ten_degrees(model: BodyModel) -> None:
    landmarks = BodyLandmarks(model)
    pose = Pose.identity().with_rotation("left_hand", about_axis("z", torch.deg2rad(torch.tensor(20.0))))
    found = landmarks.of_bodies(pose)
    error = (landmarks.rigid_points(pose.betas).place(found.world) - found.points).norm(dim=-1)
    assert 0.006 < error[THUMBS[0]] < 0.018
    assert error[THUMBS[1]] < 1e-6


def test_a_body_without_the_surface_points_is_refused(model: BodyModel) -> None:
    bare = BodyModel(dataclasses.replace(model.data, landmarks={}), model._skinning)
    with pytest.raises(UnknownNameError, match="surface point"):
        BodyLandmarks(bare)
