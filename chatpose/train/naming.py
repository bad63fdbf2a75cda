"""Fits the scores of names (`chatpose.atlas.naming`): which answers are right how often.

    python -m chatpose.train.naming --data FOLDER --out data/atlas/compiled/naming.json --seed 0

Two kinds of answers, weighed alike: on entries with every angle shaken, where the entry that was shaken is right; and
on motion capture of the training and validation subjects, where an entry is right when one of its tags is what the
clip's description says. There, ways to stand and walk are passed over: people do that in every clip and no description
says so. How reliable an entry is for a subject is counted on the other subjects only.
"""

import argparse
import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path

import torch
from torch import Tensor

from chatpose.atlas.compiled import Atlas
from chatpose.atlas.naming import FEATURES, Calibration, Candidates, Namer
from chatpose.atlas.variations import shaken
from chatpose.body.pose import Pose
from chatpose.corpus.activities import activities_of
from chatpose.corpus.packed import PackedPoses, Split
from chatpose.evaluation.naming import SURE, UNJUDGED

log = logging.getLogger(__name__)

SHAKES = 8
"""Shaken versions of each entry."""
SHAKEN_DEG = 18.0
REAL_ROWS = 20_000
SMOOTHING = 4.0
"""Answers that an entry's reliability is held back by."""
STEPS = 400
CHUNK = 512
REAL_SHARE = 0.9
"""Weight of motion capture against shaken entries, of which nearly all answers are right."""


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
    """Fits the coefficients: first to rank candidates, then, on the best of each pose, to say how sure it is."""
    namer = Namer(atlas, calibration=Calibration())
    real = real_answers(namer, packed, ("train", "validation"), REAL_ROWS)
    shaken_ = shaken_answers(namer, torch.Generator().manual_seed(seed))
    log.info("%d answers on shaken entries, %d on motion capture", len(shaken_.right), len(real.right))
    reliability = _reliability(real, len(atlas))
    across = {int(subject): _reliability(real, len(atlas), without=int(subject)) for subject in real.subjects.unique()}
    rows = torch.stack([across[int(subject)] for subject in real.subjects.unique()])
    place = torch.searchsorted(real.subjects.unique(), real.subjects)
    real.features[:, -1] = rows[place, real.entries]
    shaken_.features[:, -1] = 0.0  # they tell nothing about reliability
    ranking = _logistic((shaken_, real))
    best = (_best(shaken_, ranking), _best(real, ranking))
    fitted = _logistic(best)
    known = {entry.id: round(float(v), 3) for entry, v in zip(atlas, reliability, strict=True) if float(v) != 0}
    scores, right = fitted.score(best[1].features), best[1].right
    sure = scores >= SURE
    figures = {
        "poses": float(len(best[0].right) + len(best[1].right)),
        "sure answers on motion capture": float(sure.sum()),
        "their precision, other subjects' reliability": round(float(right[sure].mean()), 4) if sure.any() else 0.0,
    }
    source = "shaken entries; clips of the training and validation subjects"
    return replace(fitted, reliability=known, fitted_on=source, figures=figures)


@dataclass(frozen=True, eq=False)
class Answers:
    """Candidates of many poses.

    Attributes:
        features: (A, features).
        right: (A,) 0 or 1.
        entries: (A,) places of the entries answered.
        subjects: (A,) whose motion it is; -1 for shaken entries.
        poses: (A,) number of the pose, counted from 0.
        first: (A,) whether the entry was the nearest of its pose.
    """

    features: Tensor
    right: Tensor
    entries: Tensor
    subjects: Tensor
    poses: Tensor
    first: Tensor

    def of(self, rows: Tensor) -> "Answers":
        """Some of them."""
        return Answers(*(getattr(self, one.name)[rows] for one in fields(self)))

    @classmethod
    def joined(cls, parts: "Sequence[Answers]") -> "Answers":
        """Several batches as one, the poses counted on."""
        done, columns = 0, []
        for part in parts:
            columns.append(replace(part, poses=part.poses + done))
            done = int(columns[-1].poses.max()) + 1 if len(part.poses) else done
        return cls(*(torch.cat([getattr(part, one.name) for part in columns]) for one in fields(cls)))


def _answers(found: Candidates, right: Tensor, counted: Tensor, subjects: Tensor) -> Answers:
    first = torch.zeros_like(counted)
    first[:, 0] = True
    poses = torch.arange(len(counted))[:, None].expand_as(counted)
    columns = (found.features, right.float(), found.entry, subjects[:, None].expand_as(counted), poses, first)
    return Answers(*(column[counted] for column in columns))


