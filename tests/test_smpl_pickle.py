"""Pickled dictionaries of pose estimators, read without running code."""

import gzip
import pickle
import zlib

import numpy as np
import pytest
import torch
from conftest import random_rotations

from chatpose.body.rotations import geodesic_distance
from chatpose.errors import InvalidPoseError, TooLargeError, UnreadableFileError, UnsafeFileError
from chatpose.formats import PoseClip, load, save

GENERATOR = np.random.default_rng(0)


def some(*shape: int) -> np.ndarray:
    return GENERATOR.normal(size=shape) * 0.3


def read(tmp_path, value, protocol: int = 4) -> PoseClip:
    path = tmp_path / "a.pkl"
    path.write_bytes(pickle.dumps(value, protocol))
    return load(path)


@pytest.mark.parametrize("protocol", [0, 1, 2, 3, 4, 5])
def test_vibe_in_every_protocol(tmp_path, protocol):
    pose = some(5, 72)
    people = {
        1: {
            "pose": pose,
            "betas": some(5, 10),
            "pred_cam": some(5, 3),
            "frame_ids": np.arange(5),
            "bboxes": some(5, 4),
        },
        4: {"pose": some(2, 72)},
    }
    clip = read(tmp_path, people, protocol)
    assert (len(clip), clip.layout, clip.shape_space) == (5, "smpl-pkl", "smpl")
    np.testing.assert_allclose(clip.pose.axis_angle().flatten(1), pose, atol=1e-5)
    assert any("person 1 was read of 2" in note for note in clip.notes)
    assert any("y is up, assumed" in note for note in clip.notes)
    assert any("camera" in note for note in clip.notes)


def test_matrices_of_4d_humans(tmp_path):
    rotations = random_rotations(3, 24)
    matrices = rotations.numpy()
    params = {"global_orient": matrices[:, :1], "body_pose": matrices[:, 1:], "betas": some(3, 10).astype(np.float32)}
    for value in (params, {"smpl": params}, {"smpl_params": params, "cam_t": some(3, 3)}, [params]):
        clip = read(tmp_path, value)
        assert torch.rad2deg(geodesic_distance(clip.pose.local_rotations, rotations)).max() < 0.05


def test_list_of_dictionaries_are_frames(tmp_path):
    rotations = random_rotations(4, 24)
    frames = [
        {"smpl": [{"global_orient": m[None, 0], "body_pose": m[1:], "betas": some(10)}]} for m in rotations.numpy()
    ]
    clip = read(tmp_path, frames)
    assert len(clip) == 4
    assert torch.rad2deg(geodesic_distance(clip.pose.local_rotations, rotations)).max() < 0.05
    assert any("frames of one clip" in note for note in clip.notes)
    smplify = [{"body_pose": some(1, 69), "global_orient": some(1, 3), "betas": some(1, 10)} for _ in range(3)]
    assert len(read(tmp_path, smplify)) == 3
    with pytest.raises(InvalidPoseError, match="not the same kind"):
        read(tmp_path, [{"pose": some(72)}, {"pose": some(66)}])
    with pytest.raises(UnreadableFileError, match="no pose"):
        read(tmp_path, [{"pose": some(72)}, {"pause": some(72)}])


def test_smplifyx_and_lists_of_numbers(tmp_path):
    one = {"global_orient": some(1, 3), "body_pose": some(1, 63), "left_hand_pose": some(1, 6), "jaw_pose": some(1, 3)}
    clip = read(tmp_path, one)
    assert (len(clip), clip.shape_space) == (1, "smplx")
    assert len(read(tmp_path, {"pose": some(3, 72).tolist(), "trans": some(3, 3).tolist()})) == 3
    assert len(read(tmp_path, {"thetas": [row for row in some(6, 72)]})) == 6


def test_3dpw_lists_of_people(tmp_path):
    value = {"poses": [some(4, 72), some(4, 72)], "trans": [some(4, 3), some(4, 3)], "betas": [some(10), some(10)],
             "genders": ["m", "f"], "sequence": "walk"}  # fmt: skip
    clip = read(tmp_path, value)
    np.testing.assert_allclose(clip.pose.axis_angle().flatten(1), value["poses"][0], atol=1e-5)
    assert any("person 0 of 2" in note for note in clip.notes)


def test_aist(tmp_path):
    value = {"smpl_poses": some(3, 72), "smpl_trans": some(3, 3) * 90, "smpl_scaling": np.array([90.0])}
    np.testing.assert_allclose(read(tmp_path, value).pose.transl, value["smpl_trans"] / 90, atol=1e-6)


def test_plain_array(tmp_path):
    assert len(read(tmp_path, some(3, 72))) == 3


def test_converted(tmp_path):
    clip = read(tmp_path, {"pose": some(3, 72), "betas": some(10)})
    for suffix in (".npz", ".npy", ".json"):
        save(clip, tmp_path / f"b{suffix}")
        error = geodesic_distance(load(tmp_path / f"b{suffix}").pose.local_rotations, clip.pose.local_rotations)
        assert torch.rad2deg(error[:, :22]).max() < 0.05


