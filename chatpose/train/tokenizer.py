"""Trains the pose tokenizer: `chatpose train tokenizer --data FOLDER --config FILE --out FOLDER`.

One codebook after the other; each is written to a work folder when it is done, so that a broken run goes on from the
last. The same settings, data and number of threads give the same bytes. Settings were chosen on the validation
subjects; the test subjects aren't read.
"""

import hashlib
import json
import logging
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import torch
from safetensors.torch import load, save
from torch import Tensor

from chatpose.body.rotations import matrix_to_quaternion
from chatpose.pose_tokenizer.codebooks import RootBook, RotationBook
from chatpose.pose_tokenizer.config import (
    BOOKS,
    POINT_WEIGHTS,
    ROOT,
    PoseTokenizerConfig,
    Stages,
    part_index,
    tracked_points,
)
from chatpose.pose_tokenizer.metric import PointSet, part_metrics
from chatpose.pose_tokenizer.tokenizer import PoseTokenizer, mirrored_rotations
from chatpose.pretrained import PretrainedConfig
from chatpose.safefiles import atomic_write, read_limited
from chatpose.train.settings import read_settings
from chatpose.train.tokenizer_books import PartRows, fit_root, fit_rotations
from chatpose.train.tokenizer_data import MixtureCounts, TrainingPoses, atlas_variations, training_poses

log = logging.getLogger(__name__)

LEVELS = {
    "coarse": Stages(2, 2, 2, 2),
    "fine": Stages(2, 6, 4, 4),
    "finest": Stages(3, 9, 5, 5),
}
"""12, 24 and 32 tokens."""
LARGEST = Stages(3, 9, 5, 5)


@dataclass(frozen=True)
class TokenizerTraining(PretrainedConfig):
    """What a training run is asked for.

    Attributes:
        codes: in every stage.
        stages: of each codebook.
        levels: named prefixes.
        heading_bins: of the whole turn.
        point_weights: by joint, of the points on the face, the palms and the soles; a joint's own place counts 1.
        rotation_floor_m: lever that every rotation counts with at least.
        mixture: poses by kind.
        rounds: of every k-means.
        seed: of everything random.
    """

    KIND = "tokenizer_training"
    codes: int = 1024
    stages: Stages = LARGEST
    levels: dict[str, Stages] = field(default_factory=lambda: dict(LEVELS))
    heading_bins: int = 256
    point_weights: dict[str, float] = field(default_factory=lambda: dict(POINT_WEIGHTS))
    rotation_floor_m: float = 0.02
    mixture: MixtureCounts = field(default_factory=MixtureCounts)
    rounds: int = 16
    seed: int = 0

    @classmethod
    def read(cls, path: Path) -> "TokenizerTraining":
        """Settings from YAML; what isn't there is as by default.

        Raises:
            UnreadableFileError: an unknown or wrong key.
        """
        return read_settings(cls(), path, whole=("levels", "point_weights"))

    def config(self) -> PoseTokenizerConfig:
        """Of the tokenizer that comes out."""
        return PoseTokenizerConfig(
            codes=self.codes,
            stages=self.stages,
            levels=self.levels,
            heading_bins=self.heading_bins,
            points=tracked_points(self.point_weights),
            rotation_floor_m=self.rotation_floor_m,
            involution="neighbour",
            seed=self.seed,
        )


def train(
    settings: TokenizerTraining,
    data: Path,
    *,
    work: Path | None = None,
    atlas: Path | None = None,
    device: torch.device | str = "cpu",
) -> tuple[PoseTokenizer, dict[str, Any]]:
    """Trains all codebooks.

    Args:
        settings: of the run.
        data: folder with the packed collections.
        work: where finished codebooks are kept; a run of the same settings goes on there.
        atlas: folder of a compiled atlas; the one that ships when absent, none if there is none.
        device: where to compute.

    Returns:
        The tokenizer, and facts for its card.
    """
    began = time.monotonic()
    variations = atlas_variations(atlas, settings.mixture.atlas, settings.seed) if settings.mixture.atlas else None
    poses = training_poses(data, settings.mixture, settings.seed, variations)
    log.info("%d poses in %.0f s: %s", len(poses.rotations), time.monotonic() - began, poses.counts)
    return train_on(settings, poses, work=work, device=device)


def train_on(
    settings: TokenizerTraining,
    poses: TrainingPoses,
    *,
    work: Path | None = None,
    device: torch.device | str = "cpu",
) -> tuple[PoseTokenizer, dict[str, Any]]:
    """Trains on poses that are there."""
    config = settings.config()
    rotations = poses.rotations.to(device)
    tensors: dict[str, Tensor] = {}
    seconds = 0.0
    for book in BOOKS:
        made = _kept(work, settings, book, rotations)
        if made is None:
            began = time.monotonic()
            fitted = _fit(settings, config, book, rotations)
            made = _Made(fitted, time.monotonic() - began)
            _keep(work, settings, book, rotations, made)
        tensors |= made.tensors
        seconds += made.seconds
    facts = {
        "poses": poses.counts,
        "seconds": round(seconds),
        "threads": torch.get_num_threads(),
        "device": str(device),
    }
    return PoseTokenizer(config, tensors), facts


