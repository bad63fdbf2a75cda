"""Fits what confidences and statements about photos are worth: on people whose truth is known.

    python -m chatpose.train.perception_calibration --bank FOLDER --out data/models

The lifter has to be the final one: its spreads and disagreements are what the calibration reads. The bank's
validation people are used, whom the lifter wasn't trained on; what they settle is judged on the test split only.
"""

import argparse
import logging
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from chatpose.perception.calibration import JointCalibration, fit_calibration
from chatpose.perception.estimator import PerceptionPipeline
from chatpose.perception.lifter import Lifter
from chatpose.perception.person import CLOSE_M
from chatpose.perception.photo_camera import PhotoCamera
from chatpose.perception.reliability import reliability, spearman
from chatpose.perception.sayable import sayable
from chatpose.perception.statement_trust import StatementTrust, fit_statement_trust, statement_features
from chatpose.posecodes.describe import Describer
from chatpose.safefiles import made_folder
from chatpose.train.landmark_bank import LandmarkBank

log = logging.getLogger(__name__)

CHUNK = 32
FOLDS = 5
LEVELS = (0.7, 0.8, 0.85, 0.9, 0.95)


@dataclass(frozen=True, eq=False)
class Observed:
    """Statements that hold of estimates.

    Attributes:
        features: (M, F) as `statement_features`.
        codes: (M,) which posecode.
        holds: (M,) whether it holds of the truth.
        person: (M,) of which row of the bank.
    """

    features: Tensor
    codes: Tensor
    holds: Tensor
    person: Tensor


def calibrate(bank: LandmarkBank, lifter: Lifter | None = None) -> tuple[JointCalibration, StatementTrust, list[str]]:
    """Both calibrations, and lines that say how good they are on people left out of the fit.

    Args:
        bank: people whom the lifter wasn't trained on.
        lifter: the one that ships when absent.
    """
    bank = bank[bank.found]
    features, errors = joint_rows(bank, PerceptionPipeline(lifter=lifter))
    joints = fit_calibration(features.flatten(0, 1), errors.flatten(0, 1))
    told = _joint_report(features, errors)
    seen = statement_rows(bank, PerceptionPipeline(lifter=lifter, calibration=joints))
    return joints, fit_statement_trust(seen.features, seen.codes, seen.holds), [*told, *_statement_report(seen)]


def joint_rows(bank: LandmarkBank, pipeline: PerceptionPipeline) -> tuple[Tensor, Tensor]:
    """(N, K, 24, F) features of the joints of all hypotheses, and (N, K, 24) metres that they are off."""
    features, errors = [], []
    for start in range(0, len(bank), CHUNK):
        rows = range(start, min(start + CHUNK, len(bank)))
        estimate = pipeline.estimate([bank.landmarks(row) for row in rows], [_camera(bank, row) for row in rows])
        count = estimate.weights.shape[1]
        turn = torch.stack([camera.photo_from_level for camera in estimate.cameras]).repeat_interleave(count, 0)
        found = pipeline.fitter.body.joints(estimate.fitted.poses) @ turn.mT
        true = bank.joints_photo[start : rows.stop].repeat_interleave(count, 0).to(found)
        off = (found - found[:, :1] - true + true[:, :1]).norm(dim=-1)
        features.append(estimate.features.unflatten(0, (-1, count)))
        errors.append(off.unflatten(0, (-1, count)))
    return torch.cat(features), torch.cat(errors)


@torch.no_grad()
def statement_rows(bank: LandmarkBank, pipeline: PerceptionPipeline) -> Observed:
    """Everything that could be said of the likeliest hypotheses."""
    describer = Describer(pipeline.fitter.body)
    rows: list[tuple[Tensor, Tensor, Tensor, Tensor]] = []
    for start in range(0, len(bank), CHUNK):
        numbers = range(start, min(start + CHUNK, len(bank)))
        people = pipeline.posed([bank.landmarks(row) for row in numbers], [_camera(bank, row) for row in numbers])
        truth = describer.extract(bank[start : numbers.stop].pose).holds
        for row, person in enumerate(people):
            found = describer.extract(person.poses)
            points, _ = describer.measure(person.pose)
            said = found.holds[0] & sayable(person.visible[None], points)[0]
            codes = said.nonzero().flatten()
            whose = torch.full_like(codes, start + row)
            rows.append((statement_features(found, person)[codes], codes, truth[row, codes], whose))
    return Observed(*(torch.cat(column) for column in zip(*rows, strict=True)))


def _camera(bank: LandmarkBank, row: int) -> PhotoCamera:
    """What would be assumed of the photo."""
    width, height = (int(edge) for edge in bank.photo_size[row].tolist())
    return PhotoCamera.guessed(width, height)


def _joint_report(features: Tensor, errors: Tensor) -> list[str]:
    """Of the first hypothesis of people left out of the fit, fold by fold."""
    chance = torch.zeros(errors[:, 0].shape)
    for fold in range(FOLDS):
        out = torch.arange(len(errors)) % FOLDS == fold
        fitted = fit_calibration(features[~out].flatten(0, 1), errors[~out].flatten(0, 1))
        chance[out] = fitted.trust(features[out][:, 0]).chance
    flat, off = chance[:, 1:].flatten(), errors[:, 0, 1:].flatten()
    bins = reliability(flat.numpy(), (off <= CLOSE_M).numpy())
    return [
        f"{len(errors)} people; confidence against error, Spearman {spearman(1 - flat.numpy(), off.numpy()):.3f}",
        f"chance of lying within {CLOSE_M:g} m, expected and actual in tenths of the joints: "
        + ", ".join(f"{a:.2f} {b:.2f}" for a, b in zip(bins.expected, bins.actual, strict=True))
        + f"; mean gap {bins.gap:.3f}",
    ]


def _statement_report(seen: Observed) -> list[str]:
    """How many statements are right and how many are left, at several levels of chance."""
    chance = torch.zeros(len(seen.codes))
    people = int(seen.person.max()) + 1
    for fold in range(FOLDS):
        out = seen.person % FOLDS == fold
        fitted = fit_statement_trust(seen.features[~out], seen.codes[~out], seen.holds[~out])
        chance[out] = fitted.chance(seen.features[out], seen.codes[out])
    lines = [f"{len(seen.codes)} statements hold of estimates; {seen.holds.float().mean():.1%} of them of the truth"]
    for level in LEVELS:
        kept = chance >= level
        right = float(seen.holds[kept].float().mean())
        lines.append(f"chance {level:.2f}: {right:.1%} right, {int(kept.sum()) / people:.1f} a person")
    return lines


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--bank", type=Path, required=True, help="folder with the bank of the validation people")
    parser.add_argument("--lifter", type=Path, help="its folder (default: the shipped one)")
    parser.add_argument("--out", type=Path, required=True, help="folder for the two calibrations")
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    lifter = Lifter.from_pretrained(options.lifter) if options.lifter else None
    joints, statements, told = calibrate(LandmarkBank.read(options.bank / "validation"), lifter)
    card = "\n".join(f"- {line}" for line in told)
    for part, what in ((joints, "Confidence of joints"), (statements, "Trust in statements")):
        folder = made_folder(options.out) / part.config.KIND
        part.save_pretrained(folder, f"# {what} in photos\n\n{_CARD}\n\nOn people left out of the fit:\n\n{card}\n")
        log.info("%s", folder)
    for line in told:
        log.info("%s", line)


_CARD = """Fitted on renders of validation people (subjects and atlas entries that the lifter was not trained on), as
`python -m chatpose.train.perception_calibration` does it. Licence: CC-BY-4.0."""


if __name__ == "__main__":
    main()
