"""Fits `chatpose.body.pose_prior`: `python -m chatpose.corpus.train_pose_prior --data FOLDER --out FOLDER --seed 0`.

Real poses are the training subjects of the packed motion-capture collections without the rows whose ankles or wrists
are flipped; hand-made postures are mixed in, because the recordings have next to nobody on the floor. Everything was
chosen on the validation subjects; the test subjects aren't read.
"""

import argparse
import math
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from chatpose.body.pose_prior import UP, PosePrior, PosePriorConfig, part_rows, pose_features
from chatpose.body.rotations import axis_angle_to_matrix
from chatpose.corpus.basic_postures import BASIC_POSTURES
from chatpose.corpus.mixture import Mixture, fit_mixture
from chatpose.corpus.packed import PackedPoses, Split
from chatpose.corpus.random_poses import jittered_postures, limit_poses

COLLECTIONS = ("cmu_poses_30k.npz", "cmu_daz_poses_6k.npz")

ARM = ("shoulder", "elbow", "wrist", "hand")
LEG = ("hip", "knee", "ankle", "foot")
PARTS: tuple[tuple[str, ...], ...] = (
    ("spine1", "spine2", "spine3", "neck", "head", "left_collar", "right_collar", UP),
    tuple(f"{side}_{joint}" for side in ("left", "right") for joint in ARM),
    tuple(f"{side}_{joint}" for side in ("left", "right") for joint in LEG),
)
"""Trunk with its tilt, both arms, both legs: on the validation subjects as likely as one mixture over the whole body,
and far more likely on postures that weren't trained on."""

COMPONENTS = 32
POSTURE_SHARE = 0.1
"""Weight of the hand-made postures among all poses."""
POSTURE_COUNT = 130 * len(BASIC_POSTURES)
POSTURE_JITTER_DEG = 6.0
"""With twice as much, random poses within the joint limits came out half as strange."""

FLOOR_DEG = 4.0
"""Noise that every joint is allowed: fits to photos and other rigs' poses have it, and the recordings' elbows and
knees are pure hinges."""
FLOORS_DEG = {"collar": 10.0, "elbow": 6.0, "hand": 6.0}
"""Joints that the recordings hold still though people don't."""

HELD_OUT_EVERY = 4
"""Every fourth posture is left out of a second fit, which tells how unseen postures fare."""


@dataclass(frozen=True, eq=False)
class PoseSets:
    """Local rotations, (N, 24, 3, 3) each.

    Attributes:
        train: real poses of the training subjects.
        validation: real poses of the validation subjects.
        postures: hand-made ones with jitter, `kind` telling which of `BASIC_POSTURES`.
        kind: (N,).
        people: how many subjects train.
    """

    train: Tensor
    validation: Tensor
    postures: Tensor
    kind: Tensor
    people: int


def read_poses(folder: Path, seed: int) -> PoseSets:
    """The poses to fit and to choose on."""
    generator = torch.Generator().manual_seed(seed)
    packs = [PackedPoses(folder / name) for name in COLLECTIONS]
    people = {pack.clips[clip].subject for pack in packs for clip in set(pack.clip[pack.rows("train")].tolist())}
    return PoseSets(
        _rotations(packs, "train"),
        _rotations(packs, "validation"),
        jittered_postures(POSTURE_COUNT, generator, jitter_deg=POSTURE_JITTER_DEG).local_rotations,
        torch.arange(POSTURE_COUNT) % len(BASIC_POSTURES),
        len(people),
    )


def _rotations(packs: list[PackedPoses], split: Split) -> Tensor:
    """Local rotations of a split, without flipped ankles and wrists."""
    return torch.cat([pack.pose(pack.rows(split)).local_rotations for pack in packs])


def fit_prior(real: Tensor, postures: Tensor, seed: int, *, components: int = COMPONENTS) -> PosePrior:
    """Fits a prior to real poses and hand-made postures, (N, 24, 3, 3) each."""
    features = pose_features(torch.cat([real, postures]))
    weights = torch.ones(len(features))
    weights[len(real) :] = POSTURE_SHARE / (1 - POSTURE_SHARE) * len(real) / max(len(postures), 1)
    weights /= weights.mean()
    places, signs = part_rows(PARTS)
    images = (features[:, places] * signs).unflatten(1, (2, len(PARTS), -1)).flatten(-2)
    mixtures = []
    for part, names in enumerate(PARTS):
        generator = torch.Generator().manual_seed(seed)
        own, mirrored = images[:, 0, part], images[:, 1, part]
        mixtures.append(fit_mixture(own, mirrored, weights, components, _floor(names), generator))
    return _calibrated(mixtures, real)


