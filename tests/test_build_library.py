"""The shipped library: what is in data/library, how it is made, and that it is made ready once, whole or not at all."""

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from conftest import ROOT
from embedder_fake import FakeEmbedder
from library_helpers import QuickAnalyser
from test_embedder import TINY
from text_model_fake import FakeTextModel

import chatpose.retrieval.embedder
from chatpose.atlas.compiled import Atlas
from chatpose.body.model import BodyModel
from chatpose.body.pose_prior import PosePrior
from chatpose.cli.main import main
from chatpose.corpus.sampling import pose_rows
from chatpose.errors import MissingFileError, UnreadableFileError
from chatpose.retrieval import build_library, search_place, shipped_library, shipped_poses
from chatpose.retrieval.build_library_choice import spread_choice
from chatpose.retrieval.build_library_made import Parents, Plausibility
from chatpose.retrieval.embedder import Embedder, PoseTextTowers
from chatpose.retrieval.library import Library
from chatpose.retrieval.pose_features import PoseFeatures
from chatpose.retrieval.search_place import default_libraries, open_search
from chatpose.retrieval.shipped_poses import KINDS, POSES, WORDS, ShippedPoses

SMALL = build_library.LibraryPlan(
    variations=3, kept_variations=2, blends=5, mixed_tries=80, mixed=25, solved_tries=6, solved=6
)
MIB = 2**20


def few() -> Atlas:
    atlas = Atlas.load()
    return atlas.only(atlas.entries[::25])


@pytest.fixture(scope="module")
def body() -> BodyModel:
    return BodyModel.open()


@pytest.fixture(scope="module")
def small() -> ShippedPoses:
    return build_library.build_library(SMALL, 0, few())


@pytest.fixture(scope="module")
def shipped() -> ShippedPoses:
    return ShippedPoses.load()


