"""How fast poses come into a library, whole and in parts.

python benchmarks/bench_library.py PATH [--poses N] [--embedder FOLDER | --untrained] [--threads T]
"""

import argparse
import itertools
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import torch

from chatpose.body.pose import Pose, concatenate_poses
from chatpose.retrieval.embedder import Embedder, EmbedderConfig, PoseTextTowers
from chatpose.retrieval.find_sources import find_sources
from chatpose.retrieval.importer import BATCH
from chatpose.retrieval.library import Library
from chatpose.retrieval.library_analysis import PoseAnalyser
from chatpose.retrieval.pose_source import PoseSource


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("path", help="what is imported, as for chatpose library add")
    parser.add_argument("--poses", type=int, default=20_000, help="stop after about so many")
    parser.add_argument("--embedder", metavar="FOLDER", help="default: the shipped one")
    parser.add_argument("--untrained", action="store_true", help="towers of the default shape with random weights")
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.manual_seed(0)
    towers = PoseTextTowers(EmbedderConfig()) if options.untrained else None
    embedder = Embedder(towers) if towers else Embedder.from_pretrained(options.embedder)
    analyser = PoseAnalyser(embedder)
    sources = list(find_sources(options.path).sources)
    print(f"{options.threads} threads, {len(sources)} sources")
    _parts(sources, analyser)
    with tempfile.TemporaryDirectory() as folder, Library.create(folder, embedder) as library:
        _whole(library, sources, analyser, options.poses)


def _parts(sources: list[PoseSource], analyser: PoseAnalyser) -> None:
    read: list[Pose] = []
    enough = list(itertools.islice(_counted(sources, read, BATCH), len(sources)))
    poses = concatenate_poses(read)[:BATCH]
    count = len(concatenate_poses(read))
    _tell("read", count, lambda: [source.read() for source in enough])
    _tell("hash", count, lambda: [source.fingerprint() for source in enough])
    for name in ("names", "statements", "vectors"):
        work: Callable[[Pose], object] = getattr(analyser, name)
        work(poses[:512])
        _tell(name, len(poses), lambda work=work: work(poses))


def _counted(sources: list[PoseSource], read: list[Pose], count: int) -> Iterator[PoseSource]:
    """Sources until there are enough poses."""
    for source in sources:
        if sum(map(len, read)) >= count:
            return
        read.append(source.read().pose)
        yield source


def _whole(library: Library, sources: list[PoseSource], analyser: PoseAnalyser, count: int) -> None:
    wall, used, stored = time.perf_counter(), time.process_time(), 0
    for result in library.add(sources, analyser):
        stored += result.stored
        if stored >= count:
            break
    _line("import, all of it", len(library), time.perf_counter() - wall, time.process_time() - used)
    size = sum(path.stat().st_size for path in Path(library.folder).rglob("*") if path.is_file())
    print(f"{size / len(library):.0f} bytes a pose, {len(list(library.folder.glob('segments/*')))} segments")
    for name, work in (("open", lambda: Library.open(library.folder).close()), ("verify", library.verify)):
        start = time.perf_counter()
        work()
        print(f"{name:<20} {1000 * (time.perf_counter() - start):9.1f} ms")


def _tell(name: str, count: int, work: Callable[[], object]) -> None:
    wall, used = time.perf_counter(), time.process_time()
    work()
    _line(name, count, time.perf_counter() - wall, time.process_time() - used)


def _line(name: str, count: int, wall: float, used: float) -> None:
    print(f"{name:<20} {count:7,} poses {count / wall:9,.0f}/s wall {count / used:9,.0f}/s of one core's time")


if __name__ == "__main__":
    main()