def _calibrated(mixtures: list[Mixture], real: Tensor) -> PosePrior:
    """The prior whose zero is the median of real poses."""
    row, column = torch.tril_indices(*mixtures[0].whitening.shape[-2:])
    tensors = {
        "log_weights": torch.stack([mixture.log_weights for mixture in mixtures]),
        "means": torch.stack([mixture.means for mixture in mixtures]).half(),
        "whitening": torch.stack([mixture.whitening[:, row, column] for mixture in mixtures]).half(),
    }
    components = len(mixtures[0].means)
    raw = PosePrior(PosePriorConfig(PARTS, components, 0.0), tensors)
    typical = torch.cat([raw.nats(chunk) for chunk in real.split(1024)]).median()
    return PosePrior(PosePriorConfig(PARTS, components, round(float(typical), 3)), tensors)


def _floor(names: tuple[str, ...]) -> Tensor:
    """(D,) standard deviations in features, which near rest are radians."""
    degrees = [FLOORS_DEG.get(name.rpartition("_")[2], FLOOR_DEG) for name in names]
    return torch.deg2rad(torch.tensor(degrees)).repeat_interleave(3)


def noised(local_rotations: Tensor, deviation_deg: float, generator: torch.Generator) -> Tensor:
    """Every joint but the pelvis turned by a normal rotation vector."""
    noise = torch.randn(*local_rotations.shape[:-2], 3, generator=generator) * math.radians(deviation_deg)
    noise[..., 0, :] = 0
    return local_rotations @ axis_angle_to_matrix(noise)


def auc(usual: Tensor, strange: Tensor) -> float:
    """How often a strange pose has a higher energy than a usual one, 0.5 to 1 (Mann and Whitney)."""
    ranks = torch.cat([usual, strange]).argsort().argsort().double() + 1
    count = len(strange)
    return float((ranks[len(usual) :].sum() - count * (count + 1) / 2) / (len(usual) * count))


def energies(prior: PosePrior, sets: PoseSets, seed: int) -> dict[str, Tensor]:
    """Energies of what the card reports, by name."""
    generator = torch.Generator().manual_seed(seed + 1)
    fresh = jittered_postures(POSTURE_COUNT, generator, jitter_deg=POSTURE_JITTER_DEG).local_rotations
    mild = noised(sets.validation, 4, generator)
    kept = sets.kind % HELD_OUT_EVERY != 0
    part = fit_prior(sets.train, sets.postures[kept], seed)
    poses = {
        "real, training subjects": sets.train,
        "real, validation subjects": sets.validation,
        "the same, 4° of noise": mild,
        "the same, 10° of noise": noised(sets.validation, 10, generator),
        "the same, 20° of noise": noised(sets.validation, 20, generator),
        "4° and then 10° of noise": noised(mild, 10, generator),
        "hand-made postures, jittered anew": fresh,
        "uniform within joint limits": limit_poses(5000, generator).local_rotations,
    }
    found = {name: _energies(prior, rotations) for name, rotations in poses.items()}
    found["postures left out of a second fit"] = _energies(part, fresh[~kept])
    return found


def _energies(prior: PosePrior, rotations: Tensor) -> Tensor:
    return torch.cat([prior.energy(chunk) for chunk in rotations.split(1024)])


def table(found: dict[str, Tensor]) -> str:
    """Markdown: energies by kind of pose."""
    lines = ["| poses | number | 5 % | median | 95 % |", "| --- | --- | --- | --- | --- |"]
    for name, values in found.items():
        quantiles = values.quantile(torch.tensor([0.05, 0.5, 0.95])).tolist()
        low, middle, high = (round(value, 2) + 0.0 for value in quantiles)  # no minus zero
        lines.append(f"| {name} | {len(values):,} | {low:.2f} | {middle:.2f} | {high:.2f} |")
    return "\n".join(lines)


