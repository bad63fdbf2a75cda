"""The library: what goes in comes out, keys stay, what is refused says the way out."""

import shutil
import sqlite3
from pathlib import Path

import numpy as np
import pytest
import torch
from embedder_fake import FakeEmbedder
from hypothesis import given
from hypothesis import strategies as st
from library_helpers import QuickAnalyser, angles_deg, contents, listed, made, many, poses

from chatpose.body.pose import Pose
from chatpose.body.rotations import axis_angle_to_matrix
from chatpose.errors import ChatposeError, UnknownNameError, UnwritableFileError
from chatpose.retrieval.compact_poses import CompactPoses
from chatpose.retrieval.library import Library
from chatpose.retrieval.library_errors import BusyLibraryError, DamagedLibraryError, NoLibraryError, OtherEmbedderError
from chatpose.retrieval.library_files import locked
from chatpose.retrieval.pose_source import SourcePoses


@given(st.floats(0, np.pi), st.integers(0, 99))
def test_compact_rotations_are_within_the_error(angle: float, seed: int) -> None:
    axis = torch.nn.functional.normalize(torch.randn(1, 24, 3, generator=torch.Generator().manual_seed(seed)), dim=-1)
    pose = Pose.from_rotations(axis_angle_to_matrix((axis * angle).double()))
    assert angles_deg(pose, CompactPoses.of(pose).pose().to(torch.float64)) < 0.006


def test_compact_poses_keep_place_and_shape() -> None:
    pose = poses(40)
    back = CompactPoses.of(pose).pose()
    assert torch.equal(back.transl, pose.transl)
    assert (back.betas - pose.betas).abs().max() < 2e-3


def test_what_is_stored_comes_back(tmp_path: Path) -> None:
    source = listed("dance", 30, names=[["own name"]] * 30, descriptions=["a dance"] * 30)
    with made(tmp_path / "lib", [source], batch=8) as library:
        keys = library.keys()
        assert len(library) == 30
        assert keys.tolist() == list(range(30))
        assert angles_deg(library.poses(keys), source.poses.pose) < 0.006
        row = library.rows([7])[0]
        assert (row.id, row.key, row.frame, row.description) == ("dance#7", 7, 7, "a dance")
        assert (row.source, row.licence) == ("tests of dance", "CC0")
        assert row.names[0].name == "own name"
        assert len(row.names) == 2
        assert library.find("dance#7") == row
        pose = library.poses([7])
        assert np.array_equal(library.vectors()[7], QuickAnalyser().vectors(pose)[0])
        assert np.array_equal(library.bits()[7], QuickAnalyser().statements(pose)[0])
        assert library.verify() == []


def test_poses_come_in_the_order_asked_for(tmp_path: Path) -> None:
    sources = many(5)
    with made(tmp_path / "lib", sources, batch=7) as library:
        keys = np.array([59, 0, 30, 0, 12, 58])
        expected = torch.cat([source.poses.pose.local_rotations for source in sources])[torch.from_numpy(keys)]
        assert angles_deg(library.poses(keys), Pose.from_rotations(expected)) < 0.006
        assert [row.key for row in library.rows(keys)] == keys.tolist()
        assert len(library.poses([])) == 0


def test_betas_of_another_body_are_left_out(tmp_path: Path) -> None:
    with made(tmp_path / "lib", [listed("open"), listed("smpl", seed=1, shape_space="smpl")]) as library:
        keys = library.keys()
        assert library.poses(keys).betas.norm(dim=-1).gt(0).tolist() == [True] * 12 + [False] * 12
        assert library.poses(keys, "smpl").betas.norm(dim=-1).gt(0).tolist() == [False] * 12 + [True] * 12


