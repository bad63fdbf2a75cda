"""Importing files: what is found, thinned, named and measured; what is broken is told and the rest goes on."""

import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from conftest import random_rotations
from corpus_files import write_amass, write_amass_folder, write_bvh
from embedder_fake import FakeEmbedder
from library_helpers import QuickAnalyser, listed

from chatpose.atlas.compiled import Atlas
from chatpose.body.model import BodyModel
from chatpose.body.pose import Pose
from chatpose.body.rotations import about_axis
from chatpose.cli import library as command
from chatpose.cli.main import main
from chatpose.errors import ChatposeError, MissingFileError, UnreadableFileError
from chatpose.formats.clip import PoseClip
from chatpose.formats.registry import save
from chatpose.posecodes.describe import Describer
from chatpose.retrieval.find_sources import Found, Reading, find_sources
from chatpose.retrieval.importer import Imported, Progress
from chatpose.retrieval.library import Library
from chatpose.retrieval.library_analysis import PoseAnalyser
from chatpose.retrieval.library_place import own_library
from chatpose.retrieval.pose_source import ListSource, SourcePoses
from chatpose.retrieval.statement_bits import unpack_bits
from chatpose.retrieval.thinning import Thinning


@pytest.fixture(scope="module")
def body() -> BodyModel:
    return BodyModel.open()


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The command line with a quick embedder and analyser, and a library of its own."""
    monkeypatch.setattr(command, "open_embedder", lambda options: FakeEmbedder(8))
    monkeypatch.setattr("chatpose.retrieval.library_analysis.PoseAnalyser", QuickAnalyser)
    monkeypatch.setenv("CHATPOSE_LIBRARY", str(tmp_path / "own"))


def imported(folder: Path, found: Found, thinning: Thinning | None = None) -> list[Imported]:
    analyser = QuickAnalyser()
    with Library.open_or_create(folder, analyser.embedder) as library:
        return list(library.add(found.sources, analyser, thinning))


def swinging(frames: int, degrees: float) -> Pose:
    """An arm that swings evenly, then is still."""
    angle = torch.linspace(0, np.radians(degrees), frames)
    return Pose.identity((frames,)).with_rotation("left_shoulder", about_axis("z", angle))


def test_frames_that_look_alike_are_left_out(body: BodyModel) -> None:
    pose = swinging(240, 150)
    chosen = Thinning().choose(pose, 60.0, body)
    rows = body.joints(pose)
    assert 8 <= len(chosen) <= 40
    assert chosen[0] == 0
    steps = (rows[chosen[1:]] - rows[chosen[:-1]]).norm(dim=-1).amax(-1)
    assert steps.min() > 0.03
    still = pose[torch.full((5000,), 7)]
    assert Thinning().choose(still, 60.0, body).tolist() == [0]
    assert len(Thinning().choose(pose, None, body)) == 240  # no motion: all of them
    assert Thinning(every=50).choose(pose, 60.0, body).tolist() == [0, 50, 100, 150, 200]


def test_at_most_twenty_frames_a_second(body: BodyModel) -> None:
    rotations = random_rotations(120, 24, max_angle_rad=2.0)
    assert Thinning().choose(Pose.from_rotations(rotations), 120.0, body).tolist() == list(range(0, 120, 6))


def test_folders_of_several_kinds(tmp_path: Path) -> None:
    write_amass_folder(tmp_path / "in/CMU", {"01/01_01_poses.npz": 30, "02/02_01_stageii.npz": 30})
    write_amass(tmp_path / "in/CMU/01/shape.npz")
    write_bvh(tmp_path / "in/more/walk.bvh", 12)
    save(PoseClip(swinging(3, 90)), tmp_path / "in/poses.json")
    (tmp_path / "in/readme.txt").write_text("not a pose")
    (tmp_path / "in/photo.JPG").write_bytes(b"x")
    found = find_sources(str(tmp_path / "in"))
    assert [source.name for source in found.sources] == [
        "in/CMU/01/01_01_poses.npz", "in/CMU/02/02_01_stageii.npz", "in/more/walk.bvh", "in/poses.json"
    ]  # fmt: skip
    assert "1 photos" in found.left_out[0]
    assert "AMASS licence" in found.sources[0].licence
    results = imported(tmp_path / "lib", found)
    assert [result.problem for result in results] == [""] * 4
    assert [result.stored for result in results] == [10, 10, 4, 3]
    with Library.open(tmp_path / "lib") as library:
        assert library.find("in/more/walk.bvh#9").frame == 9
        assert library.verify() == []


def test_a_broken_file_is_told_and_skipped(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    write_bvh(folder / "a.bvh", 6)
    (folder / "b.bvh").write_text("HIERARCHY\nnonsense")
    (folder / "c.npz").write_bytes(b"PK\3\4 not a zip")
    write_bvh(folder / "d.bvh", 6, seed=1)
    results = imported(tmp_path / "lib", find_sources(str(folder)))
    assert [bool(result.problem) for result in results] == [False, True, True, False]
    assert "b.bvh" in results[1].problem


def test_a_reader_that_fails_doesnt_end_an_import(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ListSource, "read", lambda self: 1 / 0 if self.name == "b" else self.poses)
    results = imported(tmp_path / "lib", Found([listed("a"), listed("b", seed=1), listed("c", seed=2)]))
    assert [result.stored for result in results] == [12, 0, 12]
    assert "division" in results[1].problem


def test_poses_that_are_none_are_refused(tmp_path: Path) -> None:
    pose = Pose.from_rotations(random_rotations(3, 24) * 1.1)
    found = Found([ListSource("bad", SourcePoses(pose, np.arange(3)))])
    assert "isn't a rotation" in imported(tmp_path / "lib", found)[0].problem


def test_the_same_file_twice_is_one_entry(tmp_path: Path) -> None:
    write_bvh(tmp_path / "one/walk.bvh", 12)
    write_bvh(tmp_path / "two/copy.bvh", 12)
    write_bvh(tmp_path / "two/walk.bvh", 12, seed=4)
    for round_number in range(2):
        results = [
            result
            for name in ("one/walk.bvh", "two", "one")
            for result in imported(tmp_path / "lib", find_sources(str(tmp_path / name)))
        ]
        assert [result.stored for result in results] == ([0] * 4 if round_number else [4, 0, 4, 0])
    with Library.open(tmp_path / "lib") as library:
        assert len(library) == 8
        assert library.remove(str(tmp_path / "two/walk.bvh")) == 4
        assert library.remove(str(tmp_path / "one")) == 4


def test_more_frames_of_the_same_file_are_added(tmp_path: Path) -> None:
    write_bvh(tmp_path / "walk.bvh", 12)
    found = find_sources(str(tmp_path / "walk.bvh"))
    counts = [
        imported(tmp_path / "lib", found, thinning)[0] for thinning in (None, Thinning(every=1), Thinning(every=5))
    ]
    assert [(count.stored, count.known, count.frames) for count in counts] == [(4, 0, 12), (8, 4, 12), (0, 3, 12)]


def test_files_of_one_name_get_names_of_their_own(tmp_path: Path) -> None:
    for seed, name in enumerate(("a/x/walk.bvh", "b/x/walk.bvh")):
        write_bvh(tmp_path / name, 3, seed=seed)
    results = [imported(tmp_path / "lib", find_sources(str(tmp_path / one / "x")))[0] for one in "ab"]
    assert results[0].name == "x/walk.bvh"
    assert results[1].name.startswith("x/walk.bvh~")


def test_what_isnt_there_or_no_pose_is_refused(tmp_path: Path) -> None:
    (tmp_path / "photo.png").write_bytes(b"x")
    (tmp_path / "empty").mkdir()
    with pytest.raises(UnreadableFileError, match="photo"):
        find_sources(str(tmp_path / "photo.png"))
    for name in ("not there", "empty"):
        with pytest.raises(MissingFileError):
            find_sources(str(tmp_path / name))
    with pytest.raises(ChatposeError, match="--amass"):
        find_sources(f"posescript:{tmp_path}")


def test_photos_come_in_through_the_hook(tmp_path: Path) -> None:
    (tmp_path / "photo.png").write_bytes(b"x")
    reading = Reading(photo=lambda path, name: listed(name, 2))
    (result,) = imported(tmp_path / "lib", find_sources(str(tmp_path), reading))
    assert (result.stored, result.name) == (2, f"{tmp_path.name}/photo.png")


def test_packed_motion_capture_keeps_what_is_said_of_clips(tmp_path: Path, shared_data: Path) -> None:
    found = find_sources(str(shared_data / "cmu_daz_poses_6k.npz"))
    assert len(found.sources) > 5
    (result, _) = imported(tmp_path / "lib", Found(found.sources[:2]))
    assert result.stored > 10
    with Library.open(tmp_path / "lib") as library:
        row = library.rows([0])[0]
        assert row.description
        assert "CMU" in row.source
        assert "resold" in row.licence


def test_real_poses_are_named_and_measured(tmp_path: Path) -> None:
    atlas = Atlas.load()
    pose = atlas.only(atlas.entries[:40]).poses
    analyser = PoseAnalyser(FakeEmbedder(8))
    source = ListSource("atlas", SourcePoses(pose, np.arange(40)))
    with Library.create(tmp_path / "lib", analyser.embedder) as library:
        told: list[Progress] = []
        assert [result.stored for result in library.add([source], analyser, progress=told.append)] == [40]
        assert told[-1].poses == 40
        assert told[-1].rate > 0
        rows = library.rows(library.keys())
        right = [row.names and row.names[0].entry == atlas.entries[row.key].id for row in rows]
        assert sum(map(bool, right)) >= 39
        holds = unpack_bits(library.bits()[library.keys()])
        measured = Describer().extract(library.poses(library.keys())).holds.numpy()
        assert (holds == measured).all()
        spoilt = tmp_path / "lib/statements.u8"
        spoilt.write_bytes(b"")
    report = Library.repair(tmp_path / "lib", analyser.embedder, lambda: analyser)
    assert report.measured == 40
    with Library.open(tmp_path / "lib") as library:
        assert (unpack_bits(library.bits()) == holds).all()


def test_the_command_adds_shows_removes_and_repairs(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    write_bvh(tmp_path / "in/walk.bvh", 12)
    assert main(["library", "add", str(tmp_path / "in"), "--licence", "CC0"]) == 0
    assert "4 poses stored; 1 files" in capsys.readouterr().out
    assert main(["library", "info", "--verify"]) == 0
    out = capsys.readouterr().out
    assert "4 poses" in out
    assert "licence: CC0 (4)" in out
    assert "all checksums are right" in out
    assert main(["library", "remove", "in/walk.bvh#0"]) == 0
    assert main(["library", "remove", "in/wak.bvh"]) == 2
    captured = capsys.readouterr()
    assert "1 poses removed" in captured.out
    assert "in/walk.bvh" in captured.err
    (tmp_path / "own/vectors.f16").write_bytes(b"")
    assert main(["library", "info"]) == 2
    assert "chatpose library repair" in capsys.readouterr().err
    assert main(["library", "repair"]) == 0
    assert "3 poses were embedded anew" in capsys.readouterr().out
    assert main(["library", "info", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["poses"] == 3


def test_the_command_tells_each_input_in_its_place(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    write_bvh(tmp_path / "walk.bvh", 12)
    (tmp_path / "bad.bvh").write_text("x")
    paths = [str(tmp_path / name) for name in ("bad.bvh", "walk.bvh", "gone.bvh", "walk.bvh")]
    assert main(["library", "add", *paths, "--json", "--every", "3"]) == 2
    captured = capsys.readouterr()
    rows = [json.loads(line) for line in captured.out.splitlines()]
    assert captured.err == ""
    assert [Path(row["input"]).name for row in rows] == ["bad.bvh", "walk.bvh", "gone.bvh", "walk.bvh"]
    assert ["error" in row for row in rows] == [True, False, True, False]
    assert rows[1] == {"input": paths[1], "name": "walk.bvh", "stored": 4, "known": 0, "frames": 12}
    assert (rows[3]["stored"], rows[3]["known"]) == (0, 4)


def test_the_command_refuses_what_is_no_library(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    write_bvh(tmp_path / "walk.bvh", 3)
    assert main(["library", "info", "--library", str(tmp_path)]) == 2
    assert main(["library", "add", str(tmp_path / "walk.bvh"), "--library", str(tmp_path)]) == 2
    assert main(["library", "repair", "--library", str(tmp_path / "none")]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 3
    assert all(line.startswith("chatpose: ") for line in lines)


def test_an_npz_bomb_is_told(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "bomb.npz", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("poses.npy", b"\x93NUMPY" + bytes(10**6))
    (result,) = imported(tmp_path / "lib", find_sources(str(tmp_path / "bomb.npz")))
    assert result.problem


def test_the_own_library_follows_the_variable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert own_library() == tmp_path / "own"
    monkeypatch.delenv("CHATPOSE_LIBRARY")
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert own_library() == tmp_path / "chatpose/library"
