import json

import numpy as np
import pytest
import torch

from chatpose.body.kinematics import forward_kinematics
from chatpose.body.rotations import heading_angle
from chatpose.body.skeleton import SMPL, smpl_rest_offsets
from chatpose.body.skeletons import CMU
from chatpose.corpus.packed import SPLITS, TEST_SUBJECTS, VALIDATION_SUBJECTS, PackedPoses
from chatpose.errors import MissingFileError, UnknownNameError, UnreadableFileError

SUBJECTS = (1, 2, 3, 10, 127, 131)


def offsets() -> np.ndarray:
    """The CMU tree with legs and arms of some length."""
    bones = np.zeros((len(CMU), 3), np.float32)
    for side, sign in (("l", 1), ("r", -1)):
        bones[CMU.index(f"{side}femur")] = (0.1 * sign, -0.1, 0)
        bones[CMU.index(f"{side}tibia")] = bones[CMU.index(f"{side}foot")] = (0.02 * sign, -0.4, 0)
        bones[CMU.index(f"{side}toes")] = (0, -0.05, 0.12)
        bones[CMU.index(f"{side}humerus")] = (0.18 * sign, 0.05, 0)
        bones[CMU.index(f"{side}radius")] = bones[CMU.index(f"{side}hand")] = (0.27 * sign, 0, 0)
    for name in ("upperback", "thorax", "lowerneck", "lclavicle", "rclavicle", "upperneck", "head"):
        bones[CMU.index(name)] = (0, 0.11, 0)
    return bones


@pytest.fixture
def packed_file(tmp_path):
    rng = np.random.default_rng(0)
    rows = 120
    quat = rng.normal(size=(rows, len(CMU), 4)) * 0.15 + [1, 0, 0, 0]
    quat /= np.linalg.norm(quat, axis=-1, keepdims=True)
    for row, joint in ((5, "lfoot"), (50, "rhand"), (77, "lwrist")):
        quat[row, CMU.index(joint)] = (0.3, np.sqrt(1 - 0.09), 0, 0)  # 145°
    clips = [{"clip": f"{subject:02d}_01", "description": f"walk {subject}", "fps": 120} for subject in SUBJECTS]
    bones = np.stack([offsets(), offsets() * 1.2])
    arrays = {
        "quat": quat.astype(np.float16),
        "root": np.full((rows, 3), 0.9, np.float32),
        "clip": (np.arange(rows) % len(SUBJECTS)).astype(np.int16),
        "frame": np.arange(rows, dtype=np.int32) * 10,
        "skeleton": (np.arange(rows) % 2).astype(np.int8),
        "parents": np.array(CMU.parents, np.int8),
        "joint_names": np.array(CMU.joint_names),
        "offsets": bones.astype(np.float32),
        "ends": np.zeros_like(bones, np.float32),
        "clips_json": np.array(json.dumps(clips)),
    }
    path = tmp_path / "packed.npz"
    np.savez(path, **arrays)
    return path, arrays


def test_splits_are_by_subject_and_hold_every_row_once(packed_file):
    packed = PackedPoses(packed_file[0])
    rows = {split: packed.rows(split) for split in SPLITS}
    assert sorted(np.concatenate(list(rows.values())).tolist()) == packed.rows().tolist()
    subjects = {split: {packed.clips[clip].subject for clip in packed.clip[rows[split]]} for split in SPLITS}
    assert subjects == {"train": {1}, "validation": {3, 131}, "test": {2, 10, 127}}
    assert not TEST_SUBJECTS & VALIDATION_SUBJECTS
    with pytest.raises(UnknownNameError, match="train"):
        packed.rows("trial")  # pyright: ignore[reportArgumentType]


def test_impossible_wrists_and_ankles_are_dropped(packed_file):
    packed = PackedPoses(packed_file[0])
    assert np.flatnonzero(packed.distal_flips).tolist() == [5, 50, 77]
    assert len(packed.rows()) == 117
    assert len(packed.rows(flips=True)) == 120