def test_own_ids_are_found_and_unique(tmp_path: Path) -> None:
    ids = [f"pose-{number}" for number in range(12)]
    with made(tmp_path / "lib", [listed("a", ids=ids)]) as library:
        assert library.find("pose-3").key == 3
        others = [
            listed("b", seed=1, ids=ids),
            listed("c", seed=2, ids=[*ids[1:], "x#1"]),
            listed("d", 2, 3, ids=["q", "q"]),
        ]
        results = list(library.add(others, QuickAnalyser()))
        assert all(result.problem for result in results)
        assert len(library) == 12


def test_the_same_content_is_one_entry(tmp_path: Path) -> None:
    again, other = listed("a"), listed("a", seed=1)
    with made(tmp_path / "lib", [listed("a"), again, other]) as library:
        assert len(library) == 24
        assert len({row.id for row in library.rows(library.keys())}) == 24
        first, second, third = library.add([listed("a"), other, listed("b", seed=2)], QuickAnalyser())
        assert (first.stored, first.known, second.known, third.stored) == (0, 12, 12, 12)
        assert len(library) == 36


def test_removed_poses_are_gone_and_keys_stay(tmp_path: Path) -> None:
    with made(tmp_path / "lib", many(5), batch=20) as library:
        before = {row[0]: row for row in contents(library)}
        state = library.state
        assert library.remove("list 1") == 12
        assert library.remove("list 2#3") == 1
        assert library.state != state
        assert len(library) == 47
        assert library.keys().tolist() == [*range(12), *range(24, 27), *range(28, 60)]
        assert {row[0]: row for row in contents(library)} == {
            name: row for name, row in before.items() if not name.startswith("list 1#") and name != "list 2#3"
        }
        assert not library.vectors()[12:24].any()
        assert library.verify() == []
        with pytest.raises(UnknownNameError, match="list 0"):
            library.remove("list 00")
        with pytest.raises(UnknownNameError):
            library.rows([13])
        (result,) = library.add([listed("list 1", 12, 1, descriptions=["text 1"] * 12)], QuickAnalyser())
        assert result.stored == 12
        assert library.keys()[-1] == 71
    with Library.open(tmp_path / "lib") as library:
        assert library.verify() == []


def test_a_library_can_be_emptied(tmp_path: Path) -> None:
    with made(tmp_path / "lib", many(2)) as library:
        assert library.remove("list 0") + library.remove("list 1") == 24
        assert len(library) == 0
        assert len(library.keys()) == 0
        assert library.verify() == []
        assert list((tmp_path / "lib/segments").iterdir()) == []


def test_an_open_library_sees_what_is_stored_meanwhile(tmp_path: Path) -> None:
    with made(tmp_path / "lib", many(1)) as reader:
        assert len(reader) == 12
        made(tmp_path / "lib", many(2)).close()
        assert len(reader) == 24
        assert len(reader.vectors()) == 24
        reader.poses(reader.keys())
        with Library.open(tmp_path / "lib") as other:
            other.remove("list 0#0")
        assert len(reader.poses(reader.keys())) == 23


def test_a_read_only_library_can_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made(tmp_path / "lib", many(1)).close()
    monkeypatch.setattr("os.access", lambda *_: False)  # who runs tests may be allowed everything
    with Library.open(tmp_path / "lib") as library:
        assert len(library.rows(library.keys())) == 12


def test_another_embedder_is_refused_with_the_way_out(tmp_path: Path) -> None:
    made(tmp_path / "lib", many(1)).close()
    with pytest.raises(OtherEmbedderError, match="chatpose library repair"):
        Library.open(tmp_path / "lib", FakeEmbedder(8, seed=1))
    with Library.open(tmp_path / "lib") as library, pytest.raises(OtherEmbedderError):
        list(library.add(many(1), QuickAnalyser(FakeEmbedder(16))))


def test_statements_of_another_version_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made(tmp_path / "lib", many(1)).close()
    monkeypatch.setattr("chatpose.retrieval.library_card.codes_fingerprint", lambda: "other")
    with Library.open(tmp_path / "lib") as library:
        assert len(library.poses(library.keys())) == 12
        with pytest.raises(DamagedLibraryError, match="another version"):
            library.bits()


