"""Trains the pose tokenizer: `chatpose train tokenizer --data FOLDER --config FILE --out FOLDER`.

One codebook after the other; each is written to a work folder when it is done, so that a broken run goes on from the
last. The same settings, data and number of threads give the same bytes. Settings were chosen on the validation
subjects; the test subjects aren't read.
"""

import hashlib
import json
import logging
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
import yaml
from torch import Tensor

from chatpose.body.rotations import matrix_to_quaternion
from chatpose.errors import UnreadableFileError
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
from chatpose.pretrained import PretrainedConfig, config_from_dict
from chatpose.safefiles import atomic_write, read_limited
from chatpose.train.tokenizer_books import PartRows, fit_root, fit_rotations, refine
from chatpose.train.tokenizer_data import MixtureCounts, TrainingPoses, atlas_variations, training_poses

log = logging.getLogger(__name__)

MAX_SETTINGS_BYTES = 2**16
LEVELS = {
    "coarse": Stages(2, 2, 2, 2),
    "fine": Stages(2, 6, 4, 4),
    "finest": Stages(2, 6, 6, 6),
}
"""12, 24 and 32 tokens."""


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
        refine_steps: of gradient descent on each codebook, 0 for none.
        refine_batch: poses a step.
        refine_rate: first step size.
        seed: of everything random.
    """

    KIND = "tokenizer_training"
    codes: int = 1024
    stages: Stages = Stages(2, 6, 6, 6)
    levels: dict[str, Stages] = field(default_factory=lambda: dict(LEVELS))
    heading_bins: int = 256
    point_weights: dict[str, float] = field(default_factory=lambda: dict(POINT_WEIGHTS))
    rotation_floor_m: float = 0.02
    mixture: MixtureCounts = MixtureCounts()
    rounds: int = 10
    refine_steps: int = 300
    refine_batch: int = 1024
    refine_rate: float = 0.02
    seed: int = 0

    @classmethod
    def read(cls, path: Path) -> "TokenizerTraining":
        """Settings from YAML; what isn't there is as by default.

        Raises:
            UnreadableFileError: an unknown or wrong key.
        """
        try:
            given = yaml.safe_load(read_limited(path, max_bytes=MAX_SETTINGS_BYTES)) or {}
        except yaml.YAMLError as error:
            raise UnreadableFileError(f"{path}: {error}", expected="YAML") from error
        if not isinstance(given, dict):
            raise UnreadableFileError(f"{path} holds no settings", expected="a mapping (key: value)")
        stored = {**{"kind": cls.KIND, "version": cls.VERSION}, **asdict(cls()), **_nested(asdict(cls()), given)}
        return config_from_dict(cls, stored, str(path))

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
    began = time.monotonic()
    config = settings.config()
    rotations = poses.rotations.to(device)
    tensors: dict[str, Tensor] = {}
    for book in BOOKS:
        tensors |= _kept(work, settings, book, rotations) or _keep(
            work, settings, book, rotations, _fit(settings, config, book, rotations)
        )
    seconds = time.monotonic() - began
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
    log.info("%s: %d rows, k-means of %d stages", book, len(rows), stages)
    codes = fit_rotations(book, rows, settings.codes, stages, settings.rounds, points, generator)
    log.info("%s: k-means done after %.0f s", book, time.monotonic() - began)
    if settings.refine_steps:
        told = _Progress(book, settings.refine_steps, settings.refine_batch)
        depths = tuple(sorted({level.of(book) for level in settings.levels.values()}))
        codes = refine(
            book,
            codes,
            rows,
            depths,
            settings.refine_steps,
            min(settings.refine_batch, len(rows)),
            generator,
            rate=settings.refine_rate,
            told=told,
        )
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
    return {name: tensor.contiguous() for name, tensor in tensors.items()}


class _Progress:
    """Says how the descent goes, with its rate."""

    def __init__(self, book: str, steps: int, batch: int) -> None:
        self.book, self.steps, self.batch = book, steps, batch
        self.began = time.monotonic()
        self.every = max(steps // 10, 1)
        self.losses: list[float] = []

    def __call__(self, step: int, loss: float) -> None:
        self.losses.append(loss)
        if (step + 1) % self.every == 0:
            rate = (step + 1) * self.batch / max(time.monotonic() - self.began, 1e-9)
            mean = sum(self.losses) / len(self.losses)
            log.info("%s: step %d of %d, %.2f mm, %.0f poses/s", self.book, step + 1, self.steps, mean * 1000, rate)
            self.losses.clear()


# --- resuming --------------------------------------------------------------------------------------------------------


def _key(settings: TokenizerTraining, book: str, rotations: Tensor) -> str:
    """What a kept codebook has to have been made from."""
    asked = {key: value for key, value in asdict(settings).items() if key != "levels" or book != ROOT}
    digest = hashlib.sha256(json.dumps([book, asked], sort_keys=True).encode())
    digest.update(rotations.cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()


def _kept(work: Path | None, settings: TokenizerTraining, book: str, rotations: Tensor) -> dict[str, Tensor] | None:
    from safetensors.torch import load

    path = None if work is None else work / f"{book}.safetensors"
    told = None if work is None else work / f"{book}.json"
    if path is None or told is None or not path.exists() or not told.exists():
        return None
    if json.loads(read_limited(told))["key"] != _key(settings, book, rotations):
        return None
    log.info("%s: from %s", book, path)
    return load(read_limited(path, max_bytes=PoseTokenizer.max_tensor_bytes))


def _keep(
    work: Path | None, settings: TokenizerTraining, book: str, rotations: Tensor, tensors: dict[str, Tensor]
) -> dict[str, Tensor]:
    from safetensors.torch import save

    if work is not None:
        work.mkdir(parents=True, exist_ok=True)
        with atomic_write(work / f"{book}.safetensors") as temporary:
            temporary.write_bytes(save(tensors))
        with atomic_write(work / f"{book}.json") as temporary:
            temporary.write_text(json.dumps({"key": _key(settings, book, rotations)}), encoding="utf-8")
    return tensors


def _nested(default: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """What was given, with the defaults of groups that are given in part."""
    merged = {}
    for key, value in given.items():
        known = default.get(key)
        whole = key in ("levels", "point_weights")
        partial = isinstance(value, Mapping) and isinstance(known, Mapping) and not whole
        merged[key] = {**known, **value} if partial and isinstance(known, Mapping) else value
    return merged
