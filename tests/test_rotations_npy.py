"""npy files: one array of rotations in any notation."""

import numpy as np
import pytest
import torch
from conftest import random_rotations

from chatpose.body.pose import Pose
from chatpose.body.rotations import geodesic_distance, matrix_to_6d, matrix_to_axis_angle
from chatpose.errors import InvalidPoseError, UnreadableFileError, UnsafeFileError
from chatpose.formats import PoseClip, load, save


def notations(frames: int, joints: int) -> dict[str, np.ndarray]:
    rotations = random_rotations(frames, joints, max_angle_rad=2.0).double()
    vectors = matrix_to_axis_angle(rotations).numpy()
    return {
        "flat": vectors.reshape(frames, -1),
        "vectors": vectors,
        "matrices": rotations.numpy(),
        "flat matrices": rotations.reshape(frames, -1).numpy(),
        "6D": matrix_to_6d(rotations).numpy(),
    }


@pytest.mark.parametrize("joints", [24, 22, 52, 55])
@pytest.mark.parametrize("frames", [1, 3, 24, 55])
def test_every_notation_gives_the_same_poses(tmp_path, frames, joints):
    arrays = notations(frames, joints)
    expected = torch.tensor(arrays["matrices"][:, :22]).float()
    for name, array in arrays.items():
        for dtype in (np.float64, np.float32):
            np.save(tmp_path / "a.npy", array.astype(dtype))
            clip = load(tmp_path / "a.npy")
            assert len(clip) == frames
            error = geodesic_distance(clip.pose.local_rotations[:, :22], expected)
            assert torch.rad2deg(error).max() < 0.05, name
        if frames > 1:
            np.save(tmp_path / "a.npy", array[1])  # one pose, without the frame axis
            single = load(tmp_path / "a.npy")
            assert len(single) == 1, name
            assert torch.rad2deg(geodesic_distance(single.pose.local_rotations[0, :22], expected[1])).max() < 0.05


def test_round_trip(tmp_path):
    pose = Pose.from_rotations(random_rotations(9, 24, max_angle_rad=3.1))
    save(PoseClip(pose), tmp_path / "a.npy")
    written = np.load(tmp_path / "a.npy")
    assert (written.shape, written.dtype) == ((9, 24, 3), np.float32)
    error = geodesic_distance(load(tmp_path / "a.npy").pose.local_rotations, pose.local_rotations)
    assert torch.rad2deg(error).max() < 0.05


@pytest.mark.parametrize(
    ("array", "kind", "words"),
    [
        (np.zeros((2, 71)), InvalidPoseError, "72 (24 joints, SMPL)"),
        (np.zeros((2, 23, 3)), InvalidPoseError, "lack the pelvis"),
        (np.zeros((2, 3)), InvalidPoseError, "shape (2, 3)"),
        (np.zeros((2, 2, 24, 3)), InvalidPoseError, "shape (2, 2, 24, 3)"),
        (np.zeros(()), InvalidPoseError, "shape ()"),
        (np.zeros((0, 72)), InvalidPoseError, "0 frames"),
        (np.full((2, 72), np.nan), InvalidPoseError, "pelvis in frame 0"),
        (np.zeros((2, 24, 3, 3)), InvalidPoseError, "isn't a rotation matrix"),
        (np.array([[None] * 72]), UnsafeFileError, "Python objects"),
        (np.zeros(3, dtype=[("a", "f4")]), UnsafeFileError, "Python objects"),
        (np.zeros((2, 72), dtype="datetime64[s]"), UnreadableFileError, "number type"),
        (np.zeros((2, 72), dtype=bool), InvalidPoseError, "real numbers"),
    ],
)
def test_refused(tmp_path, array, kind, words):
    np.save(tmp_path / "a.npy", array, allow_pickle=True)
    with pytest.raises(kind) as caught:
        load(tmp_path / "a.npy")
    assert words in str(caught.value)


def test_integers_are_numbers(tmp_path):
    np.save(tmp_path / "a.npy", np.zeros((2, 72), dtype=int))
    assert torch.equal(load(tmp_path / "a.npy").pose.local_rotations, torch.eye(3).expand(2, 24, 3, 3))
