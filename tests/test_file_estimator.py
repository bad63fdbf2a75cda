"""People out of files of poses, and the adapter for 4D-Humans."""

from typing import Any

import numpy as np
import pytest
import torch
from photo_fakes import grey_photo, standing_at

from chatpose.body.model import BodyModel
from chatpose.body.pose import Pose
from chatpose.errors import InvalidPoseError, MissingFileError, UnknownNameError, UnreadableFileError
from chatpose.formats import PoseClip, save
from chatpose.perception.body_landmarks import BodyLandmarks
from chatpose.perception.estimator import PhotoEstimator
from chatpose.perception.file_estimator import (
    PELVIS_M,
    FileEstimator,
    estimates_beside,
    is_estimates_file,
    judged_axes,
    people_of_poses,
)
from chatpose.perception.four_d_humans import FourDHumans, is_four_d_humans
from chatpose.perception.photo_camera import PhotoCamera

DOWN = torch.diag(torch.tensor([1.0, -1.0, -1.0]))
PHOTO = grey_photo(400, 600)


@pytest.fixture(scope="module")
def body() -> BodyModel:
    return BodyModel.open()


@pytest.fixture
def people() -> Pose:
    """Two people in the photo frame, the second one nearer."""
    return standing_at((-0.6, 0.1, -5.0), (0.4, 0.2, -3.0))


def pelvis(pose: Pose, body: BodyModel) -> torch.Tensor:
    return body.joints(pose)[..., 0, :]


def opencv_arrays(people: Pose, body: BodyModel, rest: torch.Tensor | None = None) -> dict[str, Any]:
    """As estimators write: y down, z away, the pelvis at its rest place plus the translation."""
    rest = body.rest_joints(people.betas)[:, 0] if rest is None else rest
    return {
        "global_orient": (DOWN @ people.global_orient)[:, None].numpy(),
        "body_pose": people.body_pose.numpy(),
        "betas": people.betas.numpy(),
        "transl": (pelvis(people, body) @ DOWN - rest).numpy(),
    }


@pytest.mark.parametrize("axes", [None, "y down"])
def test_poses_with_y_down(tmp_path, people, body, axes):
    path = tmp_path / "people.npz"
    np.savez(path, **opencv_arrays(people, body), shape_space="open")
    found = FileEstimator(path, axes=axes).people(PHOTO)
    assert len(found) == 2
    nearer, further = found
    assert torch.allclose(nearer.pose.local_rotations, people[1].local_rotations, atol=1e-5)
    assert torch.allclose(pelvis(nearer.pose, body), torch.tensor([0.4, 0.2, -3.0]), atol=1e-4)
    assert torch.allclose(pelvis(further.pose, body), torch.tensor([-0.6, 0.1, -5.0]), atol=1e-4)
    assert any("right way up" in note for note in nearer.notes) is (axes is None)


def test_poses_with_y_up(tmp_path, people, body):
    path = tmp_path / "people.json"
    save(PoseClip(people), path)
    (nearer, _) = FileEstimator(path).people(PHOTO)
    assert torch.allclose(pelvis(nearer.pose, body), torch.tensor([0.4, 0.2, -3.0]), atol=1e-4)
    assert any("y up" in note for note in nearer.notes)


def test_the_rest_place_of_smpls_pelvis_counts(tmp_path, people, body):
    path = tmp_path / "smpl.npz"
    arrays = opencv_arrays(people, body, torch.tensor(PELVIS_M["smpl"]))
    arrays["betas"] = np.ones((2, 10))
    np.savez(path, **arrays)
    (nearer, _) = FileEstimator(path, body=body).people(PHOTO)
    assert torch.allclose(pelvis(nearer.pose, body), torch.tensor([0.4, 0.2, -3.0]), atol=1e-4)
    assert not nearer.pose.betas.any(), "betas of SMPL mean nothing on the open body"


def test_landmarks_are_where_the_camera_sees_the_body(people, body):
    camera = PhotoCamera.guessed(400, 600)
    found = people_of_poses(people, camera, body, 5)
    points = BodyLandmarks(body)(people[1])
    assert np.allclose(found[0].landmarks.image_px, camera.project(points), atol=1e-2)
    assert found[0].landmarks.inside.all()
    assert found[0].visible.all()
    assert np.allclose(found[0].landmarks.world_m[[23, 24]].mean(0), 0, atol=1e-5)


def test_what_lies_outside_the_photo_is_not_visible(body):
    (person,) = people_of_poses(standing_at((0.0, -0.75, -1.0)), PhotoCamera.guessed(400, 300), body, 1)
    assert not person.visible[[7, 8, 10, 11]].any(), "ankles and feet"
    assert person.visible[15], "the head"