def test_no_library_is_refused(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    (tmp_path / "other/library.json").write_text('{"kind": "books"}')
    for path in (tmp_path, tmp_path / "not there", tmp_path / "other"):
        with pytest.raises(NoLibraryError):
            Library.open(path)
    (tmp_path / "file").write_text("x")
    with pytest.raises(ChatposeError):
        Library.create(tmp_path / "file", FakeEmbedder())
    (tmp_path / "full").mkdir()
    (tmp_path / "full/thesis.txt").write_text("x")
    with pytest.raises(UnwritableFileError, match="thesis"):
        Library.create(tmp_path / "full", FakeEmbedder())
    assert [path.name for path in (tmp_path / "full").iterdir()] == ["thesis.txt"]


def test_a_library_isnt_made_twice(tmp_path: Path) -> None:
    made(tmp_path / "lib", many(1)).close()
    with pytest.raises(UnwritableFileError, match="already"):
        Library.create(tmp_path / "lib", FakeEmbedder())
    (tmp_path / "lib/library.json").unlink()
    with pytest.raises(DamagedLibraryError, match="repair"):
        Library.open_or_create(tmp_path / "lib", FakeEmbedder(8))


def test_a_creation_that_was_cut_short_can_be_done_again(tmp_path: Path) -> None:
    Library.create(tmp_path / "lib", FakeEmbedder(8)).close()
    (tmp_path / "lib/library.json").unlink()
    with made(tmp_path / "lib", many(1)) as library:
        assert len(library) == 12


def test_a_second_writer_is_told_to_wait(tmp_path: Path) -> None:
    with made(tmp_path / "lib", many(1)) as library, locked(tmp_path / "lib"):
        with pytest.raises(BusyLibraryError, match="another import"):
            list(library.add(many(2), QuickAnalyser()))
        with pytest.raises(BusyLibraryError):
            library.remove("list 0")
        with pytest.raises(BusyLibraryError):
            Library.repair(tmp_path / "lib", FakeEmbedder(8))
        assert len(library.poses(library.keys())) == 12  # reading goes on
    with Library.open(tmp_path / "lib") as library:
        assert library.remove("list 0") == 12


def test_sources_that_dont_fit_are_refused() -> None:
    with pytest.raises(ChatposeError):
        SourcePoses(poses(3), np.arange(2))
    with pytest.raises(ChatposeError):
        SourcePoses(poses(3), np.arange(3), names=[["a"]])
    with pytest.raises(ChatposeError):
        SourcePoses(poses(3), np.array([1, 1, 2]))


def test_a_newer_library_is_refused(tmp_path: Path) -> None:
    made(tmp_path / "lib", many(1)).close()
    connection = sqlite3.connect(tmp_path / "lib/catalogue.sqlite")
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(DamagedLibraryError, match="version"):
        Library.open(tmp_path / "lib")


def test_a_library_can_be_moved(tmp_path: Path) -> None:
    with made(tmp_path / "lib", many(2)) as library:
        before = contents(library)
    shutil.move(tmp_path / "lib", tmp_path / "elsewhere #1?")
    with Library.open(tmp_path / "elsewhere #1?", FakeEmbedder(8)) as library:
        assert contents(library) == before
        assert library.info().poses == 24


def test_odd_texts_are_kept(tmp_path: Path) -> None:
    texts = ["日本 'quotes\" \\ 💃", "tab\tnew\nline" + "x" * 5000]
    source = listed("näme", 2, names=[["Ñame"], ["b"]], descriptions=texts)
    with made(tmp_path / "lib", [source]) as library:
        one, two = library.rows([0, 1])
        assert one.description == texts[0]
        assert two.description.startswith("tab\\tnew\\nline")
        assert len(two.description) == 1000
        assert library.verify() == []