def _best(answers: Answers, ranking: Calibration) -> Answers:
    """The answer with the highest score of each pose."""
    order = ranking.score(answers.features).argsort(stable=True)
    best = torch.zeros(int(answers.poses.max()) + 1, dtype=torch.long).scatter(0, answers.poses[order], order)
    return answers.of(best[torch.bincount(answers.poses) > 0])


def shaken_answers(namer: Namer, generator: torch.Generator) -> Answers:
    """All candidates on shaken entries."""
    count = len(namer.atlas)
    entry = torch.arange(count).repeat(SHAKES)
    poses = shaken(namer.atlas.poses[entry], generator, SHAKEN_DEG)
    parts = []
    for start in range(0, len(entry), CHUNK):
        part = slice(start, start + CHUNK)
        found = namer.candidates(poses[part])
        nobody = torch.full((len(found.entry),), -1)
        parts.append(_answers(found, found.entry == entry[part, None], found.meets, nobody))
    return Answers.joined(parts)


def real_answers(namer: Namer, packed: PackedPoses, splits: Sequence[Split], count: int) -> Answers:
    """All candidates on motion capture whose description names an activity that the atlas knows."""
    parts = []
    for split in splits:
        for poses, activities, subjects in real_poses(namer.atlas, packed, split, count):
            found = namer.candidates(poses)
            right, judged = right_by_tags(namer.atlas, found.entry, activities)
            parts.append(_answers(found, right, found.meets & judged, subjects))
    return Answers.joined(parts)


def real_poses(
    atlas: Atlas, packed: PackedPoses, split: Split, count: int
) -> Iterator[tuple[Pose, list[frozenset[str]], Tensor]]:
    """Poses of a split in chunks, what is being done and by whom; clips of which the atlas knows nothing are out."""
    known = frozenset(tag for entry in atlas for tag in entry.tags)
    chosen = packed.rows(split)
    taken = 0
    for start in range(0, len(chosen), CHUNK):
        batch = packed.batch(chosen[start : start + CHUNK])
        clips = [packed.clips[int(clip)] for clip in batch.clips]
        activities = [activities_of(clip.description) for clip in clips]
        kept = [row for row, done in enumerate(activities) if done & known]
        if kept:
            subjects = torch.tensor([clips[row].subject for row in kept])
            yield batch.pose[torch.tensor(kept)], [activities[row] for row in kept], subjects
            taken += len(kept)
        if taken >= count:
            return


def right_by_tags(atlas: Atlas, entries: Tensor, activities: list[frozenset[str]]) -> tuple[Tensor, Tensor]:
    """(N, K) whether an entry's tags say what is being done, and whether that can be judged."""
    tags = [frozenset(entry.tags) for entry in atlas]
    rows = [[bool(tags[place] & done) for place in row] for row, done in zip(entries.tolist(), activities, strict=True)]
    judged = torch.tensor([entry.family not in UNJUDGED for entry in atlas])
    return torch.tensor(rows, dtype=torch.bool).reshape(entries.shape), judged[entries]


def _reliability(real: Answers, count: int, without: int | None = None) -> Tensor:
    """(entries,) smoothed log-odds that an entry was right where it was the nearest, against all nearest ones."""
    taken = real.first if without is None else real.first & (real.subjects != without)
    right = torch.zeros(count).index_add_(0, real.entries[taken], real.right[taken])
    wrong = torch.zeros(count).index_add_(0, real.entries[taken], 1 - real.right[taken])
    overall = float(right.sum() / (right + wrong).sum().clamp_min(1))
    smooth = (right + SMOOTHING * overall) / (wrong + SMOOTHING * (1 - overall))
    return torch.where(right + wrong > 0, smooth.log() - torch.tensor(overall / (1 - overall)).log(), 0.0)


def _logistic(parts: tuple[Answers, Answers]) -> Calibration:
    """Logistic regression on standardised features, by L-BFGS with a small ridge.

    Motion capture, the harder kind, weighs `REAL_SHARE`, each of its subjects alike.
    """
    features, right = (torch.cat([getattr(part, name) for part in parts]) for name in ("features", "right"))
    shares = (1 - REAL_SHARE, REAL_SHARE)
    weights = torch.cat([share * _weights(part.subjects) for share, part in zip(shares, parts, strict=True)]).double()
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
    return Calibration(tuple(round(float(slope), 6) for slope in slopes), round(bias, 6))


def _weights(subjects: Tensor) -> Tensor:
    """(A,) summing to 1, the same for every subject."""
    _, place, counts = subjects.unique(return_inverse=True, return_counts=True)
    return 1.0 / (counts[place] * len(counts))


if __name__ == "__main__":
    main()
