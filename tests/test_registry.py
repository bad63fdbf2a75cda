"""One load, one save: which reader and writer serve which file, and what happens when they fail."""

import json

import numpy as np
import pytest

from chatpose.body.pose import Pose
from chatpose.errors import InvalidPoseError, TooLargeError, UnreadableFileError, UnwritableFileError
from chatpose.formats import PoseClip, load, save
from chatpose.formats.registry import (
    FORMATS,
    ReadOptions,
    WriteOptions,
    format_to_write,
    readable_suffixes,
    writable_suffixes,
)


@pytest.fixture
def clip() -> PoseClip:
    return PoseClip(Pose.identity((3,)), fps=30.0)


def test_suffixes():
    assert {".npz", ".npy", ".json", ".pkl", ".bvh", ".amc"} <= set(readable_suffixes())
    assert {".npz", ".npy", ".json", ".bvh", ".glb", ".obj", ".png", ".openpose.json"} <= set(writable_suffixes())
    assert all(suffix == suffix.lower() for kind in FORMATS for suffix in kind.suffixes)


@pytest.mark.parametrize(
    ("name", "kind"),
    [("a.json", "json"), ("a.openpose.json", "openpose-json"), ("A.OpenPose.PNG", "openpose-png"), ("a.b.PNG", "png"),
     ("a.NPZ", "npz"), ("a.depth.png", "depth-png"), ("новая поза.jsonl", "json")],
)  # fmt: skip
def test_the_longest_suffix_wins_in_any_case(tmp_path, name, kind):
    assert format_to_write(tmp_path / name).name == kind


@pytest.mark.parametrize("name", ["a", "a.npz.zip", "a.pkl", "a.amc", "npz", "a."])
def test_unknown_suffix_for_writing(tmp_path, clip, name):
    with pytest.raises(UnwritableFileError, match="npz") as caught:
        save(clip, tmp_path / name)
    assert "unknown suffix" in str(caught.value)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("suffix", [".npz", ".npy", ".json"])
@pytest.mark.parametrize("claimed", [".npz", ".npy", ".json", ".bvh", ".amc", ".PKL", ".dat", ""])
def test_content_comes_before_suffix(tmp_path, clip, suffix, claimed):
    save(clip, tmp_path / f"a{suffix}")
    lying = (tmp_path / f"a{suffix}").rename(tmp_path / f"b{claimed}")
    again = load(lying)
    assert len(again) == 3
    assert any("in spite of its suffix" in note for note in again.notes) == (claimed not in (suffix, ".dat", ""))


def test_suffix_in_capitals(tmp_path, clip):
    for name in ("A.NPZ", "B.Npy", "C.JSON"):
        save(clip, tmp_path / name)
        assert len(load(tmp_path / name)) == 3
    assert sorted(path.name for path in tmp_path.iterdir()) == ["A.NPZ", "B.Npy", "C.JSON"]


def test_what_is_written_but_not_read(tmp_path):
    (tmp_path / "a.obj").write_text("v 0 0 0\n")
    with pytest.raises(UnreadableFileError, match="written but not read"):
        load(tmp_path / "a.obj")
    (tmp_path / "a.docx").write_bytes(b"\0\1\2")
    with pytest.raises(UnreadableFileError, match="of no kind"):
        load(tmp_path / "a.docx")


def test_messages_name_the_file_once(tmp_path):
    for name in ("odd\nname.npy", "поза.npy"):
        np.save(tmp_path / name, np.zeros((2, 5)))
        with pytest.raises(InvalidPoseError) as caught:
            load(tmp_path / name)
        message = str(caught.value)
        assert message.isprintable()
        assert message.startswith(name.replace("\n", "\\n"))


def test_memory_that_is_not_there(tmp_path, monkeypatch):
    np.save(tmp_path / "a.npy", np.zeros((2, 72)))

    def greedy(*_):
        raise MemoryError

    monkeypatch.setattr("chatpose.formats.rotations_npy.read_npy", greedy)
    with pytest.raises(TooLargeError, match=r"a\.npy"):
        load(tmp_path / "a.npy")


def test_one_frame_formats_take_one_frame(tmp_path, clip):
    with pytest.raises(InvalidPoseError, match="--frame"):
        save(clip, tmp_path / "a.obj")
    assert not list(tmp_path.iterdir())


def test_nothing_is_written_when_the_writer_fails(tmp_path, clip, monkeypatch):
    def failing(clip, path, options):
        path.write_text("half")
        raise InvalidPoseError("no")

    monkeypatch.setattr("chatpose.formats.smpl_npz.write_npz", failing)
    (tmp_path / "a.npz").write_text("old")
    with pytest.raises(InvalidPoseError):
        save(clip, tmp_path / "a.npz")
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("a.npz", "old")]


def test_bad_poses_are_not_written(tmp_path, clip):
    bad = clip.with_pose(clip.pose.replace(transl=clip.pose.transl * np.nan))
    for suffix in (".npz", ".npy", ".json"):
        with pytest.raises(InvalidPoseError, match="NaN"):
            save(bad, tmp_path / f"a{suffix}")
    assert not list(tmp_path.iterdir())


def test_options_have_defaults():
    assert ReadOptions() == ReadOptions(up=None, shape_space=None)
    assert WriteOptions().unit == "m"


def test_every_pair_of_own_formats_keeps_the_pose(tmp_path, clip):
    for first in (".npz", ".npy", ".json", ".jsonl"):
        for second in (".npz", ".npy", ".json", ".jsonl"):
            save(clip, tmp_path / f"a{first}")
            save(load(tmp_path / f"a{first}"), tmp_path / f"b{second}")
            again = load(tmp_path / f"b{second}")
            np.testing.assert_allclose(again.pose.local_rotations, clip.pose.local_rotations, atol=1e-6)
            np.testing.assert_allclose(again.pose.transl, 0, atol=1e-6)
    json.loads((tmp_path / "a.json").read_text())
