"""Fits the scores of names (`chatpose.atlas.naming`): which answers are right how often.

    python -m chatpose.train.naming --data FOLDER --out data/atlas/compiled/naming.json --seed 0

Two kinds of answers, weighed alike: on entries with every angle shaken, where the entry that was shaken is right while
its statements hold; and on motion capture of the training subjects, where an entry is right when one of its tags is
what the clip's description says. There, entries without tags are passed over: nobody says whether they are right.
"""

import argparse
import logging
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor

from chatpose.atlas.compiled import Atlas
from chatpose.atlas.naming import FEATURES, Calibration, Candidates, Namer
from chatpose.atlas.variations import shaken
from chatpose.body.pose import Pose
from chatpose.corpus.activities import activities_of
from chatpose.corpus.packed import PackedPoses, Split

log = logging.getLogger(__name__)

SHAKES = 24
"""Shaken versions of each entry."""
SHAKEN_DEG = 18.0
REAL_ROWS = 6000
STEPS = 400
CHUNK = 512


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="folder with cmu_poses_30k.npz")
    parser.add_argument("--out", type=Path, required=True, help="naming.json")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    calibration = fit(Atlas.load(), PackedPoses(options.data / "cmu_poses_30k.npz"), options.seed)
    calibration.save(options.out)
    log.info("%s", calibration)


def fit(atlas: Atlas, packed: PackedPoses, seed: int) -> Calibration:
    """Fits the coefficients."""
    namer = Namer(atlas, calibration=Calibration())
    generator = torch.Generator().manual_seed(seed)
    features, right, weights = zip(
        shaken_answers(namer, generator), real_answers(namer, packed, "train", REAL_ROWS), strict=True
    )
    counts = [len(one) for one in right]
    log.info("%d answers on shaken entries, %d on motion capture", *counts)
    each = torch.cat([weight / weight.sum().clamp_min(1e-9) for weight in weights])
    return _logistic(torch.cat(features), torch.cat(right), each, counts)


Answers = tuple[Tensor, Tensor, Tensor]
"""(A, features), (A,) whether the answer is right as 0 or 1, (A,) weight."""


def shaken_answers(namer: Namer, generator: torch.Generator) -> Answers:
    """What the namer would answer on shaken entries; every candidate that meets its statements is an answer."""
    count = len(namer.atlas)
    entry = torch.arange(count).repeat(SHAKES)
    poses = shaken(namer.atlas.poses[entry], generator, SHAKEN_DEG)
    rows: list[Answers] = []
    for start in range(0, len(entry), CHUNK):
        part = slice(start, start + CHUNK)
        found = namer.candidates(poses[part])
        rows.append(_answers(found, (found.entry == entry[part, None]).float(), found.meets))
    return _joined(rows)


def real_answers(namer: Namer, packed: PackedPoses, split: Split, count: int) -> Answers:
    """What it would answer on motion capture whose description names an activity that the atlas knows."""
    rows: list[Answers] = []
    for poses, activities in real_poses(namer.atlas, packed, split, count):
        found = namer.candidates(poses)
        right, told = right_by_tags(namer.atlas, found.entry, activities)
        rows.append(_answers(found, right.float(), found.meets & told))
    return _joined(rows)


def real_poses(atlas: Atlas, packed: PackedPoses, split: Split, count: int) -> list[tuple[Pose, list[frozenset[str]]]]:
    """Poses of a split with what is being done, in chunks; clips whose activities the atlas has no tag for are out."""
    known = frozenset(tag for entry in atlas for tag in entry.tags)
    chosen = packed.rows(split)
    chunks = []
    taken = 0
    for start in range(0, len(chosen), CHUNK):
        batch = packed.batch(chosen[start : start + CHUNK])
        activities = [activities_of(packed.clips[int(clip)].description) for clip in batch.clips]
        kept = [row for row, done in enumerate(activities) if done & known]
        if kept:
            chunks.append((batch.pose[torch.tensor(kept)], [activities[row] for row in kept]))
            taken += len(kept)
        if taken >= count:
            break
    return chunks


def right_by_tags(atlas: Atlas, entries: Tensor, activities: list[frozenset[str]]) -> tuple[Tensor, Tensor]:
    """(N, K) whether an entry's tags say what is being done, and whether it has tags at all."""
    tags = [frozenset(entry.tags) for entry in atlas]
    rows = [[bool(tags[place] & done) for place in row] for row, done in zip(entries.tolist(), activities, strict=True)]
    tagged = torch.tensor([bool(several) for several in tags])
    return torch.tensor(rows, dtype=torch.bool).reshape(entries.shape), tagged[entries]


def _answers(found: Candidates, right: Tensor, counted: Tensor) -> Answers:
    features = found.features[counted]
    return features, right[counted], torch.ones(len(features))


def _joined(rows: list[Answers]) -> Answers:
    if not rows:
        return torch.zeros(0, len(FEATURES)), torch.zeros(0), torch.zeros(0)
    features, right, weights = zip(*rows, strict=True)
    return torch.cat(features), torch.cat(right), torch.cat(weights)


def _logistic(features: Tensor, right: Tensor, weights: Tensor, counts: list[int]) -> Calibration:
    """Logistic regression on standardised features, by L-BFGS with a small ridge."""
    mean, spread = features.mean(0), features.std(0).clamp_min(1e-6)
    scaled = ((features - mean) / spread).double()
    coefficients = torch.zeros(len(FEATURES) + 1, dtype=torch.float64, requires_grad=True)
    optimiser = torch.optim.LBFGS([coefficients], max_iter=STEPS, line_search_fn="strong_wolfe")

    def loss() -> Tensor:
        optimiser.zero_grad()
        logits = scaled @ coefficients[:-1] + coefficients[-1]
        errors = torch.nn.functional.binary_cross_entropy_with_logits(logits, right.double(), reduction="none")
        total = (errors * weights).sum() + 1e-4 * coefficients[:-1].square().sum()
        total.backward()
        return total

    optimiser.step(loss)
    fitted = coefficients.detach()
    slopes = (fitted[:-1] / spread).float()
    bias = float(fitted[-1] - (fitted[:-1] * mean / spread).sum())
    calibration = Calibration(tuple(round(float(slope), 6) for slope in slopes), round(bias, 6))
    scores = calibration.score(features)
    figures = {
        "answers on shaken entries": float(counts[0]),
        "answers on motion capture": float(counts[1]),
        "precision from 0.8": round(float(right[scores >= 0.8].mean()), 4) if (scores >= 0.8).any() else 0.0,
        "share from 0.8": round(float((scores >= 0.8).float().mean()), 4),
    }
    return replace(calibration, fitted_on="shaken entries and the training subjects' clips", figures=figures)


if __name__ == "__main__":
    main()
