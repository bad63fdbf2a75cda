"""The contract's pose object in JSON."""

import json

import numpy as np
import pytest
import torch
from conftest import random_rotations
from hypothesis import given, settings
from hypothesis import strategies as st

from chatpose.body.model import BodyModel
from chatpose.body.pose import Pose
from chatpose.body.rotations import geodesic_distance
from chatpose.errors import InvalidPoseError, TooLargeError, UnreadableFileError
from chatpose.formats import PoseClip, load, save
from chatpose.formats.pose_json import json_to_pose, parse_json, pose_to_json
from chatpose.formats.registry import ReadOptions

POSE = {"global_orient": [0.1, 0.2, 0.3], "body_pose": [0.01] * 69}


@pytest.fixture(scope="module")
def body() -> BodyModel:
    return BodyModel.open()


def some_pose(*batch: int, seed: int = 0) -> Pose:
    generator = torch.Generator().manual_seed(seed)
    return Pose.from_rotations(
        random_rotations(*batch, 24, max_angle_rad=3.14, seed=seed),
        betas=torch.randn(*batch, 10, generator=generator),
        transl=torch.randn(*batch, 3, generator=generator) * 10,
    )


def read(tmp_path, value, suffix: str = ".json", **options) -> PoseClip:
    path = tmp_path / f"a{suffix}"
    path.write_text(value if isinstance(value, str) else json.dumps(value), encoding="utf-8")
    return load(path, ReadOptions(**options))


@given(seed=st.integers(0, 10_000))
@settings(max_examples=30, deadline=None)
def test_round_trip(body, seed):
    pose = some_pose(seed=seed)
    entry = json.loads(json.dumps(pose_to_json(pose, body.joints(pose)), allow_nan=False))
    assert {key: np.shape(value) for key, value in entry.items()} == {
        "global_orient": (3,), "body_pose": (69,), "betas": (10,), "transl": (3,), "joints": (24, 3)
    }  # fmt: skip
    again = json_to_pose(entry)
    vectors = pose.axis_angle().double() - again.axis_angle().double()
    near_half_turn = pose.axis_angle().norm(dim=-1) > 3.1  # the axis may flip there, the rotation doesn't
    assert vectors[~near_half_turn].abs().max() < 1e-5
    assert geodesic_distance(pose.local_rotations.double(), again.local_rotations.double()).max() < 1e-5
    assert torch.allclose(again.transl, pose.transl, atol=1e-5)
    assert torch.allclose(again.betas, pose.betas, atol=1e-5)
    np.testing.assert_allclose(entry["joints"], body.joints(pose), atol=1e-5)


def test_numbers_have_seven_digits(body):
    pose = some_pose()
    for value in pose_to_json(pose, body.joints(pose))["body_pose"]:
        assert len(f"{abs(value):.15g}".replace(".", "").lstrip("0").split("e")[0]) <= 7
    assert "-0.0" not in json.dumps(pose_to_json(Pose.identity(), body.joints(Pose.identity()))["body_pose"])


def test_nan_is_never_written(tmp_path, body):
    pose = some_pose()
    with pytest.raises(InvalidPoseError, match="joints"):
        pose_to_json(pose, torch.full((24, 3), torch.nan))
    broken = PoseClip(some_pose(2).replace(transl=torch.full((2, 3), torch.inf)))
    with pytest.raises(InvalidPoseError):
        save(broken, tmp_path / "a.json")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("suffix", [".json", ".jsonl"])
@pytest.mark.parametrize("frames", [1, 5])
def test_files(tmp_path, frames, suffix):
    clip = PoseClip(some_pose(frames), fps=None if suffix == ".jsonl" else 25.0, shape_space="smplx", gender="female")
    path = tmp_path / f"a{suffix}"
    save(clip, path)
    again = load(path)
    assert (len(again), again.fps, again.shape_space, again.gender) == (frames, clip.fps, "smplx", "female")
    assert geodesic_distance(clip.pose.local_rotations, again.pose.local_rotations).max() < 2e-3  # float32 of angles
    assert torch.allclose(again.pose.betas, clip.pose.betas, atol=1e-5)
    top = json.loads(path.read_text().splitlines()[0])
    if frames == 1 or suffix == ".jsonl":
        assert set(top) >= {"global_orient", "body_pose", "betas", "transl", "joints"}
    else:
        assert len(top["poses"]) == frames