def test_people_without_a_place_stand_before_the_camera(tmp_path, people, body):
    path = tmp_path / "nowhere.npz"
    arrays = opencv_arrays(people, body)
    del arrays["transl"]
    np.savez(path, **arrays)
    first, _ = FileEstimator(path).people(PHOTO)
    assert torch.allclose(pelvis(first.pose, body)[2], torch.tensor(-3.0), atol=0.3)
    assert any("behind the camera" in note for note in first.notes)


def test_a_limit_and_another_focal_length(tmp_path, people, body):
    path = tmp_path / "people.npz"
    np.savez(path, **opencv_arrays(people, body), shape_space="open")
    (one,) = FileEstimator(path, focal_px=900).people(PHOTO, 1)
    assert one.camera.focal_px == 900
    assert any("2 people" in note for note in one.notes)


def test_judged_axes():
    upright = standing_at((0.0, 0.0, -3.0), (0.0, 0.0, -3.0), (0.0, 0.0, -3.0))
    assert judged_axes(upright) == "y up"
    assert judged_axes(upright.replace(global_orient=DOWN @ upright.global_orient)) == "y down"


def test_bad_files(tmp_path, body):
    assert isinstance(FileEstimator("x.npz", body=body), PhotoEstimator)
    with pytest.raises(MissingFileError, match=r"gone\.npz"):
        FileEstimator(tmp_path / "gone.npz").people(PHOTO)
    bad = tmp_path / "bad.npz"
    np.savez(bad, what=np.zeros(3))
    with pytest.raises(UnreadableFileError, match=r"bad\.npz"):
        FileEstimator(bad).people(PHOTO)
    with pytest.raises(UnknownNameError, match="y down"):
        FileEstimator(bad, axes="sideways")  # type: ignore[arg-type]


def test_files_beside_photos(tmp_path):
    photo, poses = tmp_path / "beach.jpg", tmp_path / "beach.npz"
    with pytest.raises(MissingFileError, match=r"beach\.npz"):
        estimates_beside(photo, ".npz")
    poses.write_bytes(b"x")
    assert estimates_beside(photo, ".npz") == poses
    assert is_estimates_file(".npz")
    assert is_estimates_file("some/Poses.PKL")
    assert not is_estimates_file("package.module:Class")


# --- 4D-Humans -------------------------------------------------------------------------------------------------------


@pytest.fixture
def four_d(tmp_path, people, body):
    """A file as docs/photos.md saves it, made from known people; the original was never at hand."""
    path = tmp_path / "people.npz"
    arrays = opencv_arrays(people, body, torch.tensor(PELVIS_M["smpl"]))
    np.savez(path, **{k: arrays[k] for k in ("global_orient", "body_pose", "betas")}, cam_t=arrays["transl"],
             focal_length=np.float32(5000 / 256 * 600))  # fmt: skip
    return path


def test_results_of_4d_humans(four_d, body):
    assert is_four_d_humans(four_d)
    nearer, further = FourDHumans(four_d, body=body).people(PHOTO)
    assert torch.allclose(pelvis(nearer.pose, body), torch.tensor([0.4, 0.2, -3.0]), atol=1e-4)
    assert torch.allclose(pelvis(further.pose, body), torch.tensor([-0.6, 0.1, -5.0]), atol=1e-4)
    assert nearer.camera.focal_px == pytest.approx(5000 / 256 * 600)
    assert any("not been tried on the original" in note for note in nearer.notes)


@pytest.mark.parametrize("key", ["cam_t", "focal_length", "betas"])
def test_4d_humans_with_something_missing(four_d, key):
    with np.load(four_d) as file:
        rest: dict[str, Any] = {name: file[name] for name in file.files if name != key}
    np.savez(four_d, **rest)
    assert not is_four_d_humans(four_d)
    with pytest.raises(UnreadableFileError, match=key):
        FourDHumans(four_d).people(PHOTO)


@pytest.mark.parametrize("value", [0.0, -5.0, np.nan])
def test_4d_humans_with_no_focal_length(four_d, value):
    with np.load(four_d) as file:
        arrays: dict[str, Any] = {name: file[name] for name in file.files}
    arrays["focal_length"] = np.float32(value)
    np.savez(four_d, **arrays)
    with pytest.raises(UnreadableFileError, match="focal_length"):
        FourDHumans(four_d).people(PHOTO)


def test_4d_humans_with_nan(four_d):
    with np.load(four_d) as file:
        arrays: dict[str, Any] = {name: file[name].copy() for name in file.files}
    arrays["body_pose"][0, 3] = np.nan
    np.savez(four_d, **arrays)
    with pytest.raises(InvalidPoseError):
        FourDHumans(four_d).people(PHOTO)