def test_batches_stream_in_the_files_order(packed_file):
    packed = PackedPoses(packed_file[0])
    batches = list(packed.batches(size=50))
    assert [len(batch.pose) for batch in batches] == [50, 50, 17]
    rows = np.concatenate([batch.rows for batch in batches])
    assert rows.tolist() == packed.rows().tolist()
    assert np.array_equal(np.concatenate([batch.frames for batch in batches]), rows * 10)
    assert sum(len(batch.pose) for batch in packed.batches("train", limit=7)) == 7
    assert packed.descriptions(rows[:2]) == ["walk 1", "walk 2"]
    alone = packed.pose(rows[60:61])
    assert torch.allclose(alone.local_rotations[0], batches[1].pose.local_rotations[10], atol=1e-5)


def test_poses_face_forward_at_their_height(packed_file):
    pose = PackedPoses(packed_file[0]).pose(np.arange(20)).validated()
    assert pose.global_orient.dtype == torch.float32
    assert float(heading_angle(pose.global_orient).abs().max()) < 1e-5
    assert float(pose.transl[:, [0, 2]].abs().max()) == 0
    assert float(pose.transl[:, 1].min()) > 0.5


def test_source_joints_are_turned_like_the_poses(packed_file):
    packed = PackedPoses(packed_file[0])
    rows = np.arange(30)
    points = packed.source_joints(rows)
    joints = forward_kinematics(packed.pose(rows).local_rotations, smpl_rest_offsets()).positions
    for start, end in (("left_knee", "left_ankle"), ("right_shoulder", "right_elbow")):
        ours, theirs = (p[:, SMPL.index(end)] - p[:, SMPL.index(start)] for p in (joints, points))
        assert float(torch.nn.functional.cosine_similarity(ours, theirs).min()) > 0.99999


def test_no_rows_are_no_trouble(packed_file):
    assert PackedPoses(packed_file[0]).pose([]).batch_shape == (0,)


@pytest.mark.parametrize("broken", ["quat", "clip", "missing", "person", "text", "range"])
def test_other_files_are_refused(packed_file, broken):
    path, arrays = packed_file
    arrays = dict(arrays)
    if broken == "quat":
        arrays["quat"] = arrays["quat"][:, :5]
    elif broken == "clip":
        arrays["clip"] = arrays["clip"][:3]
    elif broken == "missing":
        del arrays["offsets"]
    elif broken == "person":
        arrays["joint_names"] = np.array([f"wheel{i}" for i in range(len(CMU))])
    elif broken == "text":
        arrays["clips_json"] = np.array("{")
    else:
        arrays["clip"] = arrays["clip"] + 100
    np.savez(path, **arrays)
    with pytest.raises(UnreadableFileError):
        PackedPoses(path)


def test_missing_files_are_named(tmp_path):
    with pytest.raises(MissingFileError, match="nothing"):
        PackedPoses(tmp_path / "nothing.npz")


def test_the_given_poses(shared_data):
    packed = PackedPoses(shared_data / "cmu_poses_30k.npz")
    assert len(packed) == 30_000
    assert int(packed.distal_flips.sum()) == 1_800
    assert sum(len(packed.rows(split)) for split in SPLITS) == 28_200
    assert packed.clips[0].description.startswith("playground")
    batch = next(packed.batches("test", size=500))
    batch.pose.validated()
    assert {packed.clips[clip].split for clip in batch.clips} == {"test"}


def test_the_given_dance_poses(shared_data):
    packed = PackedPoses(shared_data / "cmu_daz_poses_6k.npz")
    pose = packed.pose(packed.rows()[:200]).validated()
    world = forward_kinematics(pose.local_rotations, smpl_rest_offsets()).positions
    upright = world[:, SMPL.index("head"), 1] > world[:, SMPL.index("left_ankle"), 1]
    assert float(upright.float().mean()) > 0.9
    assert {clip.subject for clip in packed.clips} >= {13, 60, 94}
