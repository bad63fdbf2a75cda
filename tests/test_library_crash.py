"""kill -9, full disks and Ctrl-C at any moment: what was reported as stored is there, and the import goes on."""

import errno
import os
import random
import resource
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch
from library_helpers import QuickAnalyser, angles_deg, contents, made, many

from chatpose.retrieval import library_files
from chatpose.retrieval.library import Library
from chatpose.retrieval.library_catalogue import Catalogue
from chatpose.retrieval.library_errors import FullDiskError
from chatpose.retrieval.library_files import locked
from chatpose.retrieval.pose_source import ListSource

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="forks")

SOURCES, ROWS = 30, 20


def child(work: Callable[[Callable[[str], None]], None]) -> tuple[int, int]:
    """Runs work in a process of its own; it tells lines through the pipe whose end is returned."""
    reading, writing = os.pipe()
    number = os.fork()
    if number:
        os.close(writing)
        return number, reading
    code = 1
    try:
        os.close(reading)
        torch.set_num_threads(1)  # the parent's threads aren't in the child
        work(lambda line: os.write(writing, f"{line}\n".encode()) and None)
        code = 0
    finally:
        os._exit(code)


def ended(number: int, reading: int) -> tuple[list[str], int]:
    """The lines that a child has told, and how it ended."""
    with os.fdopen(reading) as pipe:
        lines = pipe.read().splitlines()
    return lines, os.waitpid(number, 0)[1]


def importing(folder: Path, sources: list[ListSource]) -> Callable[[Callable[[str], None]], None]:
    """Imports, and tells the name of each source that is reported as stored."""

    def work(tell: Callable[[str], None]) -> None:
        analyser = QuickAnalyser()
        with Library.open_or_create(folder, analyser.embedder) as library:
            for result in library.add(sources, analyser, batch=50):
                tell(result.name)

    return work


def check(folder: Path, sources: list[ListSource], reported: list[str]) -> bool:
    """The library is whole and holds what was reported, as it was; whether it holds everything."""
    if not (folder / "library.json").exists():
        assert not reported
        return False
    with Library.open(folder) as library:
        assert library.verify() == []
        keys = library.keys()
        stored = {row.id: row for row in library.rows(keys)}
        for source in sources:
            found = [row for row in stored.values() if row.file == source.name]
            assert source.name not in reported or len(found) == ROWS
            if found:
                there = source.poses.pose[torch.tensor([row.frame for row in found])]
                assert angles_deg(library.poses([row.key for row in found]), there) < 0.006
        return len(stored) == SOURCES * ROWS


def killed_at_random(folder: Path, kills: int, longest_s: float, seed: int) -> Iterator[int]:
    """Imports into fresh folders, killed again and again; gives how many sources each run reported."""
    luck = random.Random(seed)
    sources = many(SOURCES, ROWS)
    done = round_number = 0
    while done < kills:
        here, reported, finished = folder / f"round {round_number}", list[str](), False
        round_number += 1
        while not finished and done < kills:
            number, reading = child(importing(here, sources))
            time.sleep(luck.uniform(0, longest_s))
            os.kill(number, signal.SIGKILL)
            lines, status = ended(number, reading)
            done += os.WIFSIGNALED(status)
            reported += lines
            finished = check(here, sources, reported)
            yield len(lines)
        importing(here, sources)(reported.append)
        assert check(here, sources, reported)


def test_nothing_reported_is_lost_when_killed(tmp_path: Path) -> None:
    rounds = list(killed_at_random(tmp_path, kills=8, longest_s=0.5, seed=1))
    assert len(rounds) >= 8


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_nothing_reported_is_lost_in_many_kills(tmp_path: Path) -> None:
    rounds = list(killed_at_random(tmp_path, kills=150, longest_s=0.8, seed=2))
    assert len(rounds) >= 150
    assert sum(0 < told < SOURCES for told in rounds) > 20  # kills in the midst of it


def dying(work: Callable[[], object], step: int, patch: pytest.MonkeyPatch) -> None:
    """Runs work until its n-th step on the disk, and dies there by SIGKILL; steps are the calls that make order."""
    count = 0

    def counted(call: Callable) -> Callable:
        def wrapped(*arguments: object, **named: object) -> object:
            nonlocal count
            for _ in range(2):  # before the call, and after
                if count == step:
                    os.kill(os.getpid(), signal.SIGKILL)
                count += 1
                if _ == 0:
                    result = call(*arguments, **named)
            return result

        return wrapped

    patch.setattr(os, "fsync", counted(os.fsync))
    patch.setattr(Path, "replace", counted(Path.replace))
    patch.setattr(Path, "unlink", counted(Path.unlink))
    patch.setattr("chatpose.retrieval.library_writer.put_segment", counted(_put_segment))
    patch.setattr("chatpose.retrieval.library_writer.add_rows", counted(_add_rows))
    patch.setattr(Catalogue, "state", counted(Catalogue.state))
    work()