def auc_lines(found: dict[str, Tensor]) -> str:
    """Markdown: how well energies tell two kinds apart."""
    real, mild = found["real, validation subjects"], found["the same, 4° of noise"]
    rows = (
        ("real against 10° of noise", real, found["the same, 10° of noise"]),
        ("real against 20° of noise", real, found["the same, 20° of noise"]),
        ("4° against 4° and then 10°", mild, found["4° and then 10° of noise"]),
        (
            "left-out postures against uniform within limits",
            found["postures left out of a second fit"],
            found["uniform within joint limits"],
        ),
    )
    return "\n".join(f"- {name}: {auc(usual, strange):.4f}" for name, usual, strange in rows)


_CARD = """# How usual a body pose is

`chatpose.body.pose_prior.PosePrior.load().energy(pose.local_rotations)` gives about 0 for what people do and more for \
what they don't. Solvers add it to what they want of a pose. Mirror-symmetric, differentiable, blind to heading, \
place and shape.

## What it is
Three mixtures of {components} mirrored pairs of Gaussians (trunk with its tilt, both arms, both legs), each over the \
24 numbers of 8 joints' rotations; the energy is the negative log density over all 72, per number, above that of the \
median training pose ({typical:.2f} nats). After SMPLify's prior (Bogo et al., ECCV 2016).

`config.json`: parts, number of components, zero of the energy. `model.safetensors`: `log_weights`, `means`, and \
`whitening`, the lower triangles of the covariances' inverse Cholesky factors.

## Learned from
- {train:,} poses of the training subjects of the CMU motion capture collections ({people} people; flipped ankles and \
wrists filtered out): {real_share:.0%} of the weight. The data used was obtained from mocap.cs.cmu.edu; the database \
was created with funding from NSF EIA-0196217. Its terms allow models trained on it; no frame is in here.
- {postures:,} variations of the {kinds} hand-made postures of `chatpose.corpus.basic_postures` (sitting, kneeling, \
lying, bending …, joints jittered by 0 to {jitter:g}° of standard deviation): {posture_share:.0%}. The recordings have \
next to nobody on the floor.
- Every component allows {floor:g}° of noise on all joints beside what it has seen, {floors}: the recordings' collar \
bones never move, and their elbows and knees are pure hinges.

Chosen on the validation subjects (parts, features, number of components); the test subjects weren't read.

## Figures
Energies:

{table}

Probability that the stranger of two poses has the higher energy (AUC):

{aucs}

## Limits
It knows what is common, not what is possible: a yoga teacher's asana can be stranger to it than a knee bent \
backward, because a Gaussian has no hard ends. Use it together with `chatpose.body.joint_limits`. Trunk, arms and legs \
are judged apart, so it doesn't mind a walker's arms swinging in step with the legs. Fingers and balls of the feet \
hardly move in the recordings.

## Made by
```
python -m chatpose.corpus.train_pose_prior --data FOLDER --out data/body/pose_prior --seed {seed}
```
A minute or two on one core; the same bytes each time on one machine and one thread. Update `data/MANIFEST.json` when \
they change.

Licence: CC0 1.0.
"""


def card(prior: PosePrior, sets: PoseSets, found: dict[str, Tensor], seed: int) -> str:
    """Text of the README beside the tensors."""
    return _CARD.format(
        components=prior.config.components,
        typical=prior.config.typical_nats,
        train=len(sets.train),
        people=sets.people,
        postures=len(sets.postures),
        kinds=len(BASIC_POSTURES),
        real_share=1 - POSTURE_SHARE,
        posture_share=POSTURE_SHARE,
        jitter=2 * POSTURE_JITTER_DEG,
        floor=FLOOR_DEG,
        floors=", ".join(f"{value:g}° on {name}s" for name, value in FLOORS_DEG.items()),
        table=table(found),
        aucs=auc_lines(found),
        seed=seed,
    )


def main() -> None:
    """Fits, measures and writes."""
    parser = argparse.ArgumentParser(description="Fits the pose prior.")
    parser.add_argument("--data", type=Path, required=True, help=f"folder with {' and '.join(COLLECTIONS)}")
    parser.add_argument("--out", type=Path, default=Path("data/body/pose_prior"))
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    torch.set_num_threads(1)  # sums come out alike only in one order
    sets = read_poses(options.data, options.seed)
    prior = fit_prior(sets.train, sets.postures, options.seed)
    found = energies(prior, sets, options.seed)
    prior.save_pretrained(options.out, card(prior, sets, found, options.seed))


if __name__ == "__main__":
    main()