def _fit(settings: TokenizerTraining, config: PoseTokenizerConfig, book: str, rotations: Tensor) -> dict[str, Tensor]:
    """The stored tensors of one codebook."""
    began = time.monotonic()
    generator = torch.Generator().manual_seed(settings.seed * 10 + BOOKS.index(book))
    points = PointSet.of(config)
    stages = settings.stages.of(book)
    if book == ROOT:
        fitted = fit_root(rotations[:, 0, 1, :], settings.codes, stages, settings.rounds, generator)
        log.info("root: %d stages in %.0f s", stages, time.monotonic() - began)
        return _stored(book, fitted)
    rows = part_rows(book, rotations, points)
    log.info("%s: %d rows, %d stages", book, len(rows), stages)
    told = _Progress(book, len(rows), stages)
    codes = fit_rotations(book, rows, settings.codes, stages, settings.rounds, points, generator, told)
    log.info("%s: done after %.0f s", book, time.monotonic() - began)
    return _stored(book, codes)


def part_rows(book: str, rotations: Tensor, points: PointSet) -> PartRows:
    """What a codebook is trained on: a limb's both sides, the right one mirrored."""
    part = book if book == "torso" else f"left_{book}"
    sides = [rotations] if book == "torso" else [rotations, mirrored_rotations(rotations)]
    target = torch.cat([matrix_to_quaternion(side[:, part_index(part)]) for side in sides])
    metric = torch.cat([part_metrics(chunk, points, part) for side in sides for chunk in side.split(4096)])
    return PartRows(target, metric)


def _stored(book: str, fitted: RootBook | RotationBook) -> dict[str, Tensor]:
    """As the tokenizer stores it: half precision, of symmetric books the even codes."""
    half = slice(None, None, 2) if book in (ROOT, "torso") else slice(None)
    first = fitted.first[half].detach().cpu()
    tensors = {f"{book}.first": first if book == ROOT else first.half()}
    tensors[f"{book}.steps"] = fitted.steps[:, half].detach().cpu().half()
    if isinstance(fitted, RotationBook):
        tensors[f"{book}.scales"] = fitted.scales[:, half].detach().cpu().half()
        tensors[f"{book}.spreads"] = fitted.spreads[:, half].detach().cpu().half()
    return {name: tensor.contiguous() for name, tensor in tensors.items()}


class _Progress:
    """Says how the stages go, with their rate."""

    def __init__(self, book: str, rows: int, stages: int) -> None:
        self.book, self.rows, self.stages = book, rows, stages
        self.last = time.monotonic()

    def __call__(self, stage: int, metres: float) -> None:
        rate = self.rows / max(time.monotonic() - self.last, 1e-9)
        self.last = time.monotonic()
        told = (self.book, stage, self.stages, metres * 1000, rate)
        log.info("%s: stage %d of %d fitted, %.2f mm left (root mean square), %.0f rows/s", *told)


# --- resuming --------------------------------------------------------------------------------------------------------


def _key(settings: TokenizerTraining, book: str, rotations: Tensor) -> str:
    """What a kept codebook has to have been made from."""
    asked = {key: value for key, value in asdict(settings).items() if key != "levels" or book != ROOT}
    digest = hashlib.sha256(json.dumps([book, asked], sort_keys=True).encode())
    digest.update(rotations.cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()


class _Made(NamedTuple):
    """A finished codebook, and how long it took."""

    tensors: dict[str, Tensor]
    seconds: float


def _kept(work: Path | None, settings: TokenizerTraining, book: str, rotations: Tensor) -> _Made | None:
    path = None if work is None else work / f"{book}.safetensors"
    told = None if work is None else work / f"{book}.json"
    if path is None or told is None or not path.exists() or not told.exists():
        return None
    facts = json.loads(read_limited(told))
    if facts["key"] != _key(settings, book, rotations):
        return None
    log.info("%s: from %s", book, path)
    return _Made(load(read_limited(path, max_bytes=PoseTokenizer.max_tensor_bytes)), float(facts.get("seconds", 0)))


def _keep(work: Path | None, settings: TokenizerTraining, book: str, rotations: Tensor, made: _Made) -> None:
    if work is None:
        return
    work.mkdir(parents=True, exist_ok=True)
    with atomic_write(work / f"{book}.safetensors") as temporary:
        temporary.write_bytes(save(made.tensors))
    with atomic_write(work / f"{book}.json") as temporary:
        facts = {"key": _key(settings, book, rotations), "seconds": made.seconds}
        temporary.write_text(json.dumps(facts), encoding="utf-8")
