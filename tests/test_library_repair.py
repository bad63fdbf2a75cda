"""Damage of any kind is found by checksums, and `repair` brings back everything that the poses tell."""

import random
from collections.abc import Callable
from pathlib import Path

import pytest
from embedder_fake import FakeEmbedder
from library_helpers import QuickAnalyser, contents, made, many

from chatpose.retrieval.library import Library
from chatpose.retrieval.library_errors import DamagedLibraryError, NoLibraryError
from chatpose.retrieval.library_repair import RepairReport


def repaired(folder: Path, seed: int = 0) -> RepairReport:
    analyser = QuickAnalyser(FakeEmbedder(8, seed))
    return Library.repair(folder, analyser.embedder, lambda: analyser)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A library in three segments, of which a middle one has lost poses."""
    with made(tmp_path / "lib", many(5), batch=20) as library:
        library.remove("list 2#3")
    return tmp_path / "lib"


def flip(path: Path, place: int) -> None:
    data = bytearray(path.read_bytes())
    data[place % len(data)] ^= 0x5A
    path.write_bytes(data)


def cut(path: Path, share: float = 0.6) -> None:
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])


DAMAGE: dict[str, Callable[[Path], None]] = {
    "catalogue cut": lambda folder: cut(folder / "catalogue.sqlite"),
    "catalogue emptied": lambda folder: (folder / "catalogue.sqlite").write_bytes(b"") and None,
    "catalogue gone": lambda folder: (folder / "catalogue.sqlite").unlink(),
    "catalogue of something else": lambda folder: (folder / "catalogue.sqlite").write_bytes(b"x" * 9999) and None,
    "vectors flipped": lambda folder: flip(folder / "vectors.f16", 64 + 13),
    "vectors cut": lambda folder: cut(folder / "vectors.f16"),
    "vectors gone": lambda folder: (folder / "vectors.f16").unlink(),
    "vectors' header": lambda folder: flip(folder / "vectors.f16", 20),
    "bits flipped": lambda folder: flip(folder / "statements.u8", -3),
    "bits cut": lambda folder: cut(folder / "statements.u8", 0.1),
    "card gone": lambda folder: (folder / "library.json").unlink(),
    "card spoilt": lambda folder: (folder / "library.json").write_text("{") and None,
    "everything but the segments": lambda folder: (
        [path.unlink() for path in folder.iterdir() if path.is_file() and path.name != "library.lock"] and None
    ),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_damage_is_found_and_repaired(folder: Path, damage: str) -> None:
    with Library.open(folder) as library:
        before = contents(library)
        keys = library.keys().tolist()
    DAMAGE[damage](folder)
    with pytest.raises(DamagedLibraryError, match="chatpose library repair"):
        Library.open(folder)
    report = repaired(folder)
    assert report.problems
    assert not report.lost
    with Library.open(folder, FakeEmbedder(8)) as library:
        assert contents(library) == before
        assert library.keys().tolist() == keys
        assert library.verify() == []
        results = list(library.add(many(6), QuickAnalyser()))
        assert sum(result.stored for result in results) in (12, 13)  # the removed one is back where that was forgotten
    assert repaired(folder).problems == []


def test_only_what_is_damaged_is_made_anew(folder: Path) -> None:
    flip(folder / "vectors.f16", 64 + 16 * 50)
    report = repaired(folder)
    assert (report.embedded, report.measured, report.lost) == (20, 0, [])
    (folder / "catalogue.sqlite").unlink()
    report = repaired(folder)
    assert (report.embedded, report.measured, report.catalogue, report.poses) == (0, 0, True, 59)


def test_a_whole_library_is_left_alone(folder: Path) -> None:
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    report = repaired(folder)
    assert report == RepairReport(poses=59)
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize("spoil", [lambda path: flip(path, -2000), cut, lambda path: path.write_bytes(b"x" * 100)])
def test_a_spoilt_segment_is_put_aside_and_the_others_stay(folder: Path, spoil: Callable[[Path], None]) -> None:
    with Library.open(folder) as library:
        before = {row[0]: row for row in contents(library)}
    spoil(folder / "segments/00000001.safetensors")
    assert problems(folder)
    report = repaired(folder)
    assert report.lost == ["00000001.safetensors"]
    assert (folder / "broken/00000001.safetensors").exists()
    with Library.open(folder) as library:
        after = contents(library)
        assert len(after) == 39
        assert all(before[row[0]] == row for row in after)
        assert library.verify() == []
        results = list(library.add(many(5), QuickAnalyser()))
        assert sum(result.stored for result in results) in (20, 21)
        assert len({row[0] for row in contents(library)} | set(before)) in (59, 60)


def test_a_missing_segment_is_told(folder: Path) -> None:
    (folder / "segments/00000003.safetensors").unlink()
    with pytest.raises(DamagedLibraryError):
        Library.open(folder)
    report = repaired(folder)
    assert report.lost == ["00000003.safetensors"]
    assert report.poses == 39


def test_another_embedder_embeds_anew_and_nothing_else_changes(folder: Path) -> None:
    with Library.open(folder) as library:
        before = [row[:6] + row[7:] for row in contents(library)]
        identity = library.card.id
    report = repaired(folder, seed=5)
    assert (report.embedded, report.measured) == (59, 0)
    with Library.open(folder, FakeEmbedder(8, 5)) as library:
        assert [row[:6] + row[7:] for row in contents(library)] == before
        assert library.card.id != identity
        vectors = QuickAnalyser(FakeEmbedder(8, 5)).vectors(library.poses(library.keys()))
        assert (library.vectors()[library.keys()] == vectors).all()
        assert library.verify() == []


def test_any_changed_byte_of_the_catalogue_is_found_or_means_nothing(folder: Path) -> None:
    with Library.open(folder) as library:
        before = contents(library)
    path = folder / "catalogue.sqlite"
    whole = path.read_bytes()
    luck = random.Random(0)
    found = 0
    for _ in range(60):
        flip(path, luck.randrange(len(whole)))
        try:
            with Library.open(folder) as library:
                assert contents(library) == before
        except DamagedLibraryError:
            found += 1
        path.write_bytes(whole)
    assert found > 5


def test_any_changed_byte_of_vectors_bits_and_segments_is_found(folder: Path) -> None:
    luck = random.Random(1)
    for path in (folder / "vectors.f16", folder / "statements.u8", *sorted((folder / "segments").iterdir())):
        whole = path.read_bytes()
        with Library.open(folder) as library:
            removed = set(range(60)) - set(library.keys().tolist())
        for _ in range(12):
            place = luck.randrange(len(whole))
            row = (place - 64) // (16 if path.suffix == ".f16" else 66)
            if path.suffix in (".f16", ".u8") and row in removed:
                continue
            flip(path, place)
            assert problems(folder), (path.name, place)
            path.write_bytes(whole)


def test_segments_of_a_lost_catalogue_arent_deleted(folder: Path) -> None:
    older = (folder / "catalogue.sqlite").read_bytes()
    made(folder, many(9), batch=10).close()
    segments = sorted((folder / "segments").iterdir())
    (folder / "catalogue.sqlite").write_bytes(older)  # someone brought back an old copy
    with Library.open(folder) as library, pytest.raises(DamagedLibraryError, match="doesn't know"):
        list(library.add(many(1), QuickAnalyser()))
    assert sorted((folder / "segments").iterdir()) == segments
    report = repaired(folder)
    assert report.poses == 59 + 4 * 12
    with Library.open(folder) as library:
        assert library.verify() == []


def test_what_is_no_library_isnt_repaired(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "not there"):
        with pytest.raises(NoLibraryError):
            repaired(path)
    assert list(tmp_path.iterdir()) == []


def problems(folder: Path) -> list[str]:
    """What opening or verifying finds wrong."""
    try:
        with Library.open(folder) as library:
            return library.verify()
    except DamagedLibraryError as error:
        return [str(error)]
