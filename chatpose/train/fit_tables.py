"""Measures on a landmark bank what the fit takes for granted of landmarks: `FitConfig`'s tables.

    python -m chatpose.train.fit_tables --bank FOLDER

Prints, by landmark of the left side, the shift that BlazePose has against the body's own point (in the frame of its
joint), how far it is off besides across the line of sight and in depth, and the gain of its depths. The fit weighs
landmarks as if they erred by chance, one by one; they err together, so its own tables are wider than the measured.
"""

import argparse
import sys
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from chatpose.body.model import BodyModel
from chatpose.perception.body_landmarks import BodyLandmarks
from chatpose.perception.landmarks import NAMES
from chatpose.perception.photo_camera import level_to_photo
from chatpose.train.landmark_bank import LandmarkBank

SEEN = 0.7
"""Visibility from which on landmarks count here."""
_OUTLIER_M, _ROUNDS, _RIDGE = 0.06, 20, 0.5
_MEDIAN = 1.1774
"""Median of the length of a vector in the plane whose two parts have a standard deviation of 1."""
_MEDIAN_ONE = 0.6745


@dataclass(frozen=True)
class LandmarkTable:
    """What was measured of a landmark, metres.

    Attributes:
        count: times that it was seen, on both sides.
        shift: (x, y, z) in the frame of its joint, the left side's.
        image: standard deviation about that along each axis across the line of sight, by the median.
        depth: the same along it, after the gain.
    """

    count: int
    shift: tuple[float, float, float]
    image: float
    depth: float


@dataclass(frozen=True, eq=False)
class _Errors:
    """Of N people: seen minus true in the image (N, 33, 2), metres at each point's depth; axes (N, 33, 2, 3) of the
    joints' frames in the photo; true and seen nearness (N, 33); which landmarks count (N, 33).
    """  # noqa: D205

    image: Tensor
    axes: Tensor
    near: Tensor
    told: Tensor
    counts: Tensor


def measure_tables(bank: LandmarkBank, body: BodyModel) -> tuple[dict[str, LandmarkTable], float]:
    """Tables by landmark of the left side, and the gain of depths.

    Args:
        bank: rows of people that were found.
        body: that was rendered.
    """
    errors = _errors(bank, body)
    chosen = errors.counts
    gain = float((errors.near * errors.told)[chosen].sum() / errors.told[chosen].square().sum())
    depth = (errors.near - gain * errors.told).abs()
    tables = {}
    for left, name in enumerate(NAMES):
        if name.startswith("right_"):
            continue
        places = [left] if not name.startswith("left_") else [left, NAMES.index(name.replace("left_", "right_", 1))]
        flips = [torch.ones(3), torch.tensor([-1.0, 1.0, 1.0])]
        axes = torch.cat([errors.axes[chosen[:, p], p] * flip for p, flip in zip(places, flips, strict=False)])
        off = torch.cat([errors.image[chosen[:, p], p] for p in places])
        shift = _robust_shift(axes, off)
        rest = (off - axes @ shift).norm(dim=-1).median() / _MEDIAN
        deep = torch.cat([depth[chosen[:, p], p] for p in places]).median() / _MEDIAN_ONE
        x, y, z = shift.tolist()
        tables[name] = LandmarkTable(len(off), (x, y, z), float(rest), float(deep))
    return tables, gain


def _errors(bank: LandmarkBank, body: BodyModel) -> _Errors:
    points = bank.points_photo
    depth = -points[..., 2:]
    size = bank.photo_size[:, None].float()
    seen = (bank.image_px - size / 2) / bank.focal_px[:, None, None] * points.new_tensor([1.0, -1.0])
    landmarks = BodyLandmarks(body)
    owners = landmarks.rigid_points(bank.betas[0]).joints
    turn = level_to_photo(bank.pitch_rad, bank.roll_rad)
    axes = turn[:, None] @ landmarks.of_bodies(bank.pose).world.rotations[:, owners]
    hips = [NAMES.index("left_hip"), NAMES.index("right_hip")]
    towards = torch.nn.functional.normalize(-points[:, hips].mean(1), dim=-1)
    near = ((points - points[:, hips].mean(1, keepdim=True)) @ towards[..., None])[..., 0]
    told = bank.world_m[..., 2] - bank.world_m[:, hips, 2].mean(1, keepdim=True)
    counts = (bank.visibility >= SEEN) & bank.points_sight[:, 0] & (depth[..., 0] > 0)
    return _Errors((seen - points[..., :2] / depth) * depth, axes[:, :, :2], near, told, counts)


def _robust_shift(axes: Tensor, off: Tensor) -> Tensor:
    """(3,) that explains offsets (N, 2) best through axes (N, 2, 3); least squares after Geman and McClure."""
    shift = torch.zeros(3)
    for _ in range(_ROUNDS):
        far = (off - axes @ shift).norm(dim=-1) / _OUTLIER_M
        weights = (1 + far.square()).pow(-2)
        system = torch.einsum("n,nai,naj->ij", weights, axes, axes) + _RIDGE * torch.eye(3)
        shift = torch.linalg.solve(system, torch.einsum("n,nai,na->i", weights, axes, off))
    return shift


def main() -> None:
    """Reads a bank and prints its tables."""
    parser = argparse.ArgumentParser(description="Measure what the fit takes for granted of landmarks.")
    parser.add_argument("--bank", type=Path, required=True, help="folder that landmark_bank wrote")
    bank = LandmarkBank.read(parser.parse_args().bank)
    tables, gain = measure_tables(bank[bank.found], BodyModel.open())
    lines = [f"gain of depths {gain:.2f}, people {int(bank.found.sum())}"]
    for name, row in tables.items():
        shift = ", ".join(f"{value:.3f}" for value in row.shift)
        lines.append(f'    "{name}": ({shift}),  # image {row.image:.3f}, depth {row.depth:.3f}, {row.count} seen')
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