@pytest.fixture
def place(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, small: ShippedPoses) -> Path:
    """A machine of its own: a small shipped library, an empty cache, no library of a person's own."""
    monkeypatch.setenv("CHATPOSE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("CHATPOSE_LIBRARY", str(tmp_path / "own"))
    small.save(tmp_path / "shipped")
    monkeypatch.setattr(shipped_poses, "asset", lambda *_: tmp_path / "shipped")
    return tmp_path


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without measuring anything."""
    monkeypatch.setattr(shipped_library, "PoseAnalyser", lambda embedder, *_, **__: QuickAnalyser(embedder))


# --- what ships ------------------------------------------------------------------------------------------------------


def test_what_ships_is_large_small_and_whole(shipped):
    folder = ROOT / "data" / "library"
    assert len(shipped) >= 5000
    assert sum(path.stat().st_size for path in folder.iterdir()) <= 4 * MIB
    rows = shipped.rows
    assert len({row.id for row in rows}) == len(rows)
    assert not any("#" in row.id for row in rows)
    atlas = Atlas.load()
    own = {row.id: row for row in rows if row.kind == "atlas"}
    assert {entry.id: entry.names for entry in atlas} == {name: row.names for name, row in own.items()}
    assert {row.kind for row in rows} == set(KINDS)
    assert all(row.names[0].startswith("variation of ") for row in rows if row.kind == "variation")
    assert all(row.told and not row.names for row in rows if row.kind in ("mixed", "solved", "blend"))


def test_what_ships_can_be_done_by_people(shipped, body):
    chosen = torch.arange(0, len(shipped), 7)
    judge = Plausibility(body, PosePrior.load())
    parents = Parents(Atlas.load(), judge)
    found = judge.measure(shipped.poses[chosen])
    rows = [shipped.rows[place] for place in chosen.tolist()]
    made = torch.tensor([row.kind in ("mixed", "solved", "blend") for row in rows])
    free = torch.tensor([not parents.atlas.find(row.entry).held_by for row in rows])
    assert found.beyond.rad2deg().amax() < 2.0
    assert found.gaps[made].amin() > parents.measures.gaps.amin() - 0.01
    assert found.energy[made].amax() <= 2.01
    assert found.margin[free & made].amin() > -0.02
    bottoms = body(shipped.poses[chosen[::20]]).vertices[..., 1].amin(-1)
    assert bottoms.abs().amax() < 0.002


def test_what_ships_are_different_poses(shipped, body):
    rows = pose_rows(shipped.poses, body)
    made = torch.tensor([row.kind not in ("atlas", "mirrored") for row in shipped.rows]).nonzero()[::9, 0]
    gaps = torch.cdist(rows[made], rows)
    gaps[torch.arange(len(made)), made] = torch.inf
    assert gaps.amin() > 0.035


# --- how it is made --------------------------------------------------------------------------------------------------


def test_the_same_seed_gives_the_same_bytes_in_another_process(tmp_path, small):
    small.save(tmp_path / "here")
    code = (
        "import sys; from pathlib import Path; sys.path.insert(0, 'tests'); import torch; "
        f"torch.set_num_threads({torch.get_num_threads()}); from test_build_library import SMALL, few; "
        "from chatpose.retrieval.build_library import build_library; "
        f"build_library(SMALL, 0, few()).save(Path({str(tmp_path / 'there')!r}))"
    )
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, env={**os.environ, "PYTHONHASHSEED": "7"})
    for name in (POSES, WORDS):
        assert (tmp_path / "here" / name).read_bytes() == (tmp_path / "there" / name).read_bytes()


def test_every_kind_is_made_and_reported(small):
    kinds = {row.kind for row in small.rows}
    assert {"atlas", "mirrored", "variation", "mixed", "solved"} <= kinds
    parents = Parents(few(), Plausibility(BodyModel.open(), PosePrior.load()))
    report = build_library.report(small, parents)
    assert f"| all | {len(small):,} |" in report
    assert "| standing |" in report


def test_choice_keeps_its_distance():
    rows = torch.randn(300, 5)
    taken = rows[:20] + 0.01
    order = spread_choice(rows, taken, 50, apart=0.5)
    assert 0 < len(order) <= 50
    assert not set(order.tolist()) & set(range(20))
    assert torch.pdist(rows[order]).amin() >= 0.5
    assert torch.cdist(rows[order], taken).amin() >= 0.5
    assert not len(spread_choice(taken, taken, 50, apart=0.5))
    assert not len(spread_choice(rows[:0], taken, 50))


def test_files_say_when_they_dont_fit(tmp_path, small):
    small.save(tmp_path)
    again = ShippedPoses.load(tmp_path)
    assert again.rows == small.rows
    assert (again.poses.local_rotations - small.poses.local_rotations).abs().amax() < 2e-4
    assert (again.poses.transl - small.poses.transl)[:, 1].abs().amax() < 1e-6
    words = json.loads((tmp_path / WORDS).read_text())
    for change in ({"version": 2}, {"poses": "0"}, {"rows": words["rows"][1:]}, {"rows": [["x"]]}):
        (tmp_path / WORDS).write_text(json.dumps({**words, **change}))
        with pytest.raises(UnreadableFileError, match="build_library"):
            ShippedPoses.load(tmp_path)
    (tmp_path / POSES).unlink()
    with pytest.raises(MissingFileError):
        ShippedPoses.load(tmp_path)


# --- made ready on this machine --------------------------------------------------------------------------------------


@pytest.mark.usefixtures("quick")
def test_it_is_made_once_for_each_embedder(place, small):
    told: list[str] = []
    first = shipped_library.shipped_library(FakeEmbedder(8), progress=told.append)
    assert "once" in told[0]
    assert f"{len(small):,} of {len(small):,}" in told[-1]
    told.clear()
    assert shipped_library.shipped_library(FakeEmbedder(8), progress=told.append) == first
    assert not told
    other = shipped_library.shipped_library(FakeEmbedder(8, seed=1), progress=told.append)
    assert told
    assert other != first
    with Library.open(first, FakeEmbedder(8)) as library:
        assert len(library) == len(small)
        row = library.find("tree-pose") if "tree-pose" in {row.id for row in small.rows} else library.rows([0])[0]
        assert row.names[0].score == 1
        assert row.source == KINDS["atlas"]
        assert "CC BY" in row.licence
    assert sorted(path.name for path in first.parent.iterdir() if path.is_dir()) == sorted((first.name, other.name))


@pytest.mark.usefixtures("quick")
def test_what_is_damaged_or_left_over_is_made_anew(place):
    folder = shipped_library.shipped_library(FakeEmbedder(8))
    content = hashlib.sha256((folder / "vectors.f16").read_bytes()).digest()
    (folder / "vectors.f16").write_bytes(b"x")
    (folder.parent / ".chatpose-killed" / "segments").mkdir(parents=True)
    assert shipped_library.shipped_library(FakeEmbedder(8)) == folder
    assert hashlib.sha256((folder / "vectors.f16").read_bytes()).digest() == content
    assert [path.name for path in folder.parent.iterdir() if path.is_dir()] == [folder.name]


@pytest.mark.usefixtures("quick")
def test_versions_that_nobody_uses_go(place, monkeypatch):
    monkeypatch.setattr(shipped_library, "KEPT", 1)
    for seed in range(3):
        folder = shipped_library.shipped_library(FakeEmbedder(8, seed=seed))
    left = [path for path in folder.parent.iterdir() if path.is_dir()]
    assert folder in left
    assert len(left) == 2


@pytest.mark.usefixtures("quick")
def test_a_cache_that_cant_be_written_is_done_without(place, small):
    (place / "cache").write_text("a file where the folder would be")
    told: list[str] = []
    folder = shipped_library.shipped_library(FakeEmbedder(8), progress=told.append)
    assert "this run only" in told[0]
    assert not folder.is_relative_to(place / "cache")
    with Library.open(folder, FakeEmbedder(8)) as library:
        assert len(library) == len(small)


def test_two_processes_make_it_once(place):
    code = (
        "import sys; sys.path.insert(0, 'tests'); from pathlib import Path; "
        "from embedder_fake import FakeEmbedder; from library_helpers import QuickAnalyser; "
        "from chatpose.retrieval import shipped_library as made; "
        "made.PoseAnalyser = lambda embedder, *_, **__: QuickAnalyser(embedder); told = []; "
        f"made.shipped_library(FakeEmbedder(8), poses=Path({str(place / 'shipped')!r}), progress=told.append); "
        "print(len(told))"
    )
    command = [sys.executable, "-c", code]
    running = [subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    told = [int(process.communicate(timeout=120)[0]) for process in running]
    assert [process.returncode for process in running] == [0, 0]
    assert sorted(bool(count) for count in told) == [False, True]


# --- searching without naming a library ------------------------------------------------------------------------------


def untrained() -> Embedder:
    torch.manual_seed(1)
    towers = PoseTextTowers(TINY)
    towers.pose.standardise(PoseFeatures()(Atlas.load().poses[:64]))
    return Embedder(towers, FakeTextModel())


def test_search_goes_to_the_shipped_library(place, monkeypatch, capsys, small):
    monkeypatch.setattr(chatpose.retrieval.embedder.Embedder, "from_pretrained", lambda *_, **__: untrained())
    entry = few().entries[3]
    assert main(["search", entry.name, "-k", "3", "--json"]) == 0
    captured = capsys.readouterr()
    assert "making the library" in captured.err
    hits = json.loads(captured.out)["hits"]
    assert {hits[0]["id"], hits[1]["id"]} & {entry.id, f"{entry.id}~mirrored"}
    assert main(["search", "--where", "standing", "-k", "3", "--json", "--quiet"]) == 0
    captured = capsys.readouterr()
    assert not captured.err, "made ready already, and --quiet"
    assert json.loads(captured.out)["hits"]


@pytest.mark.usefixtures("quick")
def test_ones_own_library_is_searched_with_it(place, monkeypatch):
    embedder = FakeEmbedder(8)
    (shipped,) = default_libraries(embedder)
    assert len(open_search(embedder=embedder).searchers) == 1
    Library.create(place / "own", embedder).close()
    assert default_libraries(embedder) == [place / "own", shipped]
    assert len(open_search(embedder=embedder).searchers) == 2

    def missing(*_: object, **__: object) -> Path:
        raise MissingFileError("chatpose's own file data/library is missing")

    monkeypatch.setattr(search_place, "shipped_library", missing)
    assert default_libraries(embedder) == [place / "own"]
    monkeypatch.setenv("CHATPOSE_LIBRARY", str(place / "nothing"))
    with pytest.raises(MissingFileError, match="data/library"):
        default_libraries(embedder)


@pytest.mark.usefixtures("place")
def test_a_missing_embedder_is_told(monkeypatch, capsys):
    def missing(*parts: str) -> Path:
        raise MissingFileError(f"chatpose's own file {'/'.join(parts)} is missing", fix="reinstall chatpose")

    monkeypatch.setattr(chatpose.retrieval.embedder, "asset", missing)
    assert main(["search", "tree pose"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "data/models/retrieval is missing" in line
    assert "reinstall" in line
