"""For tests of the library: quick stand-ins for what names, measures and embeds, and small sources."""

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from conftest import random_rotations
from embedder_fake import FakeEmbedder

from chatpose.body.pose import Pose
from chatpose.retrieval.library import Library
from chatpose.retrieval.library_analysis import Analysis
from chatpose.retrieval.library_rows import RowName
from chatpose.retrieval.pose_source import ListSource, SourcePoses
from chatpose.retrieval.statement_bits import statement_bytes


class QuickAnalyser:
    """Names and bits by a hash of the pose; the same pose has the same ones."""

    def __init__(self, embedder: FakeEmbedder | None = None) -> None:
        self.embedder = embedder or FakeEmbedder(8)

    def __call__(self, poses: Pose) -> Analysis:
        return Analysis(self.names(poses), self.statements(poses), self.vectors(poses))

    def names(self, poses: Pose) -> list[tuple[RowName, ...]]:
        return [(RowName(f"pose {row[0]}", 0.75, f"entry-{row[1]}", True),) for row in _hashes(poses)]

    def statements(self, poses: Pose) -> np.ndarray:
        rows = [np.resize(np.frombuffer(row, np.uint8), statement_bytes()) for row in _hashes(poses)]
        return np.asarray(rows, np.uint8).reshape(len(poses), statement_bytes())

    def vectors(self, poses: Pose) -> np.ndarray:
        return self.embedder.embed_poses(poses).astype(np.float16)


def _hashes(poses: Pose) -> Iterator[bytes]:
    for rotations in poses.local_rotations:
        yield hashlib.sha256(rotations.numpy().tobytes()).digest()


def poses(count: int, seed: int = 0) -> Pose:
    rotations = random_rotations(count, 24, max_angle_rad=2.0, seed=seed)
    generator = torch.Generator().manual_seed(seed)
    betas, transl = torch.randn(count, 10, generator=generator), torch.randn(count, 3, generator=generator)
    return Pose.from_rotations(rotations, betas=betas, transl=transl)


def listed(name: str, count: int = 12, seed: int = 0, **extra: Sequence) -> ListSource:
    found = SourcePoses(poses(count, seed), np.arange(count), **extra)
    return ListSource(name, found, collection=f"tests of {name}", licence="CC0", file=name)


def many(count: int, rows: int = 12) -> list[ListSource]:
    return [listed(f"list {number}", rows, number, descriptions=[f"text {number}"] * rows) for number in range(count)]


def made(folder: Path, sources: Sequence[ListSource], **importing: int) -> Library:
    """A library with some sources in it."""
    analyser = QuickAnalyser()
    library = Library.open_or_create(folder, analyser.embedder)
    for result in library.add(sources, analyser, **importing):
        assert not result.problem
    return library


def angles_deg(first: Pose, second: Pose) -> torch.Tensor:
    """Largest angle between the same joints of two batches."""
    from chatpose.body.rotations import matrix_to_axis_angle

    apart = first.local_rotations.transpose(-1, -2) @ second.local_rotations
    return matrix_to_axis_angle(apart.double()).norm(dim=-1).max().rad2deg()


def contents(library: Library) -> list[tuple]:
    """Everything about every pose but its key, in the order of their ids."""
    keys = library.keys()
    pose, rows = library.poses(keys), library.rows(keys)
    vectors, bits = library.vectors()[keys], library.bits()[keys]
    return sorted(
        (row.id, row.names, row.description, row.file, row.frame, one.tobytes(), two.tobytes(), three.tobytes())
        for row, one, two, three in zip(rows, pose.local_rotations.numpy(), vectors, bits, strict=True)
    )