def test_one_frame_of_the_open_body_is_the_contracts_object_and_no_more(tmp_path):
    save(PoseClip(some_pose(1)), tmp_path / "a.json")
    assert list(json.loads((tmp_path / "a.json").read_text())) == [
        "global_orient", "body_pose", "betas", "transl", "joints"
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("top", "count"),
    [
        (POSE, 1),
        ([POSE, POSE], 2),
        ({"poses": [POSE] * 3, "fps": 30}, 3),
        ({"pose": POSE, "changed_parts": ["left arm"]}, 1),
        ({"prompt": "sit", "plan": [], "poses": [{"pose": POSE, "score": 1.0}]}, 1),
        ({"input": "a.png", "people": [{"pose": POSE, "names": []}] * 2}, 2),
        ({"query": "sit", "hits": [{"id": 3, "pose": POSE}]}, 1),
        ("\n".join(json.dumps(POSE) for _ in range(4)) + "\n", 4),
        ("\ufeff" + json.dumps(POSE), 1),
        (POSE | {"body_pose": [0.0] * 63}, 1),
        (POSE | {"betas": [1.0] * 16, "transl": [1, 2, 3], "joints": "ignored"}, 1),
    ],
)
def test_shapes_of_files(tmp_path, top, count):
    clip = read(tmp_path, top)
    assert len(clip) == count
    assert clip.shape_space == "open"
    assert "y is up" in clip.notes[0]


def test_options(tmp_path):
    assert read(tmp_path, POSE, shape_space="smpl").shape_space == "smpl"
    assert read(tmp_path, {"poses": [POSE], "shape_space": "smplx"}, shape_space="smpl").shape_space == "smplx"
    assert "z is up, as asked" in read(tmp_path, POSE, up="z").notes[0]


@pytest.mark.parametrize(
    ("top", "kind", "words"),
    [
        ({"joints": [[0, 0, 0]] * 24}, UnreadableFileError, "joints alone"),
        ({"global_orient": [0, 0, 0]}, UnreadableFileError, "no body_pose"),
        ([POSE, {}], UnreadableFileError, "pose 1 has no global_orient and no body_pose"),
        ([POSE, 3], UnreadableFileError, "pose 1 is not an object"),
        ([], UnreadableFileError, "no poses"),
        ("3", UnreadableFileError, "neither"),
        ({}, UnreadableFileError, "no global_orient"),
        (POSE | {"body_pose": [0.0] * 66}, InvalidPoseError, "expected 69 or 63"),
        (POSE | {"body_pose": [0.0] * 72}, InvalidPoseError, "expected 69 or 63"),
        (POSE | {"body_pose": [[0.0] * 3] * 23}, InvalidPoseError, "in one list"),
        (POSE | {"body_pose": ["0.0"] * 69}, InvalidPoseError, "real numbers"),
        (POSE | {"body_pose": [True] * 69}, InvalidPoseError, "real numbers"),
        (POSE | {"body_pose": [None] * 69}, InvalidPoseError, "real numbers"),
        (POSE | {"body_pose": [[0]] + [0] * 68}, InvalidPoseError, "table of numbers"),
        (POSE | {"body_pose": [10**400] + [0] * 68}, InvalidPoseError, "numbers"),
        (POSE | {"body_pose": {"a": 1}}, InvalidPoseError, "real numbers"),
        (POSE | {"global_orient": []}, InvalidPoseError, "expected 3 numbers"),
        (POSE | {"transl": [1e300, 0, 0]}, InvalidPoseError, "absurdly large"),
        (json.dumps(POSE).replace("0.1,", "1e999,"), InvalidPoseError, "pelvis"),
        (json.dumps(POSE).replace("0.1,", "NaN,"), UnreadableFileError, "holds NaN"),
        (json.dumps(POSE).replace("0.1,", "-Infinity,"), UnreadableFileError, "holds -Infinity"),
        (json.dumps(POSE).replace("0.1,", "1" * 5000 + ","), UnreadableFileError, "absurdly long"),
        (json.dumps(POSE)[:-40], UnreadableFileError, "not sound JSON"),
        (json.dumps(POSE) + "\n" + json.dumps(POSE)[:-9], UnreadableFileError, "line 2 is not sound"),
        (json.dumps(POSE) + "}", UnreadableFileError, "Extra data"),
        ('{"global_orient": [0,0,0], "global_orient": [1,0,0]}', UnreadableFileError, "twice"),
        ("[" * 100_000, UnreadableFileError, "nested too deeply"),
        ('{"a":' * 100_000, UnreadableFileError, "nested too deeply"),
        ({"poses": [POSE], "shape_space": "mine"}, UnreadableFileError, "unknown shape_space"),
    ],
)
def test_refused(tmp_path, top, kind, words):
    with pytest.raises(kind, match=words) as caught:
        read(tmp_path, top)
    assert "\n" not in str(caught.value)
    assert "a.json" in str(caught.value)


def test_text_that_is_no_utf8(tmp_path):
    (tmp_path / "a.json").write_bytes(b'{"\xff\xfe": 1}')
    with pytest.raises(UnreadableFileError, match="not text"):
        load(tmp_path / "a.json")


def test_millions_of_lists():
    with pytest.raises(TooLargeError):
        parse_json(b"[" + b"[]," * 2_000_000 + b"0]")


def test_betas_of_another_body_don_t_shape_the_joints(tmp_path, body):
    pose = some_pose(1)
    save(PoseClip(pose, shape_space="smpl"), tmp_path / "a.json")
    joints = json.loads((tmp_path / "a.json").read_text())["joints"]
    plain = body.joints(pose.replace(betas=torch.zeros(1, 10)))[0]
    np.testing.assert_allclose(joints, plain, atol=1e-5)