def test_torch_and_joblib_are_told_how_to_save(tmp_path):
    with pytest.raises(UnsafeFileError, match=r"torch tensors.*numpy\.savez"):
        read(tmp_path, {"pose": torch.zeros(2, 72)})
    torch.save({"pose": torch.zeros(2, 72)}, tmp_path / "b.pkl")
    with pytest.raises(UnreadableFileError, match=r"torch file.*numpy\.savez"):
        load(tmp_path / "b.pkl")
    for packed in (zlib.compress(b"x", 3), zlib.compress(b"x", 9), gzip.compress(b"x")):
        (tmp_path / "c.pkl").write_bytes(packed)
        with pytest.raises(UnreadableFileError, match=r"joblib.*numpy\.savez"):
            load(tmp_path / "c.pkl")
    (tmp_path / "d.pkl").write_bytes(b"cjoblib.numpy_pickle\nNumpyArrayWrapper\n)R.")
    with pytest.raises(UnsafeFileError, match=r"joblib.*numpy\.savez"):
        load(tmp_path / "d.pkl")


@pytest.mark.parametrize(
    ("value", "kind", "words"),
    [
        ({"poses": some(2, 70)}, InvalidPoseError, "72 (24 joints, SMPL)"),
        ({"pose": None}, InvalidPoseError, "real numbers"),
        ({"pose": "abc"}, InvalidPoseError, "real numbers"),
        ({"pose": {"a": 1}}, InvalidPoseError, "real numbers"),
        ({"pose": np.array([None] * 72)}, InvalidPoseError, "real numbers"),
        ({"pose": [[1.0], [1.0, 2.0]]}, InvalidPoseError, "table of numbers"),
        ({"pose": np.full(72, np.nan)}, InvalidPoseError, "pelvis of pose holds NaN"),
        ({"v_template": some(4, 3), "f": some(2, 3)}, UnreadableFileError, "--body"),
        ({"joints": some(3, 24, 3)}, UnreadableFileError, "no pose"),
        ({("a", 1): 1, 2: 3, None: 4}, UnreadableFileError, "tuple, 2, NoneType"),
        ({}, UnreadableFileError, "nothing"),
        ([], UnreadableFileError, "list"),
        (3, UnreadableFileError, "int"),
        (None, UnreadableFileError, "NoneType"),
    ],
)
def test_refused(tmp_path, value, kind, words):
    with pytest.raises(kind) as caught:
        read(tmp_path, value)
    assert words in str(caught.value)
    assert str(caught.value).isprintable()


def test_nested_without_end(tmp_path):
    loop: dict = {}
    loop["person"] = loop
    many: list = [{}, {}]
    many[0]["person"] = many[1]["person"] = many
    bomb: list = [0.0] * 10
    for _ in range(12):
        bomb = [bomb] * 10  # 10¹³ numbers in a few hundred bytes
    for value in (loop, many, {"pose": bomb}, {"pose": [bomb, [1]]}, {"betas": bomb, "pose": some(72)},
                  {"gender": bomb, "fps": bomb, "still": bomb, "pose": bomb}, {"smpl_scaling": bomb, "pose": some(72),
                  "smpl_trans": some(3)}):  # fmt: skip
        with pytest.raises((UnreadableFileError, InvalidPoseError)):
            read(tmp_path, value)


def test_few_arrays_that_stand_for_many(tmp_path, monkeypatch):
    monkeypatch.setattr("chatpose.formats.smpl_pickle.MAX_ARRAY_BYTES", 50_000)
    assert len(read(tmp_path, [{"pose": np.zeros(72)}] * 50)) == 50
    with pytest.raises(TooLargeError):
        read(tmp_path, [{"pose": np.zeros(72)}] * 100)


def test_list_of_people(tmp_path):
    clip = read(tmp_path, [{"pose": some(4, 72)}, {"pose": some(3, 72)}])
    assert len(clip) == 4
    assert any("person 0 of 2" in note for note in clip.notes)


def test_tuples_whose_text_would_be_endless(tmp_path):
    bomb = b")" + b"q\x00h\x00\x86" * 60  # a pair of twice the same, sixty times: 2⁶⁰ empty tuples
    start = b"\x80\x02cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(I0\ntS'b'\ntR(I1\n"
    end = b"I0\nI1\ntRI00\nS'a'\ntb."
    for data in (
        start + bomb + b"cnumpy\ndtype\n(S'f8'\n" + end,
        start + b"(I1\ntcnumpy\ndtype\n(" + bomb + end,
        b"\x80\x02}(" + bomb + b"I1\nu.",
        b"\x80\x02}(S'pose'\n" + bomb + b"u.",
        b"\x80\x02}(I1\n}(S'pause'\n" + bomb + b"uu.",
    ):
        (tmp_path / "a.pkl").write_bytes(data)
        with pytest.raises((UnreadableFileError, InvalidPoseError)):
            load(tmp_path / "a.pkl")