def test_killed_at_every_step_of_an_import(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sources = many(3, ROWS)
    step, status = 0, 1
    while status:
        here = tmp_path / f"step {step}"
        made(here, sources[:1]).close()
        work = importing(here, sources)
        number, reading = child(lambda tell: dying(lambda: work(tell), step, monkeypatch))  # noqa: B023
        lines, status = ended(number, reading)
        assert not status or os.WTERMSIG(status) == signal.SIGKILL
        check(here, sources, ["list 0", *lines])
        with made(here, sources) as library:
            assert len(library) == 3 * ROWS
            assert library.verify() == []
            assert len(list((here / "segments").iterdir())) == len(library._catalogue.segments())
        step += 3
    assert step > 30


def test_killed_at_every_step_of_a_removal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sources = many(3, ROWS)
    step, status = 0, 1
    while status:
        here = tmp_path / f"step {step}"
        made(here, sources, batch=25).close()

        def removing(tell: Callable[[str], None]) -> None:
            library = Library.open(here)  # noqa: B023
            dying(lambda: library.remove("list 1"), step, monkeypatch)  # noqa: B023
            tell("removed")

        lines, status = ended(*child(removing))
        with Library.open(here) as library:
            assert library.verify() == []
            assert len(library) in ((2 * ROWS,) if lines else (2 * ROWS, 3 * ROWS))
            if len(library) == 3 * ROWS:
                assert library.remove("list 1") == ROWS
            library.remove("list 2")
            assert sorted(path.name for path in (here / "segments").iterdir()) == [
                facts.name.file for facts in library._catalogue.segments()
            ]
            assert library.verify() == []
        step += 2
    assert step > 20


def test_a_full_disk_is_told_and_nothing_is_lost(tmp_path: Path) -> None:
    sources = many(SOURCES, ROWS)
    with made(tmp_path / "whole", sources, batch=50) as library:
        largest = max(path.stat().st_size for path in library.folder.rglob("*"))
    for share in (0.05, 0.15, 0.3, 0.6, 0.9):
        limit = int(share * largest)
        here = tmp_path / f"limit {limit}"
        made(here, sources[:2], batch=50).close()

        def work(tell: Callable[[str], None]) -> None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))  # noqa: B023
            try:
                importing(here, sources)(tell)  # noqa: B023
            except FullDiskError as error:
                tell(f"FULL: {error}")

        lines, status = ended(*child(work))
        assert status == 0
        assert lines[-1].startswith("FULL: ")
        assert "run it again" in lines[-1]
        check(here, sources, lines[:-1])
        with made(here, sources) as library:
            assert len(library) == SOURCES * ROWS
            assert library.verify() == []


@pytest.mark.parametrize("step", range(8))
def test_no_space_at_any_step(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: int) -> None:
    sources = many(3, ROWS)
    made(tmp_path / "lib", sources[:1]).close()
    before = list((tmp_path / "lib/segments").iterdir())
    calls = 0

    def full(*_: object) -> None:
        nonlocal calls
        calls += 1
        if calls > step:
            raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        if step < 4:
            with pytest.raises(FullDiskError, match="No space left"):
                made(tmp_path / "lib", sources)
            assert list((tmp_path / "lib/segments").iterdir()) == before
        else:
            made(tmp_path / "lib", sources).close()
    with made(tmp_path / "lib", sources) as library:
        assert len(library) == 3 * ROWS
        assert library.verify() == []


def test_no_space_while_repairing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with made(tmp_path / "lib", many(2)) as library:
        before = contents(library)
    (tmp_path / "lib/vectors.f16").write_bytes(b"")
    with monkeypatch.context() as patch:
        patch.setattr(library_files.os, "fsync", lambda _: (_ for _ in ()).throw(OSError(errno.ENOSPC, "full")))
        with pytest.raises(FullDiskError):
            Library.repair(tmp_path / "lib", QuickAnalyser().embedder, QuickAnalyser)
    Library.repair(tmp_path / "lib", QuickAnalyser().embedder, QuickAnalyser)
    with Library.open(tmp_path / "lib") as library:
        assert contents(library) == before


def test_ctrl_c_keeps_what_was_reported(tmp_path: Path) -> None:
    sources = many(SOURCES, ROWS)
    for count in (1, 7):
        here = tmp_path / str(count)
        analyser = QuickAnalyser()
        reported: list[str] = []
        with Library.open_or_create(here, analyser.embedder) as library:
            results = library.add(sources, analyser, batch=50)
            reported += [next(results).name for _ in range(count)]
            with pytest.raises(KeyboardInterrupt):
                results.throw(KeyboardInterrupt)
        check(here, sources, reported)
        importing(here, sources)(reported.append)
        assert check(here, sources, reported)


def test_the_lock_of_a_killed_writer_is_free(tmp_path: Path) -> None:
    made(tmp_path / "lib", many(1)).close()

    def holding(tell: Callable[[str], None]) -> None:
        with locked(tmp_path / "lib"):
            tell("held")
            time.sleep(60)

    number, reading = child(holding)
    with os.fdopen(reading) as pipe:
        assert pipe.readline() == "held\n"
        with Library.open(tmp_path / "lib") as library:
            with pytest.raises(OSError, match="another import"):
                library.remove("list 0")
            os.kill(number, signal.SIGKILL)
            os.waitpid(number, 0)
            assert library.remove("list 0") == 12


def _put_segment(*arguments: object) -> None:
    from chatpose.retrieval import library_changes

    library_changes.put_segment(*arguments)  # type: ignore[arg-type]


def _add_rows(*arguments: object) -> None:
    from chatpose.retrieval import library_changes

    library_changes.add_rows(*arguments)  # type: ignore[arg-type]
