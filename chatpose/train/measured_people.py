"""Measured people out of a landmark bank: what BlazePose saw of renders, beside the truth."""

from pathlib import Path

from chatpose.perception.features import Sightings
from chatpose.perception.photo_camera import level_to_photo
from chatpose.perception.virtual_views import inside
from chatpose.train.landmark_bank import LandmarkBank
from chatpose.train.landmark_noise import TrueViews
from chatpose.train.lifter_samples import MeasuredPeople, in_photo
from chatpose.train.perception_poses import PoseSplit


def read_measured(bank: Path, split: PoseSplit) -> MeasuredPeople:
    """The people who were found.

    Args:
        bank: folder with one folder a split, each made by `python -m chatpose.train.landmark_bank`.
        split: "train" or "validation".

    Raises:
        MissingFileError: no such folder, or an empty one.
        UnreadableFileError: a damaged part.
    """
    return measured_people(LandmarkBank.read(bank / split))


def measured_people(bank: LandmarkBank) -> MeasuredPeople:
    """The people who were found, in a bank in memory."""
    bank = bank[bank.found]
    size, focal = bank.photo_size.float(), bank.focal_px[:, None]
    half = size / 2 / focal
    flip = size.new_tensor([1.0, -1.0])
    seen = Sightings(
        (bank.image_px - size[:, None] / 2) / focal[:, None] * flip,
        bank.world_m,
        bank.visibility,
        bank.sharpness,
        inside(bank.image_px, size).float(),
        half,
    )
    local = in_photo(bank.rotations, level_to_photo(bank.pitch_rad, bank.roll_rad))
    in_it, covered, _ = bank.joints_sight.unbind(1)
    return MeasuredPeople(
        seen,
        TrueViews.of(bank.points_photo, bank.points_sight[:, 0], half),
        local,
        bank.joints_photo - bank.joints_photo[:, :1],
        in_it & ~covered,
        bank.clean,
        bank.pitch_rad,
        bank.roll_rad,
    )
